"""A second reader of audit trails, written from docs/audit-format.md alone.

verify_trail.py DIRECTORY [--key KEY]… [--anchor FILE]… [--log NAME] [--strict]
verify_trail.py --proof FILE [--key KEY]… [--anchor FILE]
verify_trail.py --vectors DOCUMENTS

The exit code is the document's: 0 whole, 1 findings, 2 wrong command, 3 only when strict, 4 torn.
"""

import argparse
import fcntl
import os
import re
import stat
import sys

from trail_notes import (
    HIGHEST, ZEROS, Checkpoint, Key, Line, Log, Tree, Unreadable, check_proof, is_hash, is_own, is_small,
    leaf_hash, own_record, parse,
)
from trail_policy import Account, Accounts, Anchor, Coverage, Finding, Stretches, key_or_none

FORMAT = 2
SCHEMA = 1
LONGEST = 65_536
MOST_AHEAD = 2**32
MOST_UNBROKEN = 2**24
TURN_ENDS = {"complete", "error", "cancelled", "suspended"}


class Piece:
    """What stands in a segment up to a line break, or as much of it as a piece may have."""

    def __init__(self, stored, is_continued):
        is_ended = stored.endswith(b"\n")
        self.raw = stored.removesuffix(b"\n")
        self.is_whole = is_ended and not is_continued
        self.is_being_written = not is_ended and not is_continued and len(stored) <= LONGEST

    def line(self):
        """Its form, if it has one."""
        if not self.is_whole:
            raise Unreadable("a line that is too long, or has no line break")
        try:
            return Line(self.raw)
        except Unreadable:
            if self.raw.endswith(b"\r"):
                Line(self.raw[:-1])
                raise Unreadable("a line break that a tool changed to CR LF") from None
            raise


def pieces(path):
    """A segment's lines; None where it has one without an end."""
    unbroken = 0
    with open(path, "rb") as file:
        while stored := file.readline(LONGEST + 1):
            if unbroken > MOST_UNBROKEN:
                yield None
                return
            yield Piece(stored, unbroken > 0)
            unbroken = 0 if stored.endswith(b"\n") else unbroken + len(stored)


class Segment:
    """A segment's file, and its first record, or why there is none."""

    def __init__(self, directory, name):
        self.path = os.path.join(directory, name)
        self.number = int(name[4:24])
        self.is_file = stat.S_ISREG(os.lstat(self.path).st_mode)
        self.header = self.problem = None
        try:
            self.header = Header(self.first())
        except Unreadable as error:
            self.problem = Finding(f"the segment's first line cannot be read: {error}", self.number)
            if self.is_newer():
                self.problem = Finding("a higher format than this reader's", self.number, accountable=False)

    def first(self):
        if not self.is_file:
            raise Unreadable("no regular file")
        piece = next(pieces(self.path), None)
        if piece is None:
            raise Unreadable("there is none")
        return piece

    def is_newer(self):
        """Whether the first line says so, whatever else it says."""
        try:
            piece = self.first()
            line, record = piece.line(), parse(piece.raw)
            version, prev = record["format"], record["prev"]
        except (Unreadable, KeyError):
            return False
        return is_small(version) and version > FORMAT and is_hash(prev) and line.follows(bytes.fromhex(prev))

    def pieces(self):
        return pieces(self.path) if self.is_file else iter(())


class Header:
    """A `trail_segment` record at its place."""

    def __init__(self, piece):
        line = piece.line()
        record = own_record(piece.raw) if is_own(piece.raw) else {}
        if record.get("type") != "trail_segment":
            raise Unreadable("not trail_segment")
        self.number, self.prev = line.number, bytes.fromhex(record["prev"])
        if not line.follows(self.prev):
            raise Unreadable("its h does not follow from its prev")
        self.log, self.cause = Log(record["log"]), record["cause"]
        self.format, self.schema = record["format"], record["schema"]
        self.key, self.former = key_or_none(record.get("key")), key_or_none(record.get("former"))
        self.subtrees = [bytes.fromhex(each) for each in record["tree"]]
        if self.number < self.log.base:
            raise Unreadable("a number below its log's base")
        self.tree = Tree(self.subtrees, self.number - self.log.base)

    @property
    def begins_log(self):
        return self.prev == ZEROS and self.tree.size == 0

    @property
    def owes_checkpoint(self):
        return self.format >= 2 or self.cause in ("created", "opened", "restarted")


