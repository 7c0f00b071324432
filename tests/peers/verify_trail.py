"""Verifies an audit trail, and proofs about one, written from docs/audit-format.md alone.

    verify_trail.py DIRECTORY [--key VERIFIER_KEY]... [--anchor FILE]... [--log NAME] [--strict]
    verify_trail.py --proof FILE --key VERIFIER_KEY [--anchor FILE]
    verify_trail.py --vectors docs

Needs the standard library and `cryptography` for Ed25519. Exits 0 intact, 1 tampered with, damaged
or lost, 2 usage, 3 nothing outside vouches for the end (--strict), 4 a torn end.
"""

import argparse
import collections
import fcntl
import json
import os
import re
import stat
import sys

from trail_notes import ZEROS, Checkpoint, Key, Tree, leaf_of, sha

LINE = re.compile(rb'(\{.*),"trail_seq":(0|[1-9]\d{0,18}),"synced":(null|0|[1-9]\d{0,18}),"h":"([0-9a-f]{64})"\}', re.DOTALL)
LOG = re.compile(r"(kaos-trail/(?!0{32})[0-9a-f]{32})(?:/([1-9]\d*))?")
MOST_NUMBER, MOST_LINE = 2**63 - 1, 65536
MOST_UNCOVERED, MOST_AFTER_TURN = 1024, 512
ENDS = {"complete", "error", "cancelled", "suspended"}
FIELDS = {  # of the own records, with their types; those with a question mark may be absent
    "trail_segment": "format:u32 schema:u32 log:str cause:str prev:hash tree:hashes policy:str host:str pid:u32 key:str? former:str?",
    "trail_checkpoint": "note:str seal:bool?",
    "trail_recovery": "found:str segment:str from_seq:u64 offset:u64 bytes:u64 quarantine:str?",
    "trail_gap": "reason:str lost:u64 unrecorded_effects:u64 waiting:u64?",
    "trail_key": "from:str key:str",
    "trail_accept": "from:u64 to:u64 root:hash reason:str who:str",
    "trail_retention": "to:u64 log:str root:hash segments:u64",
}
KINDS = {
    "str": lambda value: type(value) is str,
    "bool": lambda value: type(value) is bool,
    "u32": lambda value: type(value) is int and 0 <= value < 2**32,
    "u64": lambda value: type(value) is int and 0 <= value < 2**64,
    "hash": lambda value: type(value) is str and re.fullmatch("[0-9a-f]{64}", value),
    "hashes": lambda value: type(value) is list and all(map(KINDS["hash"], value)),
}

Line = collections.namedtuple("Line", "body seq synced h hashed bytes")
Finding = collections.namedtuple("Finding", "start end what can_be_accepted", defaults=[True])


def parse(raw):
    """A line with the three last fields, or None."""
    found = LINE.fullmatch(raw) if len(raw) <= MOST_LINE else None
    if found is None or int(found[2]) > MOST_NUMBER or found[3] != b"null" and int(found[3]) > MOST_NUMBER:
        return None
    # The last occurrences count: the pattern is greedy, and nothing may stand after them.
    synced = None if found[3] == b"null" else int(found[3])
    hashed = raw[: found.start(4) - len(b',"h":"')]
    return Line(found[1], int(found[2]), synced, bytes.fromhex(found[4].decode()), hashed, raw)


def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def own(body):
    """An own record; one of an unknown type as it is."""
    record = json.loads(body + b"}", object_pairs_hook=unique)
    if record["type"] not in FIELDS:
        return record
    for field in ("time_unix_nano:str " + FIELDS[record["type"]]).split():
        name, kind = field.split(":")
        absent = name not in record or record[name] is None and kind != "bool?" and kind != "u64?"
        if not (kind.endswith("?") and absent) and not (name in record and KINDS[kind.rstrip("?")](record[name])):
            raise ValueError(f"field {name}")
    return record


def ends_turn(body):
    try:
        event = json.loads(body + b"}")
        return event.get("type") == "span" and event.get("subject") == "turn" and event.get("phase") in ENDS
    except ValueError:
        return False


