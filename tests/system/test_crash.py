"""kill -9 at random moments and start again: the alerts are those of a run that nobody disturbed, each once, in order.

Forty kills; two hundred under `tests/run --long` (tests/long/test_crash_long.py). TOCSIN_SEED repeats a run's choices, though
not the moments at which the machine carries them out.
"""
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from sensitive_rules import SENSITIVE
from tocsin_testing import BINARY, ROOT, Case, environment, lines, simulate, split

COUNTED = ["events_read", "accepted", "rejected", "duplicate", "late", "alerts_opened", "alerts_resolved", "transitions",
           "state_keys"]


class Crash(Case):
    kills = 40
    together = 25  # kills that one state lives through, before it may go on to the end
    least = 1000  # transitions that the feed must ring, or this test shows nothing

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("TOCSIN_SEED", time.time_ns() % 1_000_000))
        self.random = random.Random(self.seed)
        self.prepare()

    def prepare(self):
        self.feed = simulate(self.folder / "feed.ndjson", "--days", 40, "--events", 8000, "--seed", 9, "--start",
                             "2025-06-10T00:00:00+08:00")
        self.rules = self.write("sensitive.yaml", SENSITIVE)

    def delay(self):
        """Seconds that a life is given: 10 to 410 ms, early moments more often."""
        return self.random.uniform(0, 0.4) ** 2 * 2.5 + 0.01

    def start(self, inputs, state, out):
        """One life: shards, batch and checkpoints by chance."""
        shards, batch = self.random.choice((1, 2, 3, 8)), self.random.choice((20, 100, 500, 8192))
        arguments = ["replay", "--rules", self.rules, "--input", *inputs, "--state", state, "--alerts", out, "--shards", shards,
                     "--batch", batch, "--checkpoint-mib", 1, "--format", "json"]
        if self.random.random() < 0.5:
            arguments.append("--no-sync")
        self.history.append(f"--shards {shards} --batch {batch}")
        return subprocess.Popen([str(BINARY), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=environment(), cwd=ROOT)

    def lives(self, inputs, state, out, kills):
        """Starts and kills until the input is done; answers (its summary, kills used)."""
        self.history = []
        used = 0
        while True:
            process = self.start(inputs, state, out)
            delay = self.delay()
            try:
                stdout, stderr = process.communicate(timeout=delay if used < kills else 600)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                used += 1
                self.history.append(f"killed after {delay * 1000:.0f} ms")
                continue
            self.assertEqual(process.returncode, 0, f"seed {self.seed}, after {used} kills: it ended with "
                             f"{process.returncode}\n{stderr.decode()[-2000:]}\n" + "\n".join(self.history[-12:]))
            return json.loads(stdout), used

    def crash(self, inputs, kills):
        want_summary, want = self.replay(self.rules, inputs, "undisturbed.ndjson")
        ids = [e["id"] for e in lines(want)]
        self.assertEqual(len(ids), len(set(ids)), "ids of CloudEvents are not unique")
        self.assertGreater(len(ids), self.least)
        done = 0
        for run in range(200):
            if done >= kills:
                break
            state, out = self.folder / f"state{run}", self.folder / f"alerts{run}.ndjson"
            summary, used = self.lives(inputs, state, out, min(kills - done, self.together))
            done += max(used, 1)
            told = f"seed {self.seed}, run {run}, {used} kills:\n" + "\n".join(self.history[-30:]) + "\n"
            self.same_lines(out.read_bytes(), want, told)
            self.assertEqual({k: summary[k] for k in COUNTED}, {k: want_summary[k] for k in COUNTED}, told)
        print(f"seed {self.seed}: {done} kills", flush=True)

    def test_a_plain_file(self):
        self.crash([self.feed], self.kills // 2)

    def test_a_gzipped_file(self):
        packed = self.folder / "feed.ndjson.gz"
        with open(self.feed, "rb") as plain, gzip.open(packed, "wb", compresslevel=1) as out:
            shutil.copyfileobj(plain, out)
        self.crash([packed], self.kills // 4)

    def test_several_files(self):
        self.crash(split(self.feed, self.folder, 3), self.kills // 4)


if __name__ == "__main__":
    unittest.main()
