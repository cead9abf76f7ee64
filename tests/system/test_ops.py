"""What operators watch: the metrics of a running service against their table, the rules and dashboards of deploy/ against a real
Prometheus that scrapes it, the systemd unit, and what doctor says of all that."""
import importlib.util
import json
import math
import re
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from tocsin_receiver import Receiver
from tocsin_service import Service, free_port
from tocsin_testing import PACKS, ROOT, Case, need, simulate, tocsin, wait_for

RULES = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
TABLE = ROOT / "deploy" / "metrics.md"
CONFIG = """state: {folder}/state
zone: Asia/Shanghai
time: {time}
rules: [%s]
calendar: cn
sources:
  - ingest: {{}}
alerts:
  - file: {folder}/alerts.ndjson
  - webhook: {{name: desk, url: "{hook}"}}
http: {{address: 127.0.0.1, port: {port}}}
""" % PACKS
PROMETHEUS = """global: {{scrape_interval: 1s, evaluation_interval: 1s, scrape_timeout: 1s}}
rule_files: [{rules}/recording.yaml, {rules}/alerts.yaml]
scrape_configs:
  - job_name: tocsin
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
CHUNK = 300
# In this setup nothing of these can be there: no Kafka, and so no tables of topics (tests/system/test_kafka_tables.py).
ABSENT_HERE = {"tocsin_kafka_up", "tocsin_table_rows", "tocsin_table_rejected_total"}


def dashboards():
    spec = importlib.util.spec_from_file_location("dashboards", GRAFANA / "dashboards.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented():
    """{metric: (type, [labels])} of deploy/metrics.md."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| \w* \| ([^|]*) \|", TABLE.read_text(), re.M)
    return {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}