class Findings:
    def __init__(self):
        self.certain, self.doubtful = [], []

    def find(self, start, end, what, can_be_accepted=True):
        self.certain.append(Finding(start, end, what, can_be_accepted))

    def in_line(self, seq, what, offset=1):
        """After damage that may be a torn end, what a line says is as open as that."""
        found = self.doubtful if self.doubtful and offset else self.certain
        found.append(Finding(seq, seq + 1, what))


class Chain:
    """The second part: lines into chain and tree. Tells the policy what it reads."""

    def __init__(self, directory, trail, policy, findings):
        self.directory, self.trail, self.policy, self.found = directory, trail, policy, findings
        self.log = self.base = self.prev = self.tree = self.torn = None
        self.next = self.head = self.records = self.format = 0

    def run(self):
        names = os.listdir(self.directory)
        names = sorted(name for name in names if re.fullmatch(r"seg-\d{20}\.jsonl", name) and int(name[4:24]) <= MOST_NUMBER)
        if not names:
            raise FileNotFoundError("no trail in it")
        for name, following in zip(names, names[1:] + [None]):
            after = self.start(following) if following else None
            superseded = after["seq"] if after and after["cause"] == "failed" else None
            self.segment(name, superseded, following is None)

    def pieces(self, name):
        path = os.path.join(self.directory, name)
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise OSError("no regular file")
        with open(path, "rb") as file:
            while piece := file.readline(MOST_LINE + 1):
                yield piece

    def start(self, name):
        """What a segment's first line says, or None."""
        try:
            line = parse(next(self.pieces(name)).removesuffix(b"\n"))
            start = own(line.body)
            if start["type"] != "trail_segment":
                return None
            trail, base = LOG.fullmatch(start["log"]).groups("0")
            prev, tree = bytes.fromhex(start["prev"]), list(map(bytes.fromhex, start["tree"]))
            start |= dict(seq=line.seq, trail=trail, base=int(base), prev=prev, tree=Tree(line.seq - int(base), tree))
            return start
        except (OSError, StopIteration, TypeError, ValueError, KeyError, AttributeError):
            return None

    def segment(self, name, superseded, is_last):
        first, stored, raw, number = int(name[4:24]), None, b"\n", -1
        try:
            for number, raw in enumerate(self.pieces(name)):
                if superseded is not None and number and self.next >= superseded:
                    break
                if number == 0:
                    self.begin(first, self.start(name) if raw.endswith(b"\n") else None)
                stored = self.line(raw, stored, number)
        except OSError as error:
            return self.found.find(first, first + 1, str(error))
        if number < 0:
            self.next = max(self.next, first)
            self.found.find(first, first + 1, "no valid first record")
        self.policy.ends(self.next)
        doubtful, self.found.doubtful = self.found.doubtful, []
        if not is_last:
            self.found.certain += doubtful
        elif doubtful and not (has_writer(self.directory) and all(it.what == "cut off" for it in doubtful)):
            self.torn = doubtful[0].start

    def begin(self, first, start):
        if start is None:
            self.next = max(self.next, first)
            return self.found.find(first, first + 1, "no valid first record")
        seq, anew = start["seq"], start["prev"] == ZEROS and not start["tree"].size
        here = lambda what, can_be=True: self.found.find(first, first + 1, what, can_be)
        if start["format"] > 2:
            here("a newer format", False)
        elif start["format"] < self.format:
            here("an older format than before")
        self.format = max(self.format, start["format"])
        if seq != first:
            self.found.find(seq, seq + 1, "not the name of its first record")
        self.trail = self.trail or start["trail"]
        if self.trail != start["trail"]:
            here("of another trail", False)
        if self.log is None:
            if not (anew and seq == self.next):
                self.found.find(0, seq, f"records 0 to {seq - 1} are missing")
        elif self.log == start["log"]:
            if self.head < seq:
                self.found.find(self.head, seq, f"records {self.head} to {seq - 1} are missing")
            elif (self.head, self.prev, self.tree) != (seq, start["prev"], start["tree"]):
                here("does not continue the log")
        elif start["cause"] == "restarted" and anew:
            self.found.find(min(self.next, seq), seq, "a new log begins: records before it were damaged or lost")
        else:
            here("does not continue the log")
        self.policy.begins(start, self.log is None)
        self.log, self.base, self.prev, self.tree = start["log"], start["base"], start["prev"], start["tree"].copy()
        self.next = self.head = seq

    def line(self, raw, stored, number):
        self.policy.piece(self.next, raw.removesuffix(b"\n"))
        if self.log is None:
            self.next += 1
            return None
        line = parse(raw[:-1]) if raw.endswith(b"\n") else None
        damaged = None
        if not raw.endswith(b"\n"):
            damaged = "cut off"
        elif line is None:
            damaged = "CR LF" if raw.endswith(b"\r\n") and parse(raw[:-2]) else "not a line"
        elif line.seq != self.next:
            damaged = f"number {line.seq}"
        elif sha(self.prev, line.hashed) != line.h:
            damaged = "its hash does not follow"
        if damaged:
            self.found.doubtful.append(Finding(self.next, self.next + 1, damaged))
        if line is None:
            self.next += 1
            return None
        if line.synced is not None and (stored is None or sha(stored, line.hashed) == line.h):
            sure = [it for it in self.found.doubtful if it.start <= line.synced]
            self.found.certain += sure
            self.found.doubtful = [it for it in self.found.doubtful if it not in sure]
        self.records += 1
        if not damaged:
            self.policy.record(line, number, self)
        self.tree.push(line.bytes)
        self.prev, self.next, self.head = line.h, line.seq + 1, line.seq + 1
        self.policy.stands(self.log, self.tree, self.head, True)
        return line.h