class Open:
    """What is wrong in a segment from its damage on, and not certain yet."""

    def __init__(self):
        self.findings = []  # with the number of the damage that each depends on

    def __bool__(self):
        return bool(self.findings)

    @property
    def first(self):
        return self.findings[0][0]

    def damage(self, number, finding):
        self.findings.append((number, finding))

    def beside(self, finding):
        self.findings.append((self.findings[-1][0], finding))

    def certain(self, synced):
        """Takes out what is certain as all records up to `synced` were on the disk."""
        found = [finding for number, finding in self.findings if number <= synced]
        self.findings = [(number, finding) for number, finding in self.findings if number > synced]
        return found


class Verifier:
    """Reads a trail once, and judges it."""

    def __init__(self, directory, keys, anchors, log=None):
        self.directory, self.keys = directory, keys
        self.anchors = [Anchor(checkpoint) for checkpoint in anchors]
        self.trail = Log(log).trail if log else None
        self.findings, self.accounted, self.torn = [], [], None
        self.expected, self.h, self.tree, self.log = 0, ZEROS, Tree(), None
        self.next = 0  # after the last line that has a form: what a new segment is measured by
        self.format = self.schema = 0
        self.read_to, self.counted = {}, {}  # by log: how far it was read, and its newest checkpoint's end
        self.stretches, self.coverage, self.accounts = Stretches(), Coverage(), Accounts()
        self.last_checkpoint = None  # of the last record, if it is one
        self.tail = 0

    # --- the parts ---

    def run(self):
        self.is_locked = is_locked(self.directory)
        segments = [Segment(self.directory, name) for name in segment_names(self.directory)]
        for segment, following in zip(segments, [*segments[1:], None]):
            self.segment(segment, following)
        self.end()
        return self

    def segment(self, segment, following):
        """Chain and tree, rules 1 to 3, and the places of rule 5."""
        self.open = Open()
        self.is_last = following is None
        self.stored_h = None
        self.is_sealed = self.owes = False
        self.successor, self.accounts_since = None, len(self.accounts.all)
        if segment.header:
            self.begin(segment.header)
            if segment.header.number != segment.number:
                self.found("another number than in the file's name", segment.header.number)
        else:
            self.findings.append(segment.problem)
            if self.log is not None and self.next < segment.number:
                self.findings.append(Finding("missing", self.next, segment.number, missing=True))
            self.expected = max(self.expected, segment.number)
            self.next = max(self.next, segment.number)
        for index, piece in enumerate(segment.pieces()):
            if index > 0 and is_superseded(following, self.expected):
                break
            if piece is None:
                self.findings.append(Finding("a line without an end", self.expected))
                break
            if self.is_last and self.is_locked and piece.is_being_written:
                break
            self.accounts.stands(self.expected, leaf_hash(piece.raw))
            self.piece(piece, segment.header if index == 0 else None, index)
        if not self.is_last:
            self.findings += self.open.certain(HIGHEST)
        elif self.open:
            self.torn = self.open.first
        if self.owes:
            self.findings.append(Finding("a segment without a checkpoint at its beginning", self.expected))

    def begin(self, header):
        """A segment's first record, before it is a record of the log."""
        self.continues(header)
        if self.trail is None:
            self.trail = header.log.trail
        if header.log.trail != self.trail:
            self.findings.append(Finding("a log of another trail", header.number, accountable=False))
        if header.format > FORMAT:
            self.findings.append(Finding("a higher format than this reader's", header.number, accountable=False))
        if header.format < self.format:
            self.found("a lower format than before", header.number)
        if self.accounts.first is None:
            self.accounts.first = (header.number, header.log.name, header.tree.root())
        self.log, self.tree, self.h = header.log, header.tree, header.prev
        self.format, self.schema = header.format, header.schema
        self.expected, self.next, self.owes = header.number, header.number, header.owes_checkpoint
        self.counted.setdefault(self.log.name, self.log.base)
        self.stretches.segment(header.key, header.former, header.number)
        self.meet_anchors()

    def continues(self, header):
        """Rule 1: whether a segment goes on where the one before ended."""
        number, expected = header.number, self.next
        if self.log is None:
            if number != expected or not header.begins_log:
                self.findings.append(Finding("missing", 0, number, missing=True))
        elif header.log.name == self.log.name:
            same = header.prev == self.h and header.subtrees == self.tree.subtrees
            if number > expected:
                self.findings.append(Finding("missing", expected, number, missing=True))
            elif number < expected or not same:
                self.found("does not continue the log", number)
        elif header.cause == "restarted" and header.begins_log and number >= expected:
            self.findings.append(Finding("damaged or lost, a new log begins", expected, number))
        else:
            self.found("does not continue the log", number)

    def piece(self, piece, header, index):
        """Rule 2: a line of a segment."""
        if self.log is None:
            self.expected += 1
            self.next = self.expected
            return
        self.last_checkpoint = None
        expected, stored_h = self.expected, self.stored_h
        try:
            line = piece.line()
            if line.number > expected + MOST_AHEAD:
                raise Unreadable(f"a number far above: {line.number}")
        except Unreadable as error:
            self.damage(f"damaged: {error}")
            self.expected, self.stored_h = expected + 1, None
            return
        self.settle(line, stored_h)
        if problem := self.problem(line):
            self.damage(f"damaged: {problem}")
        else:
            self.judge(line, piece.raw, header, index)
        self.tree.push(piece.raw)
        self.expected = self.next = line.number + 1
        self.h = self.stored_h = line.h
        self.read_to[self.log.name] = self.next
        self.meet_anchors()

    def problem(self, line):
        """Why a line is none of this log, if it is none."""
        if line.number != self.expected:
            return f"has the number {line.number}"
        if not line.follows(self.h):
            return "does not follow from the record before"
        return None

    def judge(self, line, raw, header, index):
        """A record at its place."""
        if self.is_sealed:
            self.found("something stands after the seal", line.number)
        try:
            record = self.readable(raw)
        except Unreadable as error:
            self.found(f"cannot be read: {error}", line.number)
            record = None
        if record is not None and header is None:
            self.record(record, line.number, is_own(raw), index)
        if not (self.last_checkpoint and self.last_checkpoint_counts):
            self.coverage.record(line.number, is_turn_end(record) and not is_own(raw))

    def readable(self, raw):
        """What a record says."""
        if not is_own(raw):
            return self.event(raw)
        record = own_record(raw)
        if record["type"] == "trail_key" and (
            record["from"] == record["key"] or self.stretches.key != Key(record["from"])
        ):
            raise Unreadable("a key that cannot hand over")
        return record

    def event(self, raw):
        """An event; of a higher schema only keys that are there twice are looked for."""
        try:
            return parse(raw)
        except Unreadable as error:
            if self.schema > SCHEMA and "twice" not in str(error):
                return {}
            raise

    def damage(self, what):
        self.open.damage(self.expected, Finding(what, self.expected))

    def settle(self, line, stored_h):
        """Rule 3: a later line may show that damage is certain."""
        if self.open and line.synced is not None and (stored_h is None or line.follows(stored_h)):
            self.findings += self.open.certain(line.synced)

    def meet_anchors(self):
        for anchor in self.anchors:
            anchor.meet(self.log, self.tree)

    def found(self, what, number):
        self.report(Finding(what, number))

    def report(self, finding):
        """A finding, as open as the damage before it."""
        if self.open:
            self.open.beside(finding)
        else:
            self.findings.append(finding)

    # --- policy ---

    def record(self, record, number, is_own_record, index):
        kind = record.get("type") if is_own_record else "event"
        if kind == "trail_segment" and index > 0:
            self.found("a segment's first record within a segment", number)
        elif kind == "event" and self.owes and not self.open:
            self.found("an event before the segment's checkpoint", number)
            self.owes = False
        elif kind == "trail_checkpoint":
            self.checkpoint(record, number)
        elif kind == "trail_gap" and record["lost"] > 0:
            self.found(f"{record['lost']} records were lost: {record['reason']}", number)
        elif kind == "trail_recovery" and record["found"] == "loss":
            self.found("records were lost", number)
        elif kind == "trail_key":
            self.successor = Key(record["key"])
        elif kind in ("trail_accept", "trail_retention"):
            self.accounts.all.append(Account(record, self.stretches.all[-1]))

    def checkpoint(self, record, number):
        """Rule 7, and what a checkpoint that counts covers."""
        checkpoint, key = Checkpoint(record["note"]), self.stretches.key
        is_seal = record.get("seal") is True
        is_right = self.is_of_this_log(checkpoint)
        is_signed = checkpoint.signed_by(key) if key else not checkpoint.signatures
        if not is_right and not self.open:
            start = min(self.counted[self.log.name], number)
            self.findings.append(Finding("not the records that were signed", start, max(start + 1, number)))
        if not is_signed:
            self.found("no valid signature" if key else "a signature without a key", number)
        self.last_checkpoint = checkpoint
        self.last_checkpoint_counts = is_right and is_signed and not self.open
        self.owes &= bool(self.open)
        self.is_sealed |= is_seal and not self.open
        if self.last_checkpoint_counts:
            self.cover(checkpoint, number, is_seal)

    def is_of_this_log(self, checkpoint):
        return (checkpoint.log.name, checkpoint.size, checkpoint.root) == (
            self.log.name, self.tree.size, self.tree.root(),
        )

    def cover(self, checkpoint, number, is_seal):
        if finding := self.coverage.finding():
            self.findings.append(finding)
        self.coverage.cover()
        self.counted[self.log.name] = checkpoint.end
        if self.stretches.key:
            self.stretches.all[-1].proven = True
        self.accounts.cover(self.accounts_since)
        if is_seal and self.successor:
            self.stretches.hand_over(self.successor)

    def end(self):
        """What can only be judged when all was read."""
        if finding := self.coverage.finding():
            self.findings.append(finding)
        else:
            self.tail = self.coverage.records
        for stretch in self.stretches.judge(self.keys, self.next):
            what = "no valid signature of a key that counts" if stretch.key else "not signed"
            self.findings.append(Finding(what, stretch.start, stretch.end))
        if self.keys and not self.stretches.all:
            self.findings.append(Finding("not signed"))
        for anchor in self.anchors:
            self.findings += anchor.findings(self.trail, self.read_to, bool(self.keys), self.stretches.counting())
        self.account()

    def account(self):
        """Rule 12: what is accounted for is no finding any more."""
        explained = [(finding, self.accounts.explain(finding)) for finding in self.findings]
        self.findings = [finding for finding, reason in explained if not reason]
        self.accounted = [f"{finding}; {reason}" for finding, reason in explained if reason]

    # --- the verdict ---

    def exit(self, strict):
        if self.findings:
            return 1
        if self.torn is not None:
            return 4
        return 3 if strict and (self.tail or not self.is_anchored_to_the_end()) else 0

    def is_anchored_to_the_end(self):
        """Whether nothing but its own checkpoint comes after the newest anchor that was met."""
        met = [anchor.checkpoint for anchor in self.anchors if anchor.met]
        if not met:
            return False
        newest = max(met, key=lambda checkpoint: checkpoint.end)
        own = self.last_checkpoint is not None and self.last_checkpoint.message == newest.message
        return self.expected <= newest.end + own

    def lines(self):
        """The report."""
        yield from map(str, self.findings)
        yield from (f"accounted for: {each}" for each in self.accounted)
        if self.torn is not None:
            yield f"torn from record {self.torn} on"
        if self.tail:
            yield f"{self.tail} records at the end are not covered by a checkpoint"
        if not self.anchors:
            yield "UNANCHORED"
        yield f"read up to record {self.expected}: {len(self.findings)} findings, {len(self.accounted)} accounted for"


