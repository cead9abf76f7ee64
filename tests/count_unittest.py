"""Counts the outcome that `python3 -m unittest -v` printed: prints "passed failed skipped"; to standard error, once each, why
some were skipped."""
import collections
import re
import sys

text = open(sys.argv[1], encoding="utf-8", errors="replace").read()
ran = re.search(r"^Ran (\d+) tests?", text, re.M)
if not ran:
    sys.exit("no test ran")


def count(word):
    found = re.search(r"^(?:OK|FAILED) \(.*?\b" + word + r"=(\d+)", text, re.M)
    return int(found.group(1)) if found else 0


reasons = collections.Counter(re.findall(r"""\.\.\. skipped ['"](.*)['"]$""", text, re.M))
for reason, n in reasons.items():
    print(f"      skipped {n}: {reason}", file=sys.stderr)
bad = count("failures") + count("errors")
skipped = count("skipped")
print(int(ran.group(1)) - bad - skipped, bad, skipped)
