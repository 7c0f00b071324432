"""Rules 6 and 9: which keys signed which stretches of the trail, and which of them count."""

from .findings import Finding
from .forms import key_of


class Stretch:
    """Segments one after the other that name the same key, or none."""

    def __init__(self, key, former, start, begun):
        self.key = key
        self.former = former
        self.start = start
        self.begun = begun
        self.proven = False
        self.hands_over_to = None
        self.counts = False

    def is_heir_of(self, before):
        return before.hands_over_to == self.key is not None and self.former == before.key


class Trust:
    def __init__(self, findings, keys):
        self.findings = findings
        self.given = {key.text for key in keys}
        self.stretches = []
        self.retired = {}

    @property
    def stretch(self):
        return self.stretches[-1]

    def begin_segment(self, record, lines):
        """`lines` were read before this segment."""
        if self.stretches and self.stretch.key == record.key and not self.stretch.hands_over_to:
            return
        self.stretches.append(Stretch(record.key, record.former, record.number, lines))

    def checkpoint(self, hands_over_to, lines):
        """A checkpoint counts; it seals a segment whose key hands over to this one, if to any."""
        self.stretch.proven = self.stretch.key is not None
        if hands_over_to:
            self.stretch.hands_over_to = hands_over_to
            self.retired.setdefault(self.stretch.key, lines)

    def end(self, chain):
        self._decide()
        starts = [stretch.start for stretch in self.stretches[1:]]
        for stretch, end in zip(self.stretches, [*starts, chain.reached]):
            if not stretch.counts:
                self.findings.add_certain(
                    Finding.range(stretch.start, end, "no valid signature of a key that counts")
                )
        if self.given and not self.stretches:
            self.findings.add_certain(Finding("not signed: no segment can be read"))

    def signers(self):
        return {stretch.key for stretch in self.stretches if stretch.counts and stretch.key}

    def signer_keys(self):
        return [key_of(signer) for signer in self.signers()]

    def _decide(self):
        """Goes over the lines of heirs until no further one counts."""
        lines = self._lines_of_heirs()
        if not self.given:
            for line in lines:
                _count(line)
                if any(stretch.key for stretch in line):
                    break
        waiting = [line for line in lines if not line[0].counts]
        while trusted := [line for line in waiting if self._is_trusted(line)]:
            for line in trusted:
                _count(line)
            waiting = [line for line in waiting if not line[0].counts]

    def _lines_of_heirs(self):
        lines = []
        for stretch in self.stretches:
            if lines and stretch.is_heir_of(lines[-1][-1]):
                lines[-1].append(stretch)
            else:
                lines.append([stretch])
        return lines

    def _is_trusted(self, line):
        known = self.given | self.signers()
        return any(
            stretch.proven and stretch.key in known and not self._was_retired(stretch)
            for stretch in line
        )

    def _was_retired(self, stretch):
        return self.retired.get(stretch.key, stretch.begun + 1) <= stretch.begun


def _count(line):
    for stretch in line:
        stretch.counts = True
