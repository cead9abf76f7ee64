"""What the console asks of a running service: evidence with its words, related alerts, areas, map, status, the rule desk."""
import json
import unittest

from test_service import ServiceCase
from tocsin_service import CONFIG, now
from tocsin_service import report as anywhere
from tocsin_testing import ROOT, tocsin, wait_for

RULES = """
rules:
  - id: seen
    version: 2
    name: {zh: 有人反映, en: Reported}
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    params:
      reports: {default: 1, by: area.town, override: {"330282102": 2}}
    fire: count() >= params.reports
    severity: {orange: count() >= 3, yellow: true}
    resolve: {quiet: 2h}
    summary: {zh: "{{count()}} 件", en: "{{count()}} reports"}
  - id: water
    kind: cluster
    from: [grid]
    where: category.under("water")
    radius: 500m
    within: 1h
    fire: distinct(place) >= 3
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{distinct(place)}} places"
"""
RULE = """rules:
  - id: {}
    name: {{zh: 有人反映, en: Reported}}
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: yellow
    resolve: {{quiet: 2h}}
    summary: "{{{{count()}}}} reports"
    {}
"""
AREAS = "code,name\n330282,慈溪市\n330282101,观海卫镇\n330282102,掌起镇\n330282101005,担山村\n330282102001,洪魏村\n330282102002,巴里村\n"
MORE = """areas: [{folder}/areas.csv]
backtest: {{input: [{folder}/past.ndjson], labels: {folder}/labels.ndjson}}
"""


def report(id_, place, village="330282101005", **more):
    return anywhere(id_, place, area={"city": village[:6], "town": village[:9], "village": village}, **more)


def past(n, minute, place):
    return {"id": f"p{n}", "source": "grid", "kind": "report", "category": "city.facility", "place": place,
            "occurred_at": f"2025-07-01T08:{minute:02}:00+08:00", "area": {"city": "330282", "town": "330282101"}}


