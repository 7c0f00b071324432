"""Rules 1 to 3: segments, lines, chain and tree."""

from .directory import TooLong
from .findings import Finding
from .forms import HASH, ZEROS, Unreadable, line_of, log_of, number_of, read_json
from .merkle import Tree, leaf_of
from .records import OWN, Number, check_own

FORMAT = 2
TOO_NEW = f"its format is higher than {FORMAT}, the highest that this reader knows"


class SegmentRecord:
    """The first record of a segment, where it can be read."""

    def __init__(self, line, record):
        self.line = line
        self.number = line.number
        self.format = int(record["format"])
        self.schema = int(record["schema"])
        self.cause = record["cause"]
        self.log = log_of(record["log"])
        self.prev = record["prev"]
        self.key = record.get("key")
        self.former = record.get("former")
        self.tree = Tree(
            self.number - self.log.base, [bytes.fromhex(root) for root in record["tree"]]
        )

    def begins_log(self):
        return self.prev == ZEROS and not self.tree.roots


def _json_of_segment(line):
    """The JSON of a `trail_segment` record whose `h` follows from its `prev`, or None."""
    try:
        record = read_json(line.text)
    except Unreadable:
        return None
    prev = record.get("prev")
    own = line.text.startswith(OWN) and record["type"] == "trail_segment"
    chained = isinstance(prev, str) and HASH.fullmatch(prev) and line.follows(prev)
    return record if own and chained else None


def segment_record(piece):
    """A segment's first record, if its first line is one; else None, and whether it is too new."""
    line = line_of(piece.text) if piece and piece.whole and piece.ended else None
    json = line and _json_of_segment(line)
    if not json:
        return None, False
    try:
        check_own(json)
        return SegmentRecord(line, json), False
    except (Unreadable, ValueError):
        pass
    version = json.get("format")
    known = isinstance(version, Number) and number_of(version)
    return None, bool(known and FORMAT < known < 2**32)


class Chain:
    """Goes through the segments, and tells `policy` of each record that is no damage."""

    def __init__(self, findings, policy, told_trail, being_written):
        self.findings = findings
        self.policy = policy
        self.being_written = being_written
        self.trail = told_trail
        self.first = None
        self.newest_format = 0
        self.expected = self.reached = 0
        self.log, self.h, self.tree = None, ZEROS, Tree()

    def read(self, segments):
        for segment, following in zip(segments, [*segments[1:], None]):
            self._read_segment(segment, following)
        self.policy.end(self)

    # --- segments (rule 1) -----------------------------------------------------------------------

    def _read_segment(self, segment, following):
        last = following is None
        superseded = None if last else self._superseded_from(following)
        pieces = segment.pieces()
        first = next(pieces, None)
        record, too_new = segment_record(first)
        if record:
            self._begin(segment, record)
        else:
            self._begin_unreadable(segment, too_new)
        self._read_lines(first, pieces, superseded, last)
        self.policy.end_segment(self)
        self.findings.end_segment(last)

    def _superseded_from(self, following):
        """The number from which on the segment that follows takes the place of this one."""
        record, _ = segment_record(following.first_piece())
        return record.number if record and record.cause == "failed" else None

    def _begin(self, segment, record):
        if record.number != segment.number:
            self._found(record.number, f"renamed: the file is {segment.number}")
        self._check_continues(record)
        self._check_trail_and_format(record)
        if self.first is None:
            self.first = record
        self.expected = self.reached = record.number
        self.log, self.h = record.log, record.prev
        self.tree = Tree(record.tree.size, record.tree.roots)
        self.policy.stands(self)
        self.policy.begin_segment(record)

    def _check_continues(self, record):
        number = record.number
        new_log = record.begins_log()
        if self.log is None:
            if number != self.reached or not new_log:
                self._missing(0, number)
        elif record.log == self.log and number > self.reached:
            self._missing(self.reached, number)
        elif record.log == self.log:
            if number < self.reached or record.prev != self.h or record.tree != self.tree:
                self._found(number, "does not continue the log")
        elif record.cause == "restarted" and new_log and number >= self.reached:
            self.findings.add(
                Finding.range(self.reached, number, "damaged or lost before a new log")
            )
        else:
            self._found(number, "does not continue the log")

    def _check_trail_and_format(self, record):
        self.trail = self.trail or record.log.trail
        if record.log.trail != self.trail:
            self._found(record.number, "a log of another trail", never_accounted=True)
        if record.format > FORMAT:
            self._found(record.number, TOO_NEW, never_accounted=True)
        elif record.format < self.newest_format:
            self._found(record.number, "a format lower than before")
        self.newest_format = max(self.newest_format, record.format)

    def _begin_unreadable(self, segment, too_new):
        if too_new:
            self._found(segment.number, TOO_NEW, never_accounted=True)
        else:
            self._found(segment.number, "its segment has no first record that can be read")
        if segment.number > self.reached and self.log:
            self._missing(self.reached, segment.number)
        self.expected = max(self.expected, segment.number)
        self.reached = max(self.reached, segment.number)
        self.policy.begin_segment(None)

    def _found(self, number, what, **more):
        self.findings.add(Finding.record(number, what, **more))

    def _missing(self, start, end):
        self.findings.add(Finding.range(start, end, "missing", missing=True))

    # --- lines (rules 2 and 3) -------------------------------------------------------------------

    def _read_lines(self, first, pieces, superseded, last):
        before = None
        piece = first
        while piece is not None:
            if isinstance(piece, TooLong):
                self.findings.add_certain(
                    Finding.record(self.expected, "more than 2^24 bytes without a line break")
                )
            elif last and self._is_being_written(piece):
                return
            elif self.log is None:
                self._count_unseen(piece)
            else:
                before = self._read_line(piece, before, piece is first)
            if superseded is not None and self.expected >= superseded:
                return
            piece = next(pieces, None)

    def _is_being_written(self, piece):
        return (
            piece.whole
            and not piece.ended
            and not self.findings.damage_is_open
            and self.being_written()
        )

    def _count_unseen(self, piece):
        self.policy.stood(self.expected, leaf_of(piece.text))
        self.expected += 1
        self.reached += 1

    def _read_line(self, piece, before, begins_segment):
        """Reads a line; `before` is the one before in its segment. Returns it, if it has the form."""
        number, leaf = self.expected, leaf_of(piece.text)
        self.policy.stood(number, leaf)
        line = line_of(piece.text, number) if piece.whole and piece.ended else None
        if line is None:
            self.findings.add_damage(number, _why_no_line(piece, number))
            self.expected += 1
            return None
        if line.synced is not None and (before is None or line.follows(before.h)):
            self.findings.settle(line.synced)
        if line.number == number and line.follows(self.h):
            self.policy.record(line, self, begins_segment)
        else:
            self.findings.add_damage(number, _why_damaged(line, number))
        self.h = line.h
        self.tree.push(leaf)
        self.expected = self.reached = line.number + 1
        self.policy.stands(self)
        return line


def _why_damaged(line, number):
    if line.number != number:
        return f"has the number {line.number}"
    return "does not follow from the record before"


def _why_no_line(piece, number):
    if not piece.whole:
        return "longer than a line may be"
    if piece.ended and piece.text.endswith(b"\r") and line_of(piece.text[:-1], number):
        return "a tool put a carriage return before its line break"
    return "no line of a trail"
