"""A real Apache Kafka for tests of the whole program: topics, producing, reading to the end; through librdkafka by ctypes, so
that no test depends on the code that it tests. The broker itself is tests/kafka/broker."""
import ctypes
import fcntl
import itertools
import os
import pathlib
import subprocess
import time
import unittest

from tocsin_service import Service, free_port
from tocsin_testing import ROOT, Case, wait_for

SCRIPT = ROOT / "tests" / "kafka" / "broker"
UNREACHABLE = 75  # the script's exit status
WAIT_MS = 20_000
ASK_MS = 1_000  # what is asked again
BEGINNING = -2

_numbers = itertools.count()


class _Message(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("rkt", ctypes.c_void_p), ("partition", ctypes.c_int32), ("payload", ctypes.c_void_p),
                ("len", ctypes.c_size_t), ("key", ctypes.c_void_p), ("key_len", ctypes.c_size_t),
                ("offset", ctypes.c_int64), ("private", ctypes.c_void_p)]


class _TopicPartition(ctypes.Structure):
    _fields_ = [("topic", ctypes.c_char_p), ("partition", ctypes.c_int32), ("offset", ctypes.c_int64),
                ("metadata", ctypes.c_void_p), ("metadata_size", ctypes.c_size_t), ("opaque", ctypes.c_void_p),
                ("err", ctypes.c_int), ("private", ctypes.c_void_p)]


def _load():
    lib = ctypes.CDLL("librdkafka.so.1")
    p, i, s, n = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t
    for name, result, *arguments in [
            ("conf_new", p), ("conf_set", i, p, s, s, p, n), ("new", p, i, p, p, n), ("destroy", None, p),
            ("topic_new", p, p, s, p), ("topic_destroy", None, p), ("flush", i, p, i), ("outq_len", i, p), ("poll", i, p, i),
            ("produce", i, p, ctypes.c_int32, i, s, n, s, n, p), ("last_error", i), ("err2str", s, i),
            ("query_watermark_offsets", i, p, s, ctypes.c_int32, ctypes.POINTER(ctypes.c_int64),
             ctypes.POINTER(ctypes.c_int64), i),
            ("topic_partition_list_new", p, i), ("topic_partition_list_destroy", None, p),
            ("topic_partition_list_add", ctypes.POINTER(_TopicPartition), p, s, ctypes.c_int32), ("assign", i, p, p),
            ("poll_set_consumer", i, p), ("consumer_poll", ctypes.POINTER(_Message), p, i), ("consumer_close", i, p),
            ("message_destroy", None, ctypes.POINTER(_Message)), ("queue_new", p, p), ("queue_destroy", None, p),
            ("queue_poll", p, p, i), ("event_destroy", None, p), ("event_error", i, p), ("event_error_string", s, p),
            ("NewTopic_new", p, s, i, i, p, n), ("NewTopic_destroy", None, p),
            ("CreateTopics", None, p, ctypes.POINTER(p), n, p, p), ("event_CreateTopics_result", p, p),
            ("CreateTopics_result_topics", ctypes.POINTER(p), p, ctypes.POINTER(n)), ("topic_result_error", i, p),
            ("DeleteTopic_new", p, s), ("DeleteTopic_destroy", None, p),
            ("DeleteTopics", None, p, ctypes.POINTER(p), n, p, p),
            ("DeleteRecords_new", p, p), ("DeleteRecords_destroy", None, p),
            ("DeleteRecords", None, p, ctypes.POINTER(p), n, p, p)]:
        function = getattr(lib, "rd_kafka_" + name)
        function.restype, function.argtypes = result, arguments
    return lib


