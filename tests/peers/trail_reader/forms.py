"""The text forms of docs/audit-format.md: lines, JSON, log names, keys and checkpoints."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass

from .ed25519 import is_public_key, signed_by

MAX_NUMBER = 2**63 - 1
MAX_LINE = 65_536
MAX_DEPTH = 127
TOO_FAR = 2**32
ZEROS = "0" * 64

HASH = re.compile(r"[0-9a-f]{64}")
LOG = re.compile(r"(kaos-trail/([0-9a-f]{32}))(?:/([1-9][0-9]*))?")
NAME = re.compile(r"[^\s\x00-\x20\x7f-\x9f+]{1,64}")
HALF_PAIR = re.compile("[\ud800-\udfff]")
NUMBER = re.compile(r"0|[1-9][0-9]*")
LINE = re.compile(
    rb'\{.*,"trail_seq":(0|[1-9][0-9]*),"synced":(0|[1-9][0-9]*|null),"h":"([0-9a-f]{64})"\}',
    re.DOTALL,
)
END_OF_HASHED = len(',"h":"') + 64 + len('"}')


def sha256(data):
    return hashlib.sha256(data).digest()


# --- lines ---------------------------------------------------------------------------------------


@dataclass
class Line:
    """A line that has the form: its bytes, number, what its writer knew to be safe, and its hash."""

    text: bytes
    number: int
    synced: int | None
    h: str

    def follows(self, previous):
        """Whether `h` is the hash of this line after the record whose hash is `previous`."""
        hashed = bytes.fromhex(previous) + self.text[:-END_OF_HASHED]
        return hashlib.sha256(hashed).hexdigest() == self.h


def line_of(text, expected=None):
    """The line that these bytes are, or None if they have not the form."""
    parts = LINE.fullmatch(text)
    if not parts:
        return None
    number, synced, h = (part.decode() for part in parts.groups())
    if any(len(digits) > 19 for digits in (number, synced)):
        return None
    number, synced = int(number), None if synced == "null" else int(synced)
    if max(number, synced or 0) > MAX_NUMBER or (expected is not None and number > expected + TOO_FAR):
        return None
    return Line(text, number, synced, h)


# --- JSON with one meaning -----------------------------------------------------------------------


class Unreadable(Exception):
    """A record that nobody should have written. `twice`: because a key stands twice in an object."""

    def __init__(self, why, twice=False):
        super().__init__(why)
        self.twice = twice


class Number(str):
    """A number as it was written: 1, 1.0 and 1e0 are three of them."""


def _pairs(pairs):
    record = dict(pairs)
    if len(record) != len(pairs):
        raise Unreadable("a key stands twice", twice=True)
    for key in record:
        _whole(key)
    for value in record.values():
        _whole(value)
    return record


def _whole(value):
    """No text has half a surrogate pair. Lists are looked through here, objects by `_pairs`."""
    if isinstance(value, list):
        for item in value:
            _whole(item)
    elif isinstance(value, str) and HALF_PAIR.search(value):
        raise Unreadable("half a surrogate pair")


def _number(digits):
    if float(digits) in (float("inf"), float("-inf")):
        raise Unreadable("a number beyond a double")
    return Number(digits)


def _no_constant(name):
    raise Unreadable(f"{name} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_number,
    parse_float=_number,
    parse_constant=_no_constant,
)
_OUTSIDE_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"?|([\[{])|([\]}])', re.DOTALL)


def _depth(text):
    depth = deepest = 0
    for part in _OUTSIDE_TEXTS.finditer(text):
        depth += bool(part[1]) - bool(part[2])
        deepest = max(deepest, depth)
    return deepest


def read_json(text):
    """The object that a line is, if it has one meaning."""
    if _depth(text) > MAX_DEPTH:
        raise Unreadable("nested too deeply")
    try:
        return _DECODER.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable("no UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"no JSON: {error.msg}") from error


# --- base64, logs, keys, checkpoints -------------------------------------------------------------


def base64_of(text):
    """What this Base64 stands for, if it is its one spelling; else None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def number_of(text):
    """The number of a text in its one spelling, or None."""
    if not NUMBER.fullmatch(text) or len(text) > 19 or int(text) > MAX_NUMBER:
        return None
    return int(text)


@dataclass(frozen=True)
class Log:
    """A log's name; `trail` is the part that all logs of a trail share, `base` its first number."""

    name: str
    trail: str
    base: int


def log_of(name):
    parts = LOG.fullmatch(name)
    if not parts or not parts[2].strip("0"):
        return None
    base = number_of(parts[3] or "0")
    return None if base is None else Log(name, parts[1], base)


@dataclass(frozen=True)
class Key:
    """A verifier key: its text, its name, its id and the Ed25519 public key."""

    text: str
    name: str
    id: bytes
    public: bytes


def key_of(text):
    parts = text.split("+", 2)
    if len(parts) != 3 or not NAME.fullmatch(parts[0]):
        return None
    name, digits, encoded = parts
    data = base64_of(encoded)
    if data is None or data[:1] != b"\x01" or not is_public_key(data[1:]):
        return None
    identity = sha256(name.encode() + b"\n" + data)[:4]
    return Key(text, name, identity, data[1:]) if identity.hex() == digits else None


@dataclass(frozen=True)
class Checkpoint:
    """A log's size and root, and who signed them."""

    log: Log
    size: int
    root: bytes
    body: bytes
    signatures: tuple

    @property
    def end(self):
        """The number of the record that this checkpoint stands in."""
        return self.log.base + self.size

    def is_signed_by(self, key):
        return any(
            (name, data[:4]) == (key.name, key.id) and signed_by(key.public, data[4:], self.body)
            for name, data in self.signatures
        )


def checkpoint_of(note):
    """The checkpoint that a note is, or None if it has neither of the two forms."""
    body, blank, rest = note.partition("\n\n")
    lines = (body + "\n" if blank else body).split("\n")
    if len(lines) != 4 or lines[3]:
        return None
    log, size, root = log_of(lines[0]), number_of(lines[1]), base64_of(lines[2])
    if log is None or size is None or root is None or len(root) != 32:
        return None
    signatures = _signatures(rest) if blank else ()
    if signatures is None:
        return None
    return Checkpoint(log, size, root, "".join(f"{line}\n" for line in lines[:3]).encode(), signatures)


def _signatures(text):
    if not text.endswith("\n"):
        return None
    signatures = []
    for line in text[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = base64_of(encoded)
        if dash != "\u2014" or not NAME.fullmatch(name) or data is None or len(data) < 4:
            return None
        signatures.append((name, data))
    return tuple(signatures)
