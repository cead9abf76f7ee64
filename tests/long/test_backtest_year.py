"""The simulated year: every planted risk is found by the rule meant for it, within its label's time; false alerts a day by
rule; a sweep of 20 values takes at most twice the time of one."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from tocsin_testing import PACKS, Case, lines, simulate, tocsin  # noqa: E402


class Year(Case):
    def setUp(self):
        super().setUp()
        self.labels = self.folder / "labels"
        self.feed = simulate(self.folder / "year.ndjson", "--labels", self.labels)

    def backtest(self, *more):
        done = tocsin("backtest", "--rules", PACKS, "--input", self.feed, *more, "--format", "json", timeout=1800)
        return self.ends(done, 0).json()

    def test_every_planted_risk_is_found(self):
        out = self.backtest("--labels", self.labels)
        print()
        for r in out["results"]:
            a = r["accuracy"]
            print(f"{r['rule']:26} {r['alerts']:6} alerts {a['found']:3} of {a['labels']:3} labels, "
                  f"{a['false_alerts_a_day']:.2f} false a day")
        self.assertEqual(sum(r["accuracy"]["labels"] for r in out["results"]) + sum(out["labels_of_other_rules"].values()),
                         len(lines(self.labels.read_bytes())))
        missed = {r["rule"]: r["accuracy"]["missed"] for r in out["results"] if r["accuracy"]["missed"]}
        self.assertEqual(missed, {}, json.dumps(missed, ensure_ascii=False, indent=1))
        self.assertEqual(out["labels_of_other_rules"], {}, "labels of rules that the pack does not have")

    def test_twenty_values_take_at_most_twice_the_time_of_one(self):
        def seconds(values):
            times = []
            for _ in range(3):
                begin = time.monotonic()
                self.backtest("--set", "repeat-place.people=" + ",".join(map(str, values)))
                times.append(time.monotonic() - begin)
            return min(times)
        one, twenty = seconds([3]), seconds(range(2, 22))
        print(f"\none value {one:.2f} s, twenty {twenty:.2f} s")
        self.assertLessEqual(twenty, 2 * one)


if __name__ == "__main__":
    unittest.main()
