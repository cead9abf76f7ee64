"""What the tests of the whole program share: where things lie, running it, reading what it writes.

The program is $TOCSIN_BIN, or build/release/tocsin. The real data is $TOCSIN_DATA, or ../shared/data; tests on it are
skipped with a plain line when it is not there.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("TOCSIN_BIN", ROOT / "build" / "release" / "tocsin")).resolve()
DATA = pathlib.Path(os.environ.get("TOCSIN_DATA", ROOT.parent / "shared" / "data"))
PRIVACY_KEY = "a key for tests, 32 bytes and more"
PACKS = ROOT / "rules" / "packs"
LONG = os.environ.get("TOCSIN_LONG") == "1"


def environment(**more):
    """A clean environment: nothing of the caller's language, colour or keys."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOCSIN_", "LC_", "LANG", "NO_COLOR"))}
    kept.update(TOCSIN_HOME=str(ROOT), TOCSIN_PRIVACY_KEY=PRIVACY_KEY, LC_ALL="C.UTF-8")
    kept.update({k: str(v) for k, v in more.items() if v is not None})
    return {k: v for k, v in kept.items() if more.get(k, "") is not None}


class Outcome:
    """How one run of the program ended."""

    def __init__(self, arguments, done):
        self.arguments = arguments
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    def __str__(self):
        return (f"tocsin {' '.join(map(str, self.arguments))}\n  exit {self.code}\n  standard output: {self.out[-3000:]}"
                f"\n  standard error: {self.err[-3000:]}")

    def json(self):
        return json.loads(self.out)


def tocsin(*arguments, stdin=None, timeout=120, cwd=None, **env):
    """Runs the program to its end. `stdin`: bytes, or text."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run([str(BINARY), *map(str, arguments)], input=stdin if stdin is not None else b"",
                          capture_output=True, timeout=timeout, env=environment(**env), cwd=cwd or ROOT, check=False)
    return Outcome(arguments, done)


class Case(unittest.TestCase):
    """A test with a folder of its own and readable failures."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        if not BINARY.exists():
            raise AssertionError(f"{BINARY} is not there; build it first: cmake --preset release && "
                                 "cmake --build --preset release")

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def ends(self, outcome, code):
        self.assertEqual(outcome.code, code, f"wrong exit status of\n{outcome}")
        return outcome

    def well(self, *arguments, **options):
        return self.ends(tocsin(*arguments, **options), 0)

    def replay(self, rules, inputs, alerts="alerts.ndjson", code=0, more=(), **options):
        """Replays; answers (summary, bytes of the alerts)."""
        out = self.folder / alerts
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        done = self.ends(tocsin("replay", "--rules", rules, "--input", *inputs, "--alerts", out, "--format", "json", *more,
                                **options), code)
        return done.json(), out.read_bytes()

    def same_lines(self, got, want, what):
        """Bytes of two files of lines are equal; else names the first line that differs."""
        if got == want:
            return
        a, b = got.split(b"\n"), want.split(b"\n")
        for i in range(max(len(a), len(b))):
            left = a[i] if i < len(a) else None
            right = b[i] if i < len(b) else None
            if left != right:
                self.fail(f"{what}: {len(a) - 1} lines, wanted {len(b) - 1}; line {i + 1} is\n  {short(left)}\nwanted\n"
                          f"  {short(right)}")


def short(line):
    return "(no line)" if line is None else line.decode("utf-8", "replace")[:900]


def need_data(name):
    path = DATA / name
    if not path.exists():
        raise unittest.SkipTest(f"{path} is not here; set TOCSIN_DATA to the folder of the real data")
    return path


def lines(data):
    """JSON objects of NDJSON bytes."""
    return [json.loads(line) for line in data.splitlines() if line.strip()]


def latest(data):
    """Of each alert its last transition: {alert id: CloudEvent}, in order of opening."""
    out = {}
    for event in lines(data):
        out[event["subject"]] = event
    return out


def simulate(path, *more):
    """Writes a simulated feed to `path`."""
    with open(path, "wb") as out:
        subprocess.run([str(BINARY), "simulate", *map(str, more)], stdout=out, check=True, timeout=120, env=environment(),
                       cwd=ROOT)
    return path


def split(feed, folder, parts):
    """Deals a feed's lines out to files by the records' ids, a line at a time: what is of one event stays in one file, as a
    topic's key keeps it in one partition."""
    paths = [folder / f"part{i}.ndjson" for i in range(parts)]
    outs = [open(path, "wb") for path in paths]
    with open(feed, "rb") as lines_:
        for line in lines_:
            outs[sum(json.loads(line)["id"].encode()) % parts].write(line)
    for out in outs:
        out.close()
    return paths


def need(program):
    """The path of a program of Debian's; a test without it is skipped, and with CI=true fails."""
    path = shutil.which(program)
    if path is None:
        why = f"{program} is not installed; deploy/install-dependencies --tests brings it"
        if os.environ.get("CI") == "true":
            raise AssertionError(why)
        raise unittest.SkipTest(why)
    return path


def wait_for(what, condition, seconds=20, every=0.02):
    """Polls `condition` until it answers something true, and answers that; else fails and says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)
