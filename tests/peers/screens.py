"""What `kaos up` and `kaos invoke` look like: in a terminal of 80 columns, in a narrow one, without colours, in a pipe.

Runs the research team of the examples in real pseudo-terminals, reads their bytes as a terminal does, and compares what is seen
with the pictures in docs/screens.md, but for what differs each time: ports, times, ids. `--write` puts what is seen there.

    screens.py KAOS [--write]
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
PAGE = os.path.join(ROOT, "docs/screens.md")
TEAM = "examples/research-team/scripted.yaml"
QUESTION = "What does the lease cost in all?"
SGR = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """As much of a terminal as is used: text, ends of lines, colours, the cursor up (CUU), and erasing what follows it (ED).
    Anything else is an error. Lines that have left it at the top are kept."""

    def __init__(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.rows, self.row, self.column = [""], 0, 0
        self.raw = ""
        self.colours = set()

    def feed(self, text):
        self.raw += text
        while text:
            escape = re.match(r"\x1b\[([0-9;]*)([A-Za-z])", text)
            if escape:
                number, what = escape.groups()
                if what == "m":
                    self.colours.add(number)
                elif what == "A":
                    top = max(0, len(self.rows) - self.lines)
                    assert self.row - int(number or 1) >= top, "it goes up to what has left the terminal"
                    self.row -= int(number or 1)
                elif what == "J":
                    assert number in ("", "0") and self.column == 0
                    del self.rows[self.row + 1 :]
                    self.rows[self.row] = ""
                else:
                    raise AssertionError(f"it commands the terminal: {escape.group()!r}")
                text = text[escape.end() :]
                continue
            char, text = text[0], text[1:]
            if char == "\n":
                self.down()
            elif char == "\r":
                self.column = 0
            else:
                assert char.isprintable(), f"it sends {char!r}"
                if self.column == self.columns:
                    self.down()
                    self.column = 0
                row = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = row[: self.column] + char + row[self.column + 1 :]
                self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")

    def resize(self, columns):
        """Rows that are longer than it is wide by now become several, as terminals do it that flow text anew."""
        rows, cursor = [], 0
        for at, row in enumerate(self.rows):
            if at == self.row:
                cursor = len(rows)
            rows += [row[from_ : from_ + columns] for from_ in range(0, max(len(row), 1), columns)]
        self.rows, self.row, self.columns = rows, cursor, columns

    def text(self):
        return "\n".join(row.rstrip() for row in self.rows).rstrip("\n")


class Command:
    """A command in a pseudo-terminal."""

    def __init__(self, arguments, environment, columns=80, lines=24):
        self.screen = Screen(columns, lines)
        self.master, slave = pty.openpty()
        self.size(columns, lines)
        self.process = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.pending = b""

    def size(self, columns, lines=24):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds):
        """Whether there was something."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:
            got = b""
        self.pending += got
        # A letter or a sequence may be cut.
        whole = self.pending
        while whole and (re.search(rb"\x1b[\[0-9;]*$", whole) or not valid(whole)):
            whole = whole[:-1]
        self.pending = self.pending[len(whole) :]
        self.screen.feed(whole.decode())
        return bool(got)

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what(self.screen.text()):
            assert time.monotonic() < end, "not seen:\n" + self.screen.text()
            self.read(0.1)

    def end(self, number=None):
        if number:
            self.process.send_signal(number)
        while self.read(30):
            pass
        return self.process.wait(30)


