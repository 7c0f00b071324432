"""Rule 11: checkpoints that were kept outside the trail."""

from .findings import Finding


class Anchors:
    def __init__(self, findings, anchors, keys, told_trail):
        self.findings = findings
        self.anchors = anchors
        self.keys_given = bool(keys)
        self.told_trail = told_trail
        self.met = {}
        self.differed = set()
        self.read_to = {}

    def stands(self, chain, lines):
        """The log that is being read stands as it does, after so many lines of the trail."""
        self.read_to[chain.log.name] = chain.reached
        for anchor in self.anchors:
            if (anchor.log, anchor.size) == (chain.log, chain.tree.size):
                if anchor.root == chain.tree.root():
                    self.met[anchor] = lines
                else:
                    self.differed.add(anchor)

    def end(self, chain, trust):
        trail = self.told_trail or (chain.first and chain.first.log.trail)
        for anchor in self.anchors:
            if trail and anchor.log.trail != trail:
                self.findings.add_certain(Finding("an anchor of another trail"))
            elif anchor not in self.met:
                self.findings.add_certain(self._unmet(anchor))
            if self.keys_given and not _signed(anchor, trust):
                self.findings.add_certain(Finding("an anchor that no key that counts signed"))

    def _unmet(self, anchor):
        base, end = anchor.log.base, anchor.end
        if anchor in self.differed:
            return Finding.range(base, end, "not what an anchor covers")
        read_to = self.read_to.get(anchor.log.name, base)
        start = read_to if read_to < end else base
        return Finding.range(start, end, "missing: an anchor covers them", missing=True)

    def lines_behind_newest(self, lines):
        """How many lines stand behind the last anchor that was met; None if none was."""
        return lines - max(self.met.values()) if self.met else None


def _signed(anchor, trust):
    return any(anchor.is_signed_by(key) for key in trust.signer_keys())
