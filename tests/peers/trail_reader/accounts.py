"""Rule 12: acceptances and retentions, and what they account for."""

from .merkle import root_of


class Claim:
    """An acceptance or a retention, and whether a checkpoint that counts came after it."""

    def __init__(self, number, record, stretch):
        self.number = number
        self.record = record
        self.stretch = stretch
        self.is_acceptance = record["type"] == "trail_accept"
        self.signed = False

    def __str__(self):
        if self.is_acceptance:
            return f"accepted by {self.record['who']}: {self.record['reason']}"
        return f"removed on purpose, up to record {self.to()}"

    def to(self):
        return int(self.record["to"])

    def counts(self):
        return self.signed and self.stretch.counts


class Accounts:
    def __init__(self):
        self.claims = []
        self._unsigned = []
        self._leaves = []

    def begin_segment(self):
        self._unsigned = []

    def stood(self, number, leaf):
        self._leaves.append((number, leaf))

    def claim(self, number, record, stretch):
        claim = Claim(number, record, stretch)
        self.claims.append(claim)
        self._unsigned.append(claim)

    def checkpoint(self):
        for claim in self._unsigned:
            claim.signed = True
        self._unsigned = []

    def end(self, findings, first):
        """Says of each finding that is certain by what it is accounted for."""
        counting = [claim for claim in self.claims if claim.counts()]
        acceptances = [c for c in counting if c.is_acceptance and self._still_stands(c)]
        retentions = [c for c in counting if not c.is_acceptance and first]
        for finding in findings:
            if finding.start is None or finding.never_accounted:
                continue
            for claim in retentions:
                if finding.missing and finding.end <= min(claim.to(), first.number):
                    if first.number != claim.to() or _begins_with(first, claim.record):
                        finding.by = finding.by or claim
            for claim in acceptances:
                if int(claim.record["from"]) <= finding.start and finding.end <= claim.to():
                    finding.by = finding.by or claim

    def _still_stands(self, claim):
        return self.root(int(claim.record["from"]), claim.to()).hex() == claim.record["root"]

    def root(self, start, end):
        """The root over what stands where these numbers are expected."""
        return root_of(leaf for number, leaf in self._leaves if start <= number < end)


def _begins_with(first, retention):
    return (first.log.name, first.tree.root().hex()) == (retention["log"], retention["root"])
