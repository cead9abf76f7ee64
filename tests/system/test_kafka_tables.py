"""Reference tables from a compacted Kafka topic: read whole before anything is judged, followed, with faulty records counted and
their rows kept; rows lie with the state, so that a restart judges as before, also without the broker; and they are the population
of duties that nobody ever reported."""
import datetime
import json
import pathlib
import shutil
import tempfile
import unittest

from test_kafka import report
from tocsin_kafka import KafkaCase, run_script
from tocsin_testing import latest, lines, tocsin, wait_for

TABLE = """table:
  name: posts
  topic: {topic}
  key: post
  columns:
    post: string
    care: {{type: string, values: [red, green]}}
    people: int
"""
RULES = """rules:
  - id: watched
    kind: window
    from: [grid]
    tables: [posts]
    where: kind == "report" && has(place) && lookup("posts", place).care == "red"
    key: [place]
    within: 30d
    fire: count() >= 1
    severity: {yellow: true}
    resolve: {quiet: 30d}
    summary: "{{last(lookup(\\"posts\\", place).people)}} people"
"""
OWED = """rules:
  - id: owed
    kind: absence
    from: [grid]
    each: {table: posts, where: row.care == "red", every: day}
    key: [row.post]
    expect: {visits: {of: 'kind == "visit" && place == row.post', at_least: 1}}
    severity: {yellow: overdue >= duration("1h"), blue: elapsed >= 0.5}
    summary: "{{visits}} visits"
"""
DAY = datetime.datetime.fromisoformat("2025-06-10T08:00:00+08:00")


def at(place, number, days=0, **more):
    moment = DAY + datetime.timedelta(days=days, seconds=number)
    return json.dumps({"id": f"e{number}", "source": "grid", "kind": "report", "occurred_at": moment.isoformat(),
                       "category": "city.facility", "place": place, **more}).encode()


def row(key, **cells):
    return (0, key.encode(), json.dumps(cells).encode())


class TablesCase(KafkaCase):
    def tabled(self, name, rules=RULES, topic=None, start=True, **more):
        """A service whose rules look up a topic; with `limits.table_refresh` so short that a test need not wait for it."""
        self.topic = topic or self.broker.topic(name + "-posts")
        self.events, self.told_to = self.broker.topic(name), self.broker.topic(name + "-alerts")
        service = self.service(name, rules, [self.events], self.told_to, **more)
        service.config.write_text(service.config.read_text().replace("limits: {", "limits: {table_refresh: 50ms, "))
        (service.folder / "rules" / "posts.yaml").write_text(TABLE.format(topic=self.topic))
        self.sent = 0
        return service.start() if start else service

    def send(self, service, *events):
        self.broker.produce(self.events, list(events))
        self.sent += len(events)
        self.read_all(service, self.sent)

    def rows(self, service, rows, rejected=0):
        want = {'tocsin_table_rows{table="posts"}': rows, 'tocsin_table_rejected_total{table="posts"}': rejected}
        wait_for(f"{want}", lambda: {k: service.metrics().get(k) for k in want} == want, 90)

    def in_force(self, service, versions):
        wait_for(f"{versions} versions in force",
                 lambda: service.log.read_text().count("tables result=applied") >= versions, 90)

    def opened(self):
        """(place, what it says) of each alert."""
        return sorted((e["data"]["key"][0], e["data"]["summary"]["en"])
                      for e in latest(self.alerts(self.told_to)).values())


