"""A server that answers 503 to every request. Prints its port; ends by itself after two minutes."""

import http.server
import threading


class Refuse(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
threading.Timer(120, server.shutdown).start()
print(server.server_port, flush=True)
server.serve_forever()
