"""The same log gives the same alerts: for any number of shards, any batch, with and without state, from one file or more,
and the same episodes when records arrive in another order within the allowed lateness."""
import itertools
import random
import unittest

from sensitive_rules import SENSITIVE
from tocsin_testing import PACKS, Case, latest, lines, simulate, split

LATENESS_MS = 10 * 60 * 1000


class Determinism(Case):
    def setUp(self):
        super().setUp()
        self.feed = simulate(self.folder / "feed.ndjson", "--days", 40, "--events", 8000, "--seed", 5, "--start",
                             "2025-06-10T00:00:00+08:00")
        self.rules = self.write("sensitive.yaml", SENSITIVE)

    def alerts(self, feed=None, *more, rules=None, name="alerts.ndjson"):
        summary, out = self.replay(rules or self.rules, feed or self.feed, name, more=more)
        self.assertEqual(summary["late"], 0, "the feed must stay within the lateness")
        self.assertEqual(summary["transitions"], out.count(b"\n"), "the summary counts other transitions than the file has")
        return out

    def test_shards_batches_and_state_change_no_byte(self):
        want = self.alerts()
        self.assertGreater(want.count(b"\n"), 1000, "the feed must ring many alerts, or this test shows nothing")
        for n, (shards, batch, state) in enumerate(itertools.chain(
                itertools.product((1, 2, 8), (100, 8192), (False, True)), [(1, 1, False), (8, 1, True)])):
            more = ["--shards", shards, "--batch", batch]
            if state:
                more += ["--state", self.folder / f"state{n}", "--no-sync", "--checkpoint-mib", 1]
            got = self.alerts(None, *more, name=f"alerts{n}.ndjson")
            self.same_lines(got, want, f"alerts with --shards {shards} --batch {batch}{' --state' if state else ''}")

    def test_the_shipped_pack_gives_the_same_bytes_too(self):
        want = self.alerts(rules=PACKS)
        self.assertGreater(want.count(b"\n"), 30)
        for shards, batch in ((2, 100), (8, 8192)):
            got = self.alerts(None, "--shards", shards, "--batch", batch, "--state", self.folder / f"s{shards}", "--no-sync",
                              rules=PACKS)
            self.same_lines(got, want, f"alerts of the shipped pack with --shards {shards} --batch {batch}")

    def test_files_as_partitions_give_the_same_alerts_for_any_shards(self):
        parts = split(self.feed, self.folder, 3)
        want = self.alerts(parts)
        for shards, batch in ((1, 1), (2, 100), (8, 1000)):
            got = self.alerts(parts, "--shards", shards, "--batch", batch)
            self.same_lines(got, want, f"alerts of three files with --shards {shards} --batch {batch}")
        self.equal_episodes(want, self.alerts(), "three files and one")

    def test_arrival_in_another_order_within_the_lateness_gives_the_same_episodes(self):
        for rules in (self.rules, PACKS):
            want = self.alerts(rules=rules)
            for seed in (1, 2, 3):
                got = self.alerts(self.shuffled(seed), rules=rules)
                self.equal_episodes(got, want, f"shuffled with seed {seed}, rules {rules.name}")

    def shuffled(self, seed):
        """Each record up to ten minutes (of event time) after those that it might have come before."""
        random_ = random.Random(seed)
        records = zip(self.feed.read_bytes().splitlines(True), lines(self.feed.read_bytes()))
        order = sorted(((millis(e["occurred_at"]) + random_.randint(0, LATENESS_MS), n, line)
                        for n, (line, e) in enumerate(records)))
        return self.write(f"shuffled{seed}.ndjson", b"".join(line for _, _, line in order))

    def equal_episodes(self, got, want, what):
        a, b = episodes(got), episodes(want)
        if a == b:
            return
        only_got, only_want = [e for e in a if e not in b], [e for e in b if e not in a]
        self.fail(f"{what}: {len(only_got)} of {len(a)} episodes are not among the {len(b)} wanted, {len(only_want)} are "
                  "missing\n  got    " + "\n         ".join(map(readable, only_got[:4])) +
                  "\n  wanted " + "\n         ".join(map(readable, only_want[:4])))


def millis(at):
    import datetime
    return at if isinstance(at, int) else int(datetime.datetime.fromisoformat(at).timestamp() * 1000)


def episodes(alerts):
    """(rule, key, members, worst severity, outcome) of each alert that was not merged into another, sorted."""
    out = []
    for event in latest(alerts).values():
        d = event["data"]
        if d["merged_into"] is not None:
            continue
        members = tuple(sorted((m["source"], m["id"]) for m in d["evidence"]["events"]))
        out.append((d["rule"], tuple(map(str, d["key"])), d["evidence"]["total"], members, d["worst"], d["status"], d["reason"]))
    return sorted(out)


def readable(episode):
    rule, key, total, members, worst, status, reason = episode
    return f"{rule} {list(key)}: {worst}, {status} ({reason}), {total} events {' '.join(i for _, i in members[:8])}"


if __name__ == "__main__":
    unittest.main()
