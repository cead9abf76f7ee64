"""Two hundred kill -9 of the service at random moments while a simulated year comes in from a topic of one partition, through
the shipped pack: some seven minutes."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

import test_kafka  # noqa: E402
from tocsin_testing import PACKS, simulate  # noqa: E402


class YearKilled(test_kafka.Killed):
    kills = 200
    least = 200

    def prepare(self):
        self.feed = simulate(self.folder / "feed.ndjson", "--seed", 9)
        self.rules = PACKS


del test_kafka  # its own tests are in tests/system

if __name__ == "__main__":
    unittest.main()
