"""Bad records among good ones: each is counted, kept with its place and a masked copy, and loses nothing else; what people's
identities are is nowhere in what the program writes."""
import gzip
import json
import re
import unittest
import zlib

from tocsin_service import Service, now
from tocsin_testing import ROOT, Case, lines, tocsin, wait_for

RULES = """
rules:
  - id: again
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: distinct(reporter) >= 2
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{distinct(reporter)}} people, the latest {{last(id)}}: {{last(text)}}"
"""
# All of these stand in the good and in the bad records.
NAME, PHONE, PLATE, CARD, BANK = "李建国", "13711112222", "浙B12345", "330282199001011234", "6222021234567890123"
RAW = [s.encode() for s in (NAME, PHONE, PLATE, CARD, BANK)] + [NAME.encode("gbk")]


def event(id_, **more):
    fields = {"id": id_, "source": "grid", "kind": "report", "occurred_at": "2025-07-01T10:05:00+08:00",
              "category": "city.facility", "place": "bridge", "reporter": f"{NAME} {PHONE}",
              "text": f"请回电 {PHONE}，车牌 {PLATE}，身份证 {CARD}，卡号 {BANK}", "area": {"city": "330282"}}
    fields.update(more)
    return json.dumps({k: v for k, v in fields.items() if v is not None}, ensure_ascii=False).encode()


def good(n):
    return event(f"good{n}", occurred_at=f"2025-07-01T10:{n:02d}:00+08:00", reporter=f"{NAME}{n} {PHONE}")


BAD = [  # (reason, record)
    ("malformed", b'{"id": "x", ' + PHONE.encode()),
    ("malformed", event("cut")[:-20]),
    ("malformed", b"[1, 2]"),
    ("malformed", b"null"),
    ("malformed", b"\x00\x01\x02"),
    ("oversized", event("big", text="a" * (1 << 20))),
    ("not_utf8", event("gbk").replace("请回电".encode(), "请回电".encode("gbk"))),
    ("unknown_field", event("colour", colour="red")),
    ("missing_field", b"{}"),
    ("missing_field", event(None)),
    ("missing_field", event("no time", occurred_at=None)),
    ("missing_field", event("no category", category=None)),
    ("bad_time", event("yesterday", occurred_at="yesterday")),
    ("time_out_of_range", event("1901", occurred_at="1901-01-01T00:00:00Z")),
    ("time_out_of_range", event("2400", occurred_at="2400-01-01T00:00:00Z")),
    ("bad_coordinates", event("off the world", location={"lon": 200, "lat": 30})),
    ("bad_coordinates", event("null island", location={"lon": 0, "lat": 0})),
    ("bad_coordinates", event("half", location={"lon": 121.2})),
    ("unknown_area", event("no such province", area={"city": "990282"})),
    ("unknown_area", event("town elsewhere", area={"city": "330282", "town": "330281001"})),
    ("bad_value", event("grade", grade=9)),
    ("bad_value", event("kind", kind="gossip")),
    ("bad_value", event("number", values={"depth_cm": "deep"})),
]


