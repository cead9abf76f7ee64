"""A rule is edited while its records come by Kafka: it is warmed up from the topic, up to the offsets of the engine in force, by
a consumer of its own, and is from then on what it would have been had it read the topic from the beginning."""
import json
import unittest
import zlib

from test_reload import PLACES, one_life_each, reports
from tocsin_kafka import KafkaCase
from tocsin_service import unexpected
from tocsin_testing import latest, lines

COUNT, HALF = 6_000, 4_000


class WarmUpByKafka(KafkaCase):
    before, after = PLACES.format(window="1h", radius="350m"), PLACES.format(window="6h", radius="700m")

    def setUp(self):
        super().setUp()
        self.feed = list(reports(COUNT))

    def exchanged(self, name, partitions, kill=False):
        """The rules are exchanged after two thirds of the records; answers what was told."""
        topic, alerts = self.broker.topic(name, partitions), self.broker.topic(name + "-alerts")
        records = [(zlib.crc32(e["place"].encode()) % partitions, json.dumps(e).encode()) for e in self.feed]
        # Before the start: a partition that never had a record holds no time back, and those that come later are late.
        self.broker.produce(topic, records[:HALF])
        service = self.service(name, self.before, [topic], alerts, batch=300).start()
        self.read_all(service, HALF)
        service.rules.write_text(self.after)
        if kill:  # edited while the service is away: warmed up at the start
            service.kill()
            service.start()
        else:
            status, answer = service.post("/-/reload", b"")
            self.assertEqual((status, unexpected(answer)), (200, []), answer)
        self.broker.produce(topic, records[HALF:])
        self.finish(service, COUNT)
        self.assertRegex(service.told(), rf"warm_up rules=2 seconds=\S+ records={HALF} keys=\d+ since=2024-")
        return self.alerts(alerts)

    def open_alerts(self, data, rules):
        return {id_: e["data"]["severity"] for id_, e in latest(data).items()
                if e["data"]["rule"] in rules and e["data"]["status"] == "open"}

    def as_if_always(self, told, rules):
        feed = self.write("feed.ndjson", "".join(json.dumps(e) + "\n" for e in self.feed))
        _, want = self.replay(self.write("after.yaml", self.after), feed)
        self.assertTrue(self.open_alerts(want, rules))
        self.assertEqual(self.open_alerts(told, rules), self.open_alerts(want, rules))
        other = lambda data: sorted((e["id"], e["type"], e["time"]) for e in lines(data) if e["data"]["rule"] == "other")
        self.assertEqual(other(told), other(want), "the rule that was not edited")
        one_life_each(self, lines(told))

    def test_one_partition(self):
        self.as_if_always(self.exchanged("warm", 1), ("pairs", "near"))

    def test_three_partitions_each_up_to_its_own_offset(self):
        self.as_if_always(self.exchanged("warm3", 3), ("pairs",))  # of one place, and so of one partition, in order

    def test_a_rule_that_was_edited_while_the_service_was_away(self):
        self.as_if_always(self.exchanged("warm-start", 1, kill=True), ("pairs", "near"))


if __name__ == "__main__":
    unittest.main()
