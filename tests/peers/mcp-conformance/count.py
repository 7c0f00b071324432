"""Counts what the conformance suite checked, and compares it with the list of exceptions.

    count.py RESULTS EXCEPTIONS
        RESULTS has a folder `side.scenario` each, with a `checks.json` somewhere in it. A scenario fails if one of
        its checks does, or if it has none. EXCEPTIONS has a line each: `side.scenario: the reason`.
"""

import json
import pathlib
import sys

results, exceptions = map(pathlib.Path, sys.argv[1:])
reasons = dict(
    line.split(": ", 1) for line in exceptions.read_text().splitlines() if line.strip() and not line.startswith("#")
)
passed, checks, wrong = 0, 0, []
scenarios = sorted(it for it in results.iterdir() if it.is_dir())
for scenario in scenarios:
    found = [it for file in scenario.rglob("checks.json") for it in json.loads(file.read_text())]
    judged = [it for it in found if it.get("status") in ("SUCCESS", "FAILURE", "WARNING")]
    failures = [it for it in judged if it["status"] == "FAILURE"]
    checks += len(judged) - len(failures)
    well = bool(judged) and not failures
    passed += well
    why = "; ".join(f"{it['id']}: {it.get('errorMessage', '')}" for it in failures) or "no check was made"
    if well and scenario.name in reasons:
        wrong.append(f"{scenario.name} passes, and is an exception")
    elif not well and scenario.name not in reasons:
        wrong.append(f"{scenario.name} fails: {why}")
    elif not well:
        print(f"exception  {scenario.name}: {reasons[scenario.name]}")
for line in wrong:
    print(f"not ok     {line}")
print(f"{passed} of {len(scenarios)} scenarios pass, {checks} checks; {len(reasons)} exceptions")
sys.exit(bool(wrong))
