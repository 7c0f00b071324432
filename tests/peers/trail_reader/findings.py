"""Findings, and when damage is certain (rule 3)."""

from dataclasses import dataclass, field


@dataclass
class Finding:
    """Something wrong with a record, a range of records, or (`start` is None) the trail."""

    what: str
    start: int | None = None
    end: int | None = None
    missing: bool = False
    never_accounted: bool = False
    by: object | None = None  # the acceptance or retention that accounts for it

    @classmethod
    def record(cls, number, what, **more):
        return cls(what, number, number + 1, **more)

    @classmethod
    def range(cls, start, end, what, **more):
        """A range never ends before it begins."""
        return cls(what, start, max(start, end), **more)

    def __str__(self):
        if self.start is None:
            return self.what
        if self.end == self.start + 1:
            return f"record {self.start}: {self.what}"
        return f"records {self.start}..{self.end}: {self.what}"


@dataclass
class Damage:
    """A line that is damage, not certain yet, and what was found behind it."""

    number: int
    findings: list = field(default_factory=list)


class Findings:
    """All findings: those that are certain, and those that wait for their damage to become it."""

    def __init__(self):
        self.certain = []
        self.torn = []
        self._open = []

    @property
    def damage_is_open(self):
        return bool(self._open)

    def add(self, finding):
        """A finding: certain at once, unless damage is open."""
        if self._open:
            self._open[-1].findings.append(finding)
        else:
            self.certain.append(finding)
        return finding

    def add_certain(self, finding):
        self.certain.append(finding)

    def add_damage(self, number, what):
        self._open.append(Damage(number, [Finding.record(number, what)]))

    def settle(self, synced):
        """A writer knew that all up to `synced` was safe: no crash damaged that."""
        for damage in [damage for damage in self._open if damage.number <= synced]:
            self._open.remove(damage)
            self.certain += damage.findings

    def end_segment(self, last):
        into = self.torn if last else self.certain
        for damage in self._open:
            into += damage.findings
        self._open = []
