"""Reads a trail, and says what is wrong with it and with what exit code."""

from .chain import Chain
from .directory import segments_of, writer_has
from .findings import Findings
from .policy import Policy


class WrongCommand(Exception):
    """Exit code 2."""


class Report:
    """What there is to say of a trail."""

    def __init__(self, findings, policy):
        self.findings = [finding for finding in findings.certain if not finding.by]
        self.accounted = [finding for finding in findings.certain if finding.by]
        self.torn = findings.torn[0].start if findings.torn else None
        self.unsigned_tail = policy.coverage.count
        self.is_anchored = bool(policy.anchors.met)
        self.is_anchored_to_its_end = policy.is_anchored_to_its_end()
        self.root = policy.accounts.root

    def exit_code(self, strict):
        if self.findings:
            return 1
        if self.torn is not None:
            return 4
        return 3 if strict and (self.unsigned_tail or not self.is_anchored_to_its_end) else 0

    def __str__(self):
        lines = [str(finding) for finding in self.findings]
        lines += [f"{finding}; {finding.by} (record {finding.by.number})" for finding in self.accounted]
        if self.torn is not None:
            lines.append(f"torn from record {self.torn} on")
        if self.unsigned_tail:
            lines.append(f"unsigned tail: {self.unsigned_tail} records")
        if not self.is_anchored:
            lines.append("UNANCHORED: if its end was cut off, nobody can tell")
        return "\n".join(lines)


def verify(directory, keys=(), anchors=(), log=None):
    """The report on the trail in this directory."""
    try:
        segments = segments_of(directory)
    except OSError as error:
        raise WrongCommand(f"no trail: {error}") from error
    if not segments:
        raise WrongCommand(f"no trail: {directory} has no segment")
    trail = log and log.trail
    findings = Findings()
    policy = Policy(findings, keys, anchors, trail)
    Chain(findings, policy, trail, lambda: writer_has(directory)).read(segments)
    return Report(findings, policy)
