"""The running service: records in over HTTP, alerts out on the stream, people's actions, reload, crashes, faults at start."""
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from tocsin_service import CONFIG, Service, Stream, free_port, now, report
from tocsin_testing import BINARY, ROOT, Case, environment, lines, tocsin, wait_for

RULES = """
rules:
  - id: seen
    kind: window
    from: [grid]
    where: kind == "report" && has(place)
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: {orange: count() >= 3, yellow: true}
    resolve: {quiet: 2h}
    summary: {zh: "{{last(place)}} 有 {{count()}} 件", en: "{{count()}} at {{last(place)}}"}
  - id: owed
    kind: absence
    from: [grid]
    key: [case]
    after: stage == "accepted"
    expect: stage == "closed"
    within: 2s
    severity: orange
    summary: "nothing came of {{last(case)}}"
"""
METRICS = """events_read_total events_rejected_total events_duplicate_total events_late_total watermark_lag_seconds
    rule_matches_total rule_errors_total rule_eval_seconds alerts_open alert_transitions_total alert_latency_seconds state_keys
    state_bytes commit_seconds commit_age_seconds outbox_depth reload_success build_info""".split()


class ServiceCase(Case):
    def service(self, rules=RULES, **options):
        service = Service(self.folder, rules, **options)
        self.addCleanup(service.stop)
        return service

    def stream(self, service, **options):
        stream = Stream(service, **options)
        self.addCleanup(stream.stop)
        return stream

    def opened(self, stream, count, seconds=10):
        """Waits for so many transitions and answers them."""
        wait_for(f"{count} transitions on the stream", lambda: len(stream.events) >= count, seconds)
        return stream.events[:count]


