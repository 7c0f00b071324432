"""The model of the three agents, an endpoint of chat completions: who is asked is the model's name. Writes what tools
gave into a file, a line of JSON each."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def calls(*called):
    return [
        {"id": f"c{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for at, (name, arguments) in enumerate(called)
    ]


# What each says, step by step, and the tokens of the request and the answer.
SAYS = {
    "coordinator": [
        ({"tool_calls": calls(("researcher", {"task": "find them"}), ("analyst", {"task": "count them"}))}, (10, 1)),
        ({"content": "Three."}, (30, 3)),
    ],
    "researcher": [({"tool_calls": calls(("meta", {}))}, (10, 1)), ({"content": "here they are"}, (20, 2))],
    "analyst": [({"content": "three"}, (100, 5))],
}
TOKENS = sum(sum(tokens) for steps in SAYS.values() for _, tokens in steps)


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.give("application/json", '{"object":"list","data":[]}')

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        roles = [message["role"] for message in body["messages"]]
        since = roles[len(roles) - roles[::-1].index("user"):]
        for message in body["messages"]:
            if message["role"] == "tool":
                self.server.told.write(json.dumps({"agent": body["model"], "result": message["content"]}) + "\n")
                self.server.told.flush()
        said, (asked, answered) = SAYS[body["model"]][since.count("assistant")]
        usage = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
        reason = "tool_calls" if "tool_calls" in said else "stop"
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": reason}
            return self.give("application/json", json.dumps({**whole, "choices": [choice], "usage": usage}))
        whole["object"] = "chat.completion.chunk"
        delta = dict(said)
        if "tool_calls" in delta:
            delta["tool_calls"] = [{"index": at, **call} for at, call in enumerate(delta["tool_calls"])]
        choices = [{"index": 0, "delta": delta, "finish_reason": None}], [{"index": 0, "delta": {}, "finish_reason": reason}]
        frames = [{**whole, "choices": choice} for choice in choices] + [{**whole, "choices": [], "usage": usage}]
        lines = [f"data: {json.dumps(frame)}\n\n" for frame in frames] + ["data: [DONE]\n\n"]
        self.give("text/event-stream", "".join(lines))

    def give(self, kind, text):
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Model)
    server.daemon_threads = True
    server.told = open(sys.argv[2], "a")
    server.serve_forever()
