"""Webhooks and Alertmanager: what they are told, once and in order, also when they or the service were away; and that nobody is
told of what is silenced."""
import json
import subprocess
import unittest
import urllib.request

from tocsin_receiver import Receiver, signature
from tocsin_service import Service, free_port, now, report
from tocsin_testing import Case, lines, need, tocsin, wait_for

RULES = """
rules:
  - id: seen
    name: {zh: 看见, en: Seen}
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: {orange: count() >= 3, yellow: true}
    owner: town
    resolve: {quiet: 2h}
    summary: {zh: "{{last(place)}} 有 {{count()}} 件", en: "{{count()}} at {{last(place)}}"}
"""
SECRET = "a secret of the desk"
CONFIG = """state: {folder}/state
time: {time}
rules: [{folder}/rules]
sources: [{{ingest: {{}}}}]
alerts:
  - file: {folder}/alerts.ndjson
%s
http: {{address: 127.0.0.1, port: {port}}}
limits: {{lateness: 1s, idle_after: 1s}}
"""


class ReceiverCase(Case):
    def service(self, receiver):
        service = Service(self.folder, RULES, config=CONFIG % receiver.replace("{", "{{").replace("}", "}}"))
        self.addCleanup(service.stop)
        return service

    def filed(self):
        return [event["id"] for event in lines((self.folder / "alerts.ndjson").read_bytes())]


