"""What team.sh asks, and what it demands of what the collector has written."""

import json
import socket
import sys
import time
import urllib.request

from model import TOKENS

TRACES = ["%032x" % (0xABC0 + number) for number in range(3)]
CALLER = "00f067aa0ba902b7"
CHAIN = ["coordinator", "researcher", "analyst"]
USED = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"]


def request(url, trace, stream):
    body = {"messages": [{"role": "user", "content": "Count."}], "stream": stream, "session_id": "s-" + trace[-4:]}
    if stream:
        body["stream_options"] = {"include_usage": True}
    headers = {"content-type": "application/json", "traceparent": f"00-{trace}-{CALLER}-01"}
    return urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(), headers)


def ask(url):
    """Once to warm up: cards are looked for in the background. Then streamed, and not. Each answer has all tokens, once."""
    for trace, stream in zip(TRACES, [False, True, False]):
        with urllib.request.urlopen(request(url, trace, stream), timeout=20) as answer:
            text = answer.read().decode()
            assert answer.status == 200 and "Three." in text, text
        frames = [line.removeprefix("data: ") for line in text.split("\n\n")] if stream else [text]
        told = [json.loads(frame).get("usage") for frame in frames if frame.startswith("{")]
        told = [usage["total_tokens"] for usage in told if usage]
        assert told == [TOKENS], (told, TOKENS)
        time.sleep(0.5)


def leave(url, silent):
    """Asks, waits until the last model was asked, and goes away; prints when."""
    host, port = url.removeprefix("http://").split(":")
    made = request(url, TRACES[0], True)
    head = "".join(f"{name}: {value}\r\n" for name, value in made.header_items())
    line = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-length: {len(made.data)}\r\n{head}\r\n"
    client = socket.create_connection((host, int(port)))
    client.sendall(line.encode() + made.data)
    end = time.monotonic() + 20
    while True:
        with socket.create_connection(("127.0.0.1", int(silent))) as told:
            told.sendall(b"COUNT")
            if told.recv(10) not in (b"", b"0"):
                break
        assert time.monotonic() < end, "the last model is not asked"
        time.sleep(0.02)
    client.close()
    print(time.time_ns())


def silent(port):
    """A model that takes requests and never answers; it tells how many it has. Ends with its parent or after a minute."""
    server = socket.create_server(("127.0.0.1", int(port)))
    server.settimeout(60)
    held = []
    while True:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            return
        connection.settimeout(2)
        try:
            first = connection.recv(5)
            if first == b"COUNT":
                connection.sendall(str(len(held)).encode())
        except OSError:
            continue
        if first == b"POST ":  # others look whether somebody is there
            held.append(connection)


def spans(path):
    found = []
    for line in open(path):
        for resource in json.loads(line).get("resourceSpans", []):
            names = {it["key"]: it["value"].get("stringValue") for it in resource["resource"]["attributes"]}
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    span["service"] = names["service.name"]
                    found.append(span)
    return found


def attributes(record):
    return {it["key"]: next(iter(it["value"].values())) for it in record["attributes"]}


def tree(all_spans, trace, edges):
    """The spans of a trace and its turns; each turn but the first is the child of a delegation by the agent above it."""
    own = [span for span in all_spans if span["traceId"] == trace]
    by_id = {span["spanId"]: span for span in own}
    assert len(by_id) == len(own), "a span came twice"
    turns = {span["service"]: span for span in own if span["name"] == "agent.turn"}
    assert sorted(turns) == sorted(CHAIN), sorted(turns)
    assert turns["coordinator"]["parentSpanId"] == CALLER
    for above, below in edges:
        delegation = by_id[turns[below]["parentSpanId"]]
        assert delegation["name"] == f"delegate.{below}" and delegation["service"] == above, delegation
        assert delegation["kind"] == 3, "CLIENT"
        assert by_id[delegation["parentSpanId"]]["name"] == "agent.step.1"
    for span in own:
        assert span["parentSpanId"] == CALLER or span["parentSpanId"] in by_id, f"no parent: {span['name']}"
    return own, turns


def records(path):
    for line in open(path):
        for resource in json.loads(line).get("resourceLogs", []):
            service = attributes(resource["resource"])["service.name"]
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    yield service, record


def traces(folder):
    all_spans = spans(f"{folder}/traces.jsonl")
    assert {span["traceId"] for span in all_spans} >= set(TRACES)
    count = 0
    tools = set()
    for trace in TRACES:
        own, _ = tree(all_spans, trace, [("coordinator", "researcher"), ("coordinator", "analyst")])
        count += len(own)
        assert not [span for span in own if span.get("status", {}).get("code") == 2], "a span failed"
        tool = [span for span in own if span["name"] == "tool.meta"]
        assert [span["service"] for span in tool] == ["researcher"], tool
        tools.add(f"00-{trace}-{tool[0]['spanId']}-01")
        # Each call of a model says its tokens, and nobody else's are the same again.
        calls = [attributes(span) for span in own if span["name"] == "model.inference"]
        kinds = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"]
        assert sum(int(call[kind]) for call in calls for kind in kinds) == TOKENS, calls
    # What the server of tools was told is the tool's own span.
    told = [json.loads(line) for line in open(f"{folder}/told")]
    told = {json.loads(it["result"])["traceparent"] for it in told if "traceparent" in it["result"]}
    assert told == tools, (told, tools)
    lines = {}
    for service, record in records(f"{folder}/logs.jsonl"):
        lines.setdefault(record.get("traceId"), set()).add(service)
    for trace in TRACES:
        assert lines.get(trace) == set(CHAIN), (trace, lines)
        for name in CHAIN:
            assert trace in open(f"{folder}/{name}.log").read(), f"{name} writes no line of {trace}"
    print(
        f"{len(TRACES)} traces of three processes and a tool, {count} spans, each parent is there, {TOKENS} tokens each, "
        "log lines of all three"
    )


