"""Compares the events of a run with what came of them outside.

    check.py received EVENTS COLLECTED
        Every span stands in the collector once, as the events say, and nothing else does.
    check.py signals EVENTS COLLECTED METRICS LOGS
        Metrics count what the events have, with the durations and buckets they must have; log records
        carry ids of the spans, in the traces of the spans; no content is in any of them.
    check.py lost EVENTS STDERR ENDED LIKE [KILLED]
        Spans were lost: the turns went on as in LIKE, each span is counted, and the end came in time.

EVENTS and LIKE are JSON Lines of events; COLLECTED, METRICS and LOGS are files of the collector's file
exporters, one export request a line. ENDED is when the process ended and KILLED when its collector was
killed, which must be during the run; both in nanoseconds since the Unix epoch.
"""

import re
import sys
from collections import Counter, defaultdict

from events import Failure, failed, lines, spans_of_events
from signals import RESOURCE, signals

INTERNAL, CLIENT = 1, 3
UNSET, ERROR = 0, 2
SUBJECTS = ["turn", "intent_classification", "step", "llm_call", "tool_call", "subagent"]
SHUTDOWN_SECONDS = 5.0
EXIT_SECONDS = 0.5  # for the process to go and the clock to be read, on a busy machine


def expected(span):
    """What the collector should have of a span of the events."""
    client = span["subject"] == "llm_call" or (span["subject"] == "subagent" and span["remote"])
    return {
        "name": span["name"],
        "parentSpanId": span["parent"],
        "startTimeUnixNano": span["start"],
        "endTimeUnixNano": span["end"],
        "kind": CLIENT if client else INTERNAL,
        "status": ERROR if failed(span) else UNSET,
        **RESOURCE,
    }


def collected(path):
    """What the collector has, as (key, fields): one for each time it got a span."""
    for request in lines(path):
        for of_resource in request["resourceSpans"]:
            resource = {
                attribute["key"]: attribute["value"].get("stringValue")
                for attribute in of_resource["resource"].get("attributes", [])
            }
            for of_scope in of_resource["scopeSpans"]:
                for span in of_scope["spans"]:
                    yield (
                        (span["traceId"], span["spanId"]),
                        {
                            "name": span["name"],
                            "parentSpanId": span.get("parentSpanId", ""),
                            "startTimeUnixNano": span["startTimeUnixNano"],
                            "endTimeUnixNano": span["endTimeUnixNano"],
                            "kind": span.get("kind", 0),
                            "status": span.get("status", {}).get("code", UNSET),
                            **{key: resource.get(key) for key in RESOURCE},
                        },
                    )


def received(events, file):
    """Every span of the events is there once, equal in all fields, and nothing else is."""
    spans, wrong = spans_of_events(events), []
    times = Counter()
    for key, got in collected(file):
        times[key] += 1
        if key not in spans:
            wrong.append(f"{got['name']} {key[1]} of trace {key[0]}: not in the events")
            continue
        for field, wanted in expected(spans[key]).items():
            if got[field] != wanted:
                wrong.append(
                    f"{spans[key]['name']} {key[1]}: {field} is {got[field]!r}, events say {wanted!r}"
                )
    for key, span in spans.items():
        if times[key] != 1:
            wrong.append(f"{span['name']} {key[1]}: received {times[key]} times")

    subjects = Counter(span["subject"] for span in spans.values())
    wrong += [f"the example has no {subject}" for subject in SUBJECTS if not subjects[subject]]
    parents = (
        spans.get((trace, span["parent"])) for (trace, _), span in spans.items() if span["subject"] == "turn"
    )
    if not any(parent and parent["subject"] == "subagent" for parent in parents):
        wrong.append("the example has no turn inside a subagent")
    if wrong:
        raise Failure("\n".join(wrong))
    return f"{len(spans)} spans, each once, all as in the events"


def outlines(spans):
    """Each trace as its paths of names with the phase at their end, without ids and times."""

    def path(trace, span):
        parent = spans.get((trace, span["parent"]))
        return (path(trace, parent) if parent else "") + "/" + span["name"]

    traces = defaultdict(list)
    for (trace, _), span in spans.items():
        traces[trace].append(f"{path(trace, span)} {span['phase']}")
    return {trace: sorted(paths) for trace, paths in traces.items()}


def lost(events, stderr, ended, like, killed=None):
    """The turns are unaffected, the loss is counted to the span, the end came in time."""
    spans, wrong = spans_of_events(events), []
    healthy = list(outlines(spans_of_events(like)).values())
    for trace, outline in outlines(spans).items():
        if outline not in healthy:
            wrong.append(f"trace {trace} is none of the healthy run's:\n  " + "\n  ".join(outline))

    with open(stderr, encoding="utf-8") as file:
        reports = re.findall(r"exported (\d+) spans, lost (\d+)", file.read())
    if len(reports) != 1:
        wrong.append(f"stderr says 'exported N spans, lost M' {len(reports)} times, not once")
    else:
        exported, missing = map(int, reports[0])
        if exported + missing != len(spans):
            wrong.append(f"exported {exported} + lost {missing} is not the {len(spans)} spans of the events")
        if missing == 0:
            wrong.append("nothing was lost")

    first, *_, last = (int(event["time_unix_nano"]) for event in lines(events))
    if killed and int(killed) >= last:
        wrong.append(f"the collector was killed {(int(killed) - last) / 1e9:.2f} s after the run, not in it")
    run, shutdown = (last - first) / 1e9, (int(ended) - last) / 1e9
    if shutdown > SHUTDOWN_SECONDS + EXIT_SECONDS:
        wrong.append(
            f"ended {shutdown:.2f} s after its last event, bound {SHUTDOWN_SECONDS} s + {EXIT_SECONDS} s"
        )
    if wrong:
        raise Failure("\n".join(wrong))
    return f"{exported} spans exported + {missing} lost, run {run:.2f} s, then shutdown {shutdown:.2f} s"


if __name__ == "__main__":
    check = {"received": received, "signals": signals, "lost": lost}[sys.argv[1]]
    try:
        print(check(*sys.argv[2:]))
    except Failure as failure:
        sys.exit(str(failure))
