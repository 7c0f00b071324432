"""Compares the events of the example `mcp` with what the server said.

    check.py EVENTS TRANSPORT
        Each call is one span, ended as the server answered: `add` gives 5 as text and as structured content,
        `meta` the traceparent that names its span, `fail` is a tool error, and `add` without one of
        its arguments never reaches the server. Connecting and listing are spans, too. The spans say how the server was spoken to.
"""

import json
import sys

from events import Failure, spans_of_events


def check(path, transport):
    spans = spans_of_events(path)
    tools = [(key, span) for key, span in spans.items() if span["subject"] == "tool_call"]
    names = [span["name"] for _, span in tools]
    if names != ["tool.add", "tool.meta", "tool.fail", "tool.add"]:
        raise Failure(f"the calls are {names}")
    wrong = []

    def same(what, is_, expected):
        if is_ != expected:
            wrong.append(f"{what} is {is_!r}, not {expected!r}")

    add, meta, fail, unfit = (span for _, span in tools)
    same("add's end", add["phase"], "complete")
    parts = [json.loads(part) for part in add["outcome"]["result"].splitlines()]
    same("add's result, its text and what is structured", parts, [5, {"result": 5}])
    (trace, span), _ = tools[1]
    traceparent = json.loads(meta["outcome"]["result"]).get("traceparent")
    same("the traceparent at the server", traceparent, f"00-{trace}-{span}-01")
    same("fail's end", fail["phase"], "error")
    same("the end of add without b", unfit["phase"], "error")
    same("that of MCP in it", unfit["outcome"].get("mcp"), None)
    for each in add, meta, fail:
        mcp = each["outcome"].get("mcp", {})
        same(f"{each['name']}: method", mcp.get("method"), "tools/call")
        same(f"{each['name']}: transport", mcp.get("transport"), transport)
        same(f"{each['name']}: a session", "session_id" in mcp, transport == "tcp")
        same(f"{each['name']}: the server's port", mcp.get("server", {}).get("port", 0) > 0, transport == "tcp")
        for field in "request_id", "protocol_version", "duration":
            same(f"{each['name']}: {field}", field in mcp, True)
    requests = [span for span in spans.values() if span["subject"] == "mcp_request"]
    same("the requests", [span["name"] for span in requests], ["initialize", "tools/list"])
    for each in requests:
        same(f"{each['name']}'s end", each["phase"], "complete")
        for field in "request_id", "protocol_version", "transport":
            same(f"{each['name']}: {field}", field in each["outcome"]["mcp"], True)
    if wrong:
        raise Failure("\n".join(wrong))
    return f"{len(spans)} spans, MCP {add['outcome']['mcp']['protocol_version']}"


try:
    print(check(*sys.argv[1:]))
except Failure as failure:
    sys.exit(str(failure))
