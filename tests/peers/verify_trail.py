"""Verifies an audit trail, written from docs/audit-format.md alone.

    verify_trail.py DIRECTORY [--key VERIFIER_KEY] [--anchor FILE]... [--strict]
    verify_trail.py --vectors docs/audit-format.md

Needs the standard library and `cryptography` for Ed25519. Exits 0 intact, 1 tampered with, damaged
or lost, 2 usage, 3 nothing outside vouches for the end (--strict), 4 a torn end.
"""

import argparse
import base64
import fcntl
import hashlib
import json
import os
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZEROS = bytes(32)
LINE = re.compile(rb'(\{.*),"trail_seq":(0|[1-9]\d{0,19}),"synced":(null|0|[1-9]\d{0,19}),"h":"([0-9a-f]{64})"\}', re.DOTALL)
FIELDS = {  # of the own records, with their types; the last ones may be absent
    "trail_segment": "time_unix_nano:str format:int schema:int log:str cause:str prev:str tree:list policy:str host:str pid:int key:str?",
    "trail_checkpoint": "time_unix_nano:str note:str seal:bool?",
    "trail_recovery": "time_unix_nano:str found:str segment:str from_seq:int offset:int bytes:int quarantine:str?",
    "trail_gap": "time_unix_nano:str reason:str lost:int unrecorded_effects:int waiting:int?",
}


def sha(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


class Tree:
    """RFC 6962, as the roots of complete subtrees."""

    def __init__(self, size=0, subtrees=()):
        if size.bit_count() != len(subtrees):
            raise ValueError("not the subtrees of so many records")
        self.size, self.subtrees = size, list(subtrees)

    def push(self, leaf):
        node, size = sha(b"\0", leaf), self.size
        while size & 1:
            node, size = sha(b"\1", self.subtrees.pop(), node), size >> 1
        self.subtrees.append(node)
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha()
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = sha(b"\1", left, root)
        return root


class Key:
    def __init__(self, text):
        self.name, identity, data = text.split("+", 2)
        data = base64.b64decode(data, validate=True)
        self.id = sha(self.name.encode(), b"\n", data)[:4]
        if data[0] != 1 or len(data) != 33 or self.id.hex() != identity:
            raise ValueError("no verifier key")
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])

    def signed(self, checkpoint):
        for name, data in checkpoint.signatures:
            if name == self.name and data[:4] == self.id:
                try:
                    self.public.verify(data[4:], checkpoint.text.encode())
                    return True
                except InvalidSignature:
                    pass
        return False


class Checkpoint:
    def __init__(self, note):
        self.text, self.signatures = note, []
        if "\n\n" in note:
            self.text, signatures = note.split("\n\n", 1)
            self.text += "\n"
            for line in signatures.removesuffix("\n").split("\n"):
                dash, name, data = line.split(" ")
                self.signatures.append((name, base64.b64decode(data, validate=True)))
        self.log, size, root = self.text.removesuffix("\n").split("\n")
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        again = f"{self.log}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        if self.signatures:
            again += "\n" + "".join(f"— {name} {base64.b64encode(data).decode()}\n" for name, data in self.signatures)
        if again != note or len(self.root) != 32:
            raise ValueError("not in its one text form")


