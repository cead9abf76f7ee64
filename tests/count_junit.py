"""Counts a JUnit file's tests: prints "passed failed skipped"; to standard error the failed ones' names, and once each why
some were skipped."""
import collections
import re
import sys
import xml.etree.ElementTree as ET

passed = failed = skipped = 0
reasons = collections.Counter()
for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
    status = case.get("status")
    if status == "fail" or case.find("failure") is not None:
        failed += 1
        print("      failed: " + case.get("name"), file=sys.stderr)
    elif status in ("notrun", "disabled") or case.find("skipped") is not None:
        skipped += 1
        said = re.search(r": Skipped\n(.*)", case.findtext("system-out") or "")
        reasons[said.group(1).strip() if said else "no reason given"] += 1
    else:
        passed += 1
for reason, n in reasons.items():
    print(f"      skipped {n}: {reason}", file=sys.stderr)
print(passed, failed, skipped)
sys.exit(0 if passed + failed + skipped else 1)
