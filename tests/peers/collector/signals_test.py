"""signals.py on a turn written by hand: what is right passes, and each thing that is wrong is named.

With a folder as argument it writes the turn's files there: events, traces, metrics, logs.
"""

import copy
import json
import sys
import tempfile
from pathlib import Path

from events import Failure
from signals import B1, B2, B3, B5, EXCEPTION, signals

TRACE = "0af7651916cd43dd8448eb211c80319c"
TURN, STEP, CALL, TOOL, AGAIN = (f"00000000000000a{number}" for number in range(1, 6))
RESOURCE = {"service.name": "kaos-peer-check", "deployment.environment.name": "ci"}


def event(subject, phase, span, parent, milliseconds=None, fields=(), **more):
    return {
        "type": "span", "subject": subject, "phase": phase, "trace_id": TRACE, "span_id": span, "name": subject,
        "parent_span_id": parent, "agent_id": "assistant", "time_unix_nano": "1700000000000000000",
        "duration_ms": milliseconds, "fields": dict(fields), **more,
    }  # fmt: skip


MODEL = {"operation": "chat", "provider": "openai", "model": "gpt-4o"}
EVENTS = [
    event("turn", "start", TURN, None, content="How long is the lease?"),
    event("step", "start", STEP, TURN),
    event("llm_call", "start", CALL, STEP, fields=MODEL),
    event("llm_call", "complete", CALL, STEP, 30.0, MODEL, outcome={"usage": {"input_tokens": 90, "output_tokens": 18}}),
    event("llm_call", "start", AGAIN, STEP, fields=MODEL),
    event("llm_call", "error", AGAIN, STEP, 7.0, MODEL),
    event("tool_call", "start", TOOL, STEP, fields={"name": "search"}),
    event("tool_call", "error", TOOL, STEP, 5.0, {"name": "search"}, error_message="the index is gone"),
    event("step", "complete", STEP, TURN, 40.0),
    event("turn", "complete", TURN, None, 50.0, outcome={"text": "36 months."}),
]  # fmt: skip


def attributes(of):
    return [{"key": key, "value": {"stringValue": value}} for key, value in of.items()]


def counter(name, value, **labels):
    point = {"attributes": attributes(labels), "asInt": str(value), "timeUnixNano": "1"}
    return {"name": name, "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]}}


def histogram(name, unit, bounds, *points):
    points = [
        {"attributes": attributes(labels), "count": str(count), "sum": total, "explicitBounds": bounds}
        for count, total, labels in points
    ]
    return {"name": name, "unit": unit, "histogram": {"aggregationTemporality": 2, "dataPoints": points}}


AGENT = {"agent.name": "assistant"}
GENAI = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
GENAI_AGENT = {"gen_ai.agent.name": "assistant"}
METRICS = [
    counter("kaos.requests", 1, **AGENT, success="true"),
    {
        **counter("kaos.model.calls", 1, **AGENT, success="true", model="gpt-4o"),
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [
            {"attributes": attributes({**AGENT, "success": ok, "model": "gpt-4o"}), "asInt": "1", "timeUnixNano": "1"}
            for ok in ("true", "false")
        ]},
    },
    counter("kaos.tool.calls", 1, **AGENT, success="false", tool="search"),
    histogram("kaos.request.duration", "ms", [], (1, 50.0, {**AGENT, "success": "true"})),
    histogram(
        "kaos.model.duration", "ms", [],
        (1, 30.0, {**AGENT, "success": "true", "model": "gpt-4o"}), (1, 7.0, {**AGENT, "success": "false", "model": "gpt-4o"}),
    ),
    histogram("kaos.tool.duration", "ms", [], (1, 5.0, {**AGENT, "success": "false", "tool": "search"})),
    histogram("gen_ai.client.operation.duration", "s", B1, (1, 0.03, GENAI), (1, 0.007, {"error.type": "timeout", **GENAI})),
    histogram(
        "gen_ai.client.token.usage", "{token}", B2,
        (1, 90, {**GENAI, "gen_ai.token.type": "input"}), (1, 18, {**GENAI, "gen_ai.token.type": "output"}),
    ),
    histogram("gen_ai.invoke_agent.duration", "s", B3, (1, 0.05, GENAI_AGENT)),
    histogram("gen_ai.invoke_agent.inference_calls", "{inference_call}", B5, (1, 2, GENAI_AGENT)),
    histogram("gen_ai.invoke_agent.tool_calls", "{tool_call}", B5, (1, 1, GENAI_AGENT)),
    histogram("gen_ai.execute_tool.duration", "s", B1, (1, 0.005, {"gen_ai.tool.name": "search"})),
]  # fmt: skip