def own(body):
    """An own record."""

    def pairs(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    record = json.loads(body + b"}", object_pairs_hook=pairs)
    for field in FIELDS.get(record["type"], "").split():
        name, kind = field.split(":")
        if not (kind.endswith("?") and name not in record) and type(record.get(name)).__name__ != kind.rstrip("?"):
            raise ValueError(f"field {name}")
    return record


class Verifier:
    def __init__(self, directory, key=None, anchors=()):
        self.directory, self.key, self.anchors = directory, key, list(anchors)
        self.findings, self.torn, self.records, self.checkpoints, self.key_named = [], None, 0, 0, None
        self.log, self.next, self.prev, self.tree, self.seen, self.after_anchor = None, 0, ZEROS, Tree(), [], None
        self.damage = []  # of this segment, while it may be a torn end

    def find(self, seq, what):
        self.findings.append((seq, what))

    def find_in_line(self, seq, what):
        """After damage that may be a torn end, what a line says is as open as that."""
        (self.damage or self.findings).append((seq, what))

    def run(self):
        names = sorted(name for name in os.listdir(self.directory) if re.fullmatch(r"seg-\d{20}\.jsonl", name))
        if not names:
            raise FileNotFoundError("no trail in it")
        starts = {name: self.start(name) for name in names}
        for name, following in zip(names, names[1:] + [None]):
            until = starts.get(following)
            superseded = until["trail_seq"] if until and until["cause"] == "failed" else None
            self.segment(name, starts[name], superseded, following is None)
        if self.key and not self.checkpoints:
            self.find(None, "not signed")
        for anchor in self.anchors:
            if self.key and not self.key.signed(anchor):
                self.find(None, "the anchor is not signed by the key")
            if anchor.log != self.log and anchor not in self.seen:
                self.find(None, "the anchor is of another trail")
            elif anchor.log == self.log and anchor.size > self.tree.size:
                self.find(self.next, f"records up to {self.base + anchor.size - 1} are missing")
        return self

    def lines(self, name):
        path = os.path.join(self.directory, name)
        if os.path.islink(path):
            raise OSError("a symbolic link")
        with open(path, "rb") as file:
            return file.readlines()

    def start(self, name):
        """What a segment's first line says."""
        try:
            line = LINE.fullmatch(self.lines(name)[0].removesuffix(b"\n"))
            record = own(line[1])
            record["trail_seq"] = int(line[2])
            record["prev"], record["tree"] = bytes.fromhex(record["prev"]), [bytes.fromhex(h) for h in record["tree"]]
            trail, record["base"] = re.fullmatch(r"(kaos-trail/[0-9a-f]{32})(?:/([1-9]\d*))?", record["log"]).groups("0")
            record["trail"], record["base"] = trail, int(record["base"])
            Tree(record["trail_seq"] - record["base"], record["tree"])
            return record
        except (OSError, IndexError, TypeError, ValueError, KeyError, AttributeError):
            return None

    def begin(self, name, start):
        seq, anew = start["trail_seq"], not start["tree"] and start["prev"] == ZEROS
        if start["format"] > 1:
            self.find(seq, "a newer format")
        if int(name[4:24]) != seq:
            self.find(seq, "the segment is renamed")
        if self.log and not self.log.startswith(start["trail"]):
            self.find(seq, "of another trail")
        if self.log is None and (seq or start["base"] or not anew):
            self.find(0, f"records 0 to {seq - 1} are missing")
        elif self.log == start["log"]:
            if self.next < seq:
                self.find(self.next, f"records {self.next} to {seq - 1} are missing")
            elif (self.next, self.prev, self.tree.subtrees) != (seq, start["prev"], start["tree"]):
                self.find(seq, "does not continue the log")
        elif self.log is not None:
            restarted = start["cause"] == "restarted" and anew
            self.find(seq, "a new log begins: the one before was damaged" if restarted else "does not continue the log")
        self.log, self.base, self.next, self.prev = start["log"], start["base"], seq, start["prev"]
        self.tree = Tree(seq - start["base"], start["tree"])
        try:
            self.key_named = Key(start["key"]) if "key" in start else None
        except ValueError as error:
            self.find(seq, f"its key: {error}")

    def segment(self, name, start, superseded, is_last):
        try:
            lines = self.lines(name)
        except OSError as error:
            return self.find(int(name[4:24]), str(error))
        if start is None:
            self.find(int(name[4:24]), "no valid first record")
        else:
            self.begin(name, start)
        stored = None  # the hash in the line before
        for index, raw in enumerate(lines):
            if self.log is None or (superseded is not None and index and self.next >= superseded):
                break
            stored = self.line(raw, stored)
        if not is_last:
            self.findings += self.damage
        elif self.damage and not (has_writer(self.directory) and len(self.damage) == 1 and not raw.endswith(b"\n")):
            self.torn = self.damage[0][0]
        self.damage = []

    def line(self, raw, stored):
        line = LINE.fullmatch(raw[:-1]) if raw.endswith(b"\n") and len(raw) <= 65537 else None
        if line is None:
            self.damage.append((self.next, "not a line"))
            self.next += 1
            return None
        seq, synced, h = int(line[2]), -1 if line[3] == b"null" else int(line[3]), bytes.fromhex(line[4].decode())
        hashed = raw[: line.start(4) - len(b',"h":"')]
        damaged = "not the next number" if seq != self.next else "hash" if sha(self.prev, hashed) != h else None
        if damaged:
            self.damage.append((self.next, damaged))
        if stored is None or sha(stored, hashed) == h:  # it says what was on the disk
            self.findings += [damage for damage in self.damage if damage[0] <= synced]
            self.damage = [damage for damage in self.damage if damage[0] > synced]
        self.records += 1
        if not damaged and raw.startswith(b'{"type":"trail_'):
            try:
                record = own(line[1])
                if record["type"] == "trail_checkpoint":
                    self.checkpoint(seq, Checkpoint(record["note"]))
            except ValueError as error:
                self.find_in_line(seq, f"cannot be read: {error}")
        self.tree.push(raw[:-1])
        self.prev, self.next = h, seq + 1
        if self.after_anchor is not None:
            self.after_anchor += 1
        for anchor in self.anchors:
            if (anchor.log, anchor.size) == (self.log, self.tree.size):
                self.seen.append(anchor)
                self.after_anchor = 0
                if anchor.root != self.tree.root():
                    self.find(self.base, f"records {self.base} to {seq} are not those of the anchor")
        return h

    def checkpoint(self, seq, checkpoint):
        self.checkpoints += not self.damage
        there = (self.log, self.tree.size, self.tree.root())
        if (checkpoint.log, checkpoint.size, checkpoint.root) != there and not self.damage:
            self.find(seq, "the records before are not those of the checkpoint")
        key = self.key or self.key_named
        if not (key.signed(checkpoint) if key else not checkpoint.signatures):
            self.find_in_line(seq, "no valid signature")

    def exit(self, strict):
        unvouched = self.after_anchor is None or self.after_anchor > 1
        return 1 if self.findings else 4 if self.torn is not None else 3 if strict and unvouched else 0


def has_writer(directory):
    try:
        with open(os.path.join(directory, "lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--key", type=Key)
    parser.add_argument("--anchor", action="append", default=[])
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--vectors")
    given = parser.parse_args()
    if given.vectors:
        import trail_vectors
        return trail_vectors.check(given.vectors)
    if not given.directory:
        parser.error("no directory")
    try:
        anchors = [Checkpoint(open(path, encoding="utf-8").read()) for path in given.anchor]
        verifier = Verifier(given.directory, given.key, anchors).run()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    for seq, what in verifier.findings:
        print(f"record {seq}: {what}")
    if verifier.torn is not None:
        print(f"torn from record {verifier.torn} on")
    print(f"{verifier.records} records, {verifier.checkpoints} checkpoints", "" if anchors else "UNANCHORED")
    return verifier.exit(given.strict)


if __name__ == "__main__":
    sys.exit(main())
