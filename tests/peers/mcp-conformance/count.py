"""Counts what the conformance suite checked, and compares it with the list of exceptions.

    count.py RESULTS EXCEPTIONS
        RESULTS has a folder `side.scenario` each, with a `checks.json` somewhere in it. A scenario fails if one of
        its checks does, or if it has none. EXCEPTIONS has a line each, `side.scenario: the reason` where all of it is
        one, or `side.scenario/check: the reason`.
"""

import json
import pathlib
import sys

results, exceptions = map(pathlib.Path, sys.argv[1:])
lines = [line for line in exceptions.read_text().splitlines() if line.strip() and not line.startswith("#")]
reasons = dict(line.split(": ", 1) for line in lines)
passed, checks, wrong, used = 0, 0, [], set()
scenarios = sorted(it for it in results.iterdir() if it.is_dir())
for scenario in scenarios:
    name = scenario.name
    found = [it for file in scenario.rglob("checks.json") for it in json.loads(file.read_text())]
    judged = [it for it in found if it.get("status") in ("SUCCESS", "FAILURE", "WARNING")]
    failed = {it["id"]: it.get("errorMessage") or it.get("description", "") for it in judged if it["status"] == "FAILURE"}
    checks += sum(it["status"] != "FAILURE" for it in judged)
    if not judged:
        failed = {"": "no check was made"}
    passed += not failed
    for check, why in failed.items():
        known = next((it for it in (name, f"{name}/{check}") if it in reasons), None)
        if known:
            used.add(known)
        else:
            wrong.append(f"{name}/{check} fails: {why}")
for name in reasons:
    if name in used:
        print(f"exception  {name}: {reasons[name]}")
    else:
        wrong.append(f"{name} is an exception, and does not fail")
for line in wrong:
    print(f"not ok     {line}")
print(f"{passed} of {len(scenarios)} scenarios pass, {checks} checks; {len(reasons)} exceptions")
sys.exit(bool(wrong))
