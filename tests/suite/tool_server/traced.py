import json
import os
import urllib.request


def observed() -> str:
    """Makes a span of its own, by hand."""
    print("observing")
    carried = os.environ["TRACEPARENT"]
    _, trace, parent, _ = carried.split("-")
    span = {
        "traceId": trace,
        "spanId": "0123456789abcdef",
        "parentSpanId": parent,
        "name": "inside",
        "kind": 1,
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    request = urllib.request.Request(
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    urllib.request.urlopen(request).close()
    return carried