def scraped(text):
    """{metric: (type, {labels of each sample})} of an exposition; le is no label, and parts of a histogram are one."""
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    out = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in kinds else name
        names = [n for n in re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', labels) if n != "le"]
        out.setdefault(base, (kinds.get(base), set()))[1].add(tuple(names))
    return out


class Prometheus:
    """Debian's Prometheus on loopback, scraping one service every second under the rules of deploy/."""

    def __init__(self, folder, service_port):
        self.port = free_port()
        self.log = folder / "prometheus.log"
        config = folder / "prometheus.yaml"
        config.write_text(PROMETHEUS.format(rules=RULES, port=service_port))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [need("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], stdout=log, stderr=log, cwd=folder)

    def ask(self, path, **parameters):
        """The answer's data; an error of Prometheus is an AssertionError with its words."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it has not opened its store yet
                raise
            raise AssertionError(f"{parameters.get('query', path)}: {json.load(error).get('error')}") from None

    def values(self, query):
        """The values of an instant query, those that are a number."""
        data = self.ask("query", query=query)
        samples = [data["result"]] if data["resultType"] == "scalar" else [s["value"] for s in data["result"]]
        return [v for v in (float(value) for _, value in samples) if not math.isnan(v)]

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"prometheus ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
        try:
            return self.values("up") == [1.0]
        except OSError:
            return False

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class OnPaper(Case):
    """What needs no running service."""

    def test_the_table_of_metrics_is_the_programs(self):
        self.assertEqual(TABLE.read_text(), self.well("schema", "metrics").out,
                         "deploy/metrics.md is old; write it again: build/release/tocsin schema metrics > deploy/metrics.md")

    def test_the_dashboards_are_what_their_program_writes(self):
        done = subprocess.run([GRAFANA / "dashboards.py", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_dashboards_are_whole(self):
        module = dashboards()
        for dashboard in module.DASHBOARDS:
            page = json.loads(module.text(dashboard))
            ids = [p["id"] for p in page["panels"]]
            self.assertEqual(len(ids), len(set(ids)), f"{dashboard.uid}: two panels of one id")
            taken = set()
            for panel in page["panels"]:
                at = panel["gridPos"]
                cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
                self.assertFalse(cells & taken, f"{dashboard.uid}: {panel['title']} lies over another panel")
                taken |= cells
                self.assertRegex(panel["title"] + panel.get("type"), r"[\u4e00-\u9fff]|Kafka", "a title without Chinese")

    def test_dashboards_and_rules_name_only_metrics_that_exist(self):
        known = set(documented())
        texts = [(name, query.expr) for name, query in dashboards().queries()]
        texts += [(p.name, p.read_text()) for p in RULES.glob("*.yaml")]
        recorded = set(re.findall(r"record: (\S+)", (RULES / "recording.yaml").read_text()))
        seen = 0
        for where, text in texts:
            for name in re.findall(r"(?<![\w:])tocsin_\w+", text):
                seen += 1
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name), known, f"{where} names a metric that is none")
            for name in re.findall(r"\b\w+:tocsin_\w+:\w+", text):
                self.assertIn(name, recorded, f"{where} names a recorded figure that is none")
        self.assertGreater(seen, 100)

    def test_prometheus_reads_rules_and_config(self):
        promtool = need("promtool")
        for arguments in (["check", "rules", "recording.yaml", "alerts.yaml"], ["check", "config", "prometheus.yaml"],
                          ["test", "rules", "tests.yaml"]):
            done = subprocess.run([promtool, *arguments], cwd=RULES, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, f"promtool {' '.join(arguments)}\n{done.stdout}{done.stderr}")

    def test_every_alert_is_tested_and_says_what_to_do(self):
        alerts = re.split(r"^      - alert: ", (RULES / "alerts.yaml").read_text(), flags=re.M)[1:]
        tests = (RULES / "tests.yaml").read_text()
        self.assertGreater(len(alerts), 20)
        for alert in alerts:
            name = alert.split("\n", 1)[0]
            self.assertIn(f'alertname="{name}"', tests, f"no test makes {name} ring")
            self.assertRegex(alert, r"severity: (critical|warning)", name)
            for key in ("summary", "action"):
                self.assertRegex(alert, rf'\n          {key}: "[^"]', name)
                self.assertRegex(alert, rf'\n          {key}_zh: "[^\n]*[\u4e00-\u9fff]', name)

    def test_the_unit_is_one_that_systemd_takes(self):
        analyze = need("systemd-analyze")
        unit = (ROOT / "deploy" / "tocsin.service").read_text()
        for setting in ("Restart=on-failure", "StateDirectory=tocsin", "NoNewPrivileges=yes", "ProtectSystem=strict"):
            self.assertIn(setting, unit)
        # The program and its user are not installed here; all else must be as systemd wants it.
        copy = self.write("tocsin.service", unit.replace("/usr/local/bin/tocsin", "/bin/true").replace("=tocsin\n", "=root\n", 2))
        done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
        faults = [line for line in done.stderr.splitlines() if str(copy.name) in line]
        self.assertFalse(faults, done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([analyze, "security", "--offline=yes", "--threshold=25", copy], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"the unit has more rights than it needs:\n{done.stdout[-4000:]}{done.stderr}")


class Doctor(Case):
    def doctor(self, code=0, hook=None, http="http: {address: 127.0.0.1, port: 0}"):
        """Its lines about this config, beside a receiver that is there unless `hook` names another."""
        receiver = Receiver()
        self.addCleanup(receiver.close)
        config = re.sub(r"http: .*", http.replace("{", "{{").replace("}", "}}"), CONFIG)
        config = config.format(folder=self.folder, time="clock", hook=hook or receiver.url)
        return self.ends(tocsin("doctor", "--config", self.write("tocsin.yaml", config)), code).out

    def test_it_says_where_prometheus_finds_the_metrics_and_who_is_there(self):
        out = self.doctor(http="http: {address: 127.0.0.1, port: 19999}")
        self.assertIn("ok    metrics: Prometheus scrapes http://127.0.0.1:19999/metrics, from this machine alone; its rules: ", out)
        self.assertRegex(out, r"(ok|warn)  +open files: \d+ may be open at once")
        self.assertRegex(out, r"ok    disk: \d+ GiB free for ")
        self.assertIn("ok    webhook desk: is there\n", out)

    def test_it_warns_where_there_are_no_metrics(self):
        self.assertIn("warn  metrics: http is off", self.doctor(http="http: false"))

    def test_it_finds_a_receiver_that_is_not_there(self):
        self.assertRegex(self.doctor(1, hook=f"http://127.0.0.1:{free_port()}/"), r"FAIL  webhook desk: \w+")

    def test_it_finds_an_account_of_an_area_that_is_not_there(self):
        config = self.write("tocsin.yaml", f"""state: {self.folder}/state
rules: [{PACKS}]
areas: [{ROOT}/rules/areas/cixi.csv]
sources: [{{ingest: {{}}}}]
http: {{port: 0, tokens: [{{name: 浒山街道指挥室, sha256: {"0" * 64}, role: officer, area: "330282999"}}]}}
""")
        done = self.ends(tocsin("doctor", "--config", config), 1)
        self.assertRegex(done.out, r"(?m)^FAIL  account: .*no area `330282999`.*did you mean 330282004 浒山街道\?")
        done = self.ends(tocsin("doctor", "--config", config, LC_ALL="zh_CN.UTF-8"), 1)
        self.assertRegex(done.out, r"(?m)^失败  账号：.*`330282999`")

    def test_it_speaks_chinese_and_its_json_stays_as_it_is(self):
        config = self.write("tocsin.yaml", f"state: {self.folder}/state\nrules: [{PACKS}]\nsources: [{{ingest: {{}}}}]\nhttp: {{port: 0}}\n")
        done = self.ends(tocsin("doctor", "--config", config, LC_ALL="zh_CN.UTF-8", TOCSIN_PRIVACY_KEY=None), 1)
        self.assertRegex(done.out, r"(?m)^失败  隐私密钥：请把 TOCSIN_PRIVACY_KEY 设为至少 16 字节")
        for name in ("磁盘", "写权限", "时钟", "端口", "规则"):
            self.assertRegex(done.out, rf"(?m)^正常  {name}：")
        told = tocsin("doctor", "--config", config, "--format", "json", LC_ALL="zh_CN.UTF-8").json()
        self.assertTrue({"disk", "rights", "clock", "port", "privacy key", "rules"} <= {f["check"] for f in told}, told)
        self.assertIn("GiB free for ", next(f["text"] for f in told if f["check"] == "disk"))


class Running(Case):
    """A service that is given the storm, and what Prometheus makes of it."""

    def start(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        service = Service(self.folder, "rules: []\n", time="log", config=CONFIG.replace("{hook}", receiver.url))
        self.addCleanup(service.stop)
        return service.start()

    def storm(self):
        """The storm's lines by portions, a broken one in each."""
        lines = simulate(self.folder / "storm.ndjson", "--profile", "cixi-storm").read_bytes().splitlines(True)
        self.assertGreater(len(lines), 5000)
        return [b"".join(lines[i:i + CHUNK]) + b'{"id": "broken", "source": "grid"}\n' for i in range(0, len(lines), CHUNK)]

    @staticmethod
    def feed(service, portion):
        status, answer = service.post("/api/v1/events", portion, "application/x-ndjson")
        assert status == 202, f"ingest answered {status}: {answer}"

    @staticmethod
    def read(service):
        return sum(v for k, v in service.metrics().items() if k.startswith("tocsin_events_read_total"))

    def test_every_metric_of_the_table_is_there_with_its_labels(self):
        service = self.start()
        portions = self.storm()
        for portion in portions:
            self.feed(service, portion)
        posted = sum(portion.count(b"\n") for portion in portions)
        wait_for("the storm to be taken in", lambda: self.read(service) == posted)
        wait_for("the slow figures", lambda: service.metrics().get("tocsin_state_bytes", 0) > 0)
        wanted = documented()
        self.assertGreater(len(wanted), 40)
        found = scraped(service.get("/metrics")[1])
        self.assertEqual(set(found), set(wanted) - ABSENT_HERE)
        for name, (kind, labels) in found.items():
            self.assertEqual(kind, wanted[name][0], name)
            self.assertEqual(labels, {tuple(wanted[name][1])}, name)
        self.figures_of_alerts_are_right(service)

    def figures_of_alerts_are_right(self, service):
        shadow = {rule["id"] for rule in service.json("/api/v1/rules")["rules"] if rule["mode"] == "shadow"}

        def total(metric, labels=""):
            """Of the rules that are not in shadow."""
            return sum(v for k, v in service.metrics().items() if k.startswith(metric + "{") and labels in k and
                       not any(f'rule="{rule}"' in k for rule in shadow))

        told = (self.folder / "alerts.ndjson").read_bytes().splitlines()
        opened = len({json.loads(line)["subject"] for line in told})
        self.assertGreater(opened, 10)
        self.assertEqual(total("tocsin_alert_transitions_total", 'type="opened"'), opened)
        self.assertEqual(total("tocsin_alert_transitions_total"), len(told))
        waiting = total("tocsin_alerts_unacknowledged")
        listed = service.json("/api/v1/alerts?status=open&limit=1000")["alerts"]
        self.assertEqual((waiting, total("tocsin_alerts_open")), (len(listed), len(listed)))
        self.assertGreater(len(listed), 1)
        wait_for("the ages of what is open", lambda: total("tocsin_alerts_open_by_age") == len(listed))
        self.assertEqual(service.post(f"/api/v1/alerts/{listed[0]['alert_id']}/acknowledge", {"by": "duty-3"})[0], 202)
        wait_for("one alert fewer to wait", lambda: total("tocsin_alerts_unacknowledged") == waiting - 1)
        self.assertEqual(total("tocsin_alerts_open"), len(listed))

    def test_prometheus_answers_every_query_of_rules_and_dashboards(self):
        service = self.start()
        prometheus = Prometheus(self.folder, service.port)
        self.addCleanup(prometheus.stop)
        wait_for("prometheus to scrape the service", prometheus.ready, 40)
        pending = self.queries()
        self.assertGreater(len(pending), 80)
        posted = 0
        for portion in self.storm():
            self.feed(service, portion)
            posted += portion.count(b"\n")
            wait_for("prometheus to see what was posted",
                     lambda: prometheus.values("sum(tocsin_events_read_total)") == [float(posted)], 30)
            # An error in any query fails here; one that has data is done.
            pending = [(where, expr, quiet) for where, expr, quiet in pending if not prometheus.values(expr)]
            if all(quiet for _, _, quiet in pending):
                break
        empty = [f"{where}: {expr}" for where, expr, quiet in pending if not quiet]
        self.assertFalse(empty, "queries without data:\n  " + "\n  ".join(empty))
        self.rules_are_evaluated(prometheus)
        self.metrics_of_alerts_are_there(prometheus)
        service.kill()
        wait_for("prometheus to notice that the service is down",
                 lambda: any(a["labels"]["alertname"] == "TocsinDown" for a in prometheus.ask("alerts")["alerts"]), 30)

    @staticmethod
    def queries():
        """(where, expression, why it may be empty) of all panels and recorded figures; alerts mostly ask for what is not."""
        variables = {"$__rate_interval": "20s", "$__range": "5m", "$instance": ".+"}
        out = []
        for where, query in dashboards().queries():
            expr = query.expr
            for name, value in variables.items():
                expr = expr.replace(name, value)
            assert "$" not in expr, f"{where}: a variable that the test does not know: {expr}"
            out.append((where, expr, query.quiet))
        for record in re.findall(r"record: (\S+)", (RULES / "recording.yaml").read_text()):
            out.append((f"recording {record}", record, ""))
        return out

    def rules_are_evaluated(self, prometheus):
        rules = wait_for("every rule to be evaluated", lambda: [
            r for r in prometheus.rules() if all(x["health"] != "unknown" for x in prometheus.rules())], 30)
        self.assertGreater(len(rules), 35)
        for rule in rules:
            self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])
            prometheus.values(rule["query"])
            for alert in rule.get("alerts", []):
                self.assertNotIn("error expanding template", json.dumps(alert), rule["name"])

    def metrics_of_alerts_are_there(self, prometheus):
        """An alert on a metric that nobody exposes can never ring."""
        for rule in prometheus.rules():
            if rule["type"] != "alerting":
                continue
            for name in set(re.findall(r"(?:\w+:)?tocsin_\w+(?::\w+)?", rule["query"])) - ABSENT_HERE:
                self.assertTrue(prometheus.values(f"count({{__name__=\"{name}\"}})"), f"{rule['name']}: nothing of {name}")


if __name__ == "__main__":
    unittest.main()
