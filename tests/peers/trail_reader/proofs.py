"""Proofs: that a record is in a log, and that a log only grew."""

from .forms import base64_of, checkpoint_of, line_of, number_of
from .merkle import is_consistent, leaf_of, root_by_inclusion


class NotProved(Exception):
    """Why a proof proves nothing."""


def check_proof(text, keys, older):
    """What a proof proves to somebody who has these keys, and perhaps an older checkpoint."""
    body, blank, note = text.partition("\n\n")
    checkpoint = _checkpoint(note if blank else "", keys)
    lines = body.split("\n")
    if lines[0] == "c2sp.org/tlog-proof@v1":
        return _inclusion(lines[1:], checkpoint)
    if older is None:
        raise NotProved("the older checkpoint is not given")
    _must_be_signed(older, keys)
    return _consistency(lines, older, checkpoint)


def _inclusion(lines, checkpoint):
    record = base64_of(_field(lines, 0, "extra ")) or b""
    line, index = line_of(record), number_of(_field(lines, 1, "index "))
    if line is None or index is None or line.number != checkpoint.log.base + index:
        raise NotProved("not the proof of a record")
    path = _hashes(lines[2:])
    if root_by_inclusion(index, checkpoint.size, leaf_of(record), path) != checkpoint.root:
        raise NotProved("the record is not in this log")
    return record.decode(errors="replace")


def _consistency(lines, older, checkpoint):
    if number_of(_field(lines, 0, "old ")) != older.size or older.log != checkpoint.log:
        raise NotProved("not the proof of what follows this checkpoint")
    path = _hashes(lines[1:])
    if not is_consistent(older.size, older.root, checkpoint.size, checkpoint.root, path):
        raise NotProved("the log does not continue the older checkpoint")
    return f"{checkpoint.log.name} grew from {older.size} to {checkpoint.size} records"


def _checkpoint(note, keys):
    checkpoint = checkpoint_of(note)
    if checkpoint is None:
        raise NotProved("no checkpoint")
    _must_be_signed(checkpoint, keys)
    return checkpoint


def _must_be_signed(checkpoint, keys):
    if keys and not any(checkpoint.is_signed_by(key) for key in keys):
        raise NotProved("a checkpoint that no key given signed")


def _field(lines, index, name):
    line = lines[index] if index < len(lines) else ""
    if not line.startswith(name):
        raise NotProved(f"there is no {name.strip()}")
    return line.removeprefix(name)


def _hashes(lines):
    hashes = [base64_of(line) for line in lines]
    if any(each is None or len(each) != 32 for each in hashes):
        raise NotProved("not a hash")
    return hashes
