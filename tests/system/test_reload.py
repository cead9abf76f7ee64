"""Rules are exchanged while records stream in: nothing is lost or doubled, other rules do not notice, and a threshold that was
edited is judged on the kept state. tests/long/test_reload_load.py does the same at 50,000 events a second against the clock."""
import collections
import http.client
import json
import threading
import time
import unittest

from tocsin_service import Service
from tocsin_testing import Case, lines, wait_for

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


class Reload(Case):
    count, places, batch, rate = 60_000, 10_000, 2_000, None  # rate: events a second; None: as fast as they are taken

    def setUp(self):
        super().setUp()
        half = self.count // 2 // 10 // HOT  # reports of a hot place when the rules are exchanged
        rule = lambda id_, n, within="1d": COUNT.format(id=id_, within=within, n=n)
        self.few = half * 7 // 10
        self.other = rule("other", half)
        self.before = "rules:\n" + self.other + rule("edited", half * 3 // 2) + rule("replaced", half)
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

        beside = threading.Thread(target=exchange)
        rate = self.stream_in(service, bodies, beside.start)
        beside.join()
        self.assertEqual((reload["status"], reload["answer"]["rules"]), (200, 3), reload)
        wait_for("all events to be judged", lambda: sum(
            v for k, v in service.metrics().items() if k.startswith("tocsin_events_read_total")) >= self.count, 120)
        self.assertEqual(sum(v for k, v in service.metrics().items() if k.startswith("tocsin_events_duplicate_total")), 0)
        self.assertEqual(service.stop(), 0)
        told = lines((self.folder / "alerts.ndjson").read_bytes())
        ids = collections.Counter(e["id"] for e in told)
        self.assertFalse([i for i, n in ids.items() if n > 1], "a transition was told twice")
        self.untouched(file, told)
        self.judged_again(feed, told)
        print(f"{rate:.0f} events/s taken; the reload was answered after {reload['seconds'] * 1000:.0f} ms")
        return rate, reload["seconds"]

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

    def test_nothing_is_lost_or_doubled_and_other_rules_do_not_notice(self):
        self.run_with_reload()


if __name__ == "__main__":
    unittest.main()