class Webhook(ReceiverCase):
    def hook(self, answer=204):
        receiver = Receiver(answer)
        self.addCleanup(receiver.close)
        return receiver

    def entry(self, receiver, more=""):
        return f"  - webhook: {{name: desk, url: '{receiver.url}', secret: '{SECRET}'{more}}}"

    def test_each_change_arrives_once_in_order_and_signed(self):
        receiver = self.hook()
        service = self.service(self.entry(receiver)).start()
        for i in range(30):
            service.ingest(report(f"r{i}", f"place {i % 10}"))
        wait_for("thirty changes in the file", lambda: len(self.filed()) >= 30)
        wait_for("all of them at the door", lambda: len(receiver.taken()) >= len(self.filed()))
        self.assertEqual([event["id"] for event in receiver.taken()], self.filed())
        self.assertEqual(service.metrics()['tocsin_sink_failures_total{sink="webhook:desk"}'], 0)
        for path, headers, body, _ in receiver.requests:
            self.assertEqual(path, "/hook")
            self.assertEqual(headers["Content-Type"], "application/cloudevents-batch+json; charset=utf-8")
            self.assertEqual(headers["webhook-signature"], signature(SECRET, headers, body))
        self.assertEqual(service.stop(), 0, service.told())

    def test_what_waited_is_told_after_a_kill_and_a_restart(self):
        receiver = self.hook(503)
        service = self.service(self.entry(receiver)).start()
        service.ingest(*[report(f"a{i}", f"place {i}") for i in range(20)])
        wait_for("the door to be tried", lambda: receiver.requests)
        depth = lambda: service.metrics().get('tocsin_sink_depth{sink="webhook:desk"}')
        wait_for("twenty changes to wait", lambda: depth() == 20)
        wait_for("a failure to be counted", lambda: service.metrics()['tocsin_sink_failures_total{sink="webhook:desk"}'] > 0)
        self.assertEqual(service.get("/-/ready")[0], 200, "a door that is shut is not the service's fault")
        service.kill()
        receiver.answer = 204
        service.start()
        service.ingest(*[report(f"b{i}", f"place {i + 20}") for i in range(5)])
        wait_for("all of them at the door", lambda: len({e["id"] for e in receiver.taken()}) == 25)
        wait_for("nothing to wait", lambda: depth() == 0)
        seen = list(dict.fromkeys(event["id"] for event in receiver.taken()))  # a second copy is dropped by its id
        self.assertEqual(seen, self.filed())
        before = len(receiver.requests)
        self.assertEqual(service.stop(), 0, service.told())
        service.start()
        service.ingest(report("c", "place 99"))
        wait_for("the new one", lambda: len(receiver.requests) > before)
        self.assertEqual(len(receiver.requests), before + 1, "what was delivered before a clean stop is not told again")

    def test_what_was_told_before_a_quiet_spell_is_not_told_again_after_a_kill(self):
        receiver = self.hook()
        config = CONFIG % self.entry(receiver).replace("{", "{{").replace("}", "}}")
        service = Service(self.folder, RULES, time="log", config=config)  # without records nothing is committed
        self.addCleanup(service.stop)
        service.start()
        service.ingest(*[report(f"a{i}", f"place {i}") for i in range(20)])
        wait_for("all of them at the door", lambda: len(receiver.taken()) == 20)

        def stored():  # beside the running service; while it changes files there may be nothing to read
            looked = tocsin("state", "inspect", self.folder / "state", "--format", "json")
            return looked.code == 0 and looked.json()["sinks"].get("webhook:desk") == 20

        wait_for("it to be stored", stored, every=0.2)
        service.kill()
        before = len(receiver.requests)
        self.assertNotIn("recover part=", service.told(), "an empty state needs no recovery")
        service.start()
        self.assertIn("recover part=", service.told(), "a start with a large state says how far it is")
        service.ingest(report("b", "place 99"))
        wait_for("the new one", lambda: len(receiver.requests) > before)
        wait_for("nothing to wait", lambda: service.metrics()['tocsin_sink_depth{sink="webhook:desk"}'] == 0)
        self.assertEqual([event["id"] for event in receiver.taken()], self.filed(), "each once")

    def test_it_stops_cleanly_while_nobody_answers(self):
        receiver = self.hook(500)
        service = self.service(self.entry(receiver)).start()
        service.ingest(report("a", "bridge"))
        wait_for("the door to be tried", lambda: receiver.requests)
        self.assertEqual(service.stop(), 0, service.told())
        self.assertIn("receivers=behind", service.told())
        receiver.answer = 200
        service.start()
        wait_for("the alert", lambda: [event["id"] for event in receiver.taken()] == self.filed())

    def test_a_wrong_door_is_told_and_gone_on_with_when_it_is_mended(self):
        receiver = self.hook(403)
        service = self.service(self.entry(receiver, ", headers: {Authorization: 'Bearer x'}")).start()
        service.ingest(report("a", "bridge"))
        up = lambda: service.metrics().get('tocsin_sink_up{sink="webhook:desk"}')
        wait_for("the receiver to count as a wrong door", lambda: up() == 0, 60)
        status, body = service.get("/-/ready")
        self.assertEqual((status, json.loads(body)["status"]), (200, "degraded"), "console and engine go on")
        self.assertIn("webhook:desk does not take alerts (status 403)", body)
        self.assertNotIn(SECRET, service.told() + body)
        service.ingest(report("b", "tunnel"))
        receiver.answer = 204
        wait_for("both alerts, without a restart", lambda: len(receiver.taken()) == 2, 60)
        self.assertEqual([event["id"] for event in receiver.taken()], self.filed())
        wait_for("the receiver to be up", lambda: up() == 1)
        self.assertEqual(json.loads(service.get("/-/ready")[1])["status"], "ready")

    def test_what_is_silenced_is_not_told(self):
        receiver = self.hook()
        service = self.service(self.entry(receiver)).start()
        self.assertEqual(service.post("/api/v1/silences", {"by": "duty", "reason": "works", "until": now(3600), "rules": ["seen"],
                                                           "severity": "yellow"})[0], 202)
        wait_for("the silence", lambda: service.json("/api/v1/silences")["silences"])
        service.ingest(report("a", "bridge"))
        wait_for("the alert in the file", self.filed)
        service.ingest(report("b", "bridge"), report("c", "bridge"))  # orange: no longer silenced
        wait_for("the orange alert at the door", receiver.taken)
        self.assertEqual({event["data"]["severity"] for event in receiver.taken()}, {"orange"})
        wait_for("nothing to wait", lambda: service.metrics()['tocsin_sink_depth{sink="webhook:desk"}'] == 0)

    def test_a_config_that_cannot_be(self):
        for entry, told in (("webhook: {name: Desk 7, url: 'http://a/'}", "receiver-name"),
                            ("webhook: {name: desk, url: 'desk'}", "address"),
                            ("webhook: {name: desk, url: 'http://me:secret@desk/'}", "address"),
                            ("webhook: {name: desk}", "url"),
                            ("{file: a, webhook: {name: a, url: 'http://a/'}}", "alerts-kind"),
                            ("webhook: {name: desk, url: 'http://a/', group: {most: 0}}", "most"),
                            ("alertmanager: {urls: []}", "no-address"),
                            ("alertmanager: {urls: ['http://a:9093'], resend: 1d}", "out-of-range")):
            config = self.write("bad.yaml", CONFIG.format(folder=self.folder, time="clock", port=8080) % f"  - {entry}")
            done = tocsin("check", config)
            self.assertEqual(done.code, 1, done)
            self.assertIn(told, done.out + done.err, entry)
        twice = "  - webhook: {name: a, url: 'http://a/'}\n  - webhook: {name: a, url: 'http://b/'}"
        done = tocsin("check", self.write("twice.yaml", CONFIG.format(folder=self.folder, time="clock", port=8080) % twice))
        self.assertIn("receiver-twice", done.out + done.err)