def has_writer(directory):
    try:
        with open(os.path.join(directory, "lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class Verifier:
    def __init__(self, directory, keys=(), anchors=(), log=None):
        from trail_policy import Policy

        self.found = Findings()
        self.policy = Policy(list(keys), list(anchors), self.found)
        self.chain = Chain(directory, log and LOG.fullmatch(log)[1], self.policy, self.found)

    def run(self):
        self.chain.run()
        self.accounted = self.policy.verdict(self.chain)
        self.torn, self.findings = self.chain.torn, self.found.certain
        return self

    def exit(self, strict):
        unvouched = self.policy.after is None or self.policy.after > 1 or self.policy.tail
        return 1 if self.findings else 4 if self.torn is not None else 3 if strict and unvouched else 0


def proof(path, keys, anchors):
    from trail_notes import check_proof

    with open(path, encoding="utf-8", newline="") as file:
        try:
            print(check_proof(file.read(), keys, anchors))
        except (ValueError, IndexError) as error:
            print(f"no proof: {error}")
            return 1
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--key", type=Key, action="append", default=[])
    parser.add_argument("--anchor", action="append", default=[])
    parser.add_argument("--log", type=lambda text: LOG.fullmatch(text) and text or parser.error("no log's name"))
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--proof")
    parser.add_argument("--vectors")
    given = parser.parse_args()
    if given.vectors:
        import trail_vectors

        return trail_vectors.check(given.vectors)
    try:
        anchors = [Checkpoint(open(path, encoding="utf-8", newline="").read()) for path in given.anchor]
        if given.proof:
            return proof(given.proof, given.key, anchors)
        if not given.directory:
            parser.error("no directory")
        verifier = Verifier(given.directory, given.key, anchors, given.log).run()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    for start, end, what, _ in verifier.findings:
        print(f"record {start}: {what}" if end == start + 1 else f"records {start} to {end - 1}: {what}")
    for finding, why in verifier.accounted:
        print(f"accounted for: records {finding.start} to {finding.end - 1}: {finding.what}; {why}")
    if verifier.torn is not None:
        print(f"torn from record {verifier.torn} on")
    if verifier.policy.tail:
        print(f"unsigned tail: {verifier.policy.tail} records")
    print(f"{verifier.chain.records} records", "" if anchors else "UNANCHORED")
    return verifier.exit(given.strict)


if __name__ == "__main__":
    sys.exit(main())
