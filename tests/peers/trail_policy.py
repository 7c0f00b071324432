"""The third part of verifying: rules 5 to 12 of docs/audit-format.md."""

from trail_notes import Checkpoint, Key, Tree, leaf_of
from verify_trail import MOST_AFTER_TURN, MOST_UNCOVERED, ends_turn, own


class Stretch:
    def __init__(self, key, first, is_heir):
        self.key, self.first, self.is_heir, self.proven, self.counts = key, first, is_heir, False, False


class Said:
    """An acceptance or a retention."""

    def __init__(self, record, stretch):
        self.record, self.stretch, self.signed = record, stretch, False


class Policy:
    def __init__(self, keys, anchors, findings):
        self.keys, self.anchors, self.found = keys, anchors, findings
        self.stretches, self.retired, self.heir, self.announced = [], [], None, None
        self.owes = self.sealed = False
        self.newest = self.after = self.first = None
        self.met, self.read_to = {}, {}
        self.uncovered, self.after_turn = [0, 0], None  # the range since the last checkpoint that counted
        self.said, self.places = [], []

    # --- what the chain tells

    def piece(self, number, raw):
        self.places.append((number, raw))

    def begins(self, start, is_first):
        seq = start["seq"]
        try:
            key = Key(start["key"]) if start.get("key") is not None else None
        except ValueError as error:
            key = None
            self.found.in_line(seq, f"its key: {error}", 0)
        heir, self.heir, self.announced = self.heir, None, None
        if not self.stretches or heir is not None or self.stretches[-1].key != key:
            before = self.stretches[-1].key if self.stretches else None
            is_heir = heir is not None and heir == key and before is not None and start.get("former") == before.text
            self.stretches.append(Stretch(key, seq, is_heir))
        self.owes = start["format"] >= 2 or start["cause"] in ("created", "opened", "restarted")
        self.sealed, self.earlier = False, len(self.said)
        if is_first:
            self.first = (seq, start["log"], start["tree"].root())
        self.stands(start["log"], start["tree"], seq, False)

    def stands(self, log, tree, head, is_record):
        self.read_to[log] = head
        if self.after is not None and is_record:
            self.after += 1
        for at, anchor in enumerate(self.anchors):
            if at not in self.met and (anchor.log, anchor.size) == (log, tree.size):
                self.met[at] = anchor.root == tree.root()
                if self.met[at]:
                    self.after = 0

    def record(self, line, number, chain):
        is_own = line.body.startswith(b'{"type":"trail_')
        if self.sealed:
            self.found.in_line(line.seq, "after the seal", number)
        elif self.owes and number and not is_own:
            self.owes = False
            self.found.in_line(line.seq, "the segment does not begin with a checkpoint", number)
        if is_own and self.own(line, number, chain):
            return
        if self.uncovered[0] == self.uncovered[1]:
            self.uncovered = [line.seq, line.seq]
            self.count = 0
        self.count += 1
        self.uncovered[1] = line.seq + 1
        if self.after_turn is not None:
            self.after_turn += 1
        elif not is_own and ends_turn(line.body):
            self.after_turn = 0
        self.too_many = getattr(self, "too_many", False) or self.count > MOST_UNCOVERED or (self.after_turn or 0) > MOST_AFTER_TURN

    def ends(self, number):
        if self.owes:
            self.found.find(number, number + 1, "the segment does not begin with a checkpoint")
        self.owes = False

    # --- own records

    def own(self, line, number, chain):
        """Whether it is a checkpoint that counts."""
        try:
            record = own(line.body)
            kind = record["type"]
            if kind == "trail_checkpoint":
                return self.checkpoint(line.seq, Checkpoint(record["note"]), record.get("seal", False), chain)
            if kind == "trail_key":
                old, new = Key(record["from"]), Key(record["key"])
                if not self.stretches or self.stretches[-1].key != old or old == new:
                    raise ValueError("it hands over no key of this segment")
                self.announced = new
        except ValueError as error:
            self.found.in_line(line.seq, f"cannot be read: {error}", number)
            return False
        if kind == "trail_segment" and number:
            self.found.in_line(line.seq, "not at the beginning of a segment", number)
        elif kind == "trail_gap" and record["lost"]:
            self.found.in_line(line.seq, f"{record['lost']} records are lost", number)
        elif kind == "trail_recovery" and record["found"] == "loss":
            self.found.in_line(line.seq, "records that were anchored were lost", number)
        elif kind in ("trail_accept", "trail_retention"):
            self.said.append(Said(record, self.stretches[-1]))
        return False

    def checkpoint(self, seq, checkpoint, seal, chain):
        fits = (checkpoint.log, checkpoint.size, checkpoint.root) == (chain.log, chain.tree.size, chain.tree.root())
        stretch = self.stretches[-1]
        signed = stretch.key.signed(checkpoint) if stretch.key else not checkpoint.signatures
        if not fits and not self.found.doubtful:
            start = self.newest.end if self.newest and self.newest.log == chain.log else chain.base
            self.found.find(min(start, seq), seq, "not those that the checkpoint was made over")
        if not signed:
            self.found.in_line(seq, "no valid signature")
        if self.found.doubtful:
            return False
        self.owes, self.sealed = False, seal
        if not (fits and signed):
            return False
        self.covered()
        self.newest = checkpoint
        stretch.proven = stretch.key is not None
        if self.announced is not None and stretch.key is not None:
            self.heir = self.announced
            self.retired.append((stretch.key, seq))
        self.announced = None
        for said in self.said[self.earlier :]:
            said.signed = True
        return True

    def covered(self):
        if getattr(self, "too_many", False):
            self.found.find(*self.uncovered, "without a checkpoint")
        self.uncovered, self.after_turn, self.too_many = [0, 0], None, False

    # --- what comes of it

    def verdict(self, chain):
        self.tail = self.count if self.uncovered[0] != self.uncovered[1] else 0
        self.covered()
        self.trust()
        ends = [stretch.first for stretch in self.stretches[1:]] + [chain.head]
        for stretch, end in zip(self.stretches, ends):
            if not stretch.counts:
                self.found.find(stretch.first, end, f"no valid signature of a key that counts: {stretch.key and stretch.key.text}")
        if self.keys and not self.stretches:
            self.found.find(0, 2**64 - 1, "no valid signature", False)
        for at, anchor in enumerate(self.anchors):
            self.anchor(anchor, self.met.get(at), chain)
        roots = {}
        for said in self.said:
            if said.record["type"] == "trail_accept":
                roots[id(said)] = self.root(said.record["from"], said.record["to"])
        accounted, left = [], []
        for finding in self.found.certain:
            why = self.account(finding, roots)
            accounted.append((finding, why)) if why else left.append(finding)
        self.found.certain = left
        return accounted

    def trust(self):
        keys = list(self.keys)
        known = None
        while known != len(keys):
            known = len(keys)
            at = 0
            while at < len(self.stretches):
                line = [self.stretches[at]]
                while at + len(line) < len(self.stretches) and self.stretches[at + len(line)].is_heir:
                    line.append(self.stretches[at + len(line)])
                is_first = not self.keys and all(stretch.key is None for stretch in self.stretches[:at])
                if is_first or any(self.vouches(stretch, keys) for stretch in line):
                    for stretch in line:
                        stretch.counts = True
                    keys += [stretch.key for stretch in line if stretch.key is not None and stretch.key not in keys]
                at += len(line)

    def vouches(self, stretch, keys):
        is_retired = any(key == stretch.key and since < stretch.first for key, since in self.retired)
        return stretch.proven and stretch.key in keys and not is_retired

    def anchor(self, anchor, met, chain):
        if self.keys:
            counting = [stretch.key for stretch in self.stretches if stretch.counts and stretch.key]
            if not any(key.signed(anchor) for key in counting):
                self.found.find(0, 2**64 - 1, "the anchor has no valid signature", False)
        if met:
            return
        if chain.log is None or not chain.log.startswith(anchor.trail):
            self.found.find(0, 2**64 - 1, "the anchor is of another trail", False)
        elif met is False:
            self.found.find(anchor.base, anchor.end, "not those that the anchor was made over")
        else:
            start = self.read_to.get(anchor.log, anchor.base)
            start = start if start < anchor.end else anchor.base
            self.found.find(start, anchor.end, f"records {start} to {anchor.end - 1} are missing")

    def root(self, start, end):
        tree = Tree()
        for number, raw in self.places:
            if start <= number < end:
                tree.push(raw)
        return tree.root()

    def account(self, finding, roots):
        """The record that accounts for it, as text."""
        for said in self.said:
            record = said.record
            if not (said.signed and said.stretch.counts):
                continue
            if record["type"] == "trail_retention":
                missing = finding.what.endswith("are missing") and self.first
                whole = not missing or record["to"] != self.first[0] or (record["log"], bytes.fromhex(record["root"])) == self.first[1:]
                if missing and whole and finding.end <= min(record["to"], self.first[0]):
                    return "removed on purpose"
            elif finding.can_be_accepted and record["from"] <= finding.start and finding.end <= record["to"]:
                if roots[id(said)].hex() == record["root"]:
                    return f"accepted by {record['who']}: {record['reason']}"
        return None
