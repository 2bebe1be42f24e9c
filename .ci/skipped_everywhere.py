"""Fail if a test was skipped in every run: nobody would notice that it is broken."""

import sys
import xml.etree.ElementTree as ElementTree

ran, skipped = set(), {}
for path in sys.argv[1:]:
    for case in ElementTree.parse(path).iter("testcase"):
        name, skip = f"{case.get('classname')}::{case.get('name')}", case.find("skipped")
        if skip is None:
            ran.add(name)
        else:
            skipped[name] = skip.get("message")
never = {name: reason for name, reason in skipped.items() if name not in ran}
for name, reason in sorted(never.items()):
    print(f"skipped in every run: {name}: {reason}")
print(f"{len(ran)} tests ran, {len(skipped)} were skipped somewhere, {len(never)} everywhere")
sys.exit(bool(never))
