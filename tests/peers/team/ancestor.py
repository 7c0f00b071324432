"""What ancestor-agent.sh asks, and what it demands of the spans that the collector has written."""

import json
import sys
import time
import urllib.request

from check import CALLER, spans

TRACES = ["%032x" % (0xDEF0 + number) for number in range(3)]


def ask(url):
    """Not streamed, streamed, and not: the first finds the card, which is another request."""
    for trace, stream in zip(TRACES, [False, True, False]):
        body = {"model": "m", "messages": [{"role": "user", "content": "Count."}], "stream": stream}
        headers = {"content-type": "application/json", "traceparent": f"00-{trace}-{CALLER}-01"}
        request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        assert "Three." in text, text
        time.sleep(1)


def one_trace(path, near, far):
    everything = spans(path)
    told = []
    for trace in TRACES:
        own = [span for span in everything if span["traceId"] == trace]
        by_id = {span["spanId"]: span for span in own}
        both = {span["service"] for span in own}
        assert both == {near, far}, f"{trace} has spans of {both}"
        for span in own:
            parent = span.get("parentSpanId")
            assert parent == CALLER or parent in by_id, f"no parent: {span['service']} {span['name']}"
        crossing = [span for span in own if span["service"] == far and by_id[span["parentSpanId"]]["service"] == near]
        assert len(crossing) == 1, f"the far side was asked {len(crossing)} times"
        above = by_id[crossing[0]["parentSpanId"]]
        told.append(f"{above['name']} > {crossing[0]['name']}")
    others = {span["traceId"] for span in everything} - set(TRACES)
    print(f"{len(TRACES)} traces, each one: {', '.join(sorted(set(told)))}; {len(others)} others")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
