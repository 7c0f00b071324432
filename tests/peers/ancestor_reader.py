"""Gives each line of the standard input to the ancestor's reader, and compares what it has read with the line."""

import collections
import json
import sys

from kaos_agents.errors import EventDeserializationError
from kaos_agents.events import deserialize_event_json, serialize_event

# Kinds of line that the ancestor refuses, or reads with another value, and why. Each must occur.
EXCEPTIONS = {
    "gate_decided": "a type of ours: its gates leave no event",
    "history_trimmed": "a type of ours: it keeps no conversations",
    "span intent_classification": "a subject of ours: it has the value event only",
    "span mcp_request": "a subject of ours: it shows no requests to servers of tools",
    "span served_call": "a subject of ours: it serves no tools",
    "span custom": "a subject of ours: users' own spans",
    "span suspended": "a phase of ours: its pauses are the value event only",
}


def kinds(line):
    """The line's kinds, the narrowest first."""
    if line["type"] != "span":
        return [line["type"]]
    return [f"span {line['subject']}", f"span {line['phase']}"]


def differences(theirs, ours):
    for field, value in theirs.items():
        if field not in ours:
            # What it adds by itself is a default: nothing that we said is lost.
            if value not in (None, "", 0, 0.0, [], {}, False):
                yield f"{field}: made up {value!r}"
        elif value != ours[field] and not (value is None and ours[field] == ""):
            yield f"{field}: read {value!r}, written {ours[field]!r}"


def main():
    taken, excepted, faults = collections.Counter(), collections.Counter(), []
    for text in sys.stdin:
        line = json.loads(text)
        exception = next((kind for kind in kinds(line) if kind in EXCEPTIONS), None)
        try:
            wrong = list(differences(serialize_event(deserialize_event_json(text)), line))
        except EventDeserializationError as error:
            wrong = [str(error)[:300]]
        if wrong and exception:
            excepted[exception] += 1
        elif wrong:
            faults.append(f"{' '.join(kinds(line))}: {'; '.join(wrong)}")
        else:
            taken[kinds(line)[0]] += 1
    faults += [f"no line needs the exception for {kind}" for kind in EXCEPTIONS if not excepted[kind]]
    for kind, count in sorted(taken.items()):
        print(f"ok    {kind}: {count} taken, all fields equal")
    for kind, count in sorted(excepted.items()):
        print(f"ok    {kind}: {count} excepted: {EXCEPTIONS[kind]}")
    for fault in faults:
        print(f"FAIL  {fault}")
    if not taken:
        faults.append("no line was taken")
    sys.exit(bool(faults))


main()
