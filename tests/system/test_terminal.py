"""The terminal's commands over the API: top, silence, alerts, tail, explain, reload and what people do to alerts, at 80
columns, with tokens, and over TLS."""
import fcntl
import datetime
import hashlib
import http.server
import json
import os
import pty
import pwd
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
import unicodedata
import unittest

from test_service import RULES, ServiceCase, report
from tocsin_service import CONFIG, now
from tocsin_testing import BINARY, ROOT, environment, tocsin, wait_for

TOKEN = "a token for tests"
HASH = hashlib.sha256(TOKEN.encode()).hexdigest()
TOKENS = "port: {port}, tokens: [{{name: 指挥室, sha256: " + HASH + ", role: officer}}]"


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Terminal(ServiceCase):
    def readable(self, out):
        """No line wider than 80 columns, but for one that is a single word."""
        for line in out.splitlines():
            self.assertTrue(columns(line) <= 80 or " " not in line.strip(), f"{columns(line)} columns: {line}")
        return out

    def test_top(self):
        service = self.service().start()
        service.ingest(*[report(str(i), f"p{i}") for i in range(7)])
        wait_for("the status", lambda: service.json("/api/v1/status")["sources"])
        for language, words in (("C.UTF-8", ("source", "events/s", "watermark", "rule", "matches", "shard", "ready")),
                                ("zh_CN.UTF-8", ("来源", "条/秒", "水位", "规则", "匹配", "分片", "就绪"))):
            out = self.readable(self.well("top", "--url", service.url, LC_ALL=language, COLUMNS=80).out)
            for word in words:
                self.assertIn(word, out)
            self.assertRegex(out, r"(?m)^grid +\d+\.\d +7 ")
            self.assertRegex(out, r"(?m)^seen +7 +0 +7 +7$")
        self.assertEqual(self.well("top", "--url", service.url, "--format", "json").json()["sources"][0]["read"], 7)

    def test_top_keeps_within_its_terminal(self):
        """On 24 lines nothing scrolls: fewer rules are listed, and how many more there are."""
        rules = RULES + "".join(RULES.split("rules:\n")[1].replace("id: seen", f"id: seen-{i}").replace("id: owed", f"id: owed-{i}")
                                for i in range(12))
        service = self.service(rules).start()
        service.ingest(report("1", "p"))
        wait_for("the status", lambda: service.json("/api/v1/status")["sources"])
        main, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        top = subprocess.Popen([BINARY, "top", "--url", service.url], stdin=inner, stdout=inner, env=environment())
        os.close(inner)
        shown = b""
        while b"shard" not in shown or not shown.endswith(b"%\r\n"):
            shown += os.read(main, 65536)
        top.send_signal(signal.SIGINT)
        self.assertEqual(top.wait(10), 0)
        os.close(main)
        screen = shown.decode().split("\033[J")[-1]
        self.assertLess(screen.count("\n"), 24, screen)
        self.assertRegex(screen, r"and \d+ more")

    def test_lists_show_when_an_alert_opened_and_speak_the_language(self):
        service = self.service(time="log").start()
        service.ingest(report("a", "p", occurred_at="2026-03-01T10:00:00+08:00"))
        service.ingest(report("b", "q", occurred_at="2026-03-01T10:05:00+08:00"))
        service.ingest(*[report(f"c{i}", "p", occurred_at="2026-03-01T10:10:00+08:00") for i in range(3)])
        wait_for("the escalation", lambda: any(a["severity"] == "orange" for a in service.json("/api/v1/alerts")["alerts"]))
        out = self.well("alerts", "--url", service.url, LC_ALL="zh_CN.UTF-8", COLUMNS=200).out
        self.assertEqual(re.findall(r"(?m)^(?:2026-)?03-01 (\d\d:\d\d)", out), ["10:05", "10:00"], out)
        self.assertEqual(out.count("待处理"), 2, out)
        told = self.ends(tocsin("explain", "a-none", "--url", service.url), 2).err
        self.assertIn("a-none", told)

    def test_silences(self):
        service = self.service().start()
        url = ("--url", service.url)
        self.assertIn("no silence", self.well("silence", "list", *url).out)
        added = self.well("silence", "add", *url, "--by", "duty-3", "--reason", "road works along the whole of the ring road, as "
                          "every night of this week", "--for", "2h", "--rules", "seen,owed", "--area", "330282101",
                          "--severity", "orange").out
        silence = added.split()[0]
        listed = wait_for("the silence", lambda: (lambda o: o if silence in o else None)(
            self.well("silence", "list", *url, COLUMNS=80).out))
        self.readable(listed)
        self.assertIn("area 330282101 rules seen owed up to orange", " ".join(listed.split()))
        self.assertIn("duty-3: road works", listed)
        [told] = service.json("/api/v1/silences")["silences"]
        self.assertEqual((told["id"], told["by"]), (silence, "duty-3"))
        self.assertIn("ended", self.well("silence", "end", silence, *url, "--by", "duty-4").out)
        wait_for("its end", lambda: not service.json("/api/v1/silences")["silences"])
        self.ends(tocsin("silence", "end", "s-none", *url, "--by", "x"), 2)
        self.ends(tocsin("silence", "add", *url, "--by", "x", "--reason", "y"), 2)
        self.ends(tocsin("silence", "add", *url, "--by", "x", "--reason", "y", "--until", "tomorrow"), 2)

    def stands(self, service, *events):
        """The event time of a service that was given the events."""
        service.ingest(*events)
        return wait_for("the watermark", lambda: [s["watermark"] for s in service.json("/api/v1/status")["sources"] if s["watermark"]])[0]

    def test_a_silence_that_would_keep_nothing_still_is_refused(self):
        service = self.service().start()
        self.stands(service, report("a", "p"))
        add = ("silence", "add", "--url", service.url, "--by", "x", "--reason", "y")
        for more, word in ((("--until", "2024-06-01T18:00:00+08:00"), "until is past: it is 2024-06-01T18:00:00+08:00"),
                           (("--for", "2h", "--rules", "sen"), "did you mean 'seen'?"),
                           (("--until", "01.06.2030"), "write 2026-06-01T18:00, in Asia/Shanghai"),
                           (("--for", "2 days"), "that is not a duration; write 2d\n"),
                           (("--for", "a while"), "that is not a duration; write e.g. 90m, 2h, 7d\n"),
                           (("--for", "3wd"), "not by working time; write e.g. 90m, 2h, 7d\n")):
            self.assertIn(word, self.ends(tocsin(*add, *more), 2).err)
        self.assertIn("请写 2d\n", self.ends(tocsin(*add, "--for", "2天", LC_ALL="zh_CN.UTF-8"), 2).err)
        self.assertEqual(service.json("/api/v1/silences")["silences"], [])

    def test_silences_are_meant_and_told_in_the_zone_of_the_service(self):
        service = self.service().start()
        day, eve = ((datetime.date.today() + datetime.timedelta(days=n)).isoformat() for n in (30, 29))
        added = self.well("silence", "add", "--url", service.url, "--reason", "works", "--until", day, USER=None).out
        self.assertRegex(added, rf"^s-\w+  until {day} 00:00:00\n$")
        [told] = wait_for("the silence", lambda: service.json("/api/v1/silences")["silences"])
        self.assertEqual((told["until"], told["by"]), (f"{eve}T16:00:00Z", pwd.getpwuid(os.getuid()).pw_name))
        self.assertIn(f"  until {day} 00:00:00\n", self.well("silence", "list", "--url", service.url).out)
        self.assertIn(f"  至 {day} 00:00:00\n", self.well("silence", "list", "--url", service.url, LC_ALL="zh_CN.UTF-8").out)
        self.assertIn(f"  until {eve} 16:00:00\n", self.well("silence", "list", "--url", service.url, "--zone", "UTC").out)

    def test_for_counts_from_event_time_where_that_is_of_another_day(self):
        service = self.service(time="log").start()
        self.assertEqual(self.stands(service, report("a", "p", occurred_at="2024-03-01T10:00:01+08:00")), "2024-03-01T02:00:00Z")
        add = ("silence", "add", "--url", service.url, "--by", "x", "--reason", "y", "--for", "2h")
        self.assertIn("until 2024-03-01 12:00:00  (event time, which stands at 2024-03-01 10:00:00)", self.well(*add).out)
        [told] = wait_for("the silence", lambda: service.json("/api/v1/silences")["silences"])
        self.assertEqual(told["until"], "2024-03-01T04:00:00Z")

    def test_a_service_that_says_how_it_tells_time_is_believed(self):
        """Also where its log is of today, and where a late sender holds the clock's service back."""
        hour_ago, asked = now(-3600), []

        class Service(http.server.BaseHTTPRequestHandler):
            status = {}

            def answer(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(Service.status if self.path == "/api/v1/status" else {"zone": "UTC", "areas": {}, "rules": []})

            def do_POST(self):
                asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer({"silence": "s-1"})

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Service)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        add = ("silence", "add", "--url", f"http://127.0.0.1:{server.server_port}", "--by", "x", "--reason", "y", "--for", "2h")
        Service.status = {"time": "log", "sources": [{"watermark": hour_ago}]}
        self.assertIn("event time, which stands at", self.well(*add).out)
        Service.status = {"time": "clock", "sources": [{"watermark": "2024-03-01T02:00:00Z"}]}
        self.assertNotIn("event time", self.well(*add).out)
        until = [datetime.datetime.fromisoformat(a["until"].replace("Z", "+00:00")) for a in asked]
        self.assertEqual(until[0], datetime.datetime.fromisoformat(hour_ago.replace("Z", "+00:00")) + datetime.timedelta(hours=2))
        self.assertGreater(until[1], datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=110))

    def test_times_of_another_year_have_their_year(self):
        service = self.service(time="log").start()
        self.stands(service, report("a", "p", occurred_at="2024-03-01T10:00:00+08:00"))
        wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])
        self.assertRegex(self.well("alerts", "--url", service.url).out, r"^2024-03-01 10:00:00  ")
        service.ingest(report("b", "q"))
        wait_for("the second alert", lambda: any(a["key"] == ["q"] for a in service.json("/api/v1/alerts")["alerts"]))
        every = self.well("alerts", "--url", service.url, "--status", "open,resolved").out
        self.assertEqual(len(re.findall(r"(?m)^\d{4}-\d\d-\d\d \d\d:", every)), 2, every)
        self.assertRegex(self.well("alerts", "--url", service.url, "--limit", 1).out, r"^\d\d-\d\d \d\d:", "of this year")

    def test_a_list_of_what_is_not_there_says_so(self):
        config = CONFIG.replace("sources:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nsources:")
        service = self.service(config=config).start()
        listed = ("alerts", "--url", service.url)
        self.assertIn("no such rule is in force; did you mean seen?", self.ends(tocsin(*listed, "--rule", "sene"), 2).err)
        self.assertEqual(self.well(*listed, "--rule", "seen").out, "no open alert\n")
        self.assertEqual(self.well(*listed, "--status", "closed").out, "no such alert\n")
        self.assertEqual(self.well(*listed, LC_ALL="zh_CN.UTF-8").out, "没有未结的告警\n")
        self.assertEqual(self.well(*listed, "--area", "浒山街道").out, "no open alert\n")
        for option, word, meant in (("--status", "open,closd", "closed"), ("--severity", "orang", "orange")):
            told = self.ends(tocsin(*listed, option, word), 2).err
            self.assertIn(f'{option}: "{word.split(",")[-1]}" is none of ', told)
            self.assertIn(f"did you mean {meant}?", told)
            self.assertIn(f"是否想写 {meant}？", self.ends(tocsin(*listed, option, word, LC_ALL="zh_CN.UTF-8"), 2).err)
        self.assertIn("did you mean 330282004 浒山街道?", self.ends(tocsin(*listed, "--area", "浒山街到"), 2).err)
        self.assertIn("did you mean 330282004 浒山街道?", self.ends(tocsin(*listed, "--area", "浒山"), 2).err)
        self.assertIn("there is no area of this code", self.ends(tocsin(*listed, "--area", "330282999"), 2).err)
        self.assertEqual(self.well(*listed, "--area", "grid-17").out, "no open alert\n", "a grid may be called so")
        self.assertIn("错误：请求有误：", self.ends(tocsin(*listed, "--limit", 5000, LC_ALL="zh_CN.UTF-8"), 2).err)

    def test_an_area_may_be_named_by_its_name(self):
        config = CONFIG.replace("sources:", f"areas: [{ROOT}/rules/areas/cixi.csv]\nsources:")
        service = self.service(config=config).start()
        service.ingest(report("a", "bridge 7", area={"city": "330282", "town": "330282004"}))
        wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])
        listed = ("alerts", "--url", service.url)
        self.assertIn("bridge 7", self.well(*listed, "--area", "浒山街道").out)
        self.assertEqual(self.well(*listed, "--area", "宗汉街道").out, "no open alert\n")
        self.well("silence", "add", "--url", service.url, "--by", "x", "--reason", "y", "--for", "1h", "--area", "浒山街道")
        [told] = wait_for("the silence", lambda: service.json("/api/v1/silences")["silences"])
        self.assertEqual(told["area"], "330282004")

    def test_people_act_from_the_terminal(self):
        service = self.service().start()
        service.ingest(report("a", "bridge 7"))
        alert = wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])[0]["alert_id"]
        url, zh = ("--url", service.url), {"LC_ALL": "zh_CN.UTF-8"}

        def becomes(status):
            wait_for(status, lambda: service.json("/api/v1/alerts?status=" + status)["alerts"])

        self.assertEqual(self.well("ack", alert, *url, USER="wang").out, f"{alert} acknowledged\n")
        becomes("acknowledged")
        done = self.well("assign", alert, *url, "--by", "li", "--to", "drains", "--note", "pump first")
        self.assertEqual(done.out, f"{alert} assigned to drains\n")
        becomes("assigned")
        done = self.well("comment", alert, *url, "--by", "zhao", "--note", "call 13800138000", **zh)
        self.assertEqual(done.out, f"{alert} 已加备注\n")
        wait_for("the note", lambda: "zhao" in json.dumps(service.json(f"/api/v1/alerts/{alert}")))
        self.assertEqual(self.well("close", alert, *url, "--by", "li", "--outcome", "duplicate", "--format", "json").json()["accepted"], 1)
        becomes("closed")
        told = self.well("explain", alert, *url).out
        for part in ("by wang)", "by li → drains: pump first)", "by zhao: call ", "closed  ("):
            self.assertIn(part, told)
        self.assertNotIn("13800138000", told)
        self.assertIn("the alert is closed", self.ends(tocsin("ack", alert, *url, "--by", "li"), 2).err)
        self.assertIn("告警已关闭", self.ends(tocsin("ack", alert, *url, "--by", "li", **zh), 2).err)
        self.assertIn("there is no alert a/none", self.ends(tocsin("ack", "a/none", *url, "--by", "li"), 2).err)
        self.assertIn("没有这条告警：a-none", self.ends(tocsin("close", "a-none", *url, "--by", "li", "--outcome", "true", **zh), 2).err)
        self.assertIn("--outcome", self.ends(tocsin("close", alert, *url), 2).err)
        self.assertIn("--note", self.ends(tocsin("comment", alert, *url), 2).err)
        service.stop()
        self.ends(tocsin("ack", alert, *url, "--by", "li"), 3)
        self.ends(tocsin("reload", *url), 3)

    def test_reload_from_the_terminal(self):
        service = self.service().start()
        asked = ("reload", "--url", service.url)
        service.rules.write_text(RULES.replace("count() >= 1", "cuont() >= 1"))
        refused = self.ends(tocsin(*asked), 1)
        self.assertRegex(refused.err, rf"{re.escape(str(service.rules))}:9:\d+: error: .*`cuont`.*\n +9 \| +fire: cuont")
        self.assertIn("the 2 that ran before are still in force", refused.err)
        self.assertEqual(refused.out, "")
        self.assertIn("原有的 2 条仍然有效", self.ends(tocsin(*asked, LC_ALL="zh_CN.UTF-8"), 1).err)
        self.assertEqual(self.ends(tocsin(*asked, "--format", "json"), 1).json()["diagnostics"][0]["code"], "unknown-function")
        service.rules.write_text(RULES.replace("count() >= 1", "count() >= 2"))
        done = self.well(*asked)
        self.assertEqual(done.out, "reloaded; rules in force: 2\n")
        self.assertIn("warning: `seen` was edited and is version 1 as before", done.err)
        self.assertNotIn("`owed` was edited", done.err)

    def test_an_edit_that_counts_its_version_up_is_no_matter(self):
        service = self.service().start()
        for text, edited in ((RULES.replace("within: 2s", "within: 3s"), True),
                             (RULES.replace("within: 2s", "within: 4s\n    version: 2"), False),
                             (RULES.replace("within: 2s", "# a word\n    within: 4s\n\n    version: 2"), False)):
            service.rules.write_text(text)
            status, answer = service.post("/-/reload", b"")
            told = [d["message"]["en"] for d in answer["diagnostics"] if d["code"] == "same-version"]
            self.assertEqual((status, ["`owed` was edited" in t for t in told]), (200, [True] * edited), answer)

    def test_explain_reads_a_file_of_alerts(self):
        service = self.service(time="log").start()
        service.ingest(*[report(f"c{i}", "p", occurred_at=f"2026-03-01T10:1{i}:00+08:00") for i in range(3)])
        told = wait_for("the escalation", lambda: [a for a in service.json("/api/v1/alerts")["alerts"] if a["severity"] == "orange"])
        alert, file = told[0]["alert_id"], self.folder / "alerts.ndjson"
        self.assertEqual(service.stop(), 0)  # all that there is to tell is in the file
        service.start()
        asked = ("explain", alert, "--alerts", file, "--rules", service.rules)
        for language, evidence, history in (("C.UTF-8", "evidence (3 events)", "history\n"), ("zh_CN.UTF-8", "依据（3 条）", "经过\n")):
            ours = self.readable(self.well(*asked, LC_ALL=language, COLUMNS=80).out)
            theirs = self.well("explain", alert, "--url", service.url, LC_ALL=language, COLUMNS=80).out
            for part, text in (("before", lambda t: t.split(evidence)[0]), ("history", lambda t: t.split(history)[1])):
                self.assertEqual(text(ours), text(theirs), part)
            self.assertIn("grid  c2", ours)
        self.assertNotIn("fires ", self.well(*asked[:4]).out, "no rules were given")
        self.assertEqual(self.well(*asked, "--format", "json").json()["history"][0]["type"], "tocsin.alert.opened")
        self.assertIn("has no alert a-none", self.ends(tocsin("explain", "a-none", "--alerts", file), 2).err)
        self.assertIn("rules.yaml:2: this is no alert", self.ends(tocsin("explain", alert, "--alerts", service.rules), 2).err)
        self.assertIn("nowhere", self.ends(tocsin("explain", alert, "--alerts", self.folder / "nowhere"), 2).err)
        self.assertIn("--alerts", self.ends(tocsin("explain", alert, "--rules", service.rules), 2).err)

    def test_commands_help_in_the_terminals_language(self):
        zh = {"LC_ALL": "zh_CN.UTF-8"}
        for command in re.findall(r"^  (\w+) {2,}", self.well("--help", **zh).out.split("Subcommands:")[1], re.M):
            self.assertRegex(self.well(command, "--help", **zh).out, rf"^[^a-z]*[一-鿿].*\n用法: tocsin {command}")
        self.assertIn("是否想写 `replay`？", self.ends(tocsin("repaly", **zh), 2).err)

    def test_explain_names_areas(self):
        service = self.service().start()
        service.ingest(report("a", "bridge 7", area={"city": "330282", "town": "330282004"}))
        alert = wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])[0]["alert_id"]
        self.assertIn("area      浒山街道 330282004\n", self.well("explain", alert, "--url", service.url).out)

    def test_listings_fit_80_columns(self):
        service = self.service().start()
        service.ingest(report("a", "浒山街道担山路与三北大街交叉口东南角人行道旁第三个窨井盖北侧", text="路面积水约二十厘米，" * 9))
        alert = wait_for("the alert", lambda: service.json("/api/v1/alerts")["alerts"])[0]["alert_id"]
        for language in ("C.UTF-8", "zh_CN.UTF-8"):
            listed = self.readable(self.well("alerts", "--url", service.url, LC_ALL=language, COLUMNS=80).out)
            self.assertIn("交叉口", listed)
            told = self.readable(self.well("explain", alert, "--url", service.url, LC_ALL=language, COLUMNS=80).out)
            self.assertIn("积水", told.replace("\n      ", ""), "the event's own words")
        self.assertEqual(self.well("alerts", "--url", service.url, "--area", "330282101").out, "no open alert\n")

    def test_tokens(self):
        service = self.service(config=CONFIG.replace("port: {port}", TOKENS)).start()
        refused = self.ends(tocsin("alerts", "--url", service.url), 2)
        self.assertIn("TOCSIN_TOKEN", refused.err)
        self.ends(tocsin("tail", "--url", service.url), 2)
        self.assertIn("no open alert", self.well("alerts", "--url", service.url, "--token", TOKEN).out)
        self.assertIn("TOCSIN_TOKEN", self.ends(tocsin("simulate", "--post", service.url, "--events", 5, "--days", 1), 2).err)
        self.assertIn("ready", self.well("top", "--url", service.url, TOCSIN_TOKEN=TOKEN).out)
        self.assertIn("TOCSIN_TOKEN", self.ends(tocsin("scorecard", "--url", service.url), 2).err)
        for asked in (("--token", TOKEN), ("--places", "--token", TOKEN)):
            self.assertIn("nothing was counted yet", self.ends(tocsin("scorecard", "--url", service.url, *asked), 3).err)
        self.assertIn("nothing was counted yet", self.ends(tocsin("scorecard", "--url", service.url, TOCSIN_TOKEN=TOKEN), 3).err)
        self.well("silence", "add", "--url", service.url, "--reason", "x", "--for", "1h", "--by", "else", TOCSIN_TOKEN=TOKEN)
        wait_for("the silence, by the account", lambda: "指挥室: x" in self.well(
            "silence", "list", "--url", service.url, TOCSIN_TOKEN=TOKEN).out)

    def test_tls(self):
        if shutil.which("openssl") is None:
            self.fail("openssl is not there: deploy/install-dependencies --tests")
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days",
                        "2", "-subj", "/CN=tocsin", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        tls = TOKENS + f", tls: {{{{certificate: {certificate}, key: {key}}}}}"
        service = self.service(config=CONFIG.replace("port: {port}", tls)).start(ready=False)
        url = f"https://localhost:{service.port}"
        trusted = {"SSL_CERT_FILE": certificate, "TOCSIN_TOKEN": TOKEN}
        wait_for("the service", lambda: tocsin("alerts", "--url", url, **trusted).code == 0)
        self.assertIn("no open alert", self.well("alerts", "--url", url, **trusted).out)
        self.assertIn("ready", self.well("top", "--url", url, **trusted).out)
        stranger = self.ends(tocsin("alerts", "--url", url, TOCSIN_TOKEN=TOKEN), 3)
        self.assertIn("certificate verify failed", stranger.err)
        self.ends(tocsin("alerts", "--url", url.replace("localhost", "127.0.0.2"), **trusted), 3)
        self.assertRaises(OSError, service.get, "/-/healthy")  # plain HTTP is not spoken there
        asked = subprocess.run(["curl", "-sS", "--cacert", certificate, "-D", "-", "-H", "Content-Type: application/json", "-d",
                                json.dumps({"token": TOKEN}), url + "/api/v1/session"], capture_output=True, text=True, check=True)
        self.assertRegex(asked.stdout, r"(?i)set-cookie: tocsin_session=.*; Secure")
        old = subprocess.run(["curl", "-sS", "--cacert", certificate, "--tls-max", "1.1", url + "/-/healthy"],
                             capture_output=True, check=False)
        self.assertNotEqual(old.returncode, 0)
        self.assertEqual(service.stop(), 0)

    def test_a_wrong_certificate_is_told_at_the_start(self):
        tls = "port: {port}, tls: {{certificate: {folder}/none.pem, key: {folder}/none.pem}}"
        service = self.service(config=CONFIG.replace("port: {port}", tls)).start(ready=False)
        self.assertNotEqual(service.process.wait(20), 0)
        self.assertTrue(re.search(r"http.tls.certificate .*none.pem cannot be used", service.told()), service.told())


if __name__ == "__main__":
    unittest.main()
