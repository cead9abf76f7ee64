"""Counts a JUnit file's tests: prints "passed failed skipped"; the names of failed ones to standard error."""
import sys
import xml.etree.ElementTree as ET

passed = failed = skipped = 0
for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
    status = case.get("status")
    if status == "fail" or case.find("failure") is not None:
        failed += 1
        print("failed: " + case.get("name"), file=sys.stderr)
    elif status in ("notrun", "disabled") or case.find("skipped") is not None:
        skipped += 1
    else:
        passed += 1
print(passed, failed, skipped)
sys.exit(0 if passed + failed + skipped else 1)
