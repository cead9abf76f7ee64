"""A reload while 50,000 events a second stream in stops the engine for less than a second, and loses and doubles nothing.
(It is answered later, when the rule that is another now has been warmed up beside.)"""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

import test_reload  # noqa: E402


class UnderLoad(test_reload.Reload):
    count, places, batch, rate = 500_000, 60_000, 5_000, 50_000

    def test_nothing_is_lost_or_doubled_and_other_rules_do_not_notice(self):
        rate, pause = self.run_with_reload()
        self.assertGreaterEqual(rate, 0.97 * self.rate)
        self.assertLess(pause, 1.0)


del test_reload  # its own test is in tests/system

if __name__ == "__main__":
    unittest.main()
