"""The service between Kafka topics, on a real Apache Kafka: the alerts of a replay, each once, also from several partitions,
through kill -9, and when the broker goes away.

In `time: log` only records move time, and a service has no last record: what falls due after it stays open. A replay has an
end, to which its time goes on. So that both are asked the same, every log here ends with a closing record a day after all
others, which matches no rule, one in each partition; the file that is replayed holds it too.
"""
import csv
import datetime
import gzip
import io
import itertools
import json
import os
import pathlib
import random
import shutil
import tempfile
import time
import unittest
import zlib

from sensitive_rules import SENSITIVE
from test_determinism import episodes, readable
from test_truth import CLUSTER, local_minute
from tocsin_kafka import KafkaCase, run_script
from tocsin_testing import ROOT, latest, lines, need_data, simulate, wait_for


def opened(alerts):
    return sorted((e["data"]["rule"], list(map(str, e["data"]["key"])), e["data"]["opened_at"])
                  for e in latest(alerts).values() if e["data"]["merged_into"] is None)


def partition_of(text, count):
    return zlib.crc32(text.encode()) % count


class Flooding(KafkaCase):
    """The real street flooding of New York: raw CSV records in Kafka, read by the shipped feed plus the names of the columns."""

    def setUp(self):
        super().setUp()
        data = need_data("nyc311_street_flooding_2022-11-11_2023-02-14.csv.gz")
        rows = list(csv.reader(io.TextIOWrapper(gzip.open(data), "utf-8", newline="")))
        self.columns, self.rows = rows[0], rows[1:]
        shipped = (ROOT / "rules" / "feeds" / "nyc311.yaml").read_text()
        columns = f"  format: csv\n  columns: {json.dumps(self.columns)}\n"
        self.feed = self.write("nyc311.yaml", shipped.replace("  format: csv\n", columns))
        self.rules = self.write("flood.yaml", CLUSTER.format(places=3).replace("id: flood", "id: flood3") +
                                CLUSTER.format(places=5).replace("rules:", "").replace("id: flood", "id: flood5"))

    def closing(self, number):
        last = datetime.datetime.fromisoformat(max(row[1] for row in self.rows))
        fields = {"unique_key": f"closing-{number}", "created": (last + datetime.timedelta(days=1)).isoformat(),
                  "complaint_type": "Noise", "descriptor": "Loud Talking"}
        return [fields.get(name, "") for name in self.columns]

    def records(self, partitions):
        """(partition, record) in the file's order, then the closing ones."""
        def record(row):
            out = io.StringIO()
            csv.writer(out, lineterminator="").writerow(row)
            return out.getvalue().encode()
        return ([(partition_of(row[0], partitions), record(row)) for row in self.rows] +
                [(p, record(self.closing(p))) for p in range(partitions)])

    def through_kafka(self, name, partitions):
        records = self.records(partitions)
        topic, alerts = self.broker.topic(name, partitions), self.broker.topic(name + "-alerts")
        self.broker.produce(topic, records)
        service = self.service(name, self.rules, [topic], alerts, feed=self.feed, zone="America/New_York").start()
        self.finish(service, len(records))
        return self.alerts(alerts)

    def clusters(self, alerts):
        return sorted((e["data"]["rule"], e["data"]["opened_at"], e["data"]["opened_by"]["id"],
                       e["data"]["merged_into"] is not None) for e in latest(alerts).values())

    def is_the_truth(self, alerts):
        truth = json.loads(need_data("nyc311_street_flooding_truth.json").read_text())["clusters"]
        want = sorted((f"flood{k}", c["opened"], c["opened_by"]) for k in ("3", "5") for c in truth[k])
        self.assertEqual(len(want), 18 + 7)
        got = sorted((rule, local_minute(at), by) for rule, at, by, merged in self.clusters(alerts) if not merged)
        self.assertEqual(got, want, "the alerts (rule, opened, by) are not the clusters of the truth")

    def test_one_partition_gives_the_bytes_of_a_replay(self):
        file = self.write("flooding.csv", b"".join(record + b"\n" for _, record in self.records(1)))
        summary, want = self.replay(self.rules, file, more=["--feed", self.feed, "--zone", "America/New_York"])
        self.assertEqual((summary["events_read"], summary["rejected"]), (1001, 0))
        got = self.through_kafka("flooding", 1)
        self.same_lines(got, want, "alerts by way of Kafka")
        self.is_the_truth(got)

    def test_six_partitions_give_the_same_clusters(self):
        got = self.through_kafka("flooding6", 6)
        self.is_the_truth(got)
        file = self.write("flooding.csv", b"".join(record + b"\n" for _, record in self.records(1)))
        _, want = self.replay(self.rules, file, more=["--feed", self.feed, "--zone", "America/New_York"])
        self.assertEqual(self.clusters(got), self.clusters(want), "clusters (rule, opened, by, merged) of six partitions")


