"""Metrics and logs, compared with the events and with the spans. Called by check.py."""

import math
from collections import Counter, defaultdict
from itertools import chain

from events import Failure, failed, lines, spans_of_events

RESOURCE = {"service.name": "kaos-peer-check", "deployment.environment.name": "ci"}
DELTA = 1
WARN = 13
EXCEPTION = "gen_ai.client.operation.exception"
OPERATIONS = ("llm_call",)  # done elsewhere; the example's agents are local

# The buckets of the conventions.
B1 = [0.01 * 2**n for n in range(14)]
B2 = [4.0**n for n in range(14)]
B3 = [0.1 * 2**n for n in range(13)]
B5 = [2.0**n for n in range(8)]


def attributes(of):
    """Attributes, of which only scalars matter here, as text."""
    return {each["key"]: str(next(iter(each["value"].values()), "")) for each in of.get("attributes", [])}


def foreign(resource):
    """What is wrong with a resource."""
    has = attributes(resource)
    return [f"{key} is {has.get(key)!r}, not {value!r}" for key, value in RESOURCE.items() if has.get(key) != value]


# --- metrics ---------------------------------------------------------------------------------------


def collected_metrics(path):
    """name → {unit, buckets, points: {attributes: (count, sum)}}; a counter has no count."""
    metrics, wrong = {}, []
    for request in lines(path):
        for of_resource in request["resourceMetrics"]:
            wrong += foreign(of_resource["resource"])
            for metric in chain.from_iterable(scope["metrics"] for scope in of_resource["scopeMetrics"]):
                data = metric.get("sum") or metric.get("histogram")
                if data is None:
                    continue  # gauges: the pipeline's own
                known = metrics.setdefault(metric["name"], {"points": {}})
                known.update(unit=metric.get("unit", ""), counter="sum" in metric)
                for point in data["dataPoints"]:
                    key = frozenset(attributes(point).items())
                    if known["counter"]:
                        value = (None, float(point.get("asInt", point.get("asDouble", 0))))
                    else:
                        known["buckets"] = point.get("explicitBounds", [])
                        value = (int(point["count"]), point.get("sum", 0.0))
                    if data["aggregationTemporality"] == DELTA and key in known["points"]:
                        value = tuple(a and a + b for a, b in zip(known["points"][key], value))
                    known["points"][key] = value  # cumulative: the last one says it all
    return metrics, wrong


def seconds(spans):
    return sum(span["milliseconds"] for span in spans) / 1e3


def expected_metrics(spans):
    """(name, unit, buckets or None, label, {value of the label: (count or None, sum)}).

    A counter has a sum only. A sub-agent's turn is a request to that agent.
    """
    of = defaultdict(list)
    for span in spans.values():
        of[span["subject"]].append(span)
    turns, calls, tools, delegations = of["turn"], of["llm_call"], of["tool_call"], of["subagent"]

    def by(label, those):
        grouped = defaultdict(list)
        for span in those:
            grouped[label(span)].append(span)
        return grouped.items()

    def agent(span):
        return span["agent"]

    def field(name):
        return lambda span: span["fields"][name]

    def error(span):
        return "false" if failed(span) else "true"

    rows = []
    for name, those, label, key in [
        ("request", turns, "agent.name", agent),
        ("model", calls, "model", field("model")),
        ("tool", tools, "tool", field("name")),
        ("delegation", delegations, "target", field("agent")),
    ]:
        counter = {"request": "kaos.requests", "delegation": "kaos.delegations"}.get(name, f"kaos.{name}.calls")
        for of_label, of_key in [(label, key), ("success", error)]:
            counts = {value: (None, float(len(some))) for value, some in by(of_key, those)}
            rows.append((counter, None, None, of_label, counts))
            durations = {value: (len(some), 1e3 * seconds(some)) for value, some in by(of_key, those)}
            rows.append((f"kaos.{name}.duration", "ms", None, of_label, durations))

    def timed(those, key):
        return {value: (len(some), seconds(some)) for value, some in by(key, those)}

    def usage(kind):
        return [call["outcome"]["usage"][f"{kind}_tokens"] for call in calls if call["outcome"].get("usage")]

    def per_turn(subject):
        # Its own only: each belongs to the nearest turn above it.
        counts = Counter()
        for (trace, _), span in spans.items():
            if span["subject"] == subject:
                above = span
                while above["subject"] != "turn":
                    above = spans[trace, above["parent"]]
                counts[above["agent"]] += 1
        return {name: (len(some), float(counts[name])) for name, some in by(agent, turns)}

    tokens = {kind: (len(usage(kind)), float(sum(usage(kind)))) for kind in ("input", "output")}
    client = "gen_ai.client.operation.duration"
    rows += [
        (client, "s", B1, "gen_ai.operation.name", timed(calls, field("operation"))),
        (client, "s", B1, "gen_ai.provider.name", timed(calls, field("provider"))),
        ("gen_ai.client.token.usage", "{token}", B2, "gen_ai.token.type", tokens),
        ("gen_ai.invoke_agent.duration", "s", B3, "gen_ai.agent.name", timed(turns, agent)),
        ("gen_ai.invoke_agent.inference_calls", "{inference_call}", B5, "gen_ai.agent.name", per_turn("llm_call")),
        ("gen_ai.invoke_agent.tool_calls", "{tool_call}", B5, "gen_ai.agent.name", per_turn("tool_call")),
        ("gen_ai.execute_tool.duration", "s", B1, "gen_ai.tool.name", timed(tools, field("name"))),
    ]
    return rows


