"""A running service for tests: start, kill, HTTP, and a reader of its event stream."""
import datetime
import http.client
import json
import signal
import socket
import subprocess
import threading

from tocsin_testing import BINARY, ROOT, environment, wait_for

CONFIG = """state: {folder}/state
zone: Asia/Shanghai
time: {time}
rules: [{folder}/rules]
sources:
  - ingest: {{}}
alerts:
  - file: {folder}/alerts.ndjson
http: {{address: 127.0.0.1, port: {port}}}
limits: {{lateness: 1s, idle_after: 1s}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def now(seconds=0):
    """RFC 3339, so many seconds from now."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def report(id_, place, **more):
    """An event of a grid worker, of now."""
    return {"id": id_, "source": "grid", "kind": "report", "occurred_at": now(), "category": "city.facility", "place": place,
            **more}


def unexpected(answer):
    """What a reload's answer says, but for edits that kept the version: these tests edit rules as nobody should."""
    return [d for d in answer["diagnostics"] if d["code"] != "same-version"]


class Service:
    """`tocsin run` with an ingest source. The folder holds rules/, the config, the state, the alerts and the log."""

    def __init__(self, folder, rules, time="clock", port=None, config=CONFIG):
        self.folder, self.port = folder, port or free_port()
        (folder / "rules").mkdir(exist_ok=True)
        self.rules = folder / "rules" / "rules.yaml"
        self.rules.write_text(rules)
        self.config = folder / "tocsin.yaml"
        self.config.write_text(config.format(folder=folder, port=self.port, time=time))
        self.log = folder / "service.log"
        self.process = None

    def start(self, ready=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(BINARY), "run", "--config", str(self.config)], stdout=log, stderr=log,
                                            env=environment(), cwd=ROOT)
        if ready:
            wait_for("the service to be ready", self.ready, 30)
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended with {self.process.returncode}:\n{self.told()}")
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    def told(self):
        return self.log.read_text(errors="replace")[-3000:]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        """Asks it to stop; answers its exit status."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the service did not stop within 20 s:\n{self.told()}") from None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def json(self, path):
        status, body = self.get(path)
        assert status == 200, f"GET {path} answered {status}: {body}"
        return json.loads(body)

    def post(self, path, value, kind="application/json"):
        body = value if isinstance(value, (str, bytes)) else json.dumps(value)
        status, text = self.request("POST", path, body.encode() if isinstance(body, str) else body, {"Content-Type": kind})
        return status, json.loads(text) if text else None

    def ingest(self, *events):
        status, answer = self.post("/api/v1/events", "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events),
                                   "application/x-ndjson")
        assert status == 202, f"ingest answered {status}: {answer}"
        return answer

    def metrics(self):
        """{name with labels: value} of /metrics."""
        out = {}
        for line in self.get("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out


class Stream(threading.Thread):
    """Reads server-sent events until stop() or the service's end: .events are (id, CloudEvent) in order of arrival, .left
    what was told of alerts that left the reader's area."""

    def __init__(self, service, after=None, header=None, token=None):
        super().__init__(daemon=True)
        self.events, self.gaps, self.left = [], [], []
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        path = "/api/v1/stream" + ("" if after is None else f"?after={after}")
        headers = {} if header is None else {"Last-Event-ID": str(header)}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.socket = self.connection.sock
        assert self.answer.status == 200, f"the stream answered {self.answer.status}"
        self.start()

    def run(self):
        fields = {}
        try:
            while True:
                line = self.answer.readline()
                if not line:
                    return
                line = line.decode().rstrip("\r\n")
                if not line:
                    self.take(fields)
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
        except (OSError, ValueError, AttributeError):
            return

    def take(self, fields):
        if fields.get("event") == "gap":
            self.gaps.append(fields)
        elif fields.get("event") == "left":
            self.left.append(json.loads(fields["data"]))
        elif "data" in fields:
            self.events.append((int(fields["id"]), json.loads(fields["data"])))

    def stop(self):
        try:
            self.answer.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.join(10)
        self.connection.close()