def is_turn_end(record):
    return (
        record is not None and record.get("type") == "span" and record.get("subject") == "turn"
        and record.get("phase") in TURN_ENDS
    )


def is_superseded(following, expected):
    """Whether the segment that follows has taken over from here, after a failure."""
    header = following and following.header
    return bool(header) and header.cause == "failed" and header.number <= expected


def segment_names(directory):
    names = (name for name in os.listdir(directory) if re.fullmatch(r"seg-[0-9]{20}\.jsonl", name, re.ASCII))
    return sorted(name for name in names if int(name[4:24]) <= HIGHEST)


def is_locked(directory):
    """Whether a writer is there."""
    try:
        with open(os.path.join(directory, "lock"), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


# --- the command ----------------------------------------------------------------------------------


def read_text(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def prove(path, keys, anchors):
    try:
        print(check_proof(read_text(path), keys, anchors))
    except Unreadable as error:
        print(f"not proved: {error}")
        return 1
    return 0


def verify(directory, keys, anchors, log, strict):
    if not segment_names(directory):
        print(f"no trail in {directory}: there is no segment", file=sys.stderr)
        return 2
    verifier = Verifier(directory, keys, anchors, log).run()
    print(*verifier.lines(), sep="\n")
    return verifier.exit(strict)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--key", type=Key, action="append", default=[])
    parser.add_argument("--anchor", type=lambda path: Checkpoint(read_text(path)), action="append", default=[])
    parser.add_argument("--log", type=lambda name: Log(name).name)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--proof")
    parser.add_argument("--vectors")
    found = parser.parse_args()
    if sum(each is not None for each in (found.directory, found.proof, found.vectors)) != 1:
        parser.error("one of a directory, --proof and --vectors")
    return found


def main():
    try:
        given = arguments()
        if given.vectors:
            from trail_vectors import check

            return check(given.vectors)
        if given.proof:
            return prove(given.proof, given.key, given.anchor)
        return verify(given.directory, given.key, given.anchor, given.log, given.strict)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