class BadInput(Case):
    def setUp(self):
        super().setUp()
        self.rules = self.write("rules.yaml", RULES)
        self.state = self.folder / "state"

    def mixed(self):
        """Good records with a bad one after each: (bytes, {line: reason})."""
        out, faults = [], {}
        for n, (reason, record) in enumerate(BAD):
            out += [good(n), record]
            faults[len(out)] = reason
        return b"\n".join(out) + b"\n", faults

    def letters(self, state=None):
        done = self.well("dlq", "list", "--state", state or self.state, "--format", "json")
        return lines(done.raw)

    def nothing_raw(self, *roots):
        """No raw identity in the bytes of any file below the roots."""
        looked = 0
        for root in roots:
            for path in [root] if root.is_file() else [p for p in root.rglob("*") if p.is_file()]:
                looked += 1
                content = path.read_bytes()
                for raw in RAW:
                    self.assertNotIn(raw, content, f"{path} holds {raw.decode('utf-8', 'replace')}")
        self.assertGreater(looked, 0, "no file was looked at")

    def test_each_bad_record_is_counted_and_kept_and_the_good_ones_do_not_notice(self):
        content, faults = self.mixed()
        path = self.write("mixed.ndjson", content)
        only_good = self.write("good.ndjson", b"".join(good(n) + b"\n" for n in range(len(BAD))))
        summary, alerts = self.replay(self.rules, path, more=["--state", self.state, "--checkpoint-mib", 1])
        self.assertEqual({k: summary[k] for k in ("events_read", "accepted", "rejected", "duplicate", "late")},
                         {"events_read": 2 * len(BAD), "accepted": len(BAD), "rejected": len(BAD), "duplicate": 0, "late": 0})
        _, want = self.replay(self.rules, only_good, "good-alerts.ndjson")
        self.assertGreater(want.count(b"\n"), 1)
        self.same_lines(alerts, want, "alerts of the good records among bad ones")
        letters = self.letters()
        self.assertEqual({int(l["place"].rsplit(":", 1)[1]): l["reason"] for l in letters}, faults)
        for letter in letters:
            self.assertTrue(letter["place"].startswith(f"{path}:"), letter)
            self.assertTrue(letter["message"], letter)
            self.assertLess(len(letter["masked"]), 10_000, "a copy of an oversized record is cut")
        told = self.well("dlq", "list", "--state", self.state).out
        self.assertIn(f"{path}:{min(faults)}", told)
        self.nothing_raw(self.state, self.folder / "alerts.ndjson")
        for raw in RAW[:5]:
            self.assertNotIn(raw.decode(), told, "the list of dead letters shows an identity")

    def test_a_cut_gzip_file_gives_what_could_be_read_and_says_so(self):
        records = b"".join(event(f"e{n}", occurred_at=1_751_000_000_000 + 1000 * n) + b"\n" for n in range(2000))
        packed = gzip.compress(records)
        packed = packed[:len(packed) // 2]
        path = self.write("cut.ndjson.gz", packed)
        whole = zlib.decompressobj(31).decompress(packed).count(b"\n")
        done = self.ends(tocsin("replay", "--rules", self.rules, "--input", path, "--state", self.state, "--format", "json"), 1)
        summary = done.json()
        self.assertGreater(whole, 500)
        self.assertEqual(summary["accepted"], whole, "records that stood whole before the cut")
        self.assertEqual(summary["accepted"] + summary["rejected"], summary["events_read"])
        self.assertLessEqual(summary["rejected"], 1)
        self.assertIn(str(path), done.err)
        self.assertRegex(done.err, "cut|truncated|ends|damaged", "the message must say what is wrong with the file")
        for letter in self.letters():
            self.assertEqual(letter["reason"], "truncated")
        self.nothing_raw(self.state)

    def test_a_file_that_is_not_what_its_name_says(self):
        path = self.write("text.ndjson.gz", good(1) + b"\n")
        done = tocsin("replay", "--rules", self.rules, "--input", path, "--format", "json")
        if done.code == 0:  # told by its bytes, not its name
            self.assertEqual(done.json()["accepted"], 1, str(done))
        else:
            self.assertIn(str(path), done.err, str(done))

    def test_only_bad_records_are_told_too(self):
        path = self.write("bad.ndjson", b"{}\n{}\n")
        summary, _ = self.replay(self.rules, path, more=["--state", self.state])
        self.assertEqual((summary["events_read"], summary["rejected"]), (2, 2))
        self.assertEqual(len(self.letters()), 2)

    def test_codes_of_areas_that_the_table_does_not_have(self):
        content = good(0) + b"\n" + event("t", area={"city": "330282", "town": "330282999"}) + b"\n" + event(
            "v", area={"city": "330282", "town": "330282002", "village": "330282002999"}) + b"\n"
        path = self.write("areas.ndjson", content)
        summary, _ = self.replay(self.rules, path, more=["--state", self.state, "--areas", ROOT / "rules/areas/cixi.csv"])
        self.assertEqual((summary["accepted"], summary["rejected"]), (1, 2))
        self.assertEqual([l["reason"] for l in self.letters()], ["unknown_area"] * 2)

    def test_mended_records_are_put_back(self):
        """A feed that lacks a code: its rows are dead letters; with the mended feed they come back and ring."""
        feed = """
feed:
  name: works
  format: csv
  time_zone: Asia/Shanghai
  tables: {codes: {A1: city.facility%s}}
  fields:
    id: row.no
    kind: '"report"'
    occurred_at: row.at
    category: 'lookup("codes", row.code)'
    place: row.place
    reporter: row.who
    text: row.text
"""
        path = self.write("feed.yaml", feed % "")
        rows = "".join(f"{n},2025-07-01 10:0{n}:00,{'B2' if n % 2 else 'A1'},bridge,{NAME}{n} {PHONE},{PHONE}\n"
                       for n in range(8))
        source = self.write("in.csv", "no,at,code,place,who,text\n" + rows)
        config = f"""state: {{folder}}/state
time: log
rules: [{{folder}}/rules]
sources:
  - file: {{{{paths: [{source}]}}}}
    feed: {path}
  - ingest: {{{{}}}}
http: {{{{address: 127.0.0.1, port: {{port}}}}}}
"""
        service = Service(self.folder, RULES.replace("from: [grid]", "from: [feed]").replace(">= 2", ">= 6"), config=config)
        self.addCleanup(service.stop)
        service.start()
        wait_for("eight rows read", lambda: read(service) == 8)
        self.assertEqual(service.json("/api/v1/alerts")["alerts"], [], "four people are not six")
        self.assertEqual(service.stop(), 0, service.told())
        letters = self.letters()
        self.assertEqual([l["place"] for l in letters], [f"{source}:{n}" for n in (3, 5, 7, 9)])
        self.assertIn('"code":"B2"', letters[0]["masked"])
        refused = self.ends(tocsin("dlq", "requeue", "--state", self.state, "--feed", path), 1)
        self.assertIn("0 of 4", refused.out)
        path.write_text(feed % ", B2: city.lighting")
        self.assertIn("4 of 4", self.well("dlq", "requeue", "--state", self.state, "--feed", path).out)
        self.assertEqual(self.letters(), [])
        self.ends(tocsin("dlq", "requeue", "--state", self.state, "--feed", path), 2)  # nothing is left to do
        service.start()
        wait_for("the alert of all eight", lambda: service.json("/api/v1/alerts")["alerts"])
        self.assertEqual(service.stop(), 0, service.told())
        self.nothing_raw(self.state, service.log)

    def test_nothing_is_put_back_where_nobody_reads_it(self):
        """Without an ingest source nobody reads the state's log: the record stays among the rejected ones."""
        source = self.write("in.ndjson", json.dumps({"id": "1", "source": "grid"}) + "\n")
        config = f"""state: {{folder}}/state
time: log
rules: [{{folder}}/rules]
sources:
  - file: {{{{paths: [{source}]}}}}
http: {{{{address: 127.0.0.1, port: {{port}}}}}}
"""
        service = Service(self.folder, RULES, config=config)
        self.addCleanup(service.stop)
        service.start()
        wait_for("the row read", lambda: read(service) == 1)
        held = self.ends(tocsin("dlq", "requeue", "--state", self.state), 3)
        self.assertIn("stop its service", held.err)
        self.assertEqual(service.stop(), 0, service.told())
        before = self.letters()
        source.write_text(json.dumps({"id": "1", "source": "grid", "kind": "report", "category": "city.facility",
                                      "occurred_at": "2025-07-01T10:00:00Z"}) + "\n")
        for more in ((), ("--config", service.config)):
            refused = self.ends(tocsin("dlq", "requeue", "--state", self.state, *more), 2)
            self.assertIn("`- ingest: {}`", refused.err)
            self.assertEqual(self.letters(), before)

    def test_names_of_those_who_report_do_not_stay_in_the_text(self):
        """Neither in events that are judged nor in records that are rejected."""
        told = {"reporter": NAME, "text": f"{NAME}来电反映，请回复{NAME}"}
        rows = [event("1", **told), event("2", **told, area={"city": "330282", "town": "330281001"})]
        self.replay(self.rules, self.write("in.ndjson", b"\n".join(rows) + b"\n"), more=("--state", self.state))
        [letter] = self.letters()
        self.assertIn("[name]来电反映，请回复[name]", letter["masked"])
        self.assertIn("area.town is 330281001, which does not lie in area.city, 330282", letter["message"])
        self.nothing_raw(self.state)

    def test_records_put_back_are_read_as_the_config_says(self):
        """Zone, feed and accepted areas of the config; what is older than the watermark comes back late, and is counted."""
        def line(number, source, at, town):
            return json.dumps({"id": str(number), "source": source, "kind": "report", "category": "city.facility",
                               "occurred_at": at, "area": {"city": "330282", "town": town}}) + "\n"
        source = self.write("in.ndjson", line(1, "drones", "2025-07-01 10:00:00", "330282002") +
                            line(2, "grid", "2025-07-01 10:05:00", "330282999") +
                            line(3, "grid", "2025-07-01 12:00:00", "330282002"))
        config = f"""state: {{folder}}/state
zone: America/New_York
time: log
accept: [grid]
areas: [{ROOT}/rules/areas/cixi.csv]
rules: [{{folder}}/rules]
sources:
  - file: {{{{paths: [{source}]}}}}
  - ingest: {{{{}}}}
http: {{{{address: 127.0.0.1, port: {{port}}}}}}
"""
        service = Service(self.folder, RULES, config=config)
        self.addCleanup(service.stop)
        service.start()
        wait_for("three rows read", lambda: read(service) == 3)
        self.assertEqual(service.stop(), 0, service.told())
        asked = ("dlq", "requeue", "--state", self.state, "--config", service.config)
        self.assertIn("0 of 2 records put back", self.ends(tocsin(*asked), 1).out)
        service.config.write_text(service.config.read_text().replace("accept: [grid]", "accept: [grid, drones]"))
        done = self.ends(tocsin(*asked), 1)
        self.assertIn("1 of 2 records put back", done.out)
        self.assertIn("refused again: unknown_area", done.out)
        self.assertIn("1 of them is older than the watermark (2025-07-01T15:50:00Z)", done.out)
        service.start()
        wait_for("the record that was put back", lambda: read(service) == 4)
        self.assertEqual(service.json("/api/v1/alerts")["alerts"], [])
        self.assertEqual(service.stop(), 0, service.told())

    def test_sources_that_the_service_does_not_accept(self):
        service = Service(self.folder, RULES, config="""state: {folder}/state
accept: [grid, police110]
rules: [{folder}/rules]
sources:
  - ingest: {{}}
http: {{address: 127.0.0.1, port: {port}}}
""")
        self.addCleanup(service.stop)
        service.start()
        answer = service.ingest(*[json.loads(event(f"e{i}", source=s, occurred_at=now())) for i, s in
                                  enumerate(("grid", "weather", "grid"))])
        self.assertEqual((answer["accepted"], answer["rejected"]), (2, 1))
        self.assertEqual([(f["index"], f["reason"]) for f in answer["faults"]], [(1, "unknown_source")])
        wait_for("three records read", lambda: read(service) == 3)
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual([l["reason"] for l in self.letters()], ["unknown_source"])
        self.nothing_raw(self.state, service.log)

    def test_a_fault_of_an_expression_shows_no_value(self):
        """A rule that cannot judge an event says so without telling what the event holds."""
        rules = self.write("faulty.yaml", RULES.replace("has(place)", "int(orElse(text, '')) > 3"))
        path = self.write("one.ndjson", good(1) + b"\n")
        done = self.well("replay", "--rules", rules, "--input", path)
        self.assertIn("could not judge 1 event", done.err)
        self.assertFalse([r for r in RAW[:5] if re.search(re.escape(r.decode()), done.err + done.out)], str(done))


    def test_an_event_without_a_part_of_the_key_says_which(self):
        rules = self.write("faulty.yaml", RULES.replace("key: [place]", "key: [place, case]"))
        asked = ("replay", "--rules", rules, "--input", self.write("one.ndjson", good(1) + b"\n"))
        self.assertIn("could not judge 1 event: a part of the key is missing: case\n", self.well(*asked).err)
        self.assertIn("有 1 条事件无法判断：键缺一部分：case\n", self.well(*asked, LC_ALL="zh_CN.UTF-8").err)


def read(service):
    return sum(v for k, v in service.metrics().items() if k.startswith("tocsin_events_read_total"))


if __name__ == "__main__":
    unittest.main()
