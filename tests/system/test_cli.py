"""The commands as the contract has them: what they print, and how they end."""
import gzip
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

from tocsin_testing import BINARY, PACKS, PRIVACY_KEY, ROOT, Case, latest, lines, need_data, simulate, tocsin

RULES = """
rules:
  - id: again
    kind: window
    from: [grid, police110, cityops, hotline12345]
    where: kind == "report" && has(area.town)
    key: [area.town, category.top(1)]
    within: 1d
    fire: count() >= 3
    severity: yellow
    resolve: {quiet: 12h}
    summary: "{{count()}} reports"
    tests:
      - name: three in a day
        defaults: {category: city.facility, area: {city: "330282", town: "330282121"}}
        given:
          - {at: +0m}
          - {at: +10m}
          - {at: +20m}
        expect:
          - {at: +20m, opened: yellow}
        by: +1h
"""
BROKEN = RULES.replace('kind == "report"', 'kidn == "report"').replace("fire: count() >= 3", "fire: cuont() >= 3")


class Usage(Case):
    """Exit status 2, and a message that names what is wrong: never 0 with nothing done."""

    def usage(self, word, *arguments, **options):
        with self.subTest(" ".join(map(str, arguments))):
            done = self.ends(tocsin(*arguments, **options), 2)
            self.assertIn(word, done.err, str(done))
            self.assertEqual(done.out, "", f"data for no work: {done}")

    def test_wrong_words(self):
        rules, feed = self.write("rules.yaml", RULES), self.write("one.ndjson", b"{}\n")
        self.usage("subcommand")
        self.usage("nonsense", "nonsense")
        self.usage("replay", "repaly")
        self.usage("--rules", "replay")
        self.usage("--bogus", "replay", "--rules", rules, "--input", feed, "--bogus")
        self.usage("--shards", "replay", "--rules", rules, "--input", feed, "--shards", 0)
        self.usage("--format", "replay", "--rules", rules, "--input", feed, "--format", "xml")
        self.usage("fast", "replay", "--rules", rules, "--input", feed, "--speed", "fast")
        self.usage("never", "replay", "--rules", rules, "--input", feed, "--until", "never")
        self.usage("Mars/X", "replay", "--rules", rules, "--input", feed, "--zone", "Mars/X")
        self.usage("known: ", "replay", "--rules", rules, "--input", feed, "--feed", "nope")
        self.usage("known: ", "simulate", "--profile", "nope")
        self.usage("yesterday", "simulate", "--start", "yesterday")
        self.usage("eval", "eval")
        self.usage("nonsense", "schema", "nonsense")

    def test_nothing_there(self):
        rules, empty = self.write("rules.yaml", RULES), self.folder / "empty"
        empty.mkdir()
        feed, nothing = self.write("one.ndjson", b"{}\n"), self.write("nothing.ndjson", b"")
        missing = self.folder / "missing"
        self.usage("missing", "replay", "--rules", rules, "--input", missing)
        self.usage("missing", "replay", "--rules", missing, "--input", feed)
        self.usage("no rule", "replay", "--rules", empty, "--input", feed)
        self.usage("no rule", "replay", "--rules", self.write("off.yaml", RULES.replace("kind: window", "kind: window\n    mode: off")),
                   "--input", feed)
        self.usage("no record", "replay", "--rules", rules, "--input", nothing)
        self.usage("no record", "replay", "--rules", rules, "--input", "-", stdin=b"")
        self.usage("folder", "replay", "--rules", rules, "--input", empty)
        self.usage("twice", "replay", "--rules", rules, "--input", feed, feed)
        self.usage("nothing was checked", "check", empty)
        self.usage("missing", "check", missing)
        self.usage("no rule", "test", empty)
        self.usage("nothing was tested", "test", self.write("bare.yaml", RULES.split("    tests:")[0]))
        self.usage("nothing was tested", "test", rules, "--rule", "nope")
        self.usage("no request", "eval", "--batch", nothing)
        self.usage("missing", "eval", "--batch", missing)
        self.usage("missing", "dlq", "list", "--state", missing)
        self.usage("missing", "state", "inspect", missing)
        self.usage("missing", "doctor", "--config", missing)
        self.usage("missing", "run", "--config", missing)

    def test_faulty_rules_do_not_run(self):
        self.usage("did you mean `kind`?", "replay", "--rules", self.write("broken.yaml", BROKEN), "--input",
                   self.write("one.ndjson", b"{}\n"))

    def test_what_cannot_go_on_ends_with_3(self):
        done = self.ends(tocsin("alerts", "--url", "http://127.0.0.1:1"), 3)
        self.assertIn("127.0.0.1:1", done.err)
        feed = simulate(self.folder / "feed.ndjson", "--days", 2, "--events", 200)
        state = self.folder / "state"
        self.replay(self.write("rules.yaml", RULES), feed, more=["--state", state])
        (state / "CURRENT").write_text("nonsense\n")
        done = self.ends(tocsin("replay", "--rules", self.folder / "rules.yaml", "--input", feed, "--state", state), 3)
        self.assertIn(str(state), done.err)
        if os.path.exists("/dev/full"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([str(BINARY), "simulate", "--days", "2"], stdout=full, stderr=subprocess.PIPE,
                                      env={"TOCSIN_HOME": str(ROOT)}, cwd=ROOT, timeout=60, check=False)
            self.assertEqual(done.returncode, 3, "standard output is full")
            self.assertIn(b"standard output", done.stderr)

    def test_alerts_that_cannot_be_written_end_a_replay(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        feed = simulate(self.folder / "feed.ndjson", "--days", 3, "--events", 3000)
        done = self.ends(tocsin("replay", "--rules", self.write("rules.yaml", RULES), "--input", feed, "--alerts", "/dev/full"), 3)
        self.assertIn("could not take transition 1", done.err)

    def test_doctor_tells_of_a_missing_broker_at_once(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]  # nobody listens
            config = self.write("tocsin.yaml", f"state: {self.folder}/state\nrules: [{self.write('rules.yaml', RULES)}]\n"
                                f"kafka: {{bootstrap.servers: 127.0.0.1:{port}}}\nsources:\n  - kafka: {{topics: [a]}}\nhttp: false\n")
            begun = time.monotonic()
            done = self.ends(tocsin("doctor", "--config", config), 1)
            self.assertLess(time.monotonic() - begun, 5)
        self.assertRegex(done.out, rf"FAIL  kafka source a: no broker answers \(127.0.0.1:{port}: Connection refused\)")
        self.assertNotRegex(done.out + done.err, r"%\d\|", "librdkafka's own lines")

    def test_help_is_there_for_every_command(self):
        listed = re.findall(r"^  (\w+) {2,}", self.well("--help").out.split("Subcommands:")[1], re.M)
        self.assertTrue({"run", "replay", "check", "test", "explain", "simulate", "alerts", "tail", "state", "dlq", "eval",
                         "schema", "doctor"} <= set(listed), listed)
        for command in listed:
            self.assertIn("Usage: tocsin " + command, self.well(command, "--help").out)
        self.assertRegex(self.well("--version").out, r"^\d+\.\d+\.\d+\n$")


class Check(Case):
    def test_every_fault_has_its_place_its_line_a_caret_and_a_suggestion(self):
        path = self.write("broken.yaml", BROKEN)
        done = self.ends(tocsin("check", path), 1)
        for line, column, words in [(6, 12, "`kidn`"), (9, 11, "`cuont`")]:
            self.assertRegex(done.err, rf"{re.escape(str(path))}:{line}:{column}: error: .*{words}.*\n +{line} \| .*\n +\| +"
                             r"\^~+\n +hint: did you mean")
        self.assertIn("2 fault(s)", done.out)
        self.assertNotIn("\x1b", done.err, "colour where there is no terminal")

    def test_json_says_the_same(self):
        done = self.ends(tocsin("check", self.write("broken.yaml", BROKEN), "--format", "json"), 1)
        answer = done.json()
        self.assertEqual((answer["errors"], answer["files"]), (2, 1))
        self.assertEqual([(d["line"], d["column"], d["code"]) for d in answer["diagnostics"]],
                         [(6, 12, "unknown-name"), (9, 11, "unknown-function")])

    def test_chinese_by_the_locale(self):
        done = self.ends(tocsin("check", self.write("broken.yaml", BROKEN), LC_ALL="zh_CN.UTF-8"), 1)
        self.assertIn("没有函数 `cuont`", done.err)
        self.assertIn("是否想写 `count`", done.err)

    def test_names_that_no_feed_has(self):
        told = self.ends(tocsin("check", self.write("slip.yaml", RULES.replace("cityops, hotline12345", "cityop, hotline12345"))), 1).err
        self.assertRegex(told, r"slip.yaml:5:\d+: error: there is no source `cityop`.*\n.*\n.*\n +hint: did you mean `cityops`")
        other = self.write("other.yaml", RULES.replace("[grid, police110", "[drones, police110"))
        self.assertRegex(self.well("check", other).err, r"warning: no feed here has the source `drones`")
        # A feed of that name beside it, a config that accepts it: it is known.
        feed = self.write("drones.yaml", "feed:\n  name: drones\n  format: json\n  fields:\n    id: row.id\n"
                          "    occurred_at: row.at\n    category: '\"city.facility\"'\n")
        self.assertNotIn("drones", self.well("check", other, feed).err)
        path = self.write("category.yaml", RULES.replace('where: kind == "report"', 'where: category.under("enviroment.waste") && kind == "report"'))
        self.assertIn("did you mean `environment.waste`?", self.ends(tocsin("check", path), 1).err)
        self.assertIn("是否想写 `environment.waste`？", self.ends(tocsin("check", path, LC_ALL="zh_CN.UTF-8"), 1).err)
        epidemic = self.write("epidemic.yaml", RULES.replace('where: kind == "report"', 'where: category.under("epidemic") && kind == "report"'))
        self.assertIn("1 warning(s)", self.well("check", epidemic).out)
        own = self.write("own.yaml", "categories:\n  epidemic.dengue: {zh: 登革热, en: Dengue, from: [grid]}\n")
        self.assertNotIn("warning", self.well("check", epidemic, own).out)

    def test_tests_are_checked_too(self):
        path = self.write("tests.yaml", RULES.replace("opened: yellow", "opened: purple").replace("at: +10m}", "at: noon}"))
        told = self.ends(tocsin("check", path), 1).err
        self.assertIn("`purple` is not one of", told)
        self.assertIn("`noon` is not a time since the test's start", told)
        early = self.write("early.yaml", RULES.replace("by: +1h", "by: +5m").replace("- {at: +20m, opened: yellow}", "- {at: +2m, opened: yellow}"))
        self.assertIn("the test ends before its last event, at +20m", self.ends(tocsin("check", early), 1).err)

    def test_a_config_is_followed_to_what_it_names(self):
        rules, config = self.write("rules/r.yaml", RULES), self.folder / "tocsin.yaml"
        text = (f"state: {self.folder}/state\nrules: [{self.folder}/rules]\nsources:\n  - ingest: {{}}\n    feed: grid\n"
                f"areas: [{ROOT}/rules/areas/cixi.csv]\ncalendar: cn\n")
        config.write_text(text)
        self.assertIn("1 rule in 1 file, 0 feeds, 1 other; 0 fault(s)", self.well("check", config).out)
        rules.write_text(BROKEN)
        done = self.ends(tocsin("check", config), 1)
        self.assertIn(f"{rules}:9:", done.err)
        both = self.ends(tocsin("check", config, rules), 1)
        self.assertEqual(both.err.count("`cuont`"), done.err.count("`cuont`"), "a file that is named twice is told once")
        for old, new, line in [(f"{self.folder}/rules", f"{self.folder}/ruls", 2), ("feed: grid", "feed: gird", 5),
                               ("cixi.csv", "cixy.csv", 6), ("calendar: cn", "calendar: xx", 7)]:
            config.write_text(text.replace(old, new))
            told = self.ends(tocsin("check", config), 1).err
            self.assertRegex(told, rf"tocsin.yaml:{line}:\d+: error: `[^`]*` cannot be used: ", told)

    def test_a_config_counts_its_rules_and_lets_nobody_in_unasked(self):
        self.write("rules/r.yaml", RULES)
        config = self.write("tocsin.yaml", f"state: {self.folder}/state\nrules: [{self.folder}/rules]\nsources: [{{ingest: {{}}}}]\n")
        self.assertIn("1 rule in 1 file", self.well("check", config).out)
        config.write_text(config.read_text() + "http: {address: 0.0.0.0, port: 0}\n")
        for command in (("check", config), ("doctor", "--config", config), ("run", "--config", config)):
            done = tocsin(*command)
            self.assertIn(done.code, (1, 2), str(done))
            self.assertRegex(done.err, r"tocsin.yaml:4:\d+: error: Cannot serve HTTP on 0\.0\.0\.0 without tokens")

    def test_a_table_that_is_not_there_says_where_tables_lie(self):
        shutil.copytree(PACKS, self.folder / "mine")
        done = self.ends(tocsin("check", self.folder / "mine"), 1)
        self.assertEqual(done.err.count("there is no table `low_ground`"), 1, "once, not for each lookup")
        self.assertIn("hint: tables are read from the folder `tables`", done.err)

    def test_totals_in_chinese(self):
        self.assertIn("0 处错误", self.well("check", self.write("rules.yaml", RULES), LC_ALL="zh_CN.UTF-8").out)
        self.assertIn("通过 1 个，未通过 0 个", self.well("test", self.folder / "rules.yaml", LANG="zh_CN.UTF-8", LC_ALL=None).out)
        path = self.write("failing.yaml", RULES.replace("fire: count() >= 3", "fire: count() >= 4"))
        told = self.ends(tocsin("test", path, LC_ALL="zh_CN.UTF-8"), 1).out
        self.assertIn("预期 opened yellow 在 +20m，实际没有类似的变化", told)
        self.assertIn("最接近：事件数 只到 3，要 4", told)
        self.assertIn("nearest: 3 of 4 events", self.ends(tocsin("test", path), 1).out)

    def test_tests_of_rules_that_are_off_or_in_shadow_run(self):
        for mode in ("off", "shadow"):
            path = self.write(f"{mode}.yaml", RULES.replace("kind: window", f"mode: {mode}\n    kind: window"))
            self.assertIn("1 passed, 0 failed", self.well("test", path).out)
            late = self.write(f"{mode}2.yaml", path.read_text().replace("+20m, opened", "+30m, opened"))
            self.assertIn("0 passed, 1 failed", self.ends(tocsin("test", late), 1).out)

    def test_a_test_that_could_never_fail_is_a_fault(self):
        silent = RULES.replace("        expect:\n          - {at: +20m, opened: yellow}\n", "        expect: none\n")
        for text in (silent, RULES.replace("          - {at: +20m, opened: yellow}\n", "          - {at: +20m}\n"),
                     RULES.replace("\n          - {at: +20m, opened: yellow}", " []"),
                     silent.replace("by: +1h", "by: +5m")):
            path = self.write("weak.yaml", text)
            for command in ("check", "test"):
                self.assertIn("[test-cannot-fail]", self.ends(tocsin(command, path), 1).err)

    def test_no_color_keeps_a_terminal_plain(self):
        path = self.write("broken.yaml", BROKEN)
        for plain in (False, True):
            parent, child = pty.openpty()
            env = {"TOCSIN_HOME": str(ROOT), **({"NO_COLOR": "1"} if plain else {})}
            process = subprocess.Popen([str(BINARY), "check", str(path)], stdout=subprocess.DEVNULL, stderr=child, env=env)
            os.close(child)
            told = b""
            while True:
                try:
                    piece = os.read(parent, 65536)
                except OSError:
                    break
                if not piece:
                    break
                told += piece
            process.wait(20)
            os.close(parent)
            self.assertIn(b"cuont", told)
            self.assertEqual(b"\x1b[" in told, not plain, told[:500])

    def test_all_that_is_shipped_is_without_fault(self):
        self.assertIn("0 fault(s)", self.well("check", ROOT / "rules").out)
        tested = self.well("test", ROOT / "rules").out
        self.assertRegex(tested, r"[1-9]\d+ passed, 0 failed")

    def test_a_failing_test_tells_expected_and_got(self):
        path = self.write("failing.yaml", RULES.replace("+20m, opened", "+30m, opened"))
        done = self.ends(tocsin("test", path), 1)
        self.assertIn("three in a day", done.out + done.err)
        self.assertRegex(done.out + done.err, r"\+30m")
        self.assertRegex(done.out + done.err, r"\+20m")
        answer = self.ends(tocsin("test", path, "--format", "json"), 1).json()
        self.assertEqual((answer["passed"], answer["failed"]), (0, 1))
        self.assertEqual(self.well("test", self.write("rules.yaml", RULES), "--format", "json").json()["passed"], 1)


class Eval(Case):
    def test_one_expression(self):
        self.assertEqual(self.well("eval", "--expr", "1 + 1").json(), {"int": 2})
        self.assertEqual(self.well("eval", "--expr", "size(x)", "--bindings", '{"x": {"string": "二字"}}').json(), {"int": 2})
        done = self.ends(tocsin("eval", "--expr", "1 +"), 1)
        self.assertIn("error", done.json())
        self.assertRegex(done.err, r"^1:\d+: error: ")
        self.assertIn("error", self.ends(tocsin("eval", "--expr", "1 / 0"), 1).json())

    def test_an_event_as_variables(self):
        path = self.write("event.json", json.dumps({"id": "1", "source": "grid", "kind": "report", "category": "water.flooding.road",
                                                    "occurred_at": "2025-07-01T10:00:00+08:00", "reporter": "张三"}))
        self.assertEqual(self.well("eval", "--expr", 'category.under("water") && kind == "report"', "--event", path).json(),
                         {"bool": True})
        self.assertNotIn("张三", self.well("eval", "--expr", "reporter", "--event", path).out)

    def test_depth_has_a_bound(self):
        request = json.dumps({"expr": "(" * 100_000 + "1" + ")" * 100_000})
        done = self.well("eval", "--batch", "-", stdin=request + "\n" + '{"expr": "1"}\n')
        deep, plain = lines(done.raw)
        self.assertIn("error", deep)
        self.assertLess(len(deep["error"]), 500)
        self.assertEqual(plain, {"int": 1})

    def test_the_conformance_cases(self):
        cases = lines(gzip.decompress(need_data("cel_conformance.ndjson.gz").read_bytes()))
        self.assertEqual(len(cases), 638)
        batch = "".join(json.dumps(c) + "\n" for c in cases)
        got = lines(self.well("eval", "--batch", "-", stdin=batch).raw)
        self.assertEqual(len(got), len(cases), "one answer a line, in order")
        wrong = []
        for case, answer in zip(cases, got):
            fine = "error" in answer if case.get("error") else same(answer, case["value"])
            if not fine:
                wrong.append(f"{case['file']}/{case['section']}/{case['name']}: {case['expr']} gave {answer}, wanted "
                             f"{case.get('value', 'an error')}")
        self.assertFalse(wrong, f"{len(wrong)} of {len(cases)} cases:\n  " + "\n  ".join(wrong[:20]))


def same(got, want):
    """Tagged values are equal; the entries of a map in any order."""
    if isinstance(want, dict) and isinstance(got, dict):
        if set(got) != set(want):
            return False
        if "map" in want:
            left = list(got["map"])
            for pair in want["map"]:
                at = next((i for i, other in enumerate(left) if same(other, pair)), None)
                if at is None:
                    return False
                left.pop(at)
            return not left
        return all(same(got[k], want[k]) for k in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(same, got, want))
    return got == want and isinstance(got, bool) == isinstance(want, bool)


class Schema(Case):
    def test_every_schema_is_json_schema(self):
        for what, word in [("config", "sources"), ("feed", "fields"), ("rule", "severity"), ("event", "occurred_at"),
                           ("alert", "data")]:
            with self.subTest(what):
                text = self.well("schema", what).out
                schema = json.loads(text)
                self.assertIn("json-schema.org", schema["$schema"])
                self.assertEqual(schema["type"], "object")
                self.assertIn(f'"{word}"', text)
        event = self.well("schema", "event").json()
        self.assertEqual(sorted(event["required"]), ["category", "id", "occurred_at", "source"])


# Run by a Python that has PyYAML and jsonschema: standard input {"schema": …, "files": [paths]}, standard output
# {path: [faults]}. YAML 1.2's core: `off` is a text, only decimal numbers, no times.
VALIDATE = r"""
import json, re, sys
import jsonschema, yaml
class Loader(yaml.SafeLoader):
    pass
Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [("bool", "^(true|false)$", "tf"), ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
                            ("float", r"^[-+]?[0-9]*\.[0-9]+$", "-+.0123456789"), ("null", "^(null|~|)$", ["n", "~", ""])]:
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first))
asked = json.load(sys.stdin)
validator = jsonschema.Draft202012Validator(asked["schema"])
jsonschema.Draft202012Validator.check_schema(asked["schema"])
print(json.dumps({p: [e.message for e in validator.iter_errors(yaml.load(open(p, encoding="utf-8"), Loader))] for p in asked["files"]}))
"""


class RuleSchema(Case):
    """What an editor makes of `schema rule`: the packs pass, files of a wrong structure do not."""

    def validate(self, files):
        schema = self.well("schema", "rule").json()
        for python in (sys.executable, "/usr/bin/python3"):
            if os.path.exists(python) and not subprocess.run([python, "-c", "import yaml, jsonschema"], capture_output=True).returncode:
                done = subprocess.run([python, "-c", VALIDATE], input=json.dumps({"schema": schema, "files": [str(f) for f in files]}),
                                      capture_output=True, text=True, timeout=120, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                return schema, json.loads(done.stdout)
        self.fail("no Python with PyYAML and jsonschema: deploy/install-dependencies --tests")

    def test_packs_pass_and_broken_structures_do_not(self):
        packs = sorted(PACKS.glob("*.yaml"))
        structural = [ROOT / "tests/engine/rule/broken" / f"{name}.yaml" for name in (
            "unknown_key", "unknown_kind", "missing_kind", "missing_id", "radius_in_window", "cluster_without_radius", "bad_distance",
            "bad_duration", "bad_id", "severity_unknown_rung", "no_rungs", "test_unknown_field", "test_unknown_key",
            "absence_without_expect", "duration_zh", "distance_zh", "mode_wide", "missing_fire")]
        _, faults = self.validate(packs + structural)
        for path in packs:
            self.assertEqual(faults[str(path)], [], path)
        for path in structural:
            self.assertNotEqual(faults[str(path)], [], f"the schema takes {path.name}")

    def test_expressions_are_typed_and_names_are_listed(self):
        schema = self.well("schema", "rule").json()
        keys = schema["$defs"]["rule"]["properties"]
        for key, scope, result in [("where", "event", "bool"), ("fire", "aggregate", "bool"), ("until", "event", "timestamp")]:
            self.assertEqual((keys[key]["format"], keys[key]["x-tocsin-type"]), ("tocsin-expression", {"scope": scope, "result": result}))
        self.assertEqual(keys["summary"]["format"], "tocsin-template")
        names = schema["x-tocsin-scopes"]
        self.assertIn("area.town", [n["name"] for n in names["event"]])
        self.assertIn("distinct", names["aggregate"]["aggregates"])
        self.assertIn("elapsed", [n["name"] for n in names["aggregate"]["values"]["absence"]])


class Simulate(Case):
    def test_same_seed_same_bytes(self):
        first = simulate(self.folder / "a", "--days", 3, "--seed", 7, "--labels", self.folder / "la").read_bytes()
        self.assertEqual(simulate(self.folder / "b", "--days", 3, "--seed", 7, "--labels", self.folder / "lb").read_bytes(), first)
        self.assertEqual((self.folder / "la").read_bytes(), (self.folder / "lb").read_bytes())
        self.assertNotEqual(simulate(self.folder / "c", "--days", 3, "--seed", 8).read_bytes(), first)
        for label in lines((self.folder / "la").read_bytes()):
            self.assertTrue({"risk", "key", "from", "until", "events", "severity"} <= set(label), label)

    def test_events_counts_the_grid_reports(self):
        feed = lines(simulate(self.folder / "a", "--days", 5, "--events", 777).read_bytes())
        self.assertEqual(sum(e["source"] == "grid" and e["kind"] == "report" for e in feed), 777)


class Replay(Case):
    def setUp(self):
        super().setUp()
        self.rules = self.write("rules.yaml", RULES)
        self.feed = simulate(self.folder / "feed.ndjson", "--days", 6, "--events", 900, "--seed", 2)

    def test_the_summary_has_the_contracts_names(self):
        summary, alerts = self.replay(self.rules, self.feed)
        for name in """events_read accepted rejected duplicate late alerts_opened alerts_resolved transitions seconds
                events_per_second rules state_keys""".split():
            self.assertIn(name, summary)
        self.assertEqual(summary["events_read"], self.feed.read_bytes().count(b"\n"))
        self.assertEqual(summary["events_read"], summary["accepted"] + summary["rejected"] + summary["duplicate"] + summary["late"])
        opened = [e for e in lines(alerts) if e["type"] == "tocsin.alert.opened"]
        self.assertEqual(len(opened), summary["alerts_opened"])
        text = self.well("replay", "--rules", self.rules, "--input", self.feed).out
        self.assertIn(f"{summary['events_read']} events read", text)

    def test_every_transition_is_a_cloud_event(self):
        _, alerts = self.replay(self.rules, self.feed)
        self.assertGreater(alerts.count(b"\n"), 10)
        seen = {}
        for event in lines(alerts):
            data = event["data"]
            self.assertEqual(event["specversion"], "1.0")
            self.assertRegex(event["type"], r"^tocsin\.alert\.(opened|updated|escalated|deescalated|resolved|reopened|amended)$")
            self.assertEqual(event["id"], f"{event['subject']}/{data['seq']}")
            self.assertEqual(event["subject"], data["alert_id"])
            self.assertEqual(data["seq"], seen.get(event["subject"], 0) + 1, "a gap in an alert's sequence")
            seen[event["subject"]] = data["seq"]
            for name in """rule rule_version key severity status opened_at opened_by updated_at reason merged_into area location
                    values params evidence summary owner""".split():
                self.assertIn(name, data)
            self.assertLessEqual(len(data["evidence"]["events"]), 100)
            self.assertGreaterEqual(data["evidence"]["total"], len(data["evidence"]["events"]))

    def test_plain_gzip_zstd_and_standard_input_give_the_same(self):
        _, want = self.replay(self.rules, self.feed)
        plain = self.feed.read_bytes()
        packed = {"gzip": gzip.compress(plain), "two gzip members": gzip.compress(plain[:1000]) + gzip.compress(plain[1000:]),
                  "plain without its last newline": plain.rstrip(b"\n"), "with a byte order mark": b"\xef\xbb\xbf" + plain,
                  "with CRLF": plain.replace(b"\n", b"\r\n")}
        if shutil.which("zstd"):
            packed["zstd"] = subprocess.run(["zstd", "-q", "-c", self.feed], capture_output=True, check=True).stdout
        for name, content in packed.items():
            with self.subTest(name):
                path = self.write("packed", content)
                self.same_lines(self.replay(self.rules, path)[1], want, f"alerts of {name}")
                self.same_lines(self.replay(self.rules, "-", stdin=content)[1], want, f"alerts of {name} on standard input")
        out = self.well("replay", "--rules", self.rules, "--input", self.feed, "--alerts", "-").raw
        self.assertTrue(out.startswith(want), "alerts on standard output differ, or the summary stands among them")

    def test_until_stops_there_and_lets_time_go_on_to_it(self):
        _, want = self.replay(self.rules, self.feed)
        times = sorted(e["occurred_at"] for e in lines(self.feed.read_bytes()))
        middle = times[len(times) // 2]
        summary, alerts = self.replay(self.rules, self.feed, "until.ndjson", more=["--until", middle])
        self.assertLess(summary["events_read"], len(times))
        self.assertTrue(alerts and want.startswith(alerts.splitlines(True)[0]))
        _, far = self.replay(self.rules, self.feed, "far.ndjson", more=["--until", "2027-01-01T00:00:00Z"])
        still = [e["subject"] for e in latest(far).values() if e["data"]["status"] != "resolved"]
        self.assertEqual(still, [], "after a year's quiet no alert is open")

    def test_speed_holds_the_feed_back(self):
        events = [json.dumps({"id": str(n), "source": "grid", "kind": "report", "occurred_at": 1_751_000_000_000 + n * 30_000,
                              "category": "a.b"}) + "\n" for n in range(3)]
        summary, _ = self.replay(self.rules, self.write("slow.ndjson", "".join(events)), more=["--speed", "120x"])
        self.assertGreaterEqual(summary["seconds"], 0.45, "a minute at 120x takes half a second")

    def test_state_goes_on_where_it_stands(self):
        _, want = self.replay(self.rules, self.feed)
        plain = self.feed.read_bytes().splitlines(True)
        growing = self.write("growing.ndjson", b"".join(plain[:len(plain) // 2]))
        state = self.folder / "state"
        first, _ = self.replay(self.rules, growing, "grown.ndjson", more=["--state", state])
        self.assertEqual(first["events_read"], len(plain) // 2)
        again, _ = self.replay(self.rules, growing, "grown.ndjson", more=["--state", state])
        self.assertEqual(again["events_read"], first["events_read"], "nothing new was there to be read")
        growing.write_bytes(b"".join(plain))
        whole, alerts = self.replay(self.rules, growing, "grown.ndjson", more=["--state", state])
        self.assertEqual(whole["events_read"], len(plain))
        ids = [e["id"] for e in lines(alerts)]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(sorted(ids), sorted(e["id"] for e in lines(want)))

    def test_state_is_inspected_copied_and_restored(self):
        state, copy, back = self.folder / "state", self.folder / "copy", self.folder / "back"
        summary, _ = self.replay(self.rules, self.feed, more=["--state", state])
        look = self.well("state", "inspect", state, "--format", "json").json()
        self.assertEqual(look["transitions"], summary["transitions"])
        self.assertEqual(look["partitions"], {str(self.feed): self.feed.stat().st_size})
        self.assertEqual(sum(look["keys_at_checkpoint"].values()), summary["state_keys"])
        self.assertIn(f"{summary['transitions']} transitions", self.well("state", "inspect", state).out)
        self.well("state", "checkpoint", state, copy)
        self.well("state", "restore", copy, back)
        self.assertEqual({**self.well("state", "inspect", back, "--format", "json").json(), "directory": "", "bytes_on_disk": 0},
                         {**look, "directory": "", "bytes_on_disk": 0})
        done = self.ends(tocsin("state", "restore", copy, back), 2)
        self.assertIn("not empty", done.err)
        self.assertEqual(self.well("dlq", "list", "--state", back).out, "no rejected record\n")

    def test_a_state_of_another_version_is_refused(self):
        state = self.folder / "state"
        self.replay(self.rules, self.feed, more=["--state", state])
        other = self.write("other.ndjson", self.feed.read_bytes()[:2000].rsplit(b"\n", 1)[0] + b"\n")
        shorter = self.feed
        shorter.write_bytes(other.read_bytes())
        done = tocsin("replay", "--rules", self.rules, "--input", shorter, "--state", state)
        self.assertIn(done.code, (2, 3), f"the file is shorter than where the state stands\n{done}")
        self.assertIn("shorter", done.err)


class SourceGaps(Case):
    """A rule that waits for what nobody sends, and a feed that nobody reads: told, and no fault."""

    def test_replay_tells(self):
        event = {"id": "1", "source": "sensor", "kind": "reading", "category": "water.level", "occurred_at": "2025-07-01T00:00:00Z"}
        path = self.write("in.ndjson", json.dumps(event) + "\n")
        told = self.well("replay", "--rules", self.write("rules.yaml", RULES), "--input", path).err
        self.assertIn("note: no rule reads: sensor\n", told)
        self.assertIn("note: rules read what nothing feeds: cityops, grid, hotline12345, police110\n", told)

    def test_replay_speaks_the_language(self):
        asked = ("replay", "--rules", self.write("rules.yaml", RULES), "--input", self.write("in.ndjson",
                 '{"id": "1", "source": "sensor", "kind": "reading", "category": "water.level", "occurred_at": "2025-07-01"}\n{}\n'))
        done = self.well(*asked, LC_ALL="zh_CN.UTF-8")
        self.assertIn("读入 2 条事件：接受 1，拒绝 1，重复 0，迟到 0\n告警：开始 0，解除 0，", done.out)
        self.assertIn("注：没有规则读取的数据源：sensor\n", done.err)

    def test_doctor_tells(self):
        rules = self.write("rules.yaml", RULES)
        source = self.write("in.csv", "a\n")
        text = f"state: {self.folder}/state\nrules: [{rules}]\nsources: [{{file: {{paths: [{source}]}}, feed: sensor}}]\nhttp: false\n"
        done = self.well("doctor", "--config", self.write("tocsin.yaml", text))
        self.assertIn("warn  sources: no rule reads: sensor\n", done.out)
        self.assertIn("warn  sources: rules read what nothing feeds: cityops, grid, hotline12345, police110\n", done.out)
        fed = self.write("fed.yaml", text.replace("feed: sensor", "feed: grid") + "accept: [cityops, hotline12345, police110]\n")
        self.assertIn("nothing feeds: cityops, hotline12345, police110\n", self.well("doctor", "--config", fed).out)
        every = self.write("any.yaml", text.replace(f"[{{file: {{paths: [{source}]}}, feed: sensor}}]", "[{ingest: {}}]"))
        self.assertNotIn("warn  sources", self.well("doctor", "--config", every).out)


class Doctor(Case):
    def config(self, **more):
        text = f"state: {self.folder}/state\nrules: [{PACKS}]\nsources: [{{ingest: {{}}}}]\nhttp: {{port: {more.get('port', 0)}}}\n"
        return self.write("tocsin.yaml", text)

    def test_all_well(self):
        out = self.well("doctor", "--config", self.config()).out
        for name in ("disk", "rights", "clock", "port", "privacy key", "rules"):
            self.assertRegex(out, rf"(?m)^ok    {name}\b")
        self.assertNotIn("FAIL", out)
        self.assertNotIn(PRIVACY_KEY, out, "a secret was printed")

    def test_findings(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = self.ends(tocsin("doctor", "--config", self.config(port=taken.getsockname()[1]), TOCSIN_PRIVACY_KEY=None), 1)
        self.assertRegex(done.out, r"(?m)^FAIL  privacy key: .*TOCSIN_PRIVACY_KEY")
        self.assertRegex(done.out, r"(?m)^FAIL  port: .*in use")

    def test_a_broker_that_is_not_there(self):
        config = self.write("kafka.yaml", f"""state: {self.folder}/state
rules: [{PACKS}]
kafka: {{bootstrap.servers: "127.0.0.1:1"}}
sources: [{{kafka: {{topics: [grid.events]}}}}]
http: {{port: 0}}
""")
        done = self.ends(tocsin("doctor", "--config", config, timeout=60), 1)
        self.assertRegex(done.out, r"(?m)^FAIL  .*(broker|kafka)")


if __name__ == "__main__":
    unittest.main()
