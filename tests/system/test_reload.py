"""Rules are exchanged while records stream in: nothing is lost or doubled, other rules do not notice, a threshold that was
edited is judged on the kept state, and a rule that is another now is warmed up from the log, so that its alerts go on.
tests/long/test_reload_load.py does the same at 50,000 events a second against the clock."""
import collections
import http.client
import json
import re
import threading
import time
import unittest

from tocsin_service import CONFIG, Service, unexpected
from tocsin_testing import Case, latest, lines, wait_for

BASE = 1_718_000_000_000
COUNT = """  - id: {id}
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: {within}
    fire: count() >= {n}
    severity: yellow
    resolve: {{quiet: 30d}}
    summary: "{{{{count()}}}} at {{{{last(place)}}}}"
"""
HOT = 300


def events(count, places):
    """A tenth of the events is about a few hot places, the rest about many others; a millisecond between events."""
    for i in range(count):
        place = f"hot{i // 10 * 7919 % HOT}" if i % 10 == 0 else f"p{i * 7919 % places}"
        yield {"id": f"e{i}", "source": "grid", "kind": "report", "occurred_at": BASE + i, "category": "city.facility",
               "place": place}


def one_life_each(case, told):
    """Each alert's transitions count 1, 2, 3 …"""
    seq = collections.Counter()
    for event in told:
        seq[event["subject"]] += 1
        case.assertEqual(event["data"]["seq"], seq[event["subject"]], event)