class CityCase(KafkaCase):
    """Six weeks of a simulated city through rules that ring often."""
    days, events = 40, 8000

    def setUp(self):
        super().setUp()
        self.prepare()
        self.closed = self.folder / "closed.ndjson"
        self.count = 1
        with open(self.feed, "rb") as lines_, open(self.closed, "wb") as closed:  # a line at a time: a year is 640 MB
            for line in lines_:
                closed.write(line)
                self.count += 1
            last = datetime.datetime.fromisoformat(json.loads(line)["occurred_at"])  # they are in order of time
            self.end = (last + datetime.timedelta(days=1)).isoformat()
            closed.write(self.closing(0) + b"\n")

    def prepare(self):
        self.feed = simulate(self.folder / "feed.ndjson", "--days", self.days, "--events", self.events, "--seed", 11, "--start",
                             "2025-06-10T00:00:00+08:00")
        self.rules = self.write("sensitive.yaml", SENSITIVE)

    def closing(self, number):
        return json.dumps({"id": f"closing-{number}", "source": "closing", "kind": "report", "category": "other",
                           "occurred_at": self.end}).encode()

    def records(self):
        """Those of one partition: self.count of them."""
        with open(self.closed, "rb") as lines_:
            for line in lines_:
                yield line.rstrip(b"\n")

    def undisturbed(self):
        summary, want = self.replay(self.rules, self.closed, "undisturbed.ndjson", timeout=600)
        self.assertEqual((summary["late"], summary["rejected"]), (0, 0))
        return want

    def holds_once(self, alerts, partitions, want):
        """The topic: each transition of `want` once, an alert's in order, all of one alert in one partition under its key."""
        records = self.broker.read(alerts, partitions)
        got = [json.loads(value) for _, _, _, value in records]
        ids = [e["id"] for e in got]
        self.assertEqual(len(ids), len(set(ids)), "transitions are in the topic twice")
        self.assertEqual(set(ids), {e["id"] for e in lines(want)}, "the topic holds other transitions than a replay has")
        self.assertEqual([key.decode() for _, _, key, _ in records], [e["subject"] for e in got], "a record's key is its alert")
        wanted_of, got_of, places = {}, {}, {}
        for event in lines(want):
            wanted_of.setdefault(event["subject"], []).append(event)
        for (p, *_), event in zip(records, got):
            got_of.setdefault(event["subject"], []).append(event)
            places.setdefault(event["subject"], set()).add(p)
        self.assertEqual({a for a, p in places.items() if len(p) > 1}, set(), "alerts in more than one partition")
        for alert, events in wanted_of.items():
            self.assertEqual(got_of[alert], events, f"transitions of {alert}")


class Simulated(CityCase):
    def test_one_partition_gives_the_bytes_of_a_replay_for_any_shards(self):
        want = self.undisturbed()
        self.assertGreater(want.count(b"\n"), 1000, "the feed must ring many alerts, or this test shows nothing")
        topic = self.broker.topic("simulated")
        self.broker.produce(topic, self.records())
        for shards, batch in ((1, 8192), (2, 100), (8, 1000)):
            alerts = self.broker.topic(f"alerts-{shards}")
            service = self.service(f"shards{shards}", self.rules, [topic], alerts, shards=shards, batch=batch).start()
            self.finish(service, self.count)
            self.same_lines(self.alerts(alerts), want, f"alerts by way of Kafka with {shards} shards, batches of {batch}")
            self.holds_once(alerts, 1, want)

    def by_town(self, partitions):
        """(partition, key, record): keyed by town, and by its case where an event has no town."""
        def key(e):
            return (e.get("area") or {}).get("town") or e.get("case") or e["id"]
        events = [(json.loads(line), line) for line in self.feed.read_bytes().splitlines()]
        return ([(partition_of(key(e), partitions), key(e).encode(), line) for e, line in events] +
                [(p, b"closing", self.closing(p)) for p in range(partitions)])

    def test_a_backlog_in_four_partitions_gives_the_same_episodes(self):
        want = self.undisturbed()
        topic, alerts = self.broker.topic("towns", 4), self.broker.topic("towns-alerts", 3)
        records = self.by_town(4)
        self.broker.produce(topic, records)
        service = self.service("towns", self.rules, [topic], alerts, shards=2).start()
        self.finish(service, len(records))
        got = self.alerts(alerts, 3)
        self.assertEqual(opened(got), opened(want), "episodes (rule, key, opened)")
        a, b = episodes(got), episodes(want)
        only_a, only_b = [e for e in a if e not in b], [e for e in b if e not in a]
        self.assertEqual((only_a, only_b), ([], []),
                         f"{len(only_a)} of {len(a)} episodes differ from the {len(b)} of one partition\n" + "\n".join(map(readable, only_a[:4])) + "\nwanted\n" + "\n".join(map(readable, only_b[:4])))