LOGS = [
    {"severityNumber": 9, "body": {"stringValue": "telemetry is on"}},
    {"severityNumber": 5, "body": {"stringValue": "model call"}, "traceId": TRACE, "spanId": CALL},
    {
        "severityNumber": 13, "eventName": EXCEPTION, "traceId": TRACE, "spanId": AGAIN,
        "attributes": attributes({"exception.type": "timeout"}),
    },
]  # fmt: skip


def written(folder, metrics, logs):
    resource = {"attributes": attributes(RESOURCE)}
    spans = [
        {"traceId": TRACE, "spanId": span, "name": "a span", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
        for span in (TURN, STEP, CALL, AGAIN, TOOL)
    ]
    files = {
        "events": EVENTS,
        "traces": [{"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}],
        "metrics": [{"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}],
        "logs": [{"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": logs}]}]}],
    }
    paths = []
    for name, requests in files.items():
        paths.append(Path(folder, f"{name}.jsonl"))
        paths[-1].write_text("".join(json.dumps(request) + "\n" for request in requests))
    return paths


def check(what, change):
    """Where `change` has been at work, a line of the failure says `what`."""
    metrics, logs = copy.deepcopy(METRICS), copy.deepcopy(LOGS)
    change(metrics, logs)
    with tempfile.TemporaryDirectory() as folder:
        try:
            said = signals(*written(folder, metrics, logs))
        except Failure as failure:
            said = str(failure)
    assert what in said, f"expected {what!r}, got:\n{said}"


def point(metrics, at, index=0):
    data = metrics[at].get("sum") or metrics[at]["histogram"]
    return data["dataPoints"][index]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        written(sys.argv[1], METRICS, LOGS)
        sys.exit()
    check("12 metrics and 3 log records, in 1 traces", lambda metrics, logs: None)
    check("kaos.requests: not there", lambda metrics, logs: metrics.pop(0))
    check("kaos.requests{success=true}", lambda metrics, logs: point(metrics, 0).update(asInt="2"))
    check("kaos.tool.calls{success=true}", lambda metrics, logs: metrics.append(
        counter("kaos.tool.calls", 1, **AGENT, success="true", tool="search")))
    check("kaos.model.duration: unit is 's'", lambda metrics, logs: metrics[4].update(unit="s"))
    check("kaos.model.duration{model=gpt-4o}", lambda metrics, logs: point(metrics, 4).update(sum=0.03))
    check("gen_ai.client.operation.duration: buckets", lambda metrics, logs: point(metrics, 6, 1).update(explicitBounds=B3))
    check("{gen_ai.provider.name=None}", lambda metrics, logs: point(metrics, 6)["attributes"].pop())
    check("{gen_ai.token.type=output}", lambda metrics, logs: point(metrics, 7, 1).update(sum=19))
    check("gen_ai.execute_tool.duration{gen_ai.tool.name=search}: 2", lambda metrics, logs: point(metrics, 11).update(count="2"))
    check("no log line carries it", lambda metrics, logs: logs.pop(1))
    check(f"0 log events {EXCEPTION}, not 1", lambda metrics, logs: logs.pop(2))
    check(f"2 log events {EXCEPTION}, not 1", lambda metrics, logs: logs.append(logs[2]))
    check("not a WARN", lambda metrics, logs: logs[2].update(severityNumber=17))
    check("no span of the events has its ids", lambda metrics, logs: logs[1].update(spanId="00000000000000ff"))
    check("log records are of the traces", lambda metrics, logs: logs[1].update(traceId=TRACE[::-1]))
    check("has the content 'the index is gone'", lambda metrics, logs: logs[1].update(body={"stringValue": "x the index is gone"}))
    check("has the content '36 months.'", lambda metrics, logs: point(metrics, 0)["attributes"].extend(attributes({"a": "36 months."})))
