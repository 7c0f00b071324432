"""Rules 4 to 8 and 10: what the records of a segment say."""

from .accounts import Accounts
from .anchors import Anchors
from .findings import Finding
from .forms import Unreadable, checkpoint_of, key_of, read_json
from .records import OWN, check_own, ends_turn
from .trust import Trust

SCHEMA = 1
MAX_UNCOVERED = 1024
MAX_AFTER_TURN = 512


class Segment:
    """What is known of the segment that is being read."""

    def __init__(self, key=None, schema=SCHEMA, owes=False):
        self.key = key
        self.schema = schema
        self.owes_checkpoint = owes
        self.sealed = False
        self.hand_over = None

    @classmethod
    def of(cls, record):
        owes = record.format >= 2 or record.cause in ("created", "opened", "restarted")
        return cls(record.key, record.schema, owes)


class Coverage:
    """Rule 8: the records since the last checkpoint that counted."""

    def __init__(self, findings):
        self.findings = findings
        self.covered()

    def covered(self):
        self.count = 0
        self.first = None
        self.after_turn = None
        self.finding = None

    def record(self, number, is_turn_end):
        self.count += 1
        if self.first is None:
            self.first = number
        if self.after_turn is not None:
            self.after_turn += 1
        elif is_turn_end:
            self.after_turn = 0
        if self.finding:
            self.finding.end = max(self.finding.start, number + 1)
        elif self.count > MAX_UNCOVERED or (self.after_turn or 0) > MAX_AFTER_TURN:
            self.finding = Finding.range(self.first, number + 1, "covered by no checkpoint")
            self.findings.add_certain(self.finding)

    def unsigned_tail(self):
        return self.count


class Policy:
    """Looks at each record that is no damage."""

    def __init__(self, findings, keys, anchors, told_trail):
        self.findings = findings
        self.trust = Trust(findings, keys)
        self.anchors = Anchors(findings, anchors, keys, told_trail)
        self.accounts = Accounts()
        self.coverage = Coverage(findings)
        self.segment = Segment()
        self.newest = None
        self.lines = 0
        self.last_record_covered_all = False
        self.records = 0

    # --- what the chain tells --------------------------------------------------------------------

    def begin_segment(self, record):
        if record:
            self.segment = Segment.of(record)
            self.trust.begin_segment(record, self.lines)
        else:
            self.segment = Segment(self.segment.key, self.segment.schema)
        self.accounts.begin_segment()

    def stood(self, number, leaf):
        """A line, or a piece of one, stood where this number was expected."""
        self.last_record_covered_all = False
        self.lines += 1
        self.accounts.stood(number, leaf)

    def stands(self, chain):
        """The log that is being read got as far as this."""
        self.anchors.stands(chain, self.lines)

    def record(self, line, chain, begins_segment):
        self.records += 1
        self._check_place(line)
        if line.text.startswith(OWN):
            counts, is_turn_end = self._own(line, chain, begins_segment), False
        else:
            counts, is_turn_end = False, self._event(line)
        if counts:
            self.coverage.covered()
        else:
            self.coverage.record(line.number, is_turn_end)

    def end_segment(self, chain):
        if self.segment.owes_checkpoint:
            self._no_checkpoint(chain.expected)

    def end(self, chain):
        self.trust.end(chain)
        self.anchors.end(chain, self.trust)
        self.accounts.end(self.findings.certain, chain.first)

    def is_anchored_to_its_end(self):
        """Whether an anchor is met, and nothing but its own checkpoint came after the last one."""
        behind = self.anchors.lines_behind_newest(self.lines)
        return behind == 0 or (behind == 1 and self.last_record_covered_all)

    # --- events ----------------------------------------------------------------------------------

    def _event(self, line):
        """Looks at an event; returns whether it ends a turn."""
        known = self.segment.schema <= SCHEMA
        try:
            event = read_json(line.text)
        except Unreadable as why:
            if known or why.twice:
                self._found(line, f"cannot be read: {why}")
                return False
            event = {}
        return known and ends_turn(event)

    def _no_checkpoint(self, number):
        self.segment.owes_checkpoint = False
        what = "its segment has no checkpoint at its beginning"
        self.findings.add_certain(Finding.record(number, what))

    def _check_place(self, line):
        """Rule 5, which a record need not be readable for."""
        is_event = not line.text.startswith(OWN)
        if self.segment.sealed:
            self._found(line, "stands behind the seal of its segment")
        elif is_event and self.segment.owes_checkpoint and not self.findings.damage_is_open:
            self._no_checkpoint(line.number)

    def _found(self, line, what):
        self.findings.add(Finding.record(line.number, what))

    # --- own records -----------------------------------------------------------------------------

    def _own(self, line, chain, begins_segment):
        """Looks at one of the trail's own records; returns whether it is a checkpoint that counts."""
        try:
            record = read_json(line.text)
            check_own(record)
            self._check_hand_over(record)
        except Unreadable as why:
            self._found(line, f"cannot be read: {why}")
            return False
        match record["type"]:
            case "trail_segment" if not begins_segment:
                self._found(line, "a segment's record within a segment")
            case "trail_checkpoint":
                return self._checkpoint(line, record, chain)
            case "trail_key":
                self.segment.hand_over = record["key"]
            case "trail_accept" | "trail_retention":
                self.accounts.claim(line.number, record, self.trust.stretch)
            case "trail_gap" if int(record["lost"]):
                self._found(line, f"{record['lost']} records were lost")
            case "trail_recovery" if record["found"] == "loss":
                self._found(line, "a loss was found when the trail was opened")
        return False

    def _check_hand_over(self, record):
        if record["type"] != "trail_key":
            return
        if record["from"] != self.segment.key or record["from"] == record["key"]:
            raise Unreadable("it hands over what is not its segment's key, or to the same")

    # --- checkpoints (rule 7) --------------------------------------------------------------------

    def _checkpoint(self, line, record, chain):
        checkpoint = checkpoint_of(record["note"])
        is_open = self.findings.damage_is_open
        right = self._check_tree(line, checkpoint, chain)
        signed = self._check_signature(line, checkpoint)
        if is_open:
            return False
        self.segment.owes_checkpoint = False
        seals = record.get("seal", False)
        self.segment.sealed = self.segment.sealed or seals
        if not (right and signed):
            return False
        self.last_record_covered_all = True
        self.newest = checkpoint
        self.accounts.checkpoint()
        self.trust.checkpoint(self.segment.hand_over if seals else None, self.lines)
        return True

    def _check_tree(self, line, checkpoint, chain):
        same_log = checkpoint.log == chain.log
        same_tree = checkpoint.size == chain.tree.size and checkpoint.root == chain.tree.root()
        if not (same_log and same_tree) and not self.findings.damage_is_open:
            goes_on = self.newest and self.newest.log == chain.log
            start = self.newest.end if goes_on else chain.log.base
            if start < line.number:
                what = "not what the checkpoint behind them covers"
                self.findings.add(Finding.range(start, line.number, what))
            else:
                self._found(line, "covers other records than those before it")
        return same_log and same_tree

    def _check_signature(self, line, checkpoint):
        key = self.segment.key
        if key is None:
            signed = not checkpoint.signatures
        else:
            signed = checkpoint.is_signed_by(key_of(key))
        if not signed:
            self._found(line, "not signed by its segment's key" if key else "signed by a key not named")
        return signed