class Killed(CityCase):
    """kill -9 at random moments while records come in. TOCSIN_SEED repeats a run's choices, though not the moments at which the
    machine carries them out."""
    kills = 15
    least = 1000  # transitions that the feed must ring, or this test shows nothing

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("TOCSIN_SEED", time.time_ns() % 1_000_000))
        self.random = random.Random(self.seed)
        self.history = []

    def chunks(self):
        """The records in as many parts as there are lives, the last one unharmed."""
        records = self.records()
        cuts = sorted(self.random.randrange(self.count) for _ in range(self.kills))
        for a, b in zip([0, *cuts], [*cuts, self.count]):
            yield itertools.islice(records, b - a)

    def life(self, topic, alerts):
        shards, batch = self.random.choice((1, 2, 3, 8)), self.random.choice((20, 100, 500, 8192))
        self.history.append(f"shards {shards}, batch {batch}")
        return self.service("killed", self.rules, [topic], alerts, shards=shards, batch=batch)

    def one_life(self, topic, alerts, chunk):
        service = self.life(topic, alerts)
        if self.random.random() < 0.4:  # killed at any moment of its start, with records that wait for it
            self.broker.produce(topic, chunk)
            service.start(ready=False)
            delay = self.random.uniform(0, 1.2)
        else:  # killed at work
            service.start()
            self.broker.produce(topic, chunk)
            delay = self.random.uniform(0, 0.25)
        time.sleep(delay)
        self.assertIsNone(service.process.poll(), f"seed {self.seed}: it ended by itself\n{service.told()}")
        service.kill()
        self.history.append(f"killed after {delay * 1000:.0f} ms")

    def test_kills_change_nothing(self):
        want = self.undisturbed()
        self.assertGreater(want.count(b"\n"), self.least)
        topic, alerts = self.broker.topic("killed"), self.broker.topic("killed-alerts")
        chunks = self.chunks()
        for _ in range(self.kills):
            self.one_life(topic, alerts, next(chunks))
        self.broker.produce(topic, next(chunks))
        service = self.life(topic, alerts).start()
        self.finish(service, self.count, 300)
        told = f"seed {self.seed}, {self.kills} kills:\n" + "\n".join(self.history[-30:])
        self.same_lines(self.alerts(alerts), want, told)
        self.holds_once(alerts, 1, want)
        print(f"seed {self.seed}: {self.kills} kills", flush=True)


WATCHED = """
rules:
  - id: seen
    kind: window
    from: [grid]
    where: has(place)
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{count()}}"
"""


def report(n):
    at = datetime.datetime(2025, 6, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=n)
    return json.dumps({"id": f"e{n}", "source": "grid", "kind": "report", "category": "other", "place": f"place {n}",
                       "occurred_at": at.isoformat()}).encode()


