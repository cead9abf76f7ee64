"""Tokens, roles and areas on the running service: a village sees its own and no more by any route, what people do is kept."""
import hashlib
import http.client
import json
import unittest

from test_service import ServiceCase
from tocsin_service import CONFIG, Stream, now
from tocsin_testing import tocsin, wait_for

RULES = """
rules:
  - id: seen
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{count()}} at {{last(place)}}"
  - id: spread
    kind: window
    from: [grid]
    where: kind == "report"
    key: [category]
    within: 1h
    fire: count() >= 1
    severity: {orange: count() >= 3, yellow: true}
    resolve: {quiet: 2h}
    summary: "{{count()}} reports"
  - id: tried
    mode: shadow
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{count()}}"
"""
HERE, THERE, AWAY = "330282101005", "330282101009", "330282102001"
TOKENS = {"viewer": ("viewer", ""), "village": ("officer", HERE), "town": ("officer", HERE[:9]), "away": ("viewer", AWAY),
          "planner": ("planner", ""), "admin": ("admin", "")}


def config(tokens=None):
    lines = "".join(f"\n    - {{name: {name}, sha256: {hashlib.sha256(f'{name} token'.encode()).hexdigest()}, role: {role}"
                    + (f', area: "{area}"' if area else "") + "}" for name, (role, area) in (tokens or TOKENS).items())
    return CONFIG.replace("{{address: 127.0.0.1, port: {port}}}",
                          "\n  address: 127.0.0.1\n  port: {port}\n  tokens:" + lines.replace("{", "{{").replace("}", "}}"))


def report(id_, village, place="bridge", category="city.facility"):
    return {"id": id_, "source": "grid", "kind": "report", "occurred_at": now(), "category": category, "place": place,
            "area": {"city": village[:6], "town": village[:9], "village": village}}


