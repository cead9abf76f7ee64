"""Scorecards: the county's figures of the simulated year, the command's words at 80 columns, states, a running service."""
import json
import re
import unicodedata
import unittest

from tocsin_service import Service
from tocsin_testing import DATA, Case, tocsin, wait_for

RULES = """rules:
  - id: places
    version: 1
    name: {zh: 同村多报, en: Several places of a village}
    owner: village
    kind: window
    from: [grid]
    where: kind == "report" && has(area.village)
    key: [area.village]
    within: 2h
    fire: distinct(place) >= 2
    severity: yellow
    resolve: {quiet: 2h}
    summary: {zh: "{{distinct(place)}} 处", en: "{{distinct(place)}} places"}
"""


def record(number, at, **more):
    """A record of a small town's day."""
    area = {"city": "330282", "town": "330282121", "village": "330282121241", "grid": "330282121241001"}
    return {"id": f"e{number}", "source": "grid", "kind": "report", "category": "water.flooding.road", "area": area,
            "occurred_at": at, "duty": "省塘头村第1网格", **more}


def small_town():
    at = "2025-06-02T{}:00+08:00".format
    stage = {"kind": "transition", "case": "c1", "duty": "市政所"}
    return [
        record(1, at("08:00"), place="桥头", reporter="a", case="c1", grade=3),
        record(2, at("08:20"), place="市场", reporter="b", stage="closed", grade=1),
        record(3, at("08:30"), **stage, stage="accepted", grade=3, due_at=at("10:00")),
        record(4, at("09:30"), **stage, stage="assigned", grade=3, due_at=at("09:45")),
        record(5, at("14:00"), **stage, stage="closed", grade=3),
        record(6, at("18:00"), **stage, stage="evaluated", satisfaction=4),
        record(6, at("18:00"), **stage, stage="evaluated", satisfaction=4),
        record(7, "2025-06-03T07:00:00+08:00", place="桥头", reporter="c", case="c2", grade=2,
               attrs={"rewarded": "true"}),
    ]


def lines(records):
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Year(Case):
    """The figures of ../shared/data/README.md, from the simulated year."""

    def test_the_countys_figures(self):
        year, state = self.folder / "year.ndjson", self.folder / "state"
        year.write_bytes(self.well("simulate", timeout=300).raw)
        rules = self.write("rules.yaml", RULES)
        self.well("replay", "--rules", rules, "--input", year, "--state", state, "--score", timeout=300)

        def ask(*more):
            return self.well("scorecard", "--state", state, "--format", "json", *more, timeout=60).json()
        card = ask("--tier", "town")
        total = card["total"]
        reports, channels = total["events"]["by_channel"], total["cases"]["by_channel"]
        self.assertEqual(card["span"], {"from": "2025-01-01", "to": "2025-12-31", "days": 365})
        self.assertEqual(reports["grid"], 540700)
        self.assertEqual(reports["police110"], 25000)
        self.assertEqual(f"{channels['police110']['disposal_rate']:.2%}", "99.39%")
        self.assertEqual(reports["visit"], 11048)
        self.assertEqual(f"{channels['visit']['disposal_rate']:.2%}", "98.60%")
        self.assertEqual(channels["mediation"]["closed"], 9774)
        self.assertEqual(total["first_reports"], 1235)
        self.assertEqual(len(card["rows"]), 24)
        self.assertEqual(sum(r["events"]["total"] for r in card["rows"]), total["events"]["total"])
        self.assertEqual(sorted(r["rank"] for r in card["rows"])[0], 1)

        def of(*more):
            return ask("--channel", "grid", *more)["total"]
        grid = of()
        self.assertEqual(grid["events"]["by_grade"]["3"] + grid["events"]["by_grade"]["4"], 105000)
        self.assertEqual(of("--category", "dispute")["cases"]["on_the_spot"], 3663)
        self.assertEqual(of("--category", "water.flooding.road")["events"]["total"], 214)
        places = ask("--places", "--category", "environment.waste", "--limit", "5")
        self.assertTrue(places["places"], "repeated complaints about waste are planted")
        self.assertGreaterEqual(places["places"][0]["days"], 2)

    def test_the_figures_are_those_of_the_data(self):
        readme = DATA / "README.md"
        if not readme.exists():
            self.skipTest(f"{readme} is not here; set TOCSIN_DATA to the folder of the real data")
        text = readme.read_text()
        for figure in ("540,700", "105,000", "25,000", "99.39 %", "11,048", "98.60 %", "3,663", "9,774", "1,235"):
            self.assertIn(figure, text)