class Broker:
    """A client of the broker at `address` ("host:port")."""

    def __init__(self, address):
        self.address = address
        self.lib = _load()
        self.clients = {}

    def client(self, producer, settings):
        conf = self.lib.rd_kafka_conf_new()
        settings = {"bootstrap.servers": self.address, "log_level": "2", **settings}
        for name, value in settings.items():
            text = ctypes.create_string_buffer(256)
            if self.lib.rd_kafka_conf_set(conf, name.encode(), str(value).encode(), text, 256) != 0:
                raise AssertionError(f"librdkafka: {text.value.decode()}")
        text = ctypes.create_string_buffer(256)
        made = self.lib.rd_kafka_new(0 if producer else 1, conf, text, 256)
        assert made, text.value.decode()
        return made

    def producer(self):
        if "producer" not in self.clients:
            self.clients["producer"] = self.client(True, {"linger.ms": "5", "compression.codec": "lz4",
                                                          "enable.idempotence": "true"})
        return self.clients["producer"]

    def close(self):
        for made in self.clients.values():
            self.lib.rd_kafka_destroy(made)
        self.clients.clear()

    def admin(self, call, thing, answered):
        """One admin request with one thing; waits for its answer."""
        queue = self.lib.rd_kafka_queue_new(self.producer())
        call(self.producer(), (ctypes.c_void_p * 1)(thing), 1, None, queue)
        event = self.lib.rd_kafka_queue_poll(queue, WAIT_MS)
        assert event, "the broker does not answer"
        error = self.lib.rd_kafka_event_error(event)
        try:
            assert error == 0, self.lib.rd_kafka_event_error_string(event).decode()
            answered(event)
        finally:
            self.lib.rd_kafka_event_destroy(event)
            self.lib.rd_kafka_queue_destroy(queue)

    def topic(self, hint, partitions=1, exact=False):
        """Makes a topic, named after `hint`; answers its name once it can be used."""
        name = hint if exact else f"{hint}-{os.getpid()}-{time.time_ns() % 10**9}-{next(_numbers)}"
        text = ctypes.create_string_buffer(256)
        new = self.lib.rd_kafka_NewTopic_new(name.encode(), partitions, 1, text, 256)
        assert new, text.value.decode()

        def judge(event):
            count = ctypes.c_size_t()
            results = self.lib.rd_kafka_CreateTopics_result_topics(self.lib.rd_kafka_event_CreateTopics_result(event), count)
            error = self.lib.rd_kafka_topic_result_error(results[0])
            assert error == 0, f"topic {name}: {self.lib.rd_kafka_err2str(error).decode()}"

        self.admin(self.lib.rd_kafka_CreateTopics, new, judge)
        self.lib.rd_kafka_NewTopic_destroy(new)

        def there():
            if self.ends(name, partitions, quiet=True) is not None:
                return True
            self.close()  # a client that asked too early can keep to the answer that it got
            return False
        wait_for(f"topic {name}", there, 60)
        return name

    def delete_topic(self, name):
        thing = self.lib.rd_kafka_DeleteTopic_new(name.encode())
        self.admin(self.lib.rd_kafka_DeleteTopics, thing, lambda event: None)
        self.lib.rd_kafka_DeleteTopic_destroy(thing)

    def delete_before(self, topic, partition, offset):
        """What retention does: records before `offset` are no longer there."""
        records = self.lib.rd_kafka_topic_partition_list_new(1)
        self.lib.rd_kafka_topic_partition_list_add(records, topic.encode(), partition).contents.offset = offset
        thing = self.lib.rd_kafka_DeleteRecords_new(records)
        self.admin(self.lib.rd_kafka_DeleteRecords, thing, lambda event: None)
        self.lib.rd_kafka_DeleteRecords_destroy(thing)
        self.lib.rd_kafka_topic_partition_list_destroy(records)

    def range(self, topic, partition, wait_ms=WAIT_MS):
        """(first offset, next offset)."""
        low, high = ctypes.c_int64(), ctypes.c_int64()
        error = self.lib.rd_kafka_query_watermark_offsets(self.producer(), topic.encode(), partition, low, high, wait_ms)
        assert error == 0, f"{topic}/{partition}: {self.lib.rd_kafka_err2str(error).decode()}"
        return low.value, high.value

    def ends(self, topic, partitions=1, quiet=False):
        try:
            return [self.range(topic, p, ASK_MS if quiet else WAIT_MS)[1] for p in range(partitions)]
        except AssertionError:
            if quiet:
                return None
            raise

    def produce(self, topic, records, partition=0):
        """`records`: values, or (partition, value), or (partition, key, value), None for a deletion. In order; answers once all
        are in the log."""
        producer = self.producer()
        handle = self.lib.rd_kafka_topic_new(producer, topic.encode(), None)
        wanted = {}
        for record in records:
            p, key, value = (partition, None, record) if isinstance(record, bytes) else \
                (record[0], None, record[1]) if len(record) == 2 else record
            if p not in wanted:
                wanted[p] = self.range(topic, p)[1]
            wanted[p] += 1
            size = 0 if value is None else len(value)
            while self.lib.rd_kafka_produce(handle, p, 2, value, size, key, 0 if key is None else len(key), None) != 0:
                error = self.lib.rd_kafka_last_error()
                assert error == -184, self.lib.rd_kafka_err2str(error).decode()  # the queue is full: wait
                self.lib.rd_kafka_poll(producer, 50)
        error = self.lib.rd_kafka_flush(producer, WAIT_MS)
        self.lib.rd_kafka_topic_destroy(handle)
        assert error == 0, f"produce: {self.lib.rd_kafka_err2str(error).decode()}"
        for p, end in wanted.items():
            assert self.range(topic, p)[1] == end, f"{topic}/{p} ends at {self.range(topic, p)[1]}, wanted {end}"

    def read(self, topic, partitions=1):
        """Everything that the topic holds: [(partition, offset, key, value)], partition by partition."""
        ends = self.ends(topic, partitions)
        left = {p for p in range(partitions) if self.range(topic, p)[0] < ends[p]}
        out = {p: [] for p in range(partitions)}
        consumer = self.client(False, {"group.id": "tocsin-tests", "enable.auto.commit": "false", "check.crcs": "true"})
        self.lib.rd_kafka_poll_set_consumer(consumer)
        assigned = self.lib.rd_kafka_topic_partition_list_new(partitions)
        for p in left:
            self.lib.rd_kafka_topic_partition_list_add(assigned, topic.encode(), p).contents.offset = BEGINNING
        self.lib.rd_kafka_assign(consumer, assigned)
        self.lib.rd_kafka_topic_partition_list_destroy(assigned)
        deadline = time.monotonic() + WAIT_MS / 1000
        while left:
            message = self.lib.rd_kafka_consumer_poll(consumer, 100)
            if not message:
                assert time.monotonic() < deadline, f"topic {topic} cannot be read to its end"
                continue
            m = message.contents
            if m.err == 0:
                key = ctypes.string_at(m.key, m.key_len) if m.key else None
                out[m.partition].append((m.partition, m.offset, key, ctypes.string_at(m.payload, m.len)))
                if m.offset + 1 >= ends[m.partition]:
                    left.discard(m.partition)
            self.lib.rd_kafka_message_destroy(message)
        self.lib.rd_kafka_consumer_close(consumer)
        self.lib.rd_kafka_destroy(consumer)
        return [record for p in range(partitions) for record in out[p]]


