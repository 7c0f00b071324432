"""Compares what a client saw of the tools with what they are, and with the spans that were exported.

    check.py SEEN SPANS LINES TRANSPORT
        SEEN is the client's JSON, SPANS has a line for each span, LINES is what the server wrote to its standard
        error. The caller's traceparent stands in the variable CALLER, its calls in CALLS.
"""

import json
import os
import sys

from events import Failure


def check(seen, spans, lines, transport):
    with open(seen) as file:
        seen = json.load(file)
    _, trace, caller, _ = os.environ["CALLER"].split("-")
    with open(spans) as file:
        spans = [span for span in map(json.loads, file) if span["trace"] == trace]
    with open(lines) as file:
        lines = file.read().splitlines()
    wrong = []

    def same(what, is_, expected):
        if is_ != expected:
            wrong.append(f"{what} is {is_!r}, not {expected!r}")

    same("the list", seen["tools"], ["add", "fail", "observed", "order"])
    add, fail, order, observed = seen["calls"]
    same("add", add, [False, "5", {"result": 5}])
    same("fail", fail, [True, "the disk is full", None])
    same("order", [order[0], order[2]], [False, {"item": "PEN", "count": 3}])
    served = [span for span in spans if span["kind"] == 2]
    names = [name for name, _ in json.loads(os.environ["CALLS"])]
    same("the spans", sorted(span["name"] for span in served), sorted(f"tools/call {name}" for name in names))
    for span in served:
        same(f"{span['name']}'s parent", span["parent"], caller)
        same(f"{span['name']}'s transport", span["said"].get("network.transport"), transport)
    by_name = {span["name"]: span for span in spans}
    same("fail's error.type", by_name["tools/call fail"]["said"].get("error.type"), "tool_error")
    outer = by_name["tools/call observed"]
    same("what names observed's span", observed[1], f"00-{trace}-{outer['id']}-01")
    inside = by_name.get("inside", {})
    same("the parent of the span that the tool made", inside.get("parent"), outer["id"])
    printed = [line for line in lines if "adding 2 3" in line]
    same("a line of what add printed", len(printed) > 0, True)
    same("such a line with the ids", any(trace in line for line in printed), True)
    if wrong:
        raise Failure("\n".join(wrong))
    return f"{len(seen['calls'])} calls, {len(spans)} spans of one trace"


try:
    print(check(*sys.argv[1:]))
except Failure as failure:
    sys.exit(str(failure))