class Faults(KafkaCase):
    def ends_with(self, service, code, *words):
        """It ends by itself, and its last words name all of these."""
        service.start(ready=False)
        self.assertEqual(service.process.wait(60), code, service.told())
        told = service.told().strip().splitlines()[-1]
        for word in words:
            self.assertIn(word, told)

    def worked(self, name, topic, alerts, records):
        service = self.service(name, WATCHED, [topic], alerts).start()
        self.broker.produce(topic, records)
        self.finish(service, len(records))

    def test_a_topic_that_is_not_there_is_named(self):
        self.ends_with(self.service("typo", WATCHED, ["no-such-topic"], self.broker.topic("alerts")), 2,
                       "no-such-topic", "does not exist")

    def test_an_offset_that_retention_has_taken_is_named(self):
        topic, alerts = self.broker.topic("retained"), self.broker.topic("retained-alerts")
        self.worked("retained", topic, alerts, [report(n) for n in range(10)])
        self.broker.produce(topic, [report(n) for n in range(10, 30)])
        self.broker.delete_before(topic, 0, 20)
        self.ends_with(self.service("retained", WATCHED, [topic], alerts), 3, f"topic {topic}", "partition 0", "offset 10",
                       "20 to 30", "empty state directory")
        self.assertEqual(self.alerts(alerts).count(b"\n"), 10, "nothing may be told after the gap")

    def test_a_topic_made_anew_is_told_from_the_old_one(self):
        topic, alerts = self.broker.topic("anew"), self.broker.topic("anew-alerts")
        self.worked("anew", topic, alerts, [report(n) for n in range(10)])
        self.broker.delete_topic(topic)
        wait_for(f"{topic} to be gone", lambda: self.broker.ends(topic, quiet=True) is None)
        self.broker.topic(topic, exact=True)
        self.broker.produce(topic, [report(n) for n in range(3)])
        self.ends_with(self.service("anew", WATCHED, [topic], alerts), 3, f"topic {topic}", "partition 0",
                       "offset 10", "0 to 3", "empty state directory")


class BrokerAway(KafkaCase):
    """With a broker of its own, that goes and comes."""

    def address(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-broker-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.addCleanup(run_script, "stop", self.home)
        return run_script("start", self.home)

    def says(self, service, word):
        """/-/ready answers 503 and says why."""
        def answered():
            status, body = service.get("/-/ready")
            return status == 503 and word in body
        wait_for(f"/-/ready to say {word!r}", answered, 30)

    def test_nothing_is_lost_or_doubled_when_the_broker_goes_and_comes(self):
        topic, alerts = self.broker.topic("away"), self.broker.topic("away-alerts")
        records = [report(n) for n in range(3000)]
        want = self.replay(self.write("watched.yaml", WATCHED), self.write("all.ndjson", b"\n".join(records) + b"\n"))[1]
        service = self.service("away", WATCHED, [topic], alerts, batch=50).start()
        self.broker.produce(topic, records[:1000])
        run_script("stop", self.home)  # most likely while it reads and tells
        self.says(service, "broker")
        run_script("start", self.home)
        self.broker.produce(topic, records[1000:2000])
        self.read_all(service, 2000)
        wait_for("it to be ready again", service.ready, 30)
        self.figures(service, topic, up=1, lag=0)
        service.kill()
        run_script("stop", self.home)
        service = self.service("away", WATCHED, [topic], alerts, batch=50).start(ready=False)  # it has state: it waits
        wait_for("the service to answer", lambda: self.answers(service), 60)
        self.says(service, "broker")
        self.figures(service, topic, up=0, lag=None)  # nobody knows: it must not look like 0
        run_script("start", self.home)
        self.broker.produce(topic, records[2000:])
        self.finish(service, 3000)
        self.same_lines(self.alerts(alerts), want, "alerts of a broker that went and came")

    def figures(self, service, topic, up, lag):
        """What the metrics say of the broker, and of the lag in records and in seconds."""
        names = [f'tocsin_consumer_lag_{unit}{{topic="{topic}",partition="0"}}' for unit in ("records", "seconds")]

        def as_wanted():
            metrics = service.metrics()
            return (metrics.get("tocsin_kafka_up"), *[metrics.get(name) for name in names]) == (up, lag, lag)
        wait_for(f"tocsin_kafka_up {up} and a lag of {lag}", as_wanted, 30)

    def answers(self, service):
        self.assertIsNone(service.process.poll(), service.told())
        try:
            return service.get("/-/healthy")[0] == 200
        except OSError:
            return False


class NoBroker(KafkaCase):
    def address(self):
        return "127.0.0.1:1"  # nobody listens there

    def test_a_first_start_without_a_broker_ends_and_says_so(self):
        service = self.service("nobody", WATCHED, ["topic"], "alerts").start(ready=False)
        self.assertEqual(service.process.wait(60), 3, service.told())
        self.assertIn("no Kafka broker answers", service.told())


if __name__ == "__main__":
    unittest.main()
