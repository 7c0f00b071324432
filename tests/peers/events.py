"""The events of a run, as the checks need them: JSON Lines in, spans out."""

import json


class Failure(Exception):
    """One reason a check fails, or several, a line each."""


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def spans_of_events(path):
    """Those of a file of events; see `spans_of`."""
    return spans_of(lines(path))


def spans_of(events):
    """The spans by (trace id, span id), in the order they started."""
    spans, wrong = {}, []
    for event in events:
        if event["type"] != "span" or event["phase"] == "progress":
            continue
        key = event["trace_id"], event["span_id"]
        what = f"{event['name']} {key[1]}"
        if event["phase"] == "start":
            if key in spans:
                wrong.append(f"{what}: started twice")
            spans[key] = {
                "name": event["name"],
                "agent": event["agent_id"],
                "subject": event["subject"],
                "fields": event["fields"],
                "remote": event["fields"].get("remote", False),
                "parent": event["parent_span_id"] or "",
                "start": event["time_unix_nano"],
            }
        elif key not in spans or "end" in spans[key]:
            wrong.append(f"{what}: ended ({event['phase']}) while not open")
        else:
            spans[key].update(
                end=event["time_unix_nano"],
                phase=event["phase"],
                milliseconds=event["duration_ms"],
                outcome=event.get("outcome", {}),
            )
    wrong += [f"{span['name']} {key[1]}: never ended" for key, span in spans.items() if "end" not in span]
    if not spans:
        wrong.append("no span")
    if wrong:
        raise Failure("\n".join(f"events: {line}" for line in wrong))
    return spans


def failed(span):
    return span["phase"] in ("error", "cancelled")
