"""Compares the events of a run with what Phoenix says of it.

    check.py EVENTS URL PROJECT
        The project has the spans of the events and no others: the same tree, kinds, statuses,
        tokens and tool names, and as many tokens in all as the model calls spent.

EVENTS are JSON Lines of events, URL is Phoenix' own. Phoenix stores what it receives a moment later,
so it is asked until it has all of it, for at most 20 seconds.
"""

import json
import sys
import time
import urllib.request

from events import Failure, failed, spans_of_events

SECONDS = 20
KINDS = {"turn": "AGENT", "llm_call": "LLM", "tool_call": "TOOL"}  # what Phoenix makes of operations
TOTAL = "{projects{edges{node{name traceCount tokenCountPrompt tokenCountCompletion}}}}"


def ask(url, body=None):
    request = urllib.request.Request(url, headers={"content-type": "application/json"})
    request.data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def spans_of_phoenix(url, project, wanted):
    """All it has once it has enough, or at the end of its time."""
    end = time.monotonic() + SECONDS
    while True:
        known = {each["name"] for each in ask(f"{url}/v1/projects")["data"]}
        path = f"{url}/v1/projects/{project}/spans?limit=1000"
        spans = ask(path)["data"] if project in known else []
        if len(spans) >= wanted or time.monotonic() > end:
            return spans
        time.sleep(0.1)


def tokens(span):
    """Input and output, of a turn or model call that knows."""
    usage = span["outcome"].get("usage") or {}
    return usage.get("input_tokens"), usage.get("output_tokens")


def expected(span):
    if span["subject"] in ("turn", "llm_call"):
        prompt, completion = tokens(span)
    else:
        prompt = completion = None
    return {
        "name": span["name"],
        "parent": span["parent"],
        "kind": KINDS.get(span["subject"], "UNKNOWN"),
        "status": "ERROR" if failed(span) else "UNSET",
        "input tokens": prompt,
        "output tokens": completion,
        "model": span["fields"].get("model"),
        "tool": span["fields"]["name"] if span["subject"] == "tool_call" else None,
    }


def got(span):
    said = span["attributes"]
    return {
        "name": span["name"],
        "parent": span["parent_id"] or "",
        "kind": span["span_kind"],
        "status": span["status_code"],
        "input tokens": said.get("llm.token_count.prompt"),
        "output tokens": said.get("llm.token_count.completion"),
        "model": said.get("llm.model_name"),
        "tool": said.get("tool.name"),
    }


def check(events, url, project):
    spans, wrong = spans_of_events(events), []
    missing = dict(spans)
    for each in spans_of_phoenix(url, project, len(spans)):
        key = each["context"]["trace_id"], each["context"]["span_id"]
        if missing.pop(key, None) is None:
            wrong.append(f"{each['name']} {key[1]}: not in the events, or there twice")
            continue
        has = got(each)
        for field, wanted in expected(spans[key]).items():
            if has[field] != wanted:
                wrong.append(f"{spans[key]['name']} {key[1]}: {field} is {has[field]!r}, events say {wanted!r}")
    wrong += [f"{span['name']} {key[1]}: not there" for key, span in missing.items()]

    calls = [tokens(span) for span in spans.values() if span["subject"] == "llm_call"]
    spent = {
        "traceCount": len({trace for trace, _ in spans}),
        "tokenCountPrompt": sum(call[0] for call in calls),
        "tokenCountCompletion": sum(call[1] for call in calls),
    }
    projects = ask(f"{url}/graphql", {"query": TOTAL})["data"]["projects"]["edges"]
    total = next((each["node"] for each in projects if each["node"]["name"] == project), {})
    for field, wanted in spent.items():
        if total.get(field) != wanted:
            wrong.append(f"the project's {field} is {total.get(field)}, events say {wanted}")
    if sum(span["subject"] == "tool_call" for span in spans.values()) == 0 or not sum(map(sum, calls)):
        wrong.append("the example has no tool call, or no tokens")
    if wrong:
        raise Failure("\n".join(wrong))
    return f"{len(spans)} spans, {len(calls)} model calls, {sum(map(sum, calls))} tokens, all as in the events"


if __name__ == "__main__":
    try:
        print(check(*sys.argv[1:]))
    except Failure as failure:
        sys.exit(str(failure))
