"""Two hundred kill -9 at random moments of a simulated year through the shipped pack: some half an hour."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

import test_crash  # noqa: E402
from tocsin_testing import PACKS, simulate  # noqa: E402


class YearCrash(test_crash.Crash):
    kills = 400  # half of them on the plain file, a quarter each on the gzipped one and on three files
    together = 100  # so that they fall all over the year
    least = 200

    def prepare(self):
        self.feed = simulate(self.folder / "feed.ndjson", "--seed", 9)
        self.rules = PACKS

    def delay(self):
        return self.random.uniform(0.05, 3.0)


del test_crash  # its own tests are in tests/system

if __name__ == "__main__":
    unittest.main()
