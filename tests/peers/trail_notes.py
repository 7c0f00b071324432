"""Hashes, trees, keys, checkpoints and proofs of the audit trail, as docs/audit-format.md has them."""

import base64
import binascii
import hashlib
import json
import math
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZEROS = bytes(32)
HIGHEST = 2**63 - 1
DEEPEST = 127
NUMBER = r"0|[1-9][0-9]{0,18}"
LOG = re.compile(r"(kaos-trail/[0-9a-f]{32})(?:/([1-9][0-9]{0,18}))?")
NAME = r"[^\s+\x00-\x1f\x7f-\x9f]{1,64}"
LINE = re.compile(
    rb'\{.*,"trail_seq":(%b),"synced":(null|%b),"h":"([0-9a-f]{64})"\}' % (NUMBER.encode(), NUMBER.encode()), re.DOTALL
)


class Unreadable(ValueError):
    """A text is not in the form that the document gives it."""


def sha(*parts):
    """Hash(parts, one after the other), as bytes."""
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(line):
    return sha(b"\0", line)


def node_hash(left, right):
    return sha(b"\1", left, right)


def unbase64(text):
    """The bytes of a Base64 text in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("no Base64") from error
    if base64.b64encode(data).decode() != text:
        raise Unreadable("another spelling of Base64")
    return data


def number(text):
    """A decimal number without sign and leading zeros, at most HIGHEST."""
    if not re.fullmatch(NUMBER, text, re.ASCII) or int(text) > HIGHEST:
        raise Unreadable(f"no number: {text[:40]}")
    return int(text)


class Line:
    """The last three fields of a stored line, and what its `h` has to be over."""

    def __init__(self, raw):
        match = LINE.fullmatch(raw)
        if not match:
            raise Unreadable("not a record's form")
        self.number = number(match[1].decode())
        self.synced = None if match[2] == b"null" else number(match[2].decode())
        self.h = bytes.fromhex(match[3].decode())
        self.hashed = raw[: match.start(3) - len(b',"h":"')]

    def follows(self, previous):
        return sha(previous, self.hashed) == self.h


class Tree:
    """The Merkle tree of RFC 6962 over a log, kept as its complete subtrees, the largest first."""

    def __init__(self, subtrees=(), size=0):
        if len(subtrees) != size.bit_count():
            raise Unreadable("subtrees that do not make their number of records")
        self.subtrees = list(subtrees)
        self.size = size

    def push(self, line):
        self.push_hash(leaf_hash(line))

    def push_hash(self, node):
        size = self.size
        while size & 1:
            node = node_hash(self.subtrees.pop(), node)
            size >>= 1
        self.subtrees.append(node)
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha()
        *before, root = self.subtrees
        for subtree in reversed(before):
            root = node_hash(subtree, root)
        return root


class Key:
    """A verifier key: `<name>+<id>+<Base64 of 01 and the public key>`."""

    def __init__(self, text):
        match = re.fullmatch(rf"({NAME})\+([0-9a-f]{{8}})\+(\S+)", text)
        if not match:
            raise Unreadable("no verifier key")
        data = unbase64(match[3])
        self.text, self.name = text, match[1]
        self.id = sha(self.name.encode(), b"\n", data)[:4]
        if len(data) != 33 or data[0] != 1 or self.id.hex() != match[2]:
            raise Unreadable("no verifier key")
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])

    def signed(self, signature, message):
        try:
            self.public.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __eq__(self, other):
        return isinstance(other, Key) and self.text == other.text

    def __hash__(self):
        return hash(self.text)


class Log:
    """A log's name: the trail that it is of, and its base."""

    def __init__(self, name):
        match = LOG.fullmatch(name)
        if not match:
            raise Unreadable("no log's name")
        self.name, self.trail = name, match[1]
        self.base = number(match[2] or "0")
        if not int(self.trail[-32:], 16):
            raise Unreadable("a trail without a number")


class Checkpoint:
    """A checkpoint's text: the log, how many records it covers, their root, and who signed that."""

    def __init__(self, text):
        body, blank, signatures = text.partition("\n\n")
        self.message = (body + "\n" if blank else body).encode()
        lines = self.message.decode().split("\n")
        if len(lines) != 4 or lines[3]:
            raise Unreadable("no checkpoint")
        self.log = Log(lines[0])
        self.size = number(lines[1])
        self.root = unbase64(lines[2])
        if len(self.root) != 32:
            raise Unreadable("no root")
        self.signatures = signature_lines(signatures) if blank else []

    @property
    def end(self):
        return self.log.base + self.size

    def signed_by(self, key):
        """Whether one of the signatures is this key's."""
        ours = (data[4:] for name, data in self.signatures if name == key.name and data[:4] == key.id)
        return any(key.signed(signature, self.message) for signature in ours)


def signature_lines(text):
    """The name and the bytes of each signature below a note."""
    if not text.endswith("\n"):
        raise Unreadable("a note without its last line break")
    matches = [re.fullmatch(rf"— ({NAME}) (\S+)", line) for line in text[:-1].split("\n")]
    if not all(matches):
        raise Unreadable("no signature")
    signatures = [(match[1], unbase64(match[2])) for match in matches]
    if any(len(data) < 4 for _, data in signatures):
        raise Unreadable("no signature")
    return signatures


# --- proofs ---------------------------------------------------------------------------------------


def check_proof(text, keys, anchors):
    """What a proof proves, in words; Unreadable if it does not. `anchors` has the older checkpoint."""
    head, blank, note = text.partition("\n\n")
    if not blank:
        raise Unreadable("no proof")
    checkpoint = Checkpoint(note)
    if keys and not any(checkpoint.signed_by(key) for key in keys):
        raise Unreadable("no valid signature by a key that was given")
    lines = head.split("\n")
    if lines[0] == "c2sp.org/tlog-proof@v1":
        return inclusion(lines[1:], checkpoint)
    if len(anchors) != 1:
        raise Unreadable("a proof of consistency needs the older checkpoint, as the only anchor")
    return consistency(lines, anchors[0], checkpoint)


