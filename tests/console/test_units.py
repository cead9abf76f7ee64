"""The console's units under Node's own runner, its types, its lists of packages, and its build where Node is not."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from console_testing import FOLDER, ROOT, SOURCES, needs, packages


class Units(unittest.TestCase):
    def setUp(self):
        needs(packages())

    def run_node(self, *command, cwd=FOLDER, env=None):
        done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, timeout=180, check=False)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr)[-6000:])
        return done.stdout

    def test_units(self):
        told = self.run_node("node", ROOT / "tests/console/units/run.mjs", "--modules", FOLDER, "--out", FOLDER / "units")
        passed = re.search(r"^. pass (\d+)", told, re.M)
        self.assertTrue(passed and int(passed.group(1)) >= 25, told)

    def test_types(self):
        link = FOLDER / "src"
        if not link.is_symlink():
            link.symlink_to(SOURCES / "src")
        shutil.copy(SOURCES / "tsconfig.json", FOLDER / "tsconfig.json")
        self.run_node("node", FOLDER / "node_modules/typescript/bin/tsc", "-p", FOLDER / "tsconfig.json")

    def test_the_sources_are_formatted(self):
        config = ["--config", SOURCES / "package.json"]
        files = [str(p) for folder in (SOURCES, ROOT / "tests/console/units") for p in sorted(folder.rglob("*")) if p.suffix in (".ts", ".tsx", ".mjs")]
        self.assertGreater(len(files), 40)
        self.run_node("node", FOLDER / "node_modules/prettier/bin/prettier.cjs", *config, "--check", *files)

    def test_the_command_and_the_console_have_the_same_words(self):
        console = {key: both for key, *both in re.findall(r"^  '?([\w.]+)'?: \['([^']*)', '([^']*)'\]", (SOURCES / "src/core/messages.ts").read_text(), re.M)}
        rows = re.findall(r'\{Word::k(\w+), "(\w+)", "([^"]*)", "([^"]*)"\}', (ROOT / "connectors/cli/scorecard_words.cc").read_text())
        self.assertGreater(len(rows), 30)
        for kind, name, *both in rows:
            self.assertEqual(console.get(f"{kind.lower()}_{name}"), both, f"{kind} {name}")
        text = (ROOT / "connectors/cli/scorecard_text.cc").read_text()
        for key in ("events", "cases_open", "on_time", "reopened_rate", "repeat", "response", "closing", "satisfaction", "first_reports"):
            self.assertIn(console[f"col_{key}"][1], text, key)

    def test_the_lock_pins_every_version_and_names_no_host(self):
        lock = json.loads((SOURCES / "package-lock.json").read_text())
        wanted = json.loads((SOURCES / "package.json").read_text())
        for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
            self.assertRegex(version, r"^\d+\.\d+\.\d+$", name)
        for name, entry in lock["packages"].items():
            self.assertNotIn("resolved", entry, name)
            if name:
                self.assertTrue(entry.get("integrity"), f"{name} has no hash")

    def test_the_build_answers_for_any_bytes(self):
        """The C++ table of a file holds the file: escapes are right for every byte, in lines of any length."""
        self.run_node("node", SOURCES / "build.mjs", "--modules", FOLDER, "--out", FOLDER / "out", "--cpp", FOLDER / "files.cc")
        text = (FOLDER / "files.cc").read_text()
        self.assertTrue(text.isascii())
        tables = re.findall(r"std::string_view\(((?:\n\"[^\n]*\")+), (\d+)\)", text)
        files = [FOLDER / "out/index.html", *sorted((FOLDER / "out/assets").iterdir())]
        self.assertEqual(len(tables), 3 * len(files))
        for file, (literal, size) in zip(files, tables[::3]):
            body = "".join(line[1:-1] for line in literal.strip().split("\n"))
            data = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), body).encode("latin-1")
            self.assertEqual((data, int(size)), (file.read_bytes(), len(data)), file.name)
        sizes = json.loads((FOLDER / "out/sizes.json").read_text())
        self.assertLess(sizes["first_load_gzip"], 60_000)

    def configured(self, name, lines, **env):
        """What configuring says for a project that has nothing but the console; its build must succeed."""
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text(f"""cmake_minimum_required(VERSION 3.25)
project(alone LANGUAGES CXX)
{lines}
file(WRITE ${{CMAKE_BINARY_DIR}}/x.cc "int x;")
add_library(tocsin_http STATIC ${{CMAKE_BINARY_DIR}}/x.cc)
target_include_directories(tocsin_http PRIVATE {ROOT})
target_compile_features(tocsin_http PRIVATE cxx_std_20)
include({SOURCES}/embed.cmake)
""")
        told = self.run_node("cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", env={**os.environ, **env})
        self.run_node("cmake", "--build", folder / "build")
        return told

    def test_without_node_the_plain_page_is_built_and_configure_says_so(self):
        told = self.configured("without-node", "set(TOCSIN_NODE TOCSIN_NODE-NOTFOUND)\nset(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)\n"
                               "set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)")
        self.assertIn("The console is NOT built, the plain page stands in: node or npm is not installed", told)

    def test_without_a_network_the_plain_page_is_built_and_configure_says_so(self):
        with tempfile.TemporaryDirectory() as cache:
            told = self.configured("without-network", "", npm_config_registry="http://127.0.0.1:9", npm_config_cache=cache)
        self.assertIn("The console is NOT built, the plain page stands in: npm could not get its packages", told)


if __name__ == "__main__":
    unittest.main()