class Access(ServiceCase):
    def setUp(self):
        super().setUp()
        self.running = self.service(RULES, config=config()).start()

    def ask(self, name, method, path, value=None):
        headers = {"Authorization": f"Bearer {name} token"} if name else {}
        if value is not None:
            headers["Content-Type"] = "application/json"
        status, body = self.running.request(method, path, json.dumps(value) if value is not None else None, headers)
        return status, json.loads(body)

    def ingest(self, *events):
        for event in events:
            self.assertEqual(self.ask("admin", "POST", "/api/v1/events", event)[0], 202)

    def alerts(self, name, query=""):
        status, body = self.ask(name, "GET", "/api/v1/alerts" + query)
        self.assertEqual(status, 200)
        return sorted(a["rule"] + " " + a["key"][0] for a in body["alerts"])

    def stream(self, name, after):
        stream = Stream(self.running, after=after, token=f"{name} token")
        self.addCleanup(stream.stop)
        return stream

    def test_a_village_sees_its_own_by_no_route_more(self):
        self.ingest(report("1", HERE, "mine"), report("2", AWAY, "theirs", "water.drainage"))
        wait_for("both to be judged", lambda: len(self.alerts("viewer")) == 4)
        self.assertEqual(self.alerts("village"), ["seen mine", "spread city.facility"])
        self.assertEqual(self.alerts("away"), ["seen theirs", "spread water.drainage"])
        for path in ("alerts", "map", "scorecard", "scorecard/places"):
            self.assertEqual(self.ask("village", "GET", f"/api/v1/{path}?area={AWAY}")[0], 404, path)
        self.assertEqual(self.alerts("planner", "?shadow=true&rule=tried"), ["tried mine", "tried theirs"])
        hidden = [a for a in self.ask("planner", "GET", "/api/v1/alerts?shadow=true")[1]["alerts"]
                  if a["area"].get("village") != HERE or a["rule"] == "tried"]
        self.assertEqual(len(hidden), 4)
        for alert in hidden:
            path = "/api/v1/alerts/" + alert["alert_id"]
            for route in ("", "/evidence"):
                self.assertEqual(self.ask("village", "GET", path + route)[0], 404, path + route)
            for action in ("acknowledge", "assign", "comment", "close"):
                self.assertEqual(self.ask("village", "POST", f"{path}/{action}",
                                          {"to": "x", "note": "x", "outcome": "true"})[0], 404, action)
        stream = self.stream("village", 0)
        self.ingest(report("3", AWAY, "theirs again"), report("4", HERE, "mine again"))
        wait_for("my own on the stream", lambda: any("mine again" in json.dumps(e) for _, e in stream.events))
        self.assertNotIn("theirs", json.dumps([e for _, e in stream.events]))
        self.assertNotIn("tried", json.dumps([e for _, e in stream.events]))
        cursor = self.ask("viewer", "GET", "/api/v1/alerts?limit=1")[1]["next"]
        status, page = self.ask("village", "GET", "/api/v1/alerts?cursor=" + cursor)
        self.assertEqual(status, 200)
        self.assertNotIn("theirs", json.dumps(page))

    def test_an_alert_that_outgrows_the_village_leaves_it(self):
        self.ingest(report("1", HERE))
        [(_, first), *_] = self.opened(self.stream("village", 0), 2)
        stream, town = self.stream("village", 0), self.stream("town", 0)
        [spread] = [a["alert_id"] for a in self.ask("village", "GET", "/api/v1/alerts?rule=spread")[1]["alerts"]]
        self.ingest(report("2", THERE, "elsewhere"), report("3", THERE, "elsewhere too"))
        wait_for("the town to be told of the growth", lambda: any(
            e["type"].endswith("escalated") for _, e in town.events))
        wait_for("the village to be told that it left", lambda: stream.left)
        self.assertEqual(stream.left, [{"alert_id": spread}], "once")
        self.assertEqual(self.ask("village", "GET", "/api/v1/alerts/" + spread)[0], 404)
        self.assertEqual(self.ask("town", "GET", "/api/v1/alerts/" + spread)[0], 200)
        self.assertNotIn(THERE, json.dumps([e for _, e in stream.events]))
        self.assertEqual(first["data"]["area"]["village"], HERE)

    def test_places_name_no_alert_that_lies_beyond_the_asker(self):
        self.ingest(report("1", HERE, "mine"), report("2", HERE, "mine"))
        def told(name):
            status, body = self.ask(name, "GET", f"/api/v1/scorecard/places?area={HERE}&days=1")
            return sorted(body["places"][0]["alerts"]) if status == 200 and body["places"] else []
        wait_for("both alerts of the place", lambda: len(told("village")) == 2)
        ids = {a["rule"]: a["alert_id"] for a in self.ask("village", "GET", "/api/v1/alerts")[1]["alerts"]}
        self.ingest(report("3", THERE, "elsewhere"))
        wait_for("one of them to outgrow the village", lambda: self.ask("village", "GET", "/api/v1/alerts/" + ids["spread"])[0] == 404)
        wait_for("the scorecards to know", lambda: told("village") == [ids["seen"]])
        for name in ("town", "viewer"):
            self.assertEqual(told(name), sorted(ids.values()), name)

    def test_the_status_tells_an_area_no_counts_of_the_county_and_shadow_rules_to_planners_alone(self):
        self.ingest(report("1", HERE, "mine"), report("2", AWAY, "theirs"))

        def status(name):
            return self.ask(name, "GET", "/api/v1/status")[1]
        wait_for("the status to know", lambda: status("viewer")["sources"] and status("viewer")["sources"][0]["read"] == 2)
        village, viewer, planner = status("village"), status("viewer"), status("planner")
        self.assertEqual([r["id"] for r in village["rules"]], ["seen", "spread"])
        self.assertEqual([r["id"] for r in viewer["rules"]], ["seen", "spread"])
        self.assertEqual([r["id"] for r in planner["rules"]], ["seen", "spread", "tried"])
        self.assertEqual([(r["matches"], r["errors"], r["state_keys"]) for r in village["rules"]], [(None,) * 3] * 2)
        self.assertEqual({r["id"]: r["matches"] for r in viewer["rules"]}, {"seen": 2, "spread": 2})
        [source] = village["sources"]
        self.assertEqual([source[k] for k in ("partitions", "read", "rejected", "duplicate", "late", "rate", "lag_records")],
                         [None] * 7)
        self.assertIsNotNone(source["last_event_at"], "how fresh a source is, everybody may know")
        self.assertEqual((village["shards"], village["outbox_depth"], village["state_bytes"]), ([], None, None))
        self.assertEqual(len(viewer["shards"]), 1)

    def test_sessions_and_the_audit_log_outlive_a_restart(self):
        self.ingest(report("1", HERE))
        wait_for("the alert", lambda: self.alerts("village"))
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=20)
        connection.request("POST", "/api/v1/session", json.dumps({"token": "village token"}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        cookie = answer.getheader("Set-Cookie").split(";")[0]
        self.assertEqual(json.loads(answer.read())["area"], HERE)
        connection.close()
        [alert] = self.ask("village", "GET", "/api/v1/alerts?rule=seen")[1]["alerts"]
        path = f"/api/v1/alerts/{alert['alert_id']}/acknowledge"
        self.assertEqual(self.ask("village", "POST", path, {})[0], 202)
        self.assertEqual(self.ask("viewer", "POST", path, {})[0], 403)
        self.assertEqual(self.running.stop(), 0)
        self.running.start()
        self.assertEqual(self.running.request("GET", "/api/v1/alerts", headers={"Cookie": cookie})[0], 200)
        self.assertEqual(self.running.request("GET", "/api/v1/alerts")[0], 401)
        entries = self.ask("admin", "GET", "/api/v1/audit?after=0")[1]["entries"]
        self.assertEqual([(e["name"], e["role"], e["what"], e["target"], e["result"]) for e in entries],
                         [("", "", "signIn", "village", 200),
                          ("village", "officer", "acknowledgeAlert", alert["alert_id"], 202),
                          ("viewer", "viewer", "acknowledgeAlert", alert["alert_id"], 403)])
        page = self.ask("admin", "GET", "/api/v1/audit?after=1&limit=1")[1]
        self.assertEqual((len(page["entries"]), page["next"]), (1, 2))
        history = self.ask("village", "GET", "/api/v1/alerts/" + alert["alert_id"])[1]["history"]
        self.assertEqual(history[-1]["data"]["by"], "village")


class Faults(ServiceCase):
    def check(self, tokens):
        path = self.write("tocsin.yaml", CONFIG.replace("127.0.0.1, port", "127.0.0.1, tokens: TOKENS, port").format(
            folder=self.folder, port=0, time="clock").replace("TOKENS", tokens))
        (self.folder / "rules").mkdir(exist_ok=True)
        self.write("rules/rules.yaml", RULES)
        return tocsin("check", path)

    def test_faults_in_tokens_are_named(self):
        good = hashlib.sha256(b"x").hexdigest()
        for tokens, told in [("[{name: a, sha256: short, role: admin}]", "token-hash"),
                             ("[{name: a, sha256: " + good + ", role: chief}]", "viewer"),
                             ("[{sha256: " + good + ", role: admin}]", "name"),
                             ("[{name: a, role: admin}]", "sha256"),
                             ("[{name: a, sha256: " + good + ", role: admin, areas: x}]", "area"),
                             ("[{name: a, sha256: " + good + ", role: admin}, {name: b, sha256: " + good + ", role: viewer}]",
                              "token-twice")]:
            done = self.check(tokens)
            self.assertEqual(done.code, 1, done)
            self.assertIn(told, done.err)

    def test_another_address_without_tokens_is_refused(self):
        service = self.service(RULES, config=CONFIG.replace("address: 127.0.0.1", "address: 0.0.0.0"))
        service.start(ready=False)
        self.assertNotEqual(service.process.wait(20), 0)
        self.assertIn("http.tokens", service.told())


if __name__ == "__main__":
    unittest.main()