def asked(folder):
    """What `kaos invoke` said, the spans of the one trace that it told, and those who logged with its id."""
    said = open(f"{folder}/asked").read()
    assert said.startswith("The lease costs 45000 in all: 36 months at 1250.\n530 + 101 tokens\ntrace "), said
    trace = said.split("trace ")[1].split()[0]
    own = [span for span in spans(f"{folder}/traces.jsonl") if span["traceId"] == trace]
    own.sort(key=lambda span: int(span["startTimeUnixNano"]))
    logged = {service for service, record in records(f"{folder}/logs.jsonl") if record.get("traceId") == trace}
    return said, own, logged


def compare(said, own, logged, wanted):
    """The trace as a tree: the one that the suite compares with, but for the Collector's hands."""
    shown = []

    def below(parent, depth):
        for span in own:
            if span.get("parentSpanId", "") == parent:
                shown.append("  " * depth + f"{span['service']}: {span['name']}")
                below(span["spanId"], depth + 1)

    below("", 0)
    assert shown == wanted, "\n".join(shown)
    assert len(own) == len(wanted), "a span has no parent, or came twice"
    used = [attributes(span) for span in own if span["name"] == "model.inference"]
    assert [sum(int(it[kind]) for it in used) for kind in USED] == [530, 101], used
    assert {"coordinator", "researcher", "analyst"} <= logged, logged
    # The same, as `kaos invoke --trace` shows it: each span below its parent, in the order in which they began.
    told = [line.split(" | ", 1)[0].strip() for line in said.splitlines() if " | " in line]
    assert told == [line.strip().split(":")[0] for line in wanted], said


def research(folder, expected):
    said, own, logged = asked(folder)
    compare(said, own, logged, open(expected).read().splitlines())
    print(f"{len(own)} spans of {len({span['service'] for span in own})} processes, each parent is there, and the command shows them")


def litellm_has_told(folder):
    """Whether there are as many of LiteLLM's calls as the agents made: eight."""
    _, own, _ = asked(folder)
    assert sum(span["name"] == "litellm_request" for span in own) == 8


def litellm(folder, expected):
    """Without LiteLLM's spans the tree is that of a model by script; they are below the calls that it answered."""
    said, own, logged = asked(folder)
    by_id = {span["spanId"]: span for span in own}
    assert len(by_id) == len(own), "a span came twice"
    theirs = [span for span in own if span["service"] == "llm"]
    ours = [span for span in own if span["service"] != "llm"]
    wanted = [line for line in open(expected).read().splitlines() if not line.strip().startswith("llm:")]
    compare(said, ours, logged, wanted)
    for span in theirs:
        assert span["parentSpanId"] in by_id, f"no parent: {span['name']}"
        assert int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"]) > 0, span
        for word in ["lease", "1250", "Search for"]:
            assert word not in json.dumps(span), f"{span['name']} has what was said: {word}"
    # One request below each call, and below that one call of the model, with the same tokens; no other span has any.
    calls = [span for span in ours if span["name"] == "model.inference"]
    for call in calls:
        [request] = [it for it in theirs if it["parentSpanId"] == call["spanId"] and it["name"] == "Received Proxy Server Request"]
        assert request["kind"] == 2, "SERVER"
        [made] = [it for it in theirs if it["parentSpanId"] == request["spanId"] and it["name"] == "litellm_request"]
        of_call, of_made = attributes(call), attributes(made)
        assert [int(of_call[kind]) for kind in USED] == [int(of_made[kind]) for kind in USED], (of_call, of_made)
    used = [span["name"] for span in theirs if any(kind in attributes(span) for kind in USED)]
    assert used == ["litellm_request"] * len(calls), used
    # Whoever adds up the metric counts each token once.
    counted = {service for service, metric in metrics(f"{folder}/metrics.jsonl") if metric["name"] == "gen_ai.client.token.usage"}
    assert counted == {"coordinator", "researcher", "analyst"}, counted
    print(
        f"{len(ours)} spans of ours as before, {len(theirs)} of LiteLLM's below the {len(calls)} calls of models, "
        "the same tokens, counted once, and nothing of what was said"
    )


def metrics(path):
    for line in open(path):
        for resource in json.loads(line).get("resourceMetrics", []):
            service = attributes(resource["resource"])["service.name"]
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    yield service, metric


def cancelled(folder):
    gone = int(open(f"{folder}/asked").read())
    _, turns = tree(spans(f"{folder}/traces.jsonl"), TRACES[0], zip(CHAIN, CHAIN[1:]))
    late = {name: (int(turns[name]["endTimeUnixNano"]) - gone) / 1e6 for name in CHAIN}
    for name in CHAIN:
        said = json.dumps(turns[name]["attributes"])
        assert "cancel" in said, (name, said)
    assert all(-50 < time < 200 for time in late.values()), late
    print("ended cancelled, ms after the client was gone: " + ", ".join(f"{it} {late[it]:.0f}" for it in CHAIN))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
