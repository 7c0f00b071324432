"""What docs/audit-format.md asks of a trail beyond its chain: who signed, how much, and what is accounted for."""

from trail_notes import Key, Tree

MOST_UNCOVERED = 1024
MOST_AFTER_A_TURN = 512


class Finding:
    """Something wrong: about the records from `start` up to, not including, `end`, or about none."""

    def __init__(self, what, start=None, end=None, missing=False, accountable=True):
        self.what, self.start, self.missing = what, start, missing
        self.end = start + 1 if end is None and start is not None else end
        self.accountable = accountable and start is not None

    def within(self, start, end):
        return start <= self.start and self.end <= end

    def __str__(self):
        if self.start is None:
            return self.what
        if self.end == self.start + 1:
            return f"record {self.start}: {self.what}"
        return f"records {self.start} up to {self.end}: {self.what}"


class Stretch:
    """Successive segments that name one key, or that name none."""

    def __init__(self, key, start, former, retired):
        self.key, self.start, self.end = key, start, None
        self.former = former  # the stretch that it is heir of
        self.retired = key in retired
        self.proven = self.counts = False


class Stretches:
    """All stretches, and the keys that handed over."""

    def __init__(self):
        self.all = []
        self.retired = set()
        self.successor = None  # the key that the segment being read handed over to

    @property
    def key(self):
        """The key of the segment being read."""
        return self.all[-1].key if self.all else None

    def segment(self, key, former, start):
        """A segment begins."""
        if not self.all or key != self.key or self.successor:
            before = self.all[-1] if self.all else None
            is_heir = self.successor is not None and key == self.successor and former == before.key
            self.all.append(Stretch(key, start, before if is_heir else None, self.retired))
            if before:
                before.end = max(start, before.start)
        self.successor = None

    def hand_over(self, successor):
        self.retired.add(self.key)
        self.successor = successor

    def judge(self, given, end):
        """Which lines of heirs count; yields the stretches that do not."""
        if self.all:
            self.all[-1].end = max(end, self.all[-1].start)
        lines = self.lines()
        if not given:
            for line in lines[: self.leading(lines)]:
                count(line)
        trusted = set(given)
        while new := [line for line in lines if not line[0].counts and is_trusted(line, trusted | self.counting())]:
            for line in new:
                count(line)
        return [stretch for stretch in self.all if not stretch.counts]

    def lines(self):
        """Each stretch with the heirs that follow it."""
        lines = []
        for stretch in self.all:
            if stretch.former:
                lines[-1].append(stretch)
            else:
                lines.append([stretch])
        return lines

    def leading(self, lines):
        """How many lines have no stretch with a key before them."""
        for index, line in enumerate(lines):
            if any(stretch.key for stretch in line):
                return index + 1
        return len(lines)

    def counting(self):
        """The keys of the stretches that count."""
        return {stretch.key for stretch in self.all if stretch.counts and stretch.key}


def count(line):
    for stretch in line:
        stretch.counts = True


def is_trusted(line, keys):
    return any(stretch.proven and stretch.key in keys and not stretch.retired for stretch in line)


class Coverage:
    """The records since the last checkpoint that counted."""

    def __init__(self):
        self.cover()

    def cover(self):
        self.start = self.end = self.turn_ended = None
        self.records = 0

    def record(self, number, ends_turn):
        if self.records == 0:
            self.start = number
        self.records += 1
        self.end = number + 1
        if ends_turn and self.turn_ended is None:
            self.turn_ended = self.records

    def finding(self):
        """That there are too many of them, if so."""
        after_turn = 0 if self.turn_ended is None else self.records - self.turn_ended
        if self.records > MOST_UNCOVERED or after_turn > MOST_AFTER_A_TURN:
            return Finding("too many records without a checkpoint", self.start, max(self.end, self.start))
        return None


class Anchor:
    """A checkpoint from outside the trail, and what became of it."""

    def __init__(self, checkpoint):
        self.checkpoint = checkpoint
        self.met = self.differed = False

    def meet(self, log, tree):
        """The log stands at this many records."""
        if log.name == self.checkpoint.log.name and tree.size == self.checkpoint.size:
            same = tree.root() == self.checkpoint.root
            self.met |= same
            self.differed |= not same

    def findings(self, trail, read_to, keys_given, counting):
        """`read_to` has each log's end, as far as it was read."""
        checkpoint, log, end = self.checkpoint, self.checkpoint.log, self.checkpoint.end
        if trail is not None and log.trail != trail:
            yield Finding("an anchor of another trail")
            return
        if keys_given and not any(checkpoint.signed_by(key) for key in counting):
            yield Finding("an anchor without a valid signature of a key that counts")
        if self.met:
            return
        if self.differed:
            yield Finding("not the records that an anchor covers", log.base, end)
            return
        start = read_to.get(log.name, log.base)
        yield Finding("missing, an anchor covers them", start if start < end else log.base, end, missing=True)


class Account:
    """An acceptance or a retention, which counts when a checkpoint covered it and its stretch counts."""

    def __init__(self, record, stretch):
        self.record, self.stretch = record, stretch
        self.covered = False

    @property
    def counts(self):
        return self.covered and self.stretch is not None and self.stretch.counts


class Accounts:
    """All acceptances and retentions, and what stands in the trail, for their roots."""

    def __init__(self):
        self.all = []
        self.standing = []  # the number expected where a line stands, and its leaf hash
        self.first = None  # of the first segment that could be read: number, log, root before it

    def stands(self, expected, leaf):
        self.standing.append((expected, leaf))

    def cover(self, since):
        for account in self.all[since:]:
            account.covered = True

    def root(self, start, end):
        tree = Tree()
        for expected, leaf in self.standing:
            if start <= expected < end:
                tree.push_hash(leaf)
        return tree.root()

    def accepts(self, record):
        return self.root(record["from"], record["to"]).hex() == record["root"]

    def explain(self, finding):
        """Why a finding is known, or None."""
        if not finding.accountable:
            return None
        for account in self.all:
            reason = account.counts and self.reason(account.record, finding)
            if reason:
                return reason
        return None

    def reason(self, record, finding):
        if record["type"] == "trail_retention":
            return "removed on purpose" if self.is_removed(record, finding) else None
        if finding.within(record["from"], record["to"]) and self.accepts(record):
            return f"accepted by {record['who']}: {record['reason']}"
        return None

    def is_removed(self, record, finding):
        """Whether a retention has let these records go."""
        if not finding.missing or self.first is None:
            return False
        first, log, root = self.first
        if finding.end > min(record["to"], first):
            return False
        return first != record["to"] or (log == record["log"] and root.hex() == record["root"])


def key_or_none(text):
    return None if text is None else Key(text)