def hashes(lines):
    path = [unbase64(line) for line in lines]
    if any(len(each) != 32 for each in path):
        raise Unreadable("no hash")
    return path


def field(line, name):
    found, _, value = line.partition(" ")
    if found != name:
        raise Unreadable(f"no {name}")
    return value


def inclusion(lines, checkpoint):
    """The record's line, if the path leads from it to the checkpoint's root (RFC 9162, 2.1.3.2)."""
    if len(lines) < 2:
        raise Unreadable("no proof of inclusion")
    record, index = unbase64(field(lines[0], "extra")), number(field(lines[1], "index"))
    if Line(record).number != checkpoint.log.base + index:
        raise Unreadable("the record has another number")
    if index >= checkpoint.size:
        raise Unreadable("the record is not covered")
    at, last, root = index, checkpoint.size - 1, leaf_hash(record)
    for each in hashes(lines[2:]):
        if last == 0:
            raise Unreadable("too many hashes")
        if at & 1 or at == last:
            root = node_hash(each, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, each)
        at, last = at >> 1, last >> 1
    if last or root != checkpoint.root:
        raise Unreadable("the record is not in the log")
    return record.decode()


def consistency(lines, older, newer):
    """That the newer checkpoint's log begins with the older one's records."""
    if number(field(lines[0], "old")) != older.size or older.log.name != newer.log.name:
        raise Unreadable("a proof about another checkpoint")
    if not is_prefix(older, newer, hashes(lines[1:])):
        raise Unreadable("the log does not continue the older one")
    return f"{newer.log.name} grew from {older.size} to {newer.size} records"


def is_prefix(older, newer, path):
    """The algorithm of RFC 9162, 2.1.4.2."""
    if older.size > newer.size:
        return False
    if older.size in (0, newer.size):
        return not path and older.root == (newer.root if older.size else sha())
    if older.size.bit_count() == 1:
        path = [older.root, *path]
    if not path:
        return False
    at, last = older.size - 1, newer.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, each)
        at, last = at >> 1, last >> 1
    return last == 0 and old == older.root and new == newer.root


# --- records --------------------------------------------------------------------------------------


def once(pairs):
    """An object whose keys are each there once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a key twice")
    return found


def integer(text):
    """Minus zero is no integer, for a number with a sign is none of ours."""
    return -0.0 if text == "-0" else int(text)


def real(text):
    value = float(text)
    if math.isinf(value):
        raise Unreadable("a number that is too large")
    return value


def depth(value):
    """How many lists and objects are within each other."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return 0
    return 1 + max(map(depth, value), default=0)


def no_constant(name):
    raise Unreadable(f"no JSON: {name}")


def parse(raw):
    """The line's JSON object, none of whose objects has a key twice."""
    try:
        found = json.loads(
            raw.decode(), object_pairs_hook=once, parse_constant=no_constant, parse_int=integer, parse_float=real
        )
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    if depth(found) > DEEPEST:
        raise Unreadable("nested too deep")
    if not isinstance(found, dict):
        raise Unreadable("no JSON object")
    return found


def is_number(value):
    return type(value) is int and 0 <= value <= HIGHEST


def is_small(value):
    return is_number(value) and value < 2**32


def is_text(value):
    return isinstance(value, str)


def is_hash(value):
    return is_text(value) and bool(re.fullmatch("[0-9a-f]{64}", value))


def is_hashes(value):
    return isinstance(value, list) and all(map(is_hash, value))


def is_made_by(maker):
    """Whether a value is a text that `maker` can read."""

    def check(value):
        try:
            return is_text(value) and bool(maker(value))
        except ValueError:
            return False

    return check


def is_bool(value):
    return isinstance(value, bool)


# The fields of the trail's own records; `?` is one that may be absent.
FIELDS = {
    "trail_segment": {
        "format": is_small, "schema": is_small, "log": is_made_by(Log), "cause": is_text, "prev": is_hash,
        "tree": is_hashes, "policy": is_text, "host": is_text, "pid": is_small, "key?": is_made_by(Key),
        "former?": is_made_by(Key),
    },
    "trail_checkpoint": {"note": is_made_by(Checkpoint), "seal?": is_bool},
    "trail_recovery": {
        "found": is_text, "segment": is_text, "from_seq": is_number, "offset": is_number, "bytes": is_number,
        "quarantine?": is_text,
    },
    "trail_gap": {"reason": is_text, "lost": is_number, "unrecorded_effects": is_number, "waiting?": is_number},
    "trail_key": {"from": is_made_by(Key), "key": is_made_by(Key)},
    "trail_accept": {"from": is_number, "to": is_number, "root": is_hash, "reason": is_text, "who": is_text},
    "trail_retention": {"to": is_number, "log": is_made_by(Log), "root": is_hash, "segments": is_number},
}


def own_record(raw):
    """One of the trail's own records, whose known fields have their types."""
    record = parse(raw)
    for name, right in FIELDS.get(record["type"], {}).items():
        optional = name.endswith("?")
        name = name.rstrip("?")
        if not (optional and name not in record) and not right(record.get(name)):
            raise Unreadable(f"a field of the wrong type: {name}")
    if record["type"] in FIELDS and not is_text(record.get("time_unix_nano")):
        raise Unreadable("a field of the wrong type: time_unix_nano")
    return record


def is_own(raw):
    return raw.startswith(b'{"type":"trail_')
