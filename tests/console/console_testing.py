"""What the console's tests share: a headless Chromium before a running service.

Playwright and the npm packages are put under build/console-tests, once for each list of versions. Where they or Chromium
cannot be had the tests are skipped with a line that says so; with CI=true that is a failure.
"""
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.append(str(ROOT / "tests" / "system"))

from tocsin_service import CONFIG, Service, now  # noqa: E402
from tocsin_testing import Case  # noqa: E402

SOURCES = ROOT / "connectors" / "http" / "console"
FOLDER = ROOT / "build" / "console-tests"
PYTHON = FOLDER / "python"
WAIT = 15_000  # ms; bounds of waiting, not times that pass


def missing(why):
    """Ends the test: skipped, or failed in CI."""
    if os.environ.get("CI") == "true":
        raise AssertionError(why)
    raise unittest.SkipTest(why)


def installed(name, stamp_of, command, cwd):
    """Runs a package client once for each content of its lists, also where several files of tests start together; answers why
    not, or nothing."""
    stamp = cwd / (name + "-" + hashlib.sha256(b"".join(p.read_bytes() for p in stamp_of)).hexdigest()[:16])
    with open(cwd / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists():
            return ""
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            return f"{command[0]} could not get the packages: {(done.stderr or done.stdout).strip().splitlines()[-1:]}"
        stamp.touch()
        return ""


@functools.cache
def packages():
    """node_modules with the console's packages and those of its tests."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node or npm is not here; deploy/install-dependencies --tests installs them"
    FOLDER.mkdir(parents=True, exist_ok=True)
    lists = [SOURCES / "package.json", SOURCES / "package-lock.json", SOURCES / ".npmrc"]
    for file in lists:
        shutil.copy(file, FOLDER / file.name)
    return installed("npm", lists, ["npm", "ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1"], FOLDER)


@functools.cache
def chromium():
    """Where Chromium is; Playwright is importable afterwards."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            break
    else:
        return None, "Chromium is not here; deploy/install-dependencies --tests installs it"
    FOLDER.mkdir(parents=True, exist_ok=True)
    why = installed("pip", [HERE / "requirements.txt"], [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(PYTHON),
                                                         "-r", str(HERE / "requirements.txt")], FOLDER)
    sys.path.insert(0, str(PYTHON))
    return found, why


def needs(why):
    if why:
        missing(why)


class BrowserCase(Case):
    """Tests before one browser; each has pages of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path, cls.why = chromium()
        cls.why = cls.why or packages()
        if cls.why:
            return  # each test says so: a class that is skipped whole counts as no test
        from playwright.sync_api import sync_playwright
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        needs(self.why)
        super().setUp()

    def service(self, rules, **options):
        self.services = getattr(self, "services", 0) + 1  # each in a folder of its own
        folder = self.folder / f"service-{self.services}"
        folder.mkdir()
        service = Service(folder, rules, **options)
        self.addCleanup(service.stop)
        return service

    def page(self, service, path="", size=(1280, 720), language="en-GB", theme="light", name="Li Wei", signed_in=None, **options):
        """A page of its own context. Errors on its console, other than refused connections, fail the test."""
        context = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=language, color_scheme=theme, **options)
        self.addCleanup(context.close)
        context.set_default_timeout(WAIT)
        if name:
            context.add_init_script(f"if (!localStorage.getItem('tocsin.name')) localStorage.setItem('tocsin.name', JSON.stringify({name!r}))")
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda m: page.faults.append(m.text) if m.type == "error" and "Failed to load resource" not in m.text else None)
        if signed_in:
            context.request.post(f"{service.url}/api/v1/session", data={"token": signed_in}, headers={"Origin": service.url})
        page.goto(f"{service.url}/#/{path}")
        self.addCleanup(lambda: self.assertEqual(page.faults, [], "the page's console has errors"))
        return page

    def live(self, page):
        page.locator(".line-state.live").wait_for()
        return page


def tokens(**people):
    """The config with tokens: name=(role, area); each one's token is 'NAME token'."""
    lines = "".join(f"\n    - {{{{name: {name}, sha256: {hashlib.sha256(f'{name} token'.encode()).hexdigest()}, role: {role}"
                    + (f', area: "{area}"' if area else "") + "}}" for name, (role, area) in people.items())
    return CONFIG.replace("{{address: 127.0.0.1, port: {port}}}", "\n  address: 127.0.0.1\n  port: {port}\n  tokens:" + lines)


__all__ = ["BrowserCase", "CONFIG", "FOLDER", "ROOT", "SOURCES", "chromium", "needs", "now", "packages", "tokens"]