def run_script(*arguments):
    """Runs tests/kafka/broker; answers what it printed, or skips the test where there is no Kafka to be had."""
    done = subprocess.run([str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          check=False)
    if done.returncode == UNREACHABLE and os.environ.get("CI") != "true":
        raise unittest.SkipTest(done.stderr.strip())
    if done.returncode != 0:
        raise AssertionError(f"tests/kafka/broker {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


_lease = None  # kept open while this process lives: the shared broker stays as long


def shared_address():
    global _lease
    if _lease is None:
        _lease = open(run_script("shared").split(" ", 1)[1], "rb")
        fcntl.flock(_lease, fcntl.LOCK_SH)
    return run_script("shared").split(" ", 1)[0]  # under the lease


CONFIG = """state: {folder}/state
zone: {zone}
time: {time}
shards: {shards}
rules: [{rules}]
kafka: {{bootstrap.servers: "{address}"}}
sources:
  - {{{feed}kafka: {{topics: [{topics}]}}}}
alerts:
  - kafka: {{topic: {alerts}}}
http: {{address: 127.0.0.1, port: {port}}}
limits: {{lateness: 10m, batch_events: {batch}}}
"""


class KafkaCase(Case):
    """Tests on the broker that the tests of this tree share."""

    def setUp(self):
        super().setUp()
        self.broker = Broker(self.address())
        self.addCleanup(self.broker.close)

    def address(self):
        return shared_address()

    def service(self, name, rules, topics, alerts, time="log", shards=1, batch=8192, feed=None, zone="Asia/Shanghai"):
        """A service in a folder of its own, not started. Asked for again under the same name: the same state. `rules`: a text,
        a file or a folder."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        port = free_port()
        packs = rules if isinstance(rules, pathlib.Path) and rules.is_dir() else folder / "rules"
        if isinstance(rules, pathlib.Path):
            rules = "rules: []\n" if rules.is_dir() else rules.read_text()
        text = CONFIG.format(folder=folder, rules=packs, zone=zone, time=time, shards=shards, address=self.broker.address,
                             feed="" if feed is None else f"feed: {feed}, ", topics=", ".join(topics), alerts=alerts, port=port,
                             batch=batch)
        service = Service(folder, rules, port=port, config=text.replace("{", "{{").replace("}", "}}"))
        self.addCleanup(service.stop)
        return service

    def read_all(self, service, count, seconds=60):
        """Waits until the running service has committed so many records."""
        def done():
            if service.process.poll() is not None:
                raise AssertionError(f"the service ended with {service.process.returncode}:\n{service.told()}")
            return sum(v for k, v in service.metrics().items() if k.startswith("tocsin_events_read_total")) >= count
        wait_for(f"{count} records to be read", done, seconds)

    def finish(self, service, count, seconds=60):
        """Waits until so many records are read and all that came of them is told (else the next start would tell it), and stops."""
        self.read_all(service, count, seconds)
        wait_for("all alerts to be told", lambda: service.metrics().get("tocsin_outbox_depth") == 0, seconds)
        self.assertEqual(service.stop(), 0, service.told())

    def alerts(self, topic, partitions=1):
        """The topic's CloudEvents as a file of lines, as replay writes them."""
        return b"".join(value + b"\n" for _, _, _, value in self.broker.read(topic, partitions))