class Command(Case):
    def setUp(self):
        super().setUp()
        self.input = self.write("town.ndjson", lines(small_town()))

    def card(self, *more):
        return self.well("scorecard", "--input", self.input, "--format", "json", *more).json()

    def test_each_figure_of_a_small_town(self):
        card = self.card("--area", "330282121", "--tier", "duty")
        total, posts = card["total"], {r["key"]: r for r in card["rows"]}
        self.assertEqual(total["events"], {"total": 3, "by_channel": {"grid": 3}, "by_category": {"water": 3},
                                           "by_grade": {"1": 1, "2": 1, "3": 1, "4": 0, "none": 0}})
        cases = total["cases"]
        self.assertEqual((cases["opened"], cases["closed"], cases["open"], cases["on_the_spot"]), (3, 2, 1, 1))
        self.assertEqual(cases["settled_at"], {"grid": 1, "village": 0, "town": 1, "city": 0, "none": 0})
        self.assertEqual((cases["deadlines"], cases["on_time_rate"]), (2, 0.5))
        self.assertEqual((cases["repeats"], cases["reopened"]), (1, 0))
        self.assertEqual(total["first_response_seconds"]["n"], 1)
        self.assertAlmostEqual(total["first_response_seconds"]["median"], 1800, delta=36)
        self.assertAlmostEqual(total["closing_seconds"]["median"], 6 * 3600, delta=432)
        self.assertEqual(total["satisfaction"], {"n": 1, "mean": 4})
        self.assertEqual(total["first_reports"], 1)
        self.assertEqual(posts["省塘头村第1网格"]["first_reports"], 1)
        self.assertEqual(posts["市政所"]["cases"]["deadlines"], 2)
        self.assertIsNone(posts["市政所"]["alerts"])
        self.assertIsNone(posts["市政所"]["rank"], "two deadlines are too few to rank by")

    def test_days_and_the_span_before(self):
        card = self.card("--from", "2025-06-03", "--to", "2025-06-03")
        self.assertEqual(card["total"]["events"]["total"], 1)
        self.assertEqual(card["total"]["trend"]["before"]["events"], 2)
        self.assertIsNone(card["total"]["trend"]["year_before"])

    def test_pages_of_rows(self):
        first = self.card("--tier", "duty", "--limit", "1")
        self.assertEqual((len(first["rows"]), first["next"]), (1, "1"))
        second = self.card("--tier", "duty", "--limit", "1", "--skip", "1")
        self.assertIsNone(second["next"])
        self.assertNotEqual(first["rows"][0]["key"], second["rows"][0]["key"])

    def test_alerts_count_where_rules_are_given(self):
        rules = self.write("rules.yaml", RULES)
        card = self.card("--rules", rules)
        self.assertEqual(card["total"]["alerts"]["by_severity"]["yellow"], 1)
        places = self.well("scorecard", "--input", self.input, "--rules", rules, "--places", "--format", "json").json()
        self.assertEqual([(p["place"], p["days"], p["reports"], p["reporters"], len(p["alerts"])) for p in places["places"]],
                         [("桥头", 2, 2, 2, 1)])
        self.assertEqual([d["day"] for d in places["places"][0]["on"]], ["2025-06-02", "2025-06-03"])

    def test_what_people_read(self):
        text = self.well("scorecard", "--input", self.input, "--area", "330282121", "--tier", "village").out
        self.assertIn("matters           3 · closed 2 66.67% · open 1 · on the spot 1", text)
        self.assertIn("on time           50.00% of 2 deadlines", text)
        self.assertIn("with fewer than 30 to judge by: no rank", text)
        chinese = self.well("scorecard", "--input", self.input, "--tier", "town", LC_ALL="zh_CN.UTF-8").out
        self.assertIn("办理事项          3 · 办结 2 66.67% · 在办 1 · 当场办结 1", chinese)
        self.assertIn("样本不足 30 的不排名", chinese)
        for words in ("上报              3 · 网格 3", "  按类别          水务 3", "按期率            50.00%", "  网格            3 · 办结 2", "首报              1",
                      "首次响应          中位 30分", "镇（街道）", "按办结率排名"):
            self.assertIn(words, chinese)
        self.assertNotIn("disposal_rate", text + chinese)
        places = self.well("scorecard", "--input", self.input, "--places", LC_ALL="zh_CN.UTF-8").out
        self.assertIn("桥头", places)
        self.assertIn("水务.flooding", places)
        for line in (text + chinese + places).splitlines():
            self.assertLessEqual(width(line), 80, line)

    def test_what_is_told_beside_the_figures(self):
        """The days compared with, that rows need not add up, that nothing was counted, towns where nothing is asked."""
        asked = ("scorecard", "--input", self.input)
        self.assertEqual(self.card()["tier"], "town")
        card = self.card("--from", "2025-06-02", "--to", "2025-06-03")
        self.assertEqual(card["compared"], {"before": {"from": "2025-05-31", "to": "2025-06-01"},
                                            "year_before": {"from": "2024-06-02", "to": "2024-06-03"}})
        text = self.well(*asked, "--from", "2025-06-02", "--to", "2025-06-03", "--tier", "village").out
        self.assertIn("the span before   2025-05-31 – 2025-06-01 · not all of it was counted", text)
        self.assertIn("What names none of these counts in the total alone.", text)
        self.assertNotIn("Nothing of this was counted", text)
        self.assertIn("Nothing of this was counted", self.well(*asked, "--category", "flooding").out)
        heads = [line for line in self.well(*asked, "--width", 60).out.splitlines() if line.startswith("town")]
        self.assertGreater(len(heads), 1, "columns that go on below begin with the name again")
        done = self.ends(tocsin("scorecard", "--limit", 5000), 2)
        self.assertIn("at most 1000 rows", done.err)

    def test_the_tier_follows_the_area_and_one_row_alone_has_no_rank(self):
        many = self.write("many.ndjson", lines(dict(small_town()[1], id=f"m{n}", area={"city": "330282", "town": f"33028212{n % 2 + 1}"})
                                               for n in range(80)))

        def ranks(*more):
            lone = self.well("scorecard", "--input", many, *more, "--width", 120).out.split("\n\n")[1]
            return [line.split()[1] for line in lone.splitlines() if "40" in line.split()]
        self.assertEqual(ranks(), ["1", "1"], "two towns of 40 matters each, equally good")
        self.assertEqual(ranks("--area", "330282121", "--tier", "town"), ["–"])
        for area, tier in (("", "town"), ("330282", "town"), ("330282121", "village"), ("330282121241", "grid")):
            self.assertEqual(self.card(*(["--area", area] if area else []))["tier"], tier, area)

    def test_wrong_questions_end_with_2(self):
        for wrong in (["--tier", "person"], ["--from", "yesterday"], ["--sort", "name"], ["--from", "2025-06-03", "--to",
                      "2025-06-01"], ["--area", "330282121241", "--tier", "city"]):
            self.assertEqual(tocsin("scorecard", "--input", self.input, *wrong).code, 2, wrong)
        self.assertEqual(tocsin("scorecard", "--state", self.folder / "nothing").code in (2, 3), True)
        empty = self.write("empty.ndjson", "")
        self.assertNotEqual(tocsin("scorecard", "--input", empty).code, 0)

    def test_a_state_keeps_what_files_say_and_goes_on(self):
        rules, state = self.write("rules.yaml", RULES), self.folder / "state"
        more = ["--rules", rules, "--input", self.input, "--state", state]
        self.well("replay", *more, "--score", "--until", "2025-06-02T10:00:00+08:00", "--batch", "2")
        self.assertEqual(self.well("scorecard", "--state", state, "--format", "json").json()["total"]["cases"]["opened"], 2)
        self.well("replay", *more, "--shards", "3")
        for question in (["--tier", "duty"], ["--places"]):
            told = self.well("scorecard", "--state", state, *question, "--format", "json").raw
            self.assertEqual(told, self.well("scorecard", "--input", self.input, "--rules", rules, *question, "--format",
                                             "json").raw)

    def test_a_state_without_them_says_so(self):
        rules, state = self.write("rules.yaml", RULES), self.folder / "state"
        self.well("replay", "--rules", rules, "--input", self.input, "--state", state)
        outcome = tocsin("scorecard", "--state", state)
        self.assertNotEqual(outcome.code, 0)
        self.assertIn("replay --score", outcome.err)

    def test_no_identity_is_kept(self):
        rules, state = self.write("rules.yaml", RULES), self.folder / "state"
        named = self.write("named.ndjson", lines([dict(r, reporter="张三 13800138000") for r in small_town()]))
        self.well("replay", "--rules", rules, "--input", named, "--state", state, "--score")
        for path in state.iterdir():
            data = path.read_bytes()
            self.assertFalse(re.search("张三|13800138000".encode(), data), path)