class Desk(ServiceCase):
    def setUp(self):
        super().setUp()
        self.write("areas.csv", AREAS)
        self.write("boundaries.geojson", '{"type":"FeatureCollection","features":[]}')
        events = [past(1, 0, "a"), past(2, 5, "a"), past(3, 10, "a"), past(4, 20, "b"), past(5, 25, "b"), past(6, 30, "c")]
        self.write("past.ndjson", "".join(json.dumps(e) + "\n" for e in events))
        self.write("labels.ndjson", json.dumps({"risk": "seen", "key": "a", "from": "2025-07-01T08:00:00+08:00",
                                                "until": "2025-07-01T09:00:00+08:00", "events": ["p1", "p2", "p3"]}) + "\n")
        self.running = self.service(RULES, config=CONFIG.replace("port: {port}}}", "port: {port}, boundaries: "
                                                                 "{folder}/boundaries.geojson}}") + MORE).start()

    def alert(self, rule, key=None):
        def find():
            found = [a for a in self.running.json("/api/v1/alerts")["alerts"]
                     if a["rule"] == rule and (key is None or key in a["key"])]
            return found[0] if found else None
        return wait_for(f"an alert of {rule}", find)

    def test_evidence_has_what_the_log_still_has(self):
        self.running.ingest(report("1", "bridge 7", text="积水很深，电话 13800138000", case="c-1", values={"depth": 0.4},
                                   reporter="张三"))
        alert = self.alert("seen")
        [event] = self.running.json(f"/api/v1/alerts/{alert['alert_id']}/evidence")["events"]
        self.assertEqual((event["source"], event["id"], event["place"], event["case"]), ("grid", "1", "bridge 7", "c-1"))
        self.assertEqual((event["category"], event["values"]), ("city.facility", {"depth": 0.4}))
        self.assertIn("积水很深", event["text"])
        self.assertNotIn("13800138000", event["text"])
        self.assertNotIn("reporter", event)
        self.assertEqual(self.running.request("GET", "/api/v1/alerts/none/evidence")[0], 404)

    def test_related_alerts_and_cases(self):
        there = {"lon": 121.5, "lat": 30.2}
        self.running.ingest(report("1", "a", case="c-1", location=there), report("2", "near", location=there, village="330282102001"),
                            report("2b", "near", location=there, village="330282102001"),
                            report("3", "same village"), report("4", "elsewhere", village="330282102002"),
                            report("4b", "elsewhere", village="330282102002"))
        alert = self.alert("seen", "a")
        self.alert("seen", "elsewhere")
        related = self.running.json(f"/api/v1/alerts/{alert['alert_id']}/related")
        self.assertEqual({(a["key"][0], a["relation"]) for a in related["alerts"]}, {("same village", "near"), ("near", "near")},
                         "of the same village, or within 500 m")
        self.assertEqual(related["cases"], [{"case": "c-1", "events": 1}])

    def test_forged_cursors_are_refused(self):
        self.running.ingest(*[report(str(i), f"p{i}") for i in range(4)])
        wait_for("alerts", lambda: len(self.running.json("/api/v1/alerts")["alerts"]) == 4)
        seen, cursor = [], ""
        while cursor is not None:
            page = self.running.json("/api/v1/alerts?limit=1" + (f"&cursor={cursor}" if cursor else ""))
            seen += [a["alert_id"] for a in page["alerts"]]
            cursor, given = page["next"], page["next"] or cursor
        self.assertEqual(len(set(seen)), 4)
        time, _, alert = given.partition(".")
        for forged in ("x", ".", "0.", time, time + ".", "9" * 30 + "." + alert, "x" + given, "%00", "../../state", alert):
            status, body = self.running.request("GET", "/api/v1/alerts?cursor=" + forged)
            self.assertEqual(status, 400, forged + body)
            self.assertIn("urn:tocsin:problem:", body)
        # A place in the order is one also where there is no alert any more.
        for place in (time + ".none", given + "x"):
            self.assertEqual(self.running.request("GET", "/api/v1/alerts?cursor=" + place)[0], 200, place)

    def test_areas_and_map(self):
        points = [{"lon": 121.5 + i * 0.001, "lat": 30.2 + i % 2 * 0.001} for i in range(3)]
        self.running.ingest(*[report(f"w{i}", f"p{i}", category="water.flooding.road", location=p)
                              for i, p in enumerate(points)])
        cluster = self.alert("water")
        areas = self.running.json("/api/v1/areas?under=330282")["areas"]
        self.assertEqual([(a["code"], a["name"], a["level"]) for a in areas],
                         [("330282101", "观海卫镇", "town"), ("330282102", "掌起镇", "town")])
        self.assertEqual(areas[0]["alerts"], {"red": 0, "orange": 0, "yellow": 4, "blue": 0})
        self.assertEqual([a["name"] for a in self.running.json("/api/v1/areas")["areas"]], ["慈溪市"])
        features = {f["properties"]["alert_id"]: f for f in self.running.json("/api/v1/map")["features"]}
        self.assertEqual(len(features), 4)
        shape = features[cluster["alert_id"]]
        self.assertEqual(shape["geometry"]["type"], "Polygon")
        ring = shape["geometry"]["coordinates"][0]
        self.assertEqual(ring[0], ring[-1])
        self.assertEqual(shape["properties"]["total"], 3)
        self.assertEqual({f["geometry"]["type"] for i, f in features.items() if i != cluster["alert_id"]}, {"Point"})
        self.assertEqual(self.running.json("/api/v1/map?rule=water")["features"], [shape])
        self.assertEqual(self.running.json("/api/v1/map/boundaries")["type"], "FeatureCollection")

    def test_status(self):
        self.running.ingest(*[report(str(i), f"p{i}") for i in range(50)])
        def told():
            status = self.running.json("/api/v1/status")
            return status if status["sources"] and status["sources"][0]["read"] == 50 else None
        status = wait_for("the status to know of them", told)
        [source] = status["sources"]
        self.assertEqual((source["source"], source["rejected"], source["lag_records"]), ("grid", 0, 0))
        self.assertIsNotNone(source["last_event_at"])
        rules = {r["id"]: r for r in status["rules"]}
        self.assertEqual((rules["seen"]["matches"], rules["seen"]["open"]), (50, 50))
        self.assertEqual(status["shards"][0]["shard"], 0)
        self.assertGreaterEqual(status["shards"][0]["busy"], 0)
        self.assertTrue(status["ready"])
        self.assertTrue(status["version"])
        self.running.ingest(*[report(f"again {i}", f"p{i}") for i in range(10)])
        wait_for("a rate", lambda: self.running.json("/api/v1/status")["sources"][0]["rate"] > 0)

    def test_one_rule_with_its_text_and_params(self):
        rule = self.running.json("/api/v1/rules/seen")
        self.assertEqual(rule["text"], RULES)
        self.assertEqual(rule["params"], [{"name": "reports", "type": "int", "default": 1, "by": "area.town",
                                           "override": {"330282102": 2}}])
        self.assertEqual((rule["version"], rule["line"]), (2, 3))
        self.assertEqual(self.running.request("GET", "/api/v1/rules/none")[0], 404)

    def check(self, text, language="en", **more):
        status, body = self.running.request("POST", "/api/v1/rules/check", json.dumps({"text": text, **more}),
                                            {"Content-Type": "application/json", "Accept-Language": language})
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_check_says_what_the_command_says(self):
        self.assertEqual(self.check(RULES), {"faults": 0, "diagnostics": []})
        file = self.running.json("/api/v1/rules/seen")["file"]
        self.assertEqual(self.check(RULES, file=file), {"faults": 0, "diagnostics": []}, "in the place of its file")
        broken = RULES.replace("distinct(place) >= 3", "distinct(plaec) >= 3")
        for language in ("en", "zh-CN"):
            answer = self.check(broken, language)
            self.assertEqual(answer["faults"], 1)
            [d] = answer["diagnostics"]
            self.write("broken.yaml", broken)
            told = json.loads(tocsin("check", "--format", "json", self.folder / "broken.yaml").out)["diagnostics"][0]
            self.assertEqual((d["line"], d["column"], d["length"], d["code"], d["snippet"]),
                             (told["line"], told["column"], told["length"], told["code"], told["snippet"]))
            self.assertEqual(d["message"], told["message"]["zh" if language.startswith("zh") else "en"])
            self.assertTrue(d["hint"])
        self.assertEqual(self.check("nothing: here")["diagnostics"][0]["code"], "no-rules")
        for text in (":", "rules: [", "rules: {}", "rules:\n- id: 7", "\t", "rules:\n" + "[" * 5000, "\u0000"):
            self.assertGreater(self.check(text)["faults"], 0, text[:20])

    def put_in_force(self, **files):
        """Rule files beside that of RULES; returns their names in force, by ours."""
        self.running.stop()
        for name, text in files.items():
            self.running.rules.with_name(f"{name}.yaml").write_text(text, encoding="utf-8")
        self.running.start()
        return {name: self.running.json("/api/v1/rules/" + name)["file"] for name in files}

    def test_check_of_a_file_says_what_it_breaks_in_others(self):
        files = self.put_in_force(loud=RULE.format("loud", "inhibits: [mild, seen]"),
                                  mild=RULE.format("mild", ""))
        mild = RULE.format("mild", "")
        self.assertEqual(self.check(mild, file=files["mild"]), {"faults": 0, "diagnostics": []})
        renamed = self.check(mild.replace("id: mild", "id: milder"), file=files["mild"])
        self.assertEqual(renamed["faults"], 1, renamed)
        [d] = renamed["diagnostics"]
        self.assertEqual((d["file"], d["line"]), (files["mild"], 1))
        self.assertIn(f"this breaks {files['loud']}:", d["message"])
        self.assertIn("mild", d["message"])
        both = self.check(RULE.format("loud", "") + mild.split("rules:\n", 1)[1], file=files["mild"])
        self.assertGreater(both["faults"], 0, "`loud` is in another file too")
        self.assertIn("duplicate-id", {d["code"] for d in both["diagnostics"]})
        # A text that is no file in force may name rules that are.
        self.assertEqual(self.check(RULE.format("new", "inhibits: [loud]"))["faults"], 0)

    def test_backtest_of_a_text_of_several_rules_is_against_those(self):
        self.put_in_force(other=RULE.format("other", ""))
        answer = self.backtest(text=RULES.replace("default: 1", "default: 3"), against=True)
        self.assertEqual({r["rule"] for r in answer["results"]}, {"seen", "water"})
        self.assertEqual({r["rule"] for r in answer["difference"]["rules"]}, {"seen", "water"})

    def test_a_rule_of_alerts_is_tried_with_those_it_reads(self):
        over = RULE.format("over", "").replace("[grid]", "[alerts]").replace(" && has(place)", "").replace("key: [place]", "key: [area.town]")
        self.put_in_force(over=over)
        whole = {r["rule"]: r for r in self.backtest()["results"]}
        self.assertGreater(whole["over"]["alerts"], 0)
        for asked in ({"rule": "over"}, {"text": over}):
            answer = self.backtest(against=True, **asked)
            self.assertEqual(answer["results"], [whole["over"]], asked)
            self.assertEqual([(r["rule"], r["same"]) for r in answer["difference"]["rules"]], [("over", whole["over"]["alerts"])])

    def backtest(self, status=200, **asked):
        got, body = self.running.request("POST", "/api/v1/rules/backtest", json.dumps(asked),
                                         {"Content-Type": "application/json"}, timeout=60)
        self.assertEqual(got, status, body)
        return json.loads(body)

    def test_backtest_gives_the_counts_of_the_command(self):
        common = ["backtest", "--rules", self.running.rules, "--input", self.folder / "past.ndjson", "--format", "json",
                  "--labels", self.folder / "labels.ndjson", "--areas", self.folder / "areas.csv", "--lateness", "1s"]
        self.assertEqual(self.backtest(), self.well(*common).json())
        swept = self.backtest(set="seen.reports=1,2,3")
        self.assertEqual(swept, self.well(*common, "--set", "seen.reports=1,2,3").json())
        self.assertEqual([r["alerts"] for r in swept["results"]], [3, 2, 1])
        self.assertEqual([r["rule"] for r in self.backtest(rule="seen")["results"]], ["seen"])
        self.assertEqual(self.backtest(**{"from": "2025-07-01T08:15:00+08:00"}, rule="seen")["results"][0]["alerts"], 2)

    def test_backtest_of_a_text_against_what_is_in_force(self):
        stricter = RULES.replace("default: 1", "default: 3")
        answer = self.backtest(text=stricter, rule="seen", against=True)
        self.assertEqual(answer["results"][0]["alerts"], 1)
        self.assertEqual(answer["difference"]["against"], "in force")
        self.assertIn("rule.yaml:13:11:", self.backtest(400, text=RULES.replace("count() >= params.reports", "cuont() > 1"),
                                            rule="seen")["detail"])
        self.assertEqual(self.backtest(404, rule="none")["status"], 404)
        self.backtest(400, set="seen.reports")
        self.backtest(404, text="rules: []")

    def test_without_input_it_reads_the_embedded_log_and_what_people_said(self):
        self.running.stop()
        text = self.running.config.read_text()
        self.running.config.write_text(text[:text.index("backtest:")])
        self.running.start()
        self.running.ingest(report("1", "a"), report("2", "a"), report("3", "b"))
        alert = self.alert("seen", "a")
        self.assertEqual(self.running.post(f"/api/v1/alerts/{alert['alert_id']}/close",
                                           {"by": "x", "outcome": "true"})[0], 202)
        wait_for("the alert to be closed", lambda: self.running.json(
            "/api/v1/alerts/" + alert["alert_id"])["status"] == "closed")
        answer = self.backtest(set="seen.reports=1,2")
        self.assertEqual([r["alerts"] for r in answer["results"]], [2, 1])
        self.assertEqual([r["accuracy"]["found"] for r in answer["results"]], [1, 1])


if __name__ == "__main__":
    unittest.main()