class Way(ServiceCase):
    def test_an_event_is_an_alert_on_the_stream_within_a_second(self):
        service = self.service().start()
        stream = self.stream(service)
        sent = time.monotonic()
        self.assertEqual(service.ingest(report("a", "bridge 7")), {"accepted": 1, "rejected": 0, "offset": 1})
        [(sequence, event)] = self.opened(stream, 1)
        self.assertLess(time.monotonic() - sent, 1.0, "it took more than a second from ingest to the stream")
        self.assertEqual((sequence, event["type"], event["data"]["severity"]), (1, "tocsin.alert.opened", "yellow"))
        self.assertEqual(event["data"]["opened_by"], {"source": "grid", "id": "a"})
        self.assertEqual(event["data"]["summary"]["zh"], "bridge 7 有 1 件")
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(lines((self.folder / "alerts.ndjson").read_bytes()), [event], "the alerts' file and the stream differ")

    def test_the_stream_resumes_where_a_reader_left_it(self):
        service = self.service().start()
        service.ingest(*[report(f"r{i}", f"place {i}") for i in range(20)])
        all_of = self.opened(self.stream(service, after=0), 20)
        self.assertEqual([s for s, _ in all_of], list(range(1, 21)))
        self.assertEqual(self.opened(self.stream(service, header=12), 8), all_of[12:])
        self.assertEqual(self.opened(self.stream(service, after=19), 1), all_of[19:])

    def test_a_person_acknowledges_assigns_and_closes(self):
        service = self.service().start()
        stream = self.stream(service)
        service.ingest(report("a", "bridge 7"))
        alert = self.opened(stream, 1)[0][1]["subject"]
        acts = [("acknowledge", {"by": "duty"}, "acknowledged"),
                ("assign", {"by": "duty", "to": "drains"}, "assigned"),
                ("close", {"by": "drains", "outcome": "true", "note": "call 13800138000"}, "closed")]
        for n, (act, body, status) in enumerate(acts):
            self.assertEqual(service.post(f"/api/v1/alerts/{alert}/{act}", body)[0], 202)
            event = self.opened(stream, n + 2)[-1][1]
            self.assertEqual((event["type"], event["data"]["status"]), (f"tocsin.alert.{status}", status))
        detail = service.json(f"/api/v1/alerts/{alert}")
        self.assertEqual([e["type"].split(".")[-1] for e in detail["history"]], ["opened", "acknowledged", "assigned", "closed"])
        self.assertNotIn("13800138000", json.dumps(detail), "a phone number in a person's note was kept")
        self.assertEqual(service.json(f"/api/v1/alerts/{alert}/evidence")["events"][0]["id"], "a")
        self.assertEqual(service.json("/api/v1/alerts?status=open")["alerts"], [])
        self.assertEqual(len(service.json("/api/v1/alerts?status=closed")["alerts"]), 1)

    def test_wrong_requests_get_problem_documents(self):
        service = self.service().start()
        for method, path, body, status in [("GET", "/api/v1/alerts/no-such", None, 404),
                                           ("GET", "/api/v1/alerts?colour=red", None, 400),
                                           ("GET", "/api/v1/alerts?severity=pink", None, 400),
                                           ("POST", "/api/v1/alerts/no-such/acknowledge", '{"by": "x"}', 404),
                                           ("POST", "/api/v1/events", '{"id": 1', 400),
                                           ("DELETE", "/api/v1/alerts", None, 405)]:
            with self.subTest(f"{method} {path}"):
                got, text = service.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                self.assertEqual(got, status, text)
                problem = json.loads(text)
                self.assertEqual(problem["status"], status)
                self.assertTrue(problem["title"])

    def test_the_contracts_metrics_are_there_and_name_nobody(self):
        service = self.service().start()
        service.ingest(report("a", "bridge 7", reporter="王小明 13912345678"), {"id": "b", "source": "grid"})
        wait_for("the metrics to count the record", lambda: service.metrics().get('tocsin_events_read_total{source="grid"}'))
        text = service.get("/metrics")[1]
        missing = [m for m in METRICS if not re.search(rf"^tocsin_{m}(_bucket|_count)?[ {{]", text, re.M)]
        self.assertFalse(missing, f"not in /metrics: {missing}\n{text[:3000]}")
        self.assertRegex(text, r'tocsin_events_rejected_total\{source="\w+",reason="missing_field"\} 1\n')
        for raw in ("王小明", "13912345678", "bridge 7"):
            self.assertNotIn(raw, text, "a label names a person or a place")

    def test_a_deadline_passes_in_a_silent_stream(self):
        service = self.service().start()
        stream = self.stream(service)
        service.ingest({"id": "c", "source": "grid", "kind": "transition", "stage": "accepted", "case": "C 1",
                        "occurred_at": now(), "category": "city.facility"})
        event = self.opened(stream, 1, 20)[0][1]
        self.assertEqual((event["data"]["rule"], event["data"]["key"], event["data"]["severity"]), ("owed", ["C 1"], "orange"))

    def test_the_terminal_lists_follows_and_explains(self):
        service = self.service().start()
        service.ingest(report("a", "bridge 7", values={"depth": 26.5, "people": 3}))
        stream = self.stream(service, after=0)
        alert = self.opened(stream, 1)[0][1]["subject"]
        out = self.well("alerts", "--url", service.url).out
        self.assertRegex(out, r"YELLOW.*open.*seen.*1 at bridge 7")
        self.assertEqual(self.well("alerts", "--url", service.url, "--format", "json").json()["alerts"][0]["alert_id"], alert)
        self.assertIn("bridge 7 有 1 件", self.well("alerts", "--url", service.url, LC_ALL="zh_CN.UTF-8").out)
        told = self.well("explain", alert, "--url", service.url).out
        for part in ("seen version 1", "fires     count() >= 1", "count() = 1", "evidence (1 event)", "grid  a", "history",
                     "opened  (matched)", "depth = 26.5", "people = 3"):
            self.assertIn(part, told)
        missing = self.ends(tocsin("explain", "no-such-alert", "--url", service.url), 2)
        self.assertIn("no such alert", missing.err)
        self.follow(service, alert)
        service.stop()
        away = self.ends(tocsin("alerts", "--url", service.url), 3)
        self.assertIn(str(service.port), away.err, "the message should name where nobody answers")

    def test_explain_tells_local_times_and_who_did_what(self):
        service = self.service(config=CONFIG.replace("zone: Asia/Shanghai", "zone: America/New_York")).start()
        stream = self.stream(service)
        service.ingest(report("a", "bridge 7", occurred_at="2025-07-01T12:00:00Z"))
        alert = self.opened(stream, 1)[0][1]["subject"]
        self.assertEqual(service.post(f"/api/v1/alerts/{alert}/assign", {"by": "li", "to": "drains", "note": "pump first"})[0], 202)
        self.opened(stream, 2)
        told = self.well("explain", alert, "--url", service.url).out
        self.assertIn("opened    2025-07-01 08:00:00 by grid a", told)
        self.assertIn("times     America/New_York", told)
        self.assertIn("2025-07-01 08:00:00  grid  a", told)
        self.assertRegex(told, r"assigned  \(.* by li → drains: pump first\)")
        self.assertNotIn("Z ", told, "a time in UTC among local ones")
        zh = self.well("explain", alert, "--url", service.url, LC_ALL="zh_CN.UTF-8").out
        for part in ("规则      seen 第 1 版", "条件      count() >= 1", "开始  (符合条件)", "实测值", "告警时参数", "依据（1 条）", "经过", "，由 li → drains"):
            self.assertIn(part, zh)
        for label in ("rule ", "opened    ", "history", "parameters"):
            self.assertNotIn(label, zh)
        self.assertIn("20:00", self.well("explain", alert, "--url", service.url, "--zone", "Asia/Shanghai").out)
        self.assertEqual(service.post(f"/api/v1/alerts/{alert}/close", {"by": "li", "outcome": "false", "note": "dry"})[0], 202)
        self.opened(stream, 3)
        told = self.well("explain", alert, "--url", service.url).out
        self.assertRegex(told, r"closed  \(.*, outcome false by li: dry\)")
        self.assertEqual(told.count("outcome"), 1, told)
        self.assertIn("，结果：误报，由 li: dry", self.well("explain", alert, "--url", service.url, LC_ALL="zh_CN.UTF-8").out)

    def test_rules_carry_their_condition_and_areas_their_names(self):
        config = CONFIG.replace("sources:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nsources:")
        service = self.service(config=config).start()
        told = service.json("/api/v1/rules")
        self.assertEqual([r.get("fire") for r in told["rules"]], ["count() >= 1", None])
        self.assertEqual(told["zone"], "Asia/Shanghai")
        town, name = next((c, n) for c, n in told["areas"].items() if len(c) == 9)
        service.ingest(report("a", "bridge 7", area={"city": town[:6], "town": town}))
        self.opened(self.stream(service, after=0), 1)
        self.assertIn(f"[{name} {town}]", self.well("alerts", "--url", service.url).out)

    def test_ingest_that_nobody_reads_is_refused(self):
        path = self.write("in.ndjson", json.dumps(report("a", "bridge 7")) + "\n")
        service = self.service(config=CONFIG.replace("- ingest: {{}}", f"- file: {{{{paths: [{path}]}}}}")).start()
        status, answer = service.post("/api/v1/events", json.dumps(report("b", "bridge 8")))
        self.assertEqual(status, 409, answer)
        self.assertIn("no ingest source", json.dumps(answer))

    def test_a_sender_names_a_feed_and_never_a_file(self):
        service = self.service().start()
        (self.folder / "x.yaml").write_text("feed: {format: json}\n")
        for feed in ("../x", "..%2Fx", str(self.folder / "x.yaml"), "x.yaml", "grid%00"):
            status, answer = service.post(f"/api/v1/events?feed={feed}", json.dumps(report("b", "bridge 8")))
            self.assertIn(status, (400, 404), (feed, answer))
            self.assertNotIn(str(self.folder), json.dumps(answer), "the answer tells where files lie")
        self.assertEqual(service.metrics().get('tocsin_events_read_total{source="grid"}', 0), 0)

    def test_a_shadow_rule_leaves_nothing_waiting_for_a_sink(self):
        service = self.service(RULES.replace("- id: seen\n", "- id: seen\n    mode: shadow\n")).start()
        service.ingest(*[report(f"r{i}", f"place {i}") for i in range(5)])
        wait_for("five transitions in shadow", lambda: sum(
            v for k, v in service.metrics().items() if k.startswith("tocsin_alert_transitions_total") and '"seen"' in k) >= 5)
        wait_for("nothing to wait", lambda: max(v for k, v in service.metrics().items() if k.startswith("tocsin_outbox_depth")) == 0)
        self.assertNotIn("seen", self.well("alerts", "--url", service.url).out)
        listed = self.well("alerts", "--shadow", "--url", service.url, "--format", "json").json()["alerts"]
        self.assertEqual(len(listed), 5)
        told = self.well("explain", listed[0]["alert_id"], "--url", service.url).out
        self.assertIn("mode      shadow: judged and recorded, told to nobody", told)
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual((self.folder / "alerts.ndjson").read_bytes(), b"", "a shadow alert was told")

    def follow(self, service, alert):
        process = subprocess.Popen([str(BINARY), "tail", "--from-start", "--format", "json", "--url", service.url],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
        try:
            self.assertEqual(json.loads(process.stdout.readline())["subject"], alert)
            service.ingest(report("b", "bridge 8"))
            self.assertEqual(json.loads(process.stdout.readline())["data"]["opened_by"]["id"], "b")
        finally:
            process.kill()
            process.communicate()


class Reload(ServiceCase):
    def test_good_rules_come_into_force_and_faulty_ones_do_not(self):
        service = self.service().start()
        stream = self.stream(service)
        service.ingest(report("a1", "p"), report("a2", "p"))
        self.opened(stream, 2)  # opened, and updated: it has grown by half and more
        service.rules.write_text(RULES.replace("orange: count() >= 3", "red: count() >= 9, orange: count() >= 2"))
        status, answer = service.post("/-/reload", b"")
        self.assertEqual((status, answer["rules"]), (200, 2), answer)
        event = self.opened(stream, 3)[-1][1]
        self.assertEqual((event["type"], event["data"]["reason"], event["data"]["severity"], event["data"]["values"]),
                         ("tocsin.alert.amended", "rule", "orange", {"count()": 2}), "the kept state is judged at once")
        service.ingest(report("a3", "p"))
        event = self.opened(stream, 4)[-1][1]
        self.assertEqual((event["type"], event["data"]["severity"], event["data"]["values"]),
                         ("tocsin.alert.updated", "orange", {"count()": 3}), "the state must outlive a change of threshold")
        service.rules.write_text(RULES.replace("count() >= 1", "cuont() >= 1"))
        status, answer = service.post("/-/reload", b"")
        self.assertEqual(status, 422, answer)
        fault = answer["diagnostics"][0]
        self.assertEqual((fault["line"], fault["code"]), (9, "unknown-function"))
        wait_for("the metric of the failed reload", lambda: service.metrics().get("tocsin_reload_success") == 0)
        service.ingest(report("b", "q"))
        self.assertEqual(self.opened(stream, 5)[-1][1]["data"]["opened_by"]["id"], "b", "the old rules must go on")

    def test_sighup_reloads(self):
        service = self.service().start()
        service.rules.write_text(RULES + RULES.split("rules:\n")[1].replace("id: seen", "id: seen-too").replace(
            "id: owed", "id: owed-too"))
        service.process.send_signal(signal.SIGHUP)
        wait_for("four rules in force", lambda: len(rules_of(service)) == 4)
        service.rules.write_text("rules: [\n")
        service.process.send_signal(signal.SIGHUP)
        wait_for("the refusal in the log", lambda: "result=refused" in service.told())
        self.assertRegex(service.told(), rf"result=refused .*the first at {service.rules}:\d+:\d+: ", "the log says why")
        self.assertEqual(len(rules_of(service)), 4)

    def test_a_folder_of_rules_that_is_gone_is_told(self):
        service = self.service().start()
        shutil.rmtree(service.rules.parent)
        status, answer = service.post("/-/reload", b"")
        self.assertEqual(status, 422, answer)
        self.assertIn(str(service.rules.parent), answer["diagnostics"][0]["message"]["en"])
        self.assertEqual(len(rules_of(service)), 2)


def rules_of(service):
    answer = service.json("/api/v1/rules")
    return answer["rules"] if isinstance(answer, dict) else answer


class Crash(ServiceCase):
    def test_what_was_acknowledged_is_there_once_after_kills(self):
        """Writers post while the service is killed and started five times; each record that was acknowledged rings once."""
        service = self.service(time="log").start()
        acknowledged, sent, stop = set(), set(), threading.Event()
        lock = threading.Lock()

        def write(writer):
            for n in range(100_000):
                if stop.is_set():
                    return
                batch = [f"w{writer}-{n}-{k}" for k in range(1 + n % 7)]
                with lock:
                    sent.update(batch)
                try:
                    service.ingest(*[report(i, i) for i in batch])
                except (OSError, http.client.HTTPException, AssertionError, ValueError):
                    stop.wait(0.02)  # the service is away, or the answer was cut off
                    continue
                with lock:
                    acknowledged.update(batch)

        writers = [threading.Thread(target=write, args=(i,), daemon=True) for i in range(3)]
        for w in writers:
            w.start()
        seen = []
        stream = self.stream(service, after=0)
        for life in range(5):
            before = len(acknowledged)
            wait_for("writers to be answered", lambda: len(acknowledged) > before + 30 * (life + 1))
            service.kill()
            stream.stop()
            seen += stream.events
            service.start()
            stream = self.stream(service, header=seen[-1][0] if seen else 0)
        stop.set()
        for w in writers:
            w.join(30)
        last = service.ingest(report("last", "last"))["offset"]
        wait_for("the last record's alert", lambda: any(e["data"]["opened_by"]["id"] == "last" for _, e in stream.events), 60)
        self.assertEqual(service.stop(), 0, service.told())
        stream.stop()
        seen += stream.events
        self.judge(seen, acknowledged, sent | {"last"}, last)

    def judge(self, seen, acknowledged, sent, last):
        self.assertEqual([s for s, _ in seen], list(range(1, len(seen) + 1)), "the stream has a gap or says something twice")
        rung = [e["data"]["opened_by"]["id"] for _, e in seen if e["type"] == "tocsin.alert.opened"]
        self.assertEqual(len(rung), len(set(rung)), "a record rang twice")
        lost = acknowledged - set(rung)
        self.assertFalse(lost, f"{len(lost)} of {len(acknowledged)} acknowledged records were lost: {sorted(lost)[:5]}")
        self.assertFalse(set(rung) - sent)
        self.assertEqual(last, len(rung), "the log holds another number of records than were judged")
        told = lines((self.folder / "alerts.ndjson").read_bytes())
        self.assertEqual([e["id"] for e in told], [e["id"] for _, e in seen], "the alerts' file differs from the stream")


class Start(ServiceCase):
    def run_to_end(self, config, **env):
        return tocsin("run", "--config", config, timeout=30, **env)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            service = self.service(port=taken.getsockname()[1])
            done = self.run_to_end(service.config)
            self.assertIn(done.code, (2, 3), str(done))
            self.assertIn(str(service.port), done.err)
            self.assertIn("in use", done.err)
            self.assertFalse((self.folder / "state").exists(), "a start that failed leaves nothing behind")
            (self.folder / "state").mkdir()
            self.assertEqual(self.run_to_end(service.config).code, 3)
            self.assertTrue((self.folder / "state").exists(), "what was there before stays")

    def test_a_state_directory_in_use_is_named(self):
        first = self.service().start()
        second = Service(self.folder, RULES, port=free_port())
        done = self.run_to_end(second.config)
        self.assertEqual(done.code, 3, str(done))
        self.assertIn(str(self.folder / "state"), done.err)
        self.assertIn("in use", done.err)
        self.assertEqual(first.stop(), 0)

    def test_a_faulty_config_is_refused_with_every_fault(self):
        service = self.service(config=CONFIG.replace("zone:", "zoen:").replace("idle_after: 1s", "idle_after: soon"))
        done = self.run_to_end(service.config)
        self.assertEqual(done.code, 2, str(done))
        self.assertRegex(done.err, r"tocsin\.yaml:2:1: error: .*zoen")
        self.assertIn("did you mean", done.err)
        self.assertRegex(done.err, r"tocsin\.yaml:\d+:\d+: error: .*soon")

    def test_without_a_privacy_key_it_does_not_start(self):
        service = self.service()
        done = self.run_to_end(service.config, TOCSIN_PRIVACY_KEY=None)
        self.assertEqual(done.code, 2, str(done))
        self.assertIn("TOCSIN_PRIVACY_KEY", done.err)

    def test_a_state_of_another_privacy_key_is_refused(self):
        service = self.service(time="log").start()
        service.ingest(report("a", "p"))
        wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])
        self.assertEqual(service.stop(), 0, service.told())
        other = {"TOCSIN_PRIVACY_KEY": "another key, of 32 bytes or more"}
        state = self.folder / "state"
        done = self.ends(self.run_to_end(service.config, **other), 2)
        self.assertIn("written under another TOCSIN_PRIVACY_KEY", done.err)
        self.assertIn(f"tocsin state new-key {state}", done.err)
        told = self.ends(tocsin("doctor", "--config", service.config, **other), 1).out
        self.assertRegex(told, r"(?m)^FAIL  privacy key of the state: .*new-key")
        self.ends(tocsin("dlq", "requeue", "--state", state, **other), 2)
        self.assertIn("under another key from now on", self.well("state", "new-key", state, **other).out)
        self.assertEqual(self.run_to_end(service.config).code, 2, "the former key is now the other one")
        self.assertIn("from now on", self.well("state", "new-key", state).out)
        self.assertIn("already", self.well("state", "new-key", state).out)
        service.start()
        self.assertEqual(len(service.json("/api/v1/alerts")["alerts"]), 1)

    def test_a_start_that_failed_keeps_no_privacy_key(self):
        service = self.service()
        state = self.folder / "state"
        state.mkdir()  # as systemd makes it: it stays when the start fails
        mistaken = {"TOCSIN_PRIVACY_KEY": "a key by mistake, of 32 bytes"}
        with socket.create_server(("127.0.0.1", service.port)):
            self.ends(self.run_to_end(service.config, **mistaken), 3)
        service.start()
        self.assertEqual(service.stop(), 0, service.told())
        self.assertEqual(self.run_to_end(service.config, **mistaken).code, 2, "the start that went well has kept its own")

    def test_a_new_key_needs_a_state(self):
        nowhere = self.folder / "nowhere"
        self.assertIn(f"no state directory at {nowhere}", self.ends(tocsin("state", "new-key", nowhere), 2).err)
        self.assertFalse(nowhere.exists())
        nowhere.mkdir()
        self.assertIn(f"no state directory at {nowhere}", self.ends(tocsin("state", "new-key", nowhere), 2).err)
        self.assertEqual(list(nowhere.iterdir()), [])
        service = self.service()
        state = self.folder / "state"
        state.mkdir()
        with socket.create_server(("127.0.0.1", service.port)):
            self.ends(self.run_to_end(service.config), 3)  # it has made a state, and kept no key
        self.assertIn("kept no key until now", self.well("state", "new-key", state).out)
        self.assertIn("already", self.well("state", "new-key", state).out)

    def test_doctor_tells_who_holds_the_state(self):
        service = self.service().start()
        told = self.ends(tocsin("doctor", "--config", service.config), 1).out
        self.assertRegex(told, rf"(?m)^FAIL  state: .*in use by process {service.process.pid}\b")
        self.assertEqual(service.stop(), 0, service.told())
        self.assertRegex(self.well("doctor", "--config", service.config).out, r"(?m)^ok    state: ")

    def test_it_starts_again_where_it_stood(self):
        service = self.service(time="log").start()
        service.ingest(report("a", "p"))
        wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])
        before = service.json("/api/v1/alerts")
        self.assertEqual(service.stop(), 0, service.told())
        service.start()
        self.assertEqual(service.json("/api/v1/alerts"), before)
        service.ingest(report("b", "p"), report("c", "p"))
        stream = self.stream(service, after=0)
        last = self.opened(stream, 3)[-1][1]  # opened, grown, and three of them: what came before the stop still counts
        self.assertEqual((last["type"], last["data"]["severity"]), ("tocsin.alert.escalated", "orange"))


if __name__ == "__main__":
    unittest.main()
