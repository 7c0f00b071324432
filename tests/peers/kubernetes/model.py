"""Stands in for LiteLLM: a model that goes on as its name says. It reads LiteLLM's configuration, and shows it."""

import http.server
import json
import os
import sys

CONFIG = sys.argv[sys.argv.index("--config") + 1]
PORT = int(sys.argv[sys.argv.index("--port") + 1])
STARTED_WITH = open(CONFIG).read()

# Model: what is called, with what, and what is said after it.
SCRIPT = {
    "coordinate": ("researcher", {"task": "count them"}, "Three."),
    "research": ("analyst", {"task": "count them"}, "there are three"),
    "ask-theirs": ("theirs", {"task": "count them"}, "Theirs says three."),
    "analyse": ("add", {"a": 1, "b": 2}, "three"),
}


def reply(body):
    called, arguments, said = SCRIPT.get(body["model"].rsplit("/", 1)[-1], ("", {}, "hello"))
    if any(message["role"] == "tool" for message in body["messages"]) or not called:
        return {"role": "assistant", "content": said}, "stop"
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    name = next((name for name in names if name.endswith(called)), "none-of-" + "-".join(names))
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        shown = {"config": STARTED_WITH, "env": dict(os.environ)}
        self.send(json.dumps(shown).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message, reason = reply(body)
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        head = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            return self.send(json.dumps({**head, "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}).encode())
        head["object"] = "chat.completion.chunk"
        for index, call in enumerate(message.get("tool_calls", [])):
            call["index"] = index
        chunks = [
            {**head, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
            {**head, "choices": [], "usage": usage},
        ]
        text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        self.send(text.encode(), "text/event-stream")


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
