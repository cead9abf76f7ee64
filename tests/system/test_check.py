"""What `tocsin check` finds beyond one rule's own text: codes of areas, calendars, what kind of file it is."""
import unittest

from test_cli import RULES
from tocsin_testing import ROOT, Case, tocsin


class Check(Case):
    def test_codes_of_areas(self):
        path = self.write("town.yaml", RULES.replace("has(area.town)", 'area.town == "浒山街道"'))
        self.assertRegex(self.ends(tocsin("check", path), 1).err, r"`浒山街道` is no code of `area.town` \[bad-area\]\n.*\n.*\n +hint: a town has a code of 9 digits")
        areas = ROOT / "rules" / "areas" / "cixi.csv"
        self.assertIn("hint: `浒山街道` is 330282004", self.ends(tocsin("check", path, "--areas", areas), 1).err)
        self.ends(tocsin("check", path, "--areas", self.folder / "none.csv"), 2)

    def test_what_kind_of_file_it_is(self):
        bom = self.write("bom.yaml", "\ufeff" + RULES)
        self.assertIn("1 rule in 1 file", self.well("check", bom).out)
        slip = self.write("slip.yaml", RULES.replace("rules:", "rule:", 1))
        told = self.ends(tocsin("check", slip), 1).err
        self.assertRegex(told, r"slip.yaml:2:1: error: no kind of file")
        self.assertIn("did you mean `rules`?", told)
        self.assertIn("无法识别文件种类", self.ends(tocsin("check", slip, LC_ALL="zh_CN.UTF-8"), 1).err)
        bare = self.write("bare.yaml", RULES.replace("rules:", "", 1))
        self.assertIn("hint: these look like rules: write `rules:` in the line above them", self.ends(tocsin("check", bare), 1).err)
        self.assertIn("请在它们上面一行写 `rules:`", self.ends(tocsin("check", bare, LC_ALL="zh_CN.UTF-8"), 1).err)
        wide = self.folder / "wide.yaml"
        wide.write_bytes(RULES.encode("utf-16"))
        self.assertIn("this file is UTF-16", self.ends(tocsin("check", wide), 1).err)
        self.assertIn("请把文件另存为 UTF-8", self.ends(tocsin("check", wide, LC_ALL="zh_CN.UTF-8"), 1).err)

    def test_a_source_that_begins_anothers_name(self):
        begun = self.write("begun.yaml", RULES.replace("hotline12345", "hotline"))
        self.assertRegex(self.well("check", begun).err, r"warning: no feed here has the source `hotline`.*\n.*\n.*\n +hint: did you mean `hotline12345`")

    def test_a_rule_without_tests_is_warned_of(self):
        bare = self.write("bare.yaml", RULES[:RULES.index("    tests:")])
        done = self.well("check", bare)
        self.assertRegex(done.err, r"bare.yaml:3:9: warning: the rule `again` has no test")
        self.assertIn("0 fault(s), 1 warning(s)", done.out)
        self.assertIn("没有测试", self.well("check", bare, LC_ALL="zh_CN.UTF-8").err)
        self.assertNotIn("warning", self.well("check", self.write("tested.yaml", RULES)).out)

    def test_a_calendar_of_ones_own(self):
        seasonal = RULES.replace("kind: window", "calendar: mine\n    kind: window").replace('kind == "report"', 'kind == "report" && season("tea")')
        seasonal = seasonal.replace("three in a day\n", "three in a day\n        start: 2025-04-01T09:00\n")
        text = "calendar:\n  time_zone: Asia/Shanghai\n  seasons: {tea: 03-20..04-20}\n"
        for rules, calendar, arguments in [("a/r.yaml", "a/mine.yaml", ["a"]),                        # among the rules
                                           ("b/packs/r.yaml", "b/calendars/mine.yaml", ["b/packs"]),  # in the folder beside them
                                           ("c/r.yaml", "d/mine.yaml", ["c", "--calendar", "d/mine.yaml"])]:
            self.write(rules, seasonal)
            self.write(calendar, text)
            paths = [str(self.folder / a) if not a.startswith("--") else a for a in arguments]
            with self.subTest(calendar):
                self.assertIn("0 fault(s)", self.well("check", *paths).out)
                self.assertIn("1 passed, 0 failed", self.well("test", *paths).out)
        self.write("b/calendars/mine.yaml", text.replace("Asia/Shanghai", "Mars"))
        told = self.ends(tocsin("check", self.folder / "b" / "packs"), 1).err
        self.assertIn("[bad-time-zone]", told)
        self.assertNotIn("there is no calendar", told)

    def test_a_calendar_whose_years_are_over(self):
        old = self.write("old.yaml", "calendar:\n  time_zone: Asia/Shanghai\n  holidays: [2001-01-01]\n")
        done = self.well("check", old)
        self.assertIn("the last year whose holidays this calendar tells is 2001", done.err)
        self.assertIn("0 fault(s), 1 warning(s)", done.out)
        for text in ("  holidays: [2999-01-01]\n", ""):  # told for long, or of offices without holidays
            self.assertNotIn("warning", self.well("check", self.write("new.yaml", "calendar:\n  time_zone: Asia/Shanghai\n" + text)).out)

    def test_a_configs_areas_and_rules_count(self):
        rules, config = self.write("rules/r.yaml", RULES), self.folder / "tocsin.yaml"
        config.write_text(f"state: {self.folder}/state\nrules: [{self.folder}/rules]\nsources:\n  - ingest: {{}}\n    feed: grid\n"
                          f"areas: [{ROOT}/rules/areas/cixi.csv]\ncalendar: cn\n")
        self.assertIn("1 rule in 1 file, 0 feeds, 1 other; 0 fault(s)", self.well("check", config).out)
        rules.write_text(RULES.replace("has(area.town)", 'area.town == "330282999"'))
        self.assertIn("there is no `330282999` in the area table", self.ends(tocsin("check", config), 1).err)
        self.assertNotIn("330282999", self.well("check", rules).err)

    def test_an_account_of_an_area_that_is_not_there_is_a_fault(self):
        self.write("rules/r.yaml", RULES)
        config = self.folder / "tocsin.yaml"

        def written(name, area, tables=f"areas: [{ROOT}/rules/areas/cixi.csv]\n"):
            config.write_text(f"state: {self.folder}/state\nrules: [{self.folder}/rules]\nsources:\n  - ingest: {{}}\n    feed: grid\n"
                              f"{tables}http:\n  port: 0\n  tokens:\n"
                              f"    - {{name: {name}, sha256: {'0' * 64}, role: officer, area: \"{area}\"}}\n")
            return config

        told = self.ends(tocsin("check", written("观海卫镇指挥室", "330282101")), 1).err
        self.assertIn(f"{config}:10:", told)
        self.assertIn("the tables of `areas` have no area `330282101`", told)
        self.assertIn("did you mean 330282107 观海卫镇?", told)
        self.assertIn("是否想写 330282107 观海卫镇？", self.ends(tocsin("check", config, LC_ALL="zh_CN.UTF-8"), 1).err)
        self.assertIn("`330282101`", self.ends(tocsin("run", "--config", config), 2).err)
        self.assertFalse((self.folder / "state").exists(), "it did not start")
        self.assertIn("did you mean 330282107 观海卫镇?", self.ends(tocsin("check", written("desk", "观海卫镇")), 1).err)
        self.well("check", written("desk", "330282107"))
        self.well("check", written("desk", "grid 7"))
        self.well("check", written("desk", "330282101", tables=""))

    def test_what_ends_a_command_is_said_in_chinese(self):
        (self.folder / "empty").mkdir()
        self.assertIn("tocsin: 错误：所给路径中没有 YAML 文件，未作检查",
                      self.ends(tocsin("check", self.folder / "empty", LC_ALL="zh_CN.UTF-8"), 2).err)


if __name__ == "__main__":
    unittest.main()
