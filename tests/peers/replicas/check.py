"""A model, a round-robin proxy and clients for the replicas of redis.sh. The model answers with everything that users said in
the conversation that it is shown, so an answer tells whether the conversation was whole, and in order."""

import contextlib
import itertools
import json
import os
import signal
import socket
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Model(BaseHTTPRequestHandler):
    def do_GET(self):
        self.give("{}")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        roles = [message["role"] for message in body["messages"] if message["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"], roles
        said = " ".join(message["content"] for message in body["messages"] if message["role"] == "user")
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        self.give(json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}))

    def give(self, text):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def model(port):
    ThreadingHTTPServer(("127.0.0.1", int(port)), Model).serve_forever()


class Proxy:
    """Gives each connection to the next replica, or, where nobody is, to the one after."""

    def __init__(self, ports):
        self.next = itertools.cycle(ports)
        self.taken = {port: 0 for port in ports}
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            for _ in self.taken:
                with self.lock:
                    port = next(self.next)
                try:
                    replica = socket.create_connection(("127.0.0.1", port))
                    break
                except OSError:
                    continue
            with self.lock:
                self.taken[port] += 1
            for one, other in [(client, replica), (replica, client)]:
                threading.Thread(target=pump, args=(one, other), daemon=True).start()


def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


def say(url, session, text, stream):
    body = {"messages": [{"role": "user", "content": text}], "stream": stream, "session_id": session}
    request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        got = answer.read().decode()
    if not stream:
        return json.loads(got)["choices"][0]["message"]["content"].split(" ")
    frames = [json.loads(line[6:]) for line in got.split("\n\n") if line.startswith("data: {")]
    assert not [frame for frame in frames if "error" in frame], got
    deltas = [frame["choices"][0]["delta"].get("content") or "" for frame in frames if frame["choices"]]
    return "".join(deltas).split(" ")


def clients(first, second, doomed):
    proxy = Proxy([int(first), int(second)])

    def conversation(number, turns):
        for turn in turns:
            heard = say(proxy.url, f"s-{number}", f"{number}.{turn}", turn % 2 == 0)
            assert heard == [f"{number}.{it}" for it in range(turn + 1)], (number, turn, heard)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: conversation(number, range(10)), range(8)))
        # Many who speak at once in one conversation: each is heard once, and each answer has all those before.
        heard = list(pool.map(lambda turn: say(proxy.url, "all", f"a{turn}", turn % 2 == 0), range(16)))
    heard.sort(key=len)
    assert [len(one) for one in heard] == list(range(1, 17)), heard
    assert all(one == heard[-1][: len(one)] for one in heard) and len(set(heard[-1])) == 16, heard
    assert min(proxy.taken.values()) > 30, proxy.taken
    # One of them is gone: the other goes on with what was said to both.
    os.kill(int(doomed), signal.SIGKILL)
    with contextlib.suppress(OSError):
        while True:  # until nobody is there
            socket.create_connection(("127.0.0.1", int(first))).close()
    for number in range(8):
        conversation(number, range(10, 12))
    print(f"9 conversations, {8 * 12 + 16} turns, whole and in order; connections {sorted(proxy.taken.values())}")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