class Reload(Case):
    count, places, batch, rate = 60_000, 10_000, 2_000, None  # rate: events a second; None: as fast as they are taken

    def setUp(self):
        super().setUp()
        half = self.count // 2 // 10 // HOT  # reports of a hot place when the rules are exchanged
        rule = lambda id_, n, within="1d": COUNT.format(id=id_, within=within, n=n)
        self.few = half * 7 // 10
        self.other = rule("other", half)
        # More than there will be of any: whenever the edit comes, what then stands is judged by it alone.
        self.before = "rules:\n" + self.other + rule("edited", half * 3) + rule("replaced", half)
        self.after = "rules:\n" + self.other + rule("edited", self.few) + rule("replaced", half, "2d")

    def stream_in(self, service, bodies, at_half):
        """Posts all bodies in order on one connection; answers the events a second that were taken."""
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        began = time.monotonic()
        for n, body in enumerate(bodies):
            if n == len(bodies) // 2:
                at_half()
            if self.rate:
                time.sleep(max(0.0, began + n * self.batch / self.rate - time.monotonic()))
            connection.request("POST", "/api/v1/events", body=body, headers={"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            self.assertEqual((answer.status, told["rejected"]), (202, 0), told)
        took = time.monotonic() - began
        connection.close()
        return self.count / took

    def run_with_reload(self):
        feed = list(events(self.count, self.places))
        file = self.folder / "feed.ndjson"
        texts = [json.dumps(e) + "\n" for e in feed]
        file.write_text("".join(texts), encoding="utf-8")
        bodies = ["".join(texts[i:i + self.batch]).encode() for i in range(0, len(texts), self.batch)]
        service = Service(self.folder, self.before, time="log")
        self.addCleanup(service.stop)
        service.start()
        reload = {}

        def exchange():
            service.rules.write_text(self.after)
            began = time.monotonic()
            status, answer = service.post("/-/reload", b"")
            reload["seconds"] = time.monotonic() - began
            reload.update(status=status, answer=answer)

        def judged():
            return sum(v for k, v in service.metrics().items() if k.startswith("tocsin_events_read_total"))

        beside = threading.Thread(target=exchange)

        def at_half():
            wait_for("the first half to be judged", lambda: judged() >= self.count // 2, 120)
            beside.start()

        rate = self.stream_in(service, bodies, at_half)
        beside.join()
        self.assertEqual((reload["status"], reload["answer"]["rules"]), (200, 3), reload)
        wait_for("all events to be judged", lambda: judged() >= self.count, 120)
        self.assertEqual(sum(v for k, v in service.metrics().items() if k.startswith("tocsin_events_duplicate_total")), 0)
        self.assertEqual(service.stop(), 0)
        told = lines((self.folder / "alerts.ndjson").read_bytes())
        ids = collections.Counter(e["id"] for e in told)
        self.assertFalse([i for i, n in ids.items() if n > 1], "a transition was told twice")
        self.untouched(file, told)
        self.judged_again(feed, told)
        self.goes_on(feed, told, half=self.count // 2 // 10 // HOT)
        pause = float(re.search(r"result=applied pause=(\S+)", service.told()).group(1))
        print(f"{rate:.0f} events/s taken; the reload was answered after {reload['seconds'] * 1000:.0f} ms, of which the "
              f"engine paused {pause * 1000:.0f} ms")
        return rate, pause

    def untouched(self, file, told):
        """The rule that stays rings as if nothing had happened."""
        rules = self.write("other.yaml", "rules:\n" + self.other)
        _, alerts = self.replay(rules, file)
        mine = [e for e in told if e["data"]["rule"] == "other"]
        self.assertEqual([e["id"] for e in mine], [e["id"] for e in lines(alerts)])
        self.assertEqual([e["data"]["values"] for e in mine], [e["data"]["values"] for e in lines(alerts)])

    def judged_again(self, feed, told):
        """Each place with so many reports has an alert of the edited rule, by a report or by the edit."""
        seen = collections.Counter(e["place"] for e in feed)
        opened = {e["data"]["key"][0]: e["data"]["reason"] for e in told
                  if e["data"]["rule"] == "edited" and e["type"] == "tocsin.alert.opened"}
        self.assertEqual(set(opened), {place for place, n in seen.items() if n >= self.few})
        self.assertIn("rule", opened.values(), "nothing was judged again with the edit")
        self.assertLessEqual(set(opened.values()), {"matched", "rule"})

    def goes_on(self, feed, told, half):
        """What the replaced rule had open stays open under its id, and nothing opens twice."""
        seen = collections.Counter(e["place"] for e in feed)
        mine = [e for e in told if e["data"]["rule"] == "replaced"]
        opened = collections.Counter(e["subject"] for e in mine if e["type"] == "tocsin.alert.opened")
        self.assertEqual(set(opened.values()), {1})
        self.assertEqual({e["data"]["key"][0] for e in mine}, {place for place, n in seen.items() if n >= half})
        self.assertFalse([e for e in mine if e["type"] in ("tocsin.alert.resolved", "tocsin.alert.reopened")])
        one_life_each(self, mine)

    def test_nothing_is_lost_or_doubled_and_other_rules_do_not_notice(self):
        self.run_with_reload()


PLACES = """rules:
  - id: pairs
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: {window}
    fire: count() >= 3
    severity: {{red: count() >= 9, yellow: true}}
    resolve: {{quiet: 30d}}
    summary: "{{{{count()}}}}"
  - id: near
    kind: cluster
    from: [grid]
    where: kind == "report" && has(location)
    radius: {radius}
    within: 2h
    fire: distinct(place) >= 3
    severity: yellow
    resolve: {{quiet: 30d}}
    summary: "{{{{count()}}}}"
  - id: other
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: count() >= 2
    severity: yellow
    resolve: {{quiet: 1h}}
    summary: "{{{{count()}}}}"
"""


def reports(count, since=0):
    """One every 30 s, each somewhere on a line of 40 places, 300 m apart."""
    for i in range(since, since + count):
        n = (i * 7919 + i // 13) % 40
        yield {"id": f"r{i}", "source": "grid", "kind": "report", "occurred_at": BASE + i * 30_000, "category": "city.facility",
               "place": f"p{n}", "location": {"lon": 121.0 + n * 0.003118, "lat": 30.17, "crs": "wgs84"}}


def ndjson(events_):
    return "".join(json.dumps(e) + "\n" for e in events_)


class WarmUp(Case):
    """A rule's window or radius is edited: it is what it would have been had it read the log from the beginning."""

    before, after = PLACES.format(window="1h", radius="350m"), PLACES.format(window="6h", radius="700m")

    def service(self, rules, config=CONFIG):
        service = Service(self.folder, rules, time="log", config=config)
        self.addCleanup(service.stop)
        return service.start()

    def judged(self, service, count):
        wait_for(f"{count} events to be judged", lambda: sum(
            v for k, v in service.metrics().items() if k.startswith("tocsin_events_read_total")) >= count, 60)

    def told(self):
        return lines((self.folder / "alerts.ndjson").read_bytes())

    def open_alerts(self, data, rules=("pairs", "near")):
        return {id_: e["data"]["severity"] for id_, e in latest(data).items()
                if e["data"]["rule"] in rules and e["data"]["status"] == "open"}

    def as_if_always(self, feed):
        """What is open now is what the new rules have open after the whole log, and the other rule noticed nothing."""
        after = self.write("after.yaml", self.after)
        _, alerts = self.replay(after, self.write("feed.ndjson", ndjson(feed)), alerts="expected.ndjson")
        self.assertTrue(self.open_alerts(alerts))
        mine = (self.folder / "alerts.ndjson").read_bytes()
        self.assertEqual(self.open_alerts(mine), self.open_alerts(alerts))
        other = lambda told: sorted((e["id"], e["type"], e["time"]) for e in told if e["data"]["rule"] == "other")
        self.assertEqual(other(lines(mine)), other(lines(alerts)))
        ids = collections.Counter(e["id"] for e in lines(mine))
        self.assertFalse([i for i, n in ids.items() if n > 1], "a transition was told twice")
        one_life_each(self, lines(mine))

    def test_alerts_go_on_under_load_and_other_rules_do_not_notice(self):
        feed = list(reports(12_000))
        service = self.service(self.before)
        half = len(feed) // 2
        answer = {}

        def exchange():
            service.rules.write_text(self.after)
            answer["reload"] = service.post("/-/reload", b"")

        beside = threading.Thread(target=exchange)
        for i in range(0, len(feed), 200):
            if i == half:
                self.judged(service, half)
                beside.start()
            service.ingest(*feed[i:i + 200])
        beside.join()
        self.assertEqual((answer["reload"][0], unexpected(answer["reload"][1])), (200, []), answer)
        self.judged(service, len(feed))
        service.rules.write_text(self.after.replace("within: 2h", "within: 2 hours"))
        status, refused = service.post("/-/reload", b"")
        self.assertEqual((status, refused["rules"]), (422, 3), refused)
        self.assertEqual(service.stop(), 0)
        self.as_if_always(feed)
        reasons = collections.Counter((e["type"].rsplit(".")[-1], e["data"]["reason"]) for e in self.told())
        self.assertGreater(reasons["amended", "rule"], 0, reasons)
        self.assertRegex(service.told(), r"warm_up rules=2 seconds=\S+ records=\d+ keys=\d+ since=2024-")

    def test_rules_that_were_edited_while_the_service_was_away(self):
        feed = list(reports(3_000))
        service = self.service(self.before)
        service.ingest(*feed[:2_000])
        self.judged(service, 2_000)
        service.kill()
        service.rules.write_text(self.after)
        service.start()
        service.ingest(*feed[2_000:])
        self.judged(service, 3_000)
        self.assertEqual(service.stop(), 0)
        self.as_if_always(feed)

    def test_a_revision_after_the_swap_takes_back_what_was_warmed_up(self):
        feed = list(reports(3_000))
        service = self.service(self.before)
        service.ingest(*feed[:2_500])
        self.judged(service, 2_500)
        service.rules.write_text(self.after)
        self.assertEqual(service.post("/-/reload", b"")[0], 200)
        moved = [dict(e, revision=1, place="p1000") for e in feed[2_300:2_400]]
        rest = feed[2_500:] + moved + [dict(e, kind="withdrawal", revision=2) for e in feed[2_400:2_450]]
        service.ingest(*rest)
        self.judged(service, 2_500 + len(rest))
        self.assertEqual(service.stop(), 0)
        self.as_if_always(feed[:2_500] + rest)

    def test_what_a_raised_threshold_ends_says_on_what_it_rested(self):
        rules = """rules:
  - id: thrice
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 6h
    params: {{times: {0}}}
    fire: count() >= params.times
    severity: yellow
    resolve: {{quiet: 30d}}
    summary: "{{{{count()}}}}"
"""
        service = self.service(rules.format(3))
        feed = [{"id": f"r{i}", "source": "grid", "kind": "report", "occurred_at": BASE + i * 1000, "category": "city.facility",
                 "place": "p1"} for i in range(3)]
        service.ingest(*feed)
        self.judged(service, 3)
        matches = lambda: service.metrics()['tocsin_rule_matches_total{rule="thrice"}']
        self.assertEqual(matches(), 3)
        service.rules.write_text(rules.format(5))
        self.assertEqual(service.post("/-/reload", b"")[0], 200)
        wait_for("the alert to end", lambda: [e for e in self.told() if e["type"].endswith(".resolved")], 30)
        last = self.told()[-1]["data"]
        self.assertEqual((last["reason"], last["params"]), ("rule", {"times": 5}))
        self.assertEqual([e["id"] for e in last["evidence"]["events"]], ["r0", "r1", "r2"])
        self.assertEqual(matches(), 3, "a reload is no reset of the counters")
        self.assertEqual(service.stop(), 0)

    def test_without_time_for_it_a_rule_begins_anew(self):
        config = CONFIG.replace("limits: {{", "limits: {{warm_up: 0s, ")
        service = self.service(self.before, config)
        service.ingest(*reports(2_000))
        self.judged(service, 2_000)
        service.rules.write_text(self.after)
        self.assertEqual(service.post("/-/reload", b"")[0], 200)
        self.assertEqual(service.stop(), 0)
        self.assertEqual(self.open_alerts((self.folder / "alerts.ndjson").read_bytes()), {})
        self.assertIn(("resolved", "rule"), {(e["type"].rsplit(".")[-1], e["data"]["reason"]) for e in self.told()})

    def test_a_log_that_cannot_be_read_again_lets_the_rule_begin_anew_and_says_so(self):
        feed = self.write("grid.ndjson", ndjson(reports(500)))
        config = CONFIG.replace("  - ingest: {{}}", "  - file: {{paths: [{folder}/grid.ndjson], follow: true}}")
        service = self.service(self.before, config)
        self.judged(service, 500)
        feed.unlink()
        service.rules.write_text(self.after)
        status, answer = service.post("/-/reload", b"")
        self.assertEqual((status, [d["code"] for d in unexpected(answer)]), (200, ["begins-anew"] * 2), answer)
        self.assertIn("grid.ndjson", unexpected(answer)[0]["message"]["en"])
        self.assertEqual(service.stop(), 0)
        self.assertIn("they begin anew", service.told())

    def test_a_window_longer_than_the_log_keeps_is_refused(self):
        config = CONFIG.replace("limits: {{", "limits: {{log_retain: 3d, ")
        service = self.service(self.before.replace("quiet: 30d", "quiet: 1d"), config)
        service.rules.write_text(self.after.replace("quiet: 30d", "quiet: 1d").replace("within: 6h", "within: 4d"))
        status, answer = service.post("/-/reload", b"")
        self.assertEqual((status, [d["code"] for d in answer["diagnostics"]]), (422, ["window-too-long"]), answer)


if __name__ == "__main__":
    unittest.main()
