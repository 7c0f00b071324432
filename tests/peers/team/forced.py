"""Between a team and a small base model, which cannot choose: forced.py PORT URL TOOL. A question gets a call of the tool, whether the
model wants it or not; what follows a tool gets words."""

import http.server
import json
import sys
import urllib.error
import urllib.request

# Short, and the same each time. A base model goes on as the user, which `USER:` stops.
PARAMETERS = {"max_tokens": 128, "temperature": 0, "seed": 7, "stop": ["USER:"]}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.pass_on(None)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"]))) | PARAMETERS
        if body["messages"][-1]["role"] == "user":
            body["tool_choice"] = {"type": "function", "function": {"name": sys.argv[3]}}
        else:
            body.pop("tools", None)
        self.pass_on(json.dumps(body).encode())

    def pass_on(self, body):
        request = urllib.request.Request(sys.argv[2] + self.path, body, {"content-type": "application/json"})
        try:
            answer = urllib.request.urlopen(request, timeout=300)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
