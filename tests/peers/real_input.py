"""Judges what real_input.rs prints on the standard input.

    real_input.py [--stream] [--intent] [--calculate] --usage reported|unknown [--text TEXT] [--paced]

Of every model call, the tokens are the same in response, event, span and metric; where they are
unknown, nothing stands there, and no zero. Streamed, the answer arrives in several pieces that
join to what the reply holds; else there are no pieces. With --intent the first reply is JSON of
the form asked for; with --calculate the calculator was called, and gave a result. With --paced the
pieces did not arrive all at once, but as a model makes them.
"""

import argparse
import json
import sys

from events import Failure, spans_of

INTENTS = ("respond", "tool_use", "research", "plan", "clarify")
PIECES = 3  # at least
FASTEST = 1_000_000  # nanoseconds from piece to piece, on average


def pair(usage):
    """Input and output tokens; absent is None, and so is what an event calls unknown beside a 0."""
    usage = usage or {}
    if "usage" in usage.get("unknown", ()):
        return None, None
    keys = ("input", "output") if "input" in usage else ("input_tokens", "output_tokens")
    return tuple(usage.get(key) for key in keys)


def model_calls(said, spans):
    """What is known of each model call, in their order."""
    calls = []
    for (_, span_id), span in spans.items():
        if span["subject"] != "llm_call":
            continue
        of_span = [event for event in said["events"] if event.get("span_id") == span_id]
        of_type = lambda name: [event for event in of_span if event["type"] == name]
        calls.append({
            "stream": span["fields"].get("stream", False),
            "phase": span["phase"],
            "event": [pair(event) for event in of_type("usage_observed")],
            "end": pair(span["outcome"].get("usage")),
            "span": pair(said["spans"][span_id]),
            "pieces": [event["content"] for event in of_type("text_delta")],
            "times": [int(event["time_unix_nano"]) for event in of_type("text_delta")],
            "arguments": [event["content"] for event in of_type("tool_call_args_delta")],
        })
    return calls


def check_tokens(said, calls, usage, wrong):
    unknown = (None, None)
    if len(calls) != len(said["responses"]):
        wrong.append(f"{len(calls)} model calls, {len(said['responses'])} responses")
    for number, (call, response) in enumerate(zip(calls, said["responses"]), 1):
        wanted = pair(response)
        places = {"its event": call["event"], "its end": [call["end"]], "its span": [call["span"]]}
        for place, has in places.items():
            if has != [wanted]:
                wrong.append(f"model call {number}: the response says {wanted}, {place} {has}")
        if usage == "unknown" and wanted != unknown:
            wrong.append(f"model call {number}: tokens of a response that tells none: {wanted}")
        if usage == "reported" and not all(wanted):
            wrong.append(f"model call {number}: tokens are {wanted}")
    known = [pair(response) for response in said["responses"] if response is not None]
    for at, kind in enumerate(("input", "output")):
        wanted = {"count": len(known), "sum": sum(each[at] for each in known)} if known else None
        if said["metrics"].get(kind) != wanted:
            wrong.append(f"metric, {kind}: {said['metrics'].get(kind)}, responses say {wanted}")
    spent = tuple(map(sum, zip(*known))) if known else unknown
    replies = [pair(reply["tokens"]) for reply in said["replies"] if reply["tokens"]]
    if (tuple(map(sum, zip(*replies))) if replies else unknown) != spent:
        wrong.append(f"the replies say {replies}, the responses {spent}")
    return spent


def check_pieces(call, text, stream, wrong):
    pieces = call["pieces"]
    if not stream and (pieces or call["arguments"]):
        wrong.append(f"{len(pieces)} pieces of an answer that was not streamed")
    if stream and len(pieces) < PIECES:
        wrong.append(f"the answer {text!r} arrives in {len(pieces)} pieces")
    if stream and "".join(pieces) != text:
        wrong.append(f"the pieces {pieces} are not the answer {text!r}")


def check_pace(times, wrong):
    took = times[-1] - times[0] if times else 0
    if took < (len(times) - 1) * FASTEST:
        wrong.append(f"{len(times)} pieces of the answer arrive within {took / 1e6:.1f} ms")


def check_calculator(spans, call, stream, wrong):
    tools = [span for span in spans.values() if span["subject"] == "tool_call"]
    if [(tool["fields"]["name"], tool["phase"]) for tool in tools] != [("calculator", "complete")]:
        wrong.append(f"tool calls: {[(tool['name'], tool['phase']) for tool in tools]}")
    if stream and not call["arguments"]:
        wrong.append("the call's arguments are not handed on as they are made")


def check_intent(text, wrong):
    try:
        verdict = json.loads(text)
    except ValueError:
        wrong.append(f"the intent is no JSON: {text!r}")
        return
    if verdict.get("intent") not in INTENTS or not isinstance(verdict.get("confidence"), (int, float)):
        wrong.append(f"the intent is {verdict}")


def check(said, options):
    wrong = []
    spans = spans_of(said["events"])
    calls = model_calls(said, spans)
    wrong += [f"{span['name']} ended: {span['phase']}" for span in spans.values() if span["phase"] != "complete"]
    wrong += [f"{span['name']} is not exported" for (_, id), span in spans.items() if id not in said["spans"]]
    if len(said["spans"]) != len(spans):
        wrong.append(f"{len(said['spans'])} spans are exported, {len(spans)} are in the events")
    wanted = 1 + options.intent + options.calculate
    if len(calls) != wanted or any(call["stream"] != options.stream for call in calls):
        raise Failure("\n".join([*wrong, f"model calls: {calls}, {wanted} are expected"]))

    spent = check_tokens(said, calls, options.usage, wrong)
    answer = said["replies"][-1]["text"]
    check_pieces(calls[-1], answer, options.stream, wrong)
    if options.paced:
        check_pace(calls[-1]["times"], wrong)
    if options.text is not None and answer != options.text:
        wrong.append(f"the answer is {answer!r}")
    if options.intent:
        check_intent(said["replies"][0]["text"], wrong)
        check_pieces(calls[0], said["replies"][0]["text"], options.stream, wrong)
    if options.calculate:
        check_calculator(spans, calls[-2], options.stream, wrong)
    if wrong:
        raise Failure("\n".join(wrong))
    tokens = "tokens unknown everywhere" if spent[0] is None else f"{spent[0]} + {spent[1]} tokens everywhere"
    pieces = sum(len(call["pieces"]) for call in calls)
    arguments = sum(len(call["arguments"]) for call in calls)
    return f"{len(spans)} spans, {len(calls)} model calls, {pieces} + {arguments} pieces, {tokens}; answer {answer[:60]!r}"


def arguments():
    parser = argparse.ArgumentParser()
    for flag in ("--stream", "--intent", "--calculate", "--paced"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--usage", choices=("reported", "unknown"), required=True)
    parser.add_argument("--text")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        print(check(json.load(sys.stdin), arguments()))
    except Failure as failure:
        sys.exit(str(failure))