class Alertmanager(ReceiverCase):
    """Debian's, on loopback."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.write("alertmanager.yaml", "route: {receiver: nobody, group_wait: 1s}\nreceivers: [{name: nobody}]\n")
        self.process = None
        self.start()
        self.addCleanup(lambda: self.end())

    def start(self):
        log = open(self.folder / "alertmanager.log", "ab")
        self.process = subprocess.Popen(
            [need("prometheus-alertmanager"), f"--config.file={self.folder}/alertmanager.yaml", "--cluster.listen-address=",
             f"--storage.path={self.folder}/alertmanager", f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        log.close()
        wait_for("alertmanager to answer", self.answers, 40)

    def end(self):
        self.process.kill()
        self.process.wait(20)

    def answers(self):
        self.assertIsNone(self.process.poll(), (self.folder / "alertmanager.log").read_text()[-2000:])
        try:
            return self.alerts() is not None
        except OSError:
            return False

    def alerts(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v2/alerts?active=true", timeout=10) as answer:
            return json.load(answer)

    def severities(self):
        return sorted(a["labels"]["severity"] for a in self.alerts())

    def test_alerts_open_change_end_and_are_said_again(self):
        service = self.service(f"  - alertmanager: {{urls: ['http://127.0.0.1:{self.port}'], resend: 1s, "
                               "console: 'https://desk.example'}").start()
        service.ingest(report("a", "bridge", area={"village": "330282004001"}), report("b", "tunnel"))
        wait_for("two alerts", lambda: self.severities() == ["yellow", "yellow"])
        labels = next(a for a in self.alerts() if "town" in a["labels"])["labels"]
        self.assertEqual({k: labels[k] for k in ("alertname", "owner", "town", "village", "service")},
                         {"alertname": "seen", "owner": "town", "town": "330282004", "village": "330282004001", "service": "tocsin"})
        one = next(a for a in self.alerts() if "town" in a["labels"])
        self.assertEqual((one["annotations"]["summary_zh"], one["annotations"]["name_en"]), ("bridge 有 1 件", "Seen"))
        self.assertEqual(one["generatorURL"], f"https://desk.example/#/alerts/{labels['alert_id']}")
        service.ingest(report("c", "bridge"), report("d", "bridge"))
        wait_for("the orange one instead of the yellow", lambda: self.severities() == ["orange", "yellow"])
        # Alertmanager keeps no alerts over a restart; the service says them again.
        self.end()
        self.start()
        wait_for("both alerts again", lambda: self.severities() == ["orange", "yellow"])
        # And so does a service that was killed.
        service.kill()
        self.end()
        self.start()
        service.start()
        wait_for("both alerts after the kill", lambda: self.severities() == ["orange", "yellow"])
        for alert in [a["labels"]["alert_id"] for a in self.alerts()]:
            self.assertEqual(service.post(f"/api/v1/alerts/{alert}/close", {"by": "duty", "outcome": "true"})[0], 202)
        wait_for("no alert", lambda: self.alerts() == [])
        self.assertEqual(service.stop(), 0, service.told())


if __name__ == "__main__":
    unittest.main()