def compare_metrics(spans, path):
    metrics, wrong = collected_metrics(path)
    for name, unit, buckets, label, wanted in expected_metrics(spans):
        metric = metrics.get(name)
        if metric is None:
            wrong += [f"{name}: not there"] if wanted else []
            continue
        if unit is not None and metric["unit"] != unit:
            wrong.append(f"{name}: unit is {metric['unit']!r}, not {unit!r}")
        if buckets and not near(metric.get("buckets", []), buckets):
            wrong.append(f"{name}: buckets are {metric.get('buckets')}, not {buckets}")
        has = defaultdict(lambda: (0, 0.0))
        for key, (count, total) in metric["points"].items():
            value = dict(key).get(label)
            has[value] = has[value][0] + (count or 0), has[value][1] + total
        for value in {*has, *wanted}:
            count, total = has.get(value, (0, 0.0))
            wanted_count, wanted_total = wanted.get(value, (0, 0.0))
            if wanted_count is None:
                wanted_count = 0
            # A microsecond a recording is the clock's own; counts and tokens are whole.
            if count != wanted_count or not math.isclose(total, wanted_total, rel_tol=1e-3, abs_tol=1e-6):
                wrong.append(
                    f"{name}{{{label}={value}}}: {count} recorded, {total} in all; "
                    f"events say {wanted_count} and {wanted_total}"
                )
    return len(metrics), wrong


def near(some, others):
    return len(some) == len(others) and all(math.isclose(a, b) for a, b in zip(some, others))


# --- logs ------------------------------------------------------------------------------------------


def collected_logs(path):
    records, wrong = [], []
    for request in lines(path):
        for of_resource in request["resourceLogs"]:
            wrong += foreign(of_resource["resource"])
            records += chain.from_iterable(scope["logRecords"] for scope in of_resource["scopeLogs"])
    return records, wrong


def compare_logs(spans, path):
    records, wrong = collected_logs(path)
    exceptions, told = Counter(), set()
    for record in records:
        key = record.get("traceId", ""), record.get("spanId", "")
        what = record.get("eventName") or record.get("body", {}).get("stringValue", "")
        if key == ("", ""):
            continue  # said outside a turn
        if key not in spans:
            wrong.append(f"log record {what!r}: no span of the events has its ids {key}")
        elif what == EXCEPTION:
            exceptions[key] += 1
            if record.get("severityNumber") != WARN or "exception.type" not in attributes(record):
                wrong.append(f"log record {what!r} of {key[1]}: not a WARN with exception.type")
        else:
            told.add(key[0])
    for key, span in spans.items():
        wanted = int(failed(span) and span["subject"] in OPERATIONS)
        if exceptions[key] != wanted:
            wrong.append(f"{span['name']} {key[1]}: {exceptions[key]} log events {EXCEPTION}, not {wanted}")
    for trace in {trace for trace, _ in spans} - told:
        wrong.append(f"trace {trace}: no log line carries it")
    return {record.get("traceId") for record in records} - {None, ""}, len(records), wrong


# --- all three -------------------------------------------------------------------------------------


def content(events):
    """What people, models and tools said, in pieces that no JSON escapes."""
    for event in lines(events):
        outcome = event.get("outcome") or {}
        said = [event.get("content"), event.get("instructions"), event.get("error_message")]
        for text in (*said, outcome.get("text"), outcome.get("result")):
            if text and len(text) > 4 and not set(text) & set('"\\'):
                yield text


def signals(events, traces, metrics, logs):
    spans = spans_of_events(events)
    names, wrong = compare_metrics(spans, metrics)
    of_logs, records, wrong_logs = compare_logs(spans, logs)
    wrong += wrong_logs
    of_spans = {
        span["traceId"]
        for request in lines(traces)
        for of_resource in request["resourceSpans"]
        for of_scope in of_resource["scopeSpans"]
        for span in of_scope["spans"]
    }
    if of_logs != of_spans:
        wrong.append(f"log records are of the traces {sorted(of_logs)}, spans of {sorted(of_spans)}")
    said = set(content(events))
    for path in (traces, metrics, logs):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        wrong += [f"{path} has the content {each!r}" for each in said if each in text]
    if not said:
        wrong.append("the events have no content to look for")
    if wrong:
        raise Failure("\n".join(wrong))
    return f"{names} metrics and {records} log records, in {len(of_spans)} traces, all as in the events"
