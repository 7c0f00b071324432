"""The files of a trail: which are segments, and the pieces that one consists of."""

import fcntl
import os
import re
import stat
from dataclasses import dataclass

from .forms import MAX_LINE, MAX_NUMBER

SEGMENT = re.compile(r"seg-([0-9]{20})\.jsonl")
MAX_WITHOUT_BREAK = 2**24


@dataclass
class Piece:
    """A line without its line break, or a piece of one that is too long (`whole` is False)."""

    text: bytes
    whole: bool
    ended: bool


class TooLong:
    """What stands behind 2^24 bytes without a line break."""


@dataclass
class SegmentFile:
    path: str
    number: int

    def pieces(self):
        """The file's lines; none if it is no regular file."""
        try:
            file = open(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
        except OSError:
            return
        with file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                yield from _pieces(file)

    def first_piece(self):
        return next(self.pieces(), None)


def _pieces(file):
    without_break = 0
    while data := file.readline(MAX_LINE + 1):
        ended = data.endswith(b"\n")
        text = data[:-1] if ended else data
        yield Piece(text, without_break == 0 and len(text) <= MAX_LINE, ended)
        without_break = 0 if ended else without_break + len(data)
        if without_break > MAX_WITHOUT_BREAK:
            yield TooLong()
            return


def segments_of(directory):
    """The segments of a trail in the order of their numbers."""
    found = []
    for name in os.listdir(directory):
        parts = SEGMENT.fullmatch(name)
        if parts and int(parts[1]) <= MAX_NUMBER:
            found.append(SegmentFile(os.path.join(directory, name), int(parts[1])))
    return sorted(found, key=lambda segment: segment.number)


def writer_has(directory):
    """Whether a writer holds the trail's lock."""
    try:
        lock = os.open(os.path.join(directory, "lock"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