class Followed(TablesCase):
    def test_rows_come_change_and_go_while_the_service_runs(self):
        service = self.tabled("followed", start=False)
        self.broker.produce(self.topic, [row("a", care="green"), row("a", care="red", people=3), row("b", care="red"),
                                         (0, b"b", None), row("c", care="green")])
        service.start()  # ready: the topic was read whole
        self.rows(service, 2)
        self.send(service, at("a", 1), at("b", 2), at("c", 3))
        self.broker.produce(self.topic, [row("c", care="red", people=5)])
        self.in_force(service, 1)
        self.send(service, at("c", 4))
        self.broker.produce(self.topic, [(0, b"a", None), row("d", care="red", people=7)])
        self.in_force(service, 2)
        self.send(service, at("a", 5, kind="visit"), at("d", 6))
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.opened(), [("a", "3 people"), ("c", "5 people"), ("d", "7 people")])

    def test_a_faulty_record_is_counted_and_named_and_leaves_the_old_row(self):
        service = self.tabled("faulty", start=False)
        self.broker.produce(self.topic, [row("a", care="red", people=3), row("a", care="blue"), (0, b"a", b"{"), (0, None, b"{}"),
                                         row("a", people="many"), row("13812345678", care="red")])
        service.start()
        self.rows(service, 1, rejected=5)
        self.send(service, at("a", 1))
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.opened(), [("a", "3 people")])
        told = service.log.read_text()
        self.assertIn(f"table posts: topic {self.topic}, partition 0, offset 1 does not fit", told)
        self.assertNotIn("blue", told)
        self.assertNotIn("13812345678", told)

    def test_a_restart_after_a_kill_judges_by_the_rows_of_then_and_then_by_those_of_now(self):
        service = self.tabled("killed", start=False)
        self.broker.produce(self.topic, [row("a", care="red", people=3)])
        service.start()
        self.send(service, at("a", 1))
        service.kill()
        self.broker.produce(self.topic, [row("a", care="green"), row("b", care="red", people=4)])
        service.start()
        self.rows(service, 2)
        self.send(service, at("a", 2), at("b", 3))
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.opened(), [("a", "3 people"), ("b", "4 people")])
        counts = {e["data"]["key"][0]: e["data"]["evidence"]["total"] for e in latest(self.alerts(self.told_to)).values()}
        self.assertEqual(counts, {"a": 1, "b": 1}, "the second report of a came when it was green")

    def test_rules_on_disk_wait_for_a_reload(self):
        """Another version of a table is no occasion to read files that somebody is editing."""
        service = self.tabled("edited", start=False)
        self.broker.produce(self.topic, [row("a", care="red", people=3)])
        service.start()
        service.rules.write_text("rules: [")
        self.broker.produce(self.topic, [row("b", care="red", people=4)])
        self.in_force(service, 1)
        self.send(service, at("b", 1))
        self.assertEqual(service.post("/-/reload", b"")[0], 422)
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.opened(), [("b", "4 people")])

    def test_a_topic_made_anew_is_read_anew(self):
        service = self.tabled("anew", start=False)
        self.broker.produce(self.topic, [row(k, care="red") for k in "abcdef"])
        service.start()
        self.rows(service, 6)
        self.broker.delete_topic(self.topic)
        wait_for("the topic to be gone", lambda: self.broker.ends(self.topic, quiet=True) is None)
        self.broker.topic(self.topic, exact=True)
        self.broker.produce(self.topic, [row("z", care="red", people=9)])
        self.rows(service, 1)
        self.in_force(service, 1)
        self.send(service, at("a", 1), at("z", 2))
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.opened(), [("z", "9 people")])

    def test_the_population_of_an_absence(self):
        """Whom no event ever named is owed all the same; who leaves the table no longer."""
        service = self.tabled("owed", OWED, start=False)
        self.broker.produce(self.topic, [row("a", care="red"), row("b", care="red"), row("c", care="green")])
        service.start()
        self.send(service, at("x", 1), at("x", 2, days=1), at("a", 3, days=1, kind="visit"), at("x", 40_000, days=1))
        self.broker.produce(self.topic, [(0, b"b", None), row("d", care="red")])
        self.in_force(service, 1)
        self.send(service, at("x", 5, days=2), at("x", 40_001, days=2))
        self.assertEqual(service.stop(), 0, service.told())
        told = [(e["data"]["key"][0], e["type"].rsplit(".")[-1], e["data"]["reason"])
                for e in lines(self.alerts(self.told_to))]
        self.assertEqual([t for t in told if t[0] == "b"], [("b", "opened", "deadline"), ("b", "resolved", "rule")], told)
        self.assertIn("d", [t[0] for t in told])
        self.assertNotIn("c", [t[0] for t in told])


class Away(TablesCase):
    """With a broker of its own, that goes and comes."""

    def address(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-broker-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.addCleanup(run_script, "stop", self.home)
        return run_script("start", self.home)

    def test_a_restart_without_the_broker_goes_on_with_the_rows_of_before(self):
        service = self.tabled("away", start=False)
        self.broker.produce(self.topic, [row("a", care="red", people=3)])
        service.start()
        self.send(service, at("x", 1))
        service.kill()
        self.broker.produce(self.topic, [row("b", care="red", people=4)])
        run_script("stop", self.home)
        service.start(ready=False)
        wait_for("the service to say what it stands on", lambda: "rows=stored" in service.log.read_text(), 60)
        run_script("start", self.home)
        self.in_force(service, 1)
        wait_for("it to be ready", service.ready, 60)
        self.send(service, at("a", 2), at("b", 3))
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.opened(), [("a", "3 people"), ("b", "4 people")])


class Nobody(KafkaCase):
    def address(self):
        return "127.0.0.1:1"  # nobody listens there

    def test_a_first_start_without_a_broker_names_table_and_topic(self):
        service = self.service("nobody", RULES, ["events"], "alerts")
        (service.folder / "rules" / "posts.yaml").write_text(TABLE.format(topic="posts"))
        service.start(ready=False)
        self.assertEqual(service.process.wait(60), 3, service.told())
        for words in ("the table `posts`", "posts.yaml", "topic posts", "no Kafka broker answers", "start the broker"):
            self.assertIn(words, service.told())

    def test_the_doctor_asks_for_the_topic(self):
        service = self.service("ill", RULES, ["events"], "alerts")
        (service.folder / "rules" / "posts.yaml").write_text(TABLE.format(topic="posts"))
        done = tocsin("doctor", "--config", service.config)
        self.ends(done, 1)
        self.assertRegex(done.out, r"kafka table posts\b.*127\.0\.0\.1:1")

    def test_a_replay_says_that_there_are_no_rows_or_takes_those_of_the_file(self):
        self.write("rules/rules.yaml", RULES)
        self.write("rules/posts.yaml", TABLE.format(topic="posts"))
        feed = self.write("feed.ndjson", report(1) + b"\n")
        done = tocsin("replay", "--rules", self.folder / "rules", "--input", feed, "--format", "json")
        self.ends(done, 0)
        self.assertIn("`posts` has no rows here: they come from the topic posts", done.err)
        self.write("rules/posts.csv", "post,care,people\na,red,3\n")
        self.write("rules/posts.yaml", TABLE.format(topic="posts\n  file: posts.csv"))
        done = tocsin("replay", "--rules", self.folder / "rules", "--input", feed, "--format", "json")
        self.ends(done, 0)
        self.assertEqual(done.err.count("no rows"), 0, done.err)


if __name__ == "__main__":
    unittest.main()