class Running(Case):
    def test_a_service_answers_and_the_command_asks_it(self):
        service = Service(self.folder, RULES, time="log").start()
        self.addCleanup(service.kill)
        status, _ = service.post("/api/v1/events", lines(small_town()), "application/x-ndjson")
        self.assertEqual(status, 202)

        def card():
            status, body = service.get("/api/v1/scorecard?from=2025-06-01&to=2025-06-30&tier=town")
            return json.loads(body) if status == 200 else None
        wait_for("the events to be counted", lambda: (c := card()) and c["total"]["events"]["total"] == 3, 20)
        self.assertEqual(card()["total"]["cases"]["closed"], 2)
        url = f"http://127.0.0.1:{service.port}"
        asked = self.well("scorecard", "--url", url, "--from", "2025-06-01", "--to", "2025-06-30", "--tier", "town",
                          "--format", "json").json()
        self.assertEqual(asked["rows"], card()["rows"])
        self.assertIn("matters ", self.well("scorecard", "--url", url, "--from", "2025-06-01").out)
        status, body = service.get("/api/v1/scorecard/places?from=2025-06-01&to=2025-06-30&category=water")
        self.assertEqual([p["place"] for p in json.loads(body)["places"]], ["桥头"])
        before = card()
        service.kill()
        service.start()
        self.assertEqual(card(), before, "the same after a kill")


if __name__ == "__main__":
    unittest.main()
