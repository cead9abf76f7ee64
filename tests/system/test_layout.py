"""House rules that a machine can check: who may include whom, where a README stands, how long a file may be."""
import hashlib
import pathlib
import re
import subprocess
import unittest

from tocsin_testing import DATA, ROOT

FLOORS = ["base", "time", "event", "expr", "state", "detect", "rule", "alert", "score", "runtime"]
# What a part of connectors/ may include of other parts; cli puts all of them together.
PARTS = {"feed": set(), "file": set(), "kafka": set(), "metrics": set(), "simulate": set(), "backtest": set(), "delivery": set(),
         "webhook": {"delivery"}, "alertmanager": {"delivery"}, "http": {"metrics"}}
TOP_FOLDERS = {"engine", "rules", "connectors", "deploy", "benchmarks", "tests"}
READMES = sorted(TOP_FOLDERS) + ["engine/state", "rules/profiles"]
SOURCES = {".cc", ".h", ".py", ".js", ".css", ".cmake", ".sh"}
LONGEST_FILE = 600
# Hosts of package registries; written as patterns so that this file does not name them.
REGISTRIES = re.compile(r"(repo1?\.maven\.|pypi\.org|pythonhosted\.org|npmjs\.|npmmirror\.|crates\.io|golang\.org/|rubygems\.org|"
                        r"deb\.debian\.org|archive\.ubuntu\.com|docker\.io|ghcr\.io|quay\.io|mirrors\.[a-z]+\.)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.M)


def tracked():
    """Paths of the repository's files, or all files outside build/ where there is no git."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [n for n in done.stdout.decode().split("\0") if n] if done.returncode == 0 else [
        str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and p.relative_to(ROOT).parts[0] not in ("build", ".git")]
    return [pathlib.PurePosixPath(n) for n in names if (ROOT / n).is_file()]


def text(path):
    return (ROOT / path).read_bytes().decode("utf-8", "replace")


class Layout(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.files = tracked()
        cls.code = [p for p in cls.files if p.suffix in (".cc", ".h")]

    def none_of(self, faults, rule):
        self.assertFalse(faults, f"{rule}:\n  " + "\n  ".join(faults))

    def test_engine_floors_include_downward_only(self):
        faults, seen = [], 0
        for path in self.code:
            if path.parts[0] != "engine" or len(path.parts) < 3:
                continue
            here = path.parts[1]
            self.assertIn(here, FLOORS, f"{path} stands on a floor that the list does not know")
            for include in INCLUDE.findall(text(path)):
                seen += 1
                there = include.split("/")[0]
                if there in FLOORS and FLOORS.index(there) > FLOORS.index(here):
                    faults.append(f"{path} includes {include}, which is above")
                elif there not in FLOORS and "/" in include:
                    faults.append(f"{path} includes {include}, which is not of the engine")
        self.assertGreater(seen, 100, "the includes were not read")
        self.none_of(faults, "a floor of the engine sees only those below it")

    def test_connectors_stand_on_the_engine_and_not_on_each_other(self):
        faults = []
        for path in self.code:
            if path.parts[0] != "connectors" or path.parts[1] == "cli":
                continue
            here = path.parts[1]
            self.assertIn(here, PARTS, f"{path} is of a part that the list does not know")
            for include in INCLUDE.findall(text(path)):
                parts = include.split("/")
                if parts[0] == "connectors" and parts[1] != here and parts[1] not in PARTS[here]:
                    faults.append(f"{path} includes {include}")
        self.none_of(faults, "parts of connectors/ are put together in cli only")

    def test_the_engine_reads_no_clock_environment_or_network(self):
        faults = []
        banned = re.compile(r"system_clock::now|steady_clock::now|\bgetenv\(|\bgettimeofday\(|\bclock_gettime\(|"
                            r"<sys/socket\.h>|\btime\(nullptr\)|random_device")
        for path in self.code:
            if path.parts[0] == "engine":
                faults += [f"{path}: {m.group(0)}" for m in banned.finditer(text(path))]
        self.none_of(faults, "the engine decides by what it is handed")

    def test_the_top_folders_are_those_of_the_architecture(self):
        folders = {p.parts[0] for p in self.files if len(p.parts) > 1 and not p.parts[0].startswith(".")}
        self.assertEqual(folders, TOP_FOLDERS)

    def test_every_folder_that_needs_one_has_a_readme(self):
        missing = [f for f in READMES + ["."] if not (ROOT / f / "README.md").is_file()]
        self.none_of(missing, "folders without README.md")

    def test_no_part_is_called_utils_or_common(self):
        bad = [str(p) for p in self.files if any(re.fullmatch(r"(utils?|common|helpers?|misc)(\..*)?", s) for s in p.parts)]
        self.none_of(bad, "what two need stands under a name of its subject")

    def test_files_are_not_too_long(self):
        long = []
        for path in self.files:
            if path.suffix in SOURCES and (n := text(path).count("\n")) > LONGEST_FILE:
                long.append(f"{path}: {n} lines")
        self.none_of(long, f"files past {LONGEST_FILE} lines: a second subject has moved in")

    def test_nothing_is_left_unfinished(self):
        faults = []
        for path in self.files:
            if path.suffix in SOURCES | {".yaml", ".md"} and path.name != pathlib.Path(__file__).name:
                faults += [f"{path}: {m.group(0)}" for m in UNFINISHED.finditer(text(path))]
        self.none_of(faults, "marks of unfinished work")

    def test_no_file_names_a_registrys_host(self):
        faults = []
        for path in self.files:
            faults += [f"{path}: {m.group(0)}" for m in REGISTRIES.finditer(text(path))]
        self.none_of(faults, "hosts of package registries")

    def test_no_build_output_is_kept(self):
        bad = [str(p) for p in self.files if p.name in ("CMakeCache.txt", "cmake_install.cmake", "build.ninja") or
               any(s in ("CMakeFiles", "build", "__pycache__") for s in p.parts[:-1]) or p.suffix in (".o", ".a", ".so", ".pyc")]
        self.none_of(bad, "a build's output among the sources")

    def test_none_of_the_real_data_is_copied(self):
        if not DATA.is_dir():
            self.skipTest(f"{DATA} is not here; set TOCSIN_DATA to the folder of the real data")
        names, hashes = set(), {}
        for path in DATA.iterdir():
            if path.is_file() and path.name != "README.md":
                names.add(path.name)
                names.add(path.name.removesuffix(".gz"))
                hashes[hashlib.sha256(path.read_bytes()).hexdigest()] = path.name
        faults = []
        for path in self.files:
            if path.name in names:
                faults.append(f"{path} has the name of a real data set")
            copied = hashes.get(hashlib.sha256((ROOT / path).read_bytes()).hexdigest())
            if copied:
                faults.append(f"{path} is a copy of {copied}")
        self.none_of(faults, "the real data stays outside the project")


if __name__ == "__main__":
    unittest.main()
