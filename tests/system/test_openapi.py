"""The OpenAPI document against the running server, by schemathesis: what is documented is answered so, what is not is refused
with a problem, and nothing that it thinks of does harm.

schemathesis is installed below build/ from tests/schemathesis/requirements.txt. Where the package index cannot be reached the
test is skipped; with CI=true that is a failure."""
import hashlib
import json
import os
import subprocess
import sys
import time
import unittest

from test_service import RULES, ServiceCase, report
from tocsin_service import CONFIG
from tocsin_testing import ROOT, wait_for

REQUIREMENTS = ROOT / "tests" / "schemathesis" / "requirements.txt"
VENV = ROOT / "build" / "schemathesis"
TOKEN = "a token for tests"
TOKENS = "port: {port}, tokens: [{{name: tests, sha256: " + hashlib.sha256(TOKEN.encode()).hexdigest() + ", role: admin}}]"
# A query that is well-formed may still ask for what cannot be (a cursor that was not given out), so that positive data is not
# always accepted.
LEFT_OUT = "positive_data_acceptance"


def installed():
    """The program, or the reason why it is not there."""
    program, stamp = VENV / "bin" / "schemathesis", VENV / "requirements.txt"
    if program.exists() and stamp.exists() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return program, None
    for command in ([sys.executable, "-m", "venv", "--clear", str(VENV)],
                    [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            return None, f"schemathesis cannot be installed ({' '.join(command[1:4])}): {(done.stdout + done.stderr)[-400:]}"
    stamp.write_bytes(REQUIREMENTS.read_bytes())
    return program, None


class OpenApi(ServiceCase):
    def setUp(self):
        super().setUp()
        self.program, missing = installed()
        if missing and os.environ.get("CI") == "true":
            self.fail(missing)
        if missing:
            self.skipTest(missing)
        config = CONFIG.replace("port: {port}", TOKENS)
        self.running = self.service(RULES, config=config).start()

    def ask(self, path, body=None):
        status, text = self.running.request("GET" if body is None else "POST", path, body and json.dumps(body),
                                            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        self.assertLess(status, 300, text)
        return json.loads(text)

    def test_the_document_and_the_server_agree(self):
        self.ask("/api/v1/events", [report(str(i), f"place {i}") for i in range(5)])
        alerts = wait_for("alerts", lambda: self.ask("/api/v1/alerts")["alerts"])
        silence = self.ask("/api/v1/silences", {"reason": "x", "until": int(time.time() * 1000) + 86_400_000, "rules": ["owed"]})["silence"]
        wait_for("the silence", lambda: self.ask("/api/v1/silences")["silences"])
        ids = [("/api/v1/alerts/{id}", alerts[0]["alert_id"]), ("/api/v1/rules/{id}", "seen"),
               ("/api/v1/silences/{id}", silence)]
        self.write("schemathesis.toml", "".join(
            f"[[operations]]\ninclude-path-regex = '^{path.replace('{', '[{]').replace('}', '[}]')}'\n"
            f"parameters = {{ 'path.id' = '{value}' }}\n" for path, value in ids))
        done = subprocess.run(
            [str(self.program), "--config-file", str(self.folder / "schemathesis.toml"), "run",
             self.running.url + "/openapi.json", "--url", self.running.url, "--header", f"Authorization: Bearer {TOKEN}",
             "--exclude-operation-id", "streamAlerts", "--exclude-operation-id", "webSocket",  # they do not end
             "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "20260601",
             "--exclude-checks", LEFT_OUT, "--request-timeout", "20", "--no-color"],
            capture_output=True, text=True, timeout=400, check=False, cwd=self.folder)
        print(done.stdout[-700:])
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        self.assertIn("Selected:", done.stdout)
        self.assertEqual(self.running.request("GET", "/-/ready")[0], 200)
        self.assertTrue(self.ask("/api/v1/alerts")["alerts"], "what was there is still there")


if __name__ == "__main__":
    unittest.main()