def valid(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def has(text):
    return lambda seen: text in seen


def environment(folder, **more):
    base = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_STATE_HOME": folder, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    return base | more


def team(kaos, folder, columns=80, **more):
    up = Command([kaos, "up", "-f", TEAM], environment(folder, **more), columns)
    up.until(has("kaos down"))
    return up


def ask(kaos, folder, up, **more):
    asked = Command([kaos, "invoke", "coordinator", QUESTION], environment(folder, **more))
    while asked.process.poll() is None:
        asked.read(0.02)
        up.read(0)  # a terminal that nobody reads holds up whoever writes to it
    code = asked.end()
    assert code == 0, asked.screen.text()
    return asked.screen


def in_a_terminal(kaos, folder):
    up = team(kaos, folder)
    up.until(lambda seen: len(re.findall(r"^\S+ +ready +\d+ +0 +0$", seen, re.M)) == 6)
    yield "ready", up.screen.text()
    asked = ask(kaos, folder, up)
    yield "invoke", asked.text()
    up.until(lambda seen: re.search(r"^llm +ready +\d+ +8 +0$", seen, re.M) and "trace " in seen)
    yield "asked", up.screen.text().split("kaos down\n", 1)[1].lstrip("\n")
    assert {"1", "36", "33", "32", "35", "34", "96", "0"} <= up.screen.colours, up.screen.colours
    assert up.end(signal.SIGINT) == 0
    yield "end", "coordinator | stopped" + up.screen.text().split("coordinator | stopped", 1)[1]


def without_colours(kaos, folder):
    up = team(kaos, folder, NO_COLOR="1")
    asked = ask(kaos, folder, up, NO_COLOR="1")
    up.until(lambda seen: re.search(r"^llm +ready +\d+ +8 +0$", seen, re.M) and "trace " in seen)
    assert up.end(signal.SIGINT) == 0
    assert not SGR.search(up.screen.raw + asked.raw), "NO_COLOR is set, and there are colours"


def on_a_dumb_terminal(kaos, folder):
    up = team(kaos, folder, TERM="dumb")
    ask(kaos, folder, up, TERM="dumb")
    assert up.end(signal.SIGINT) == 0
    assert "\x1b" not in up.screen.raw, "a terminal that cannot move its cursor is told to"


def made_narrow(kaos, folder):
    """One board, whatever the terminal's width becomes, and no wider than that."""
    up = team(kaos, folder, columns=100)
    for columns in [60, 40, 25, 10, 80]:
        up.size(columns)
        up.screen.resize(columns)
        while up.read(0.5):
            pass
        boards = re.findall(r"^COMPONENT", up.screen.text(), re.M)
        assert len(boards) == 1, f"{columns}:\n" + up.screen.text()
        board = up.screen.text().rsplit("COMPONENT", 1)[1].splitlines()
        assert len(board) == 7, f"{columns}:\n" + up.screen.text()
        if columns == 40:
            yield "narrow", "COMPONENT" + "\n".join(board)
    assert up.end(signal.SIGINT) == 0
    assert "COMPONENT" not in up.screen.text(), "the board is left behind"


def in_a_pipe(kaos, folder):
    up = subprocess.Popen(
        [kaos, "up", "-f", TEAM], cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    for line in up.stdout:
        lines.append(line)
        if line.strip() == "kaos down":
            break
    arguments = [kaos, "invoke", "coordinator", QUESTION]
    asked = subprocess.run(arguments, cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=True)
    yield "piped-invoke", asked.stdout + asked.stderr.rstrip("\n")
    up.send_signal(signal.SIGINT)
    lines += up.stdout
    assert up.wait(30) == 0
    text = "".join(lines)
    assert "\x1b" not in text + asked.stdout + asked.stderr, "a pipe is told what a terminal is"
    yield "pipe", text.rstrip("\n")


# What differs each time, and the order of what happens at the same time.
DIFFERS = [
    (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME"),
    (r"trace [0-9a-f]{32}", "trace ID"),
    (r"[ (]+\d+(\.\d+)? (µs|ms|s)\b", " TOOK"),
    (r"(127\.0\.0\.1:)\d+", r"\1PORT"),
    (r"( (?:ready|starting|waiting|stopped) +)\d{4,5}\b", r"\1PORT"),
]


def same(text):
    for pattern, put in DIFFERS:
        text = re.sub(pattern, put, text)
    # Components start and end beside each other.
    lines = [line.rstrip() for line in text.splitlines()]
    alone = [line for line in lines if re.search(r"\| (waiting|starting|ready|stopped|kaos: |TIME)", line)]
    return sorted(alone), [line for line in lines if line not in alone]


def main(kaos, write=""):
    seen = {}
    with tempfile.TemporaryDirectory() as folder:
        for scene in [in_a_terminal, made_narrow, in_a_pipe, without_colours, on_a_dumb_terminal]:
            try:
                seen |= dict(scene(kaos, folder) or [])
            finally:
                subprocess.run([kaos, "down"], env=environment(folder), capture_output=True)
            print(f"ok    {scene.__name__.replace('_', ' ')}")
    page = open(PAGE).read()
    wrong = []
    for name, text in seen.items():
        block = re.compile(rf"(<!-- screen: {name} -->\n```text\n)(.*?)(\n```\n)", re.S)
        found = block.search(page)
        assert found, f"docs/screens.md has no {name}"
        if write:
            page = page[: found.start(2)] + text.strip("\n") + page[found.end(2) :]
        elif same(found.group(2)) != same(text.strip("\n")):
            wrong.append(f"--- {name}: docs/screens.md says\n{found.group(2)}\n--- and this is seen\n{text}")
    if write:
        open(PAGE, "w").write(page)
    assert not wrong, "\n".join(wrong)
    print(f"ok    {len(seen)} screens are those of docs/screens.md")


if __name__ == "__main__":
    # A shell starts what runs behind it with SIGINT ignored, which what it starts would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(os.path.abspath(sys.argv[1]), *sys.argv[2:])
