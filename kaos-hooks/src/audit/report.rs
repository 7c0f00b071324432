use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::own::{Acceptance, Gap, Recovery};
use super::{Checkpoint, Finding, LogId, VerifyingKey};
use crate::plain;

/// What a verification found.
///
/// Displays as a short report for people. Its [exit code](Self::exit_code) is that of
/// `kaos audit verify`.
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{Accounted, Finding, Gap, Recovery, Torn, Verification};
///
/// /// What somebody on call is shown: one line for each thing that is not as it was.
/// fn lines(report: &Verification) -> Vec<String> {
///     let wrong = |it: &Finding| format!("{} at byte {}: {}", it.segment, it.offset, it.problem);
///     let known = |it: &Accounted| format!("accepted in record {}: {}", it.by, it.why);
///     let lost = |it: &Gap| format!("{} records were lost: {}", it.lost, it.reason);
///     let mended = |it: &Recovery| format!("{} bytes of {} were cut off", it.bytes, it.segment);
///     let unfinished = |it: &Torn| format!("{} is being written, or its writer died", it.segment);
///     let mut lines: Vec<String> = report.findings.iter().map(wrong).collect();
///     lines.extend(report.accounted.iter().map(known));
///     lines.extend(report.gaps.iter().map(lost));
///     lines.extend(report.recoveries.iter().map(mended));
///     lines.extend(report.torn.iter().map(unfinished));
///     lines
/// }
/// assert!(lines(&Verification::default()).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verification {
    /// The log that the trail's last segment belongs to.
    pub log: Option<LogId>,
    /// Segments read.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Checkpoints among them.
    pub checkpoints: u64,
    /// The newest one that covers what is there and has the signature that it must have.
    pub newest: Option<Checkpoint>,
    /// Records after it: whoever can write the files may have written them. There are no more than
    /// 1 024, and no more than 512 after a turn's end; else that is a finding.
    pub unsigned_tail: u64,
    /// Whether the caller gave a key.
    pub key_given: bool,
    /// The key that the trail's end names as its own.
    pub named_key: Option<String>,
    /// The keys that signed something and count: with a key given, those that were given, and those
    /// that they handed over to or took over from.
    pub signers: Vec<VerifyingKey>,
    /// Records after the newest anchor that was given, if one was.
    pub after_anchor: Option<u64>,
    /// What is wrong: tampered with, damaged or lost.
    pub findings: Vec<Finding>,
    /// Findings that are not listed.
    pub more_findings: u64,
    /// The records that these are about.
    pub(super) more_about: Option<Range<u64>>,
    /// What would be a finding, had nobody with the key accounted for it.
    pub accounted: Vec<Accounted>,
    /// Such that are not listed.
    pub more_accounted: u64,
    /// Acceptances that account for nothing: not signed by a key that counts, or what they are about
    /// has changed since. Each with its record's number.
    pub idle_acceptances: Vec<(u64, Acceptance)>,
    /// Whether a newer version wrote some of the events.
    pub newer_schema: bool,
    /// Events of a newer version that this reader cannot read. They are whole.
    pub unread: u64,
    /// An end that was being written when its writer died.
    pub torn: Option<Torn>,
    /// Whether the last segment has no seal: it is being written, or its writer ended otherwise (killed, or
    /// without room on the disk), and what it had not written by then is missing.
    pub open: bool,
    /// What was found at earlier openings.
    pub recoveries: Vec<Recovery>,
    /// What could not be recorded.
    pub gaps: Vec<Gap>,
}

/// Something wrong that somebody with the key has accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accounted {
    /// What is wrong.
    pub finding: Finding,
    /// The record that accounts for it.
    pub by: u64,
    /// What that says.
    pub why: String,
}

/// An end that was being written when its writer died: nobody was told that it is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Torn {
    /// The segment's file.
    pub segment: String,
    /// The first record that is not whole.
    pub from_seq: u64,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// How many bytes there are from there on.
    pub bytes: u64,
}

impl Verification {
    /// Whether every record is as it was written, or accounted for. A torn end is not.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty() && self.more_findings == 0 && self.torn.is_none()
    }

    /// The records that the findings are about which are not listed; none if all are.
    pub fn more_about(&self) -> Option<Range<u64>> {
        self.more_about.clone()
    }

    /// The first record that no checkpoint covers which counts: whoever can write the files may have written it and
    /// those after it.
    pub fn unsigned_from(&self) -> u64 {
        let newest = self.newest.as_ref();
        newest.map_or(0, |it| it.log.base.saturating_add(it.size))
    }

    /// 0: intact. 1: tampered with, damaged or lost. 3, only if `strict`: nothing outside the trail
    /// vouches for its end, because no anchor was given or records came after it, or the end has no
    /// signature yet. 4: a torn end, else intact.
    pub fn exit_code(&self, strict: bool) -> u8 {
        let unvouched = self.after_anchor.is_none_or(|after| after > 1);
        if !self.findings.is_empty() || self.more_findings > 0 {
            1
        } else if self.torn.is_some() {
            4
        } else if strict && (unvouched || self.unsigned_tail > 0) {
            3
        } else {
            0
        }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.exit_code(false) {
            0 => "INTACT",
            4 => "TORN",
            _ => "NOT INTACT",
        };
        let (records, segments) = (self.records, self.segments);
        let checkpoints = self.checkpoints;
        writeln!(
            f,
            "{verdict}: {records} records in {segments} files, {checkpoints} checkpoints"
        )?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        if self.more_findings > 0 {
            writeln!(f, "  and {} more", self.more_findings)?;
        }
        if let Some(torn) = &self.torn {
            let (segment, from, bytes) = (plain(&torn.segment), torn.from_seq, torn.bytes);
            writeln!(
                f,
                "  torn from record {from} on: {bytes} bytes at the end of {segment} were being written"
            )?;
        }
        for Accounted { finding, by, why } in &self.accounted {
            writeln!(
                f,
                "  accounted for by record {by}: {finding}; {}",
                plain(why)
            )?;
        }
        if self.more_accounted > 0 {
            writeln!(f, "  and {} more accounted for", self.more_accounted)?;
        }
        for (seq, acceptance) in &self.idle_acceptances {
            let (from, to) = (acceptance.from, acceptance.to.saturating_sub(1));
            writeln!(
                f,
                "  record {seq} accepts {from} to {to}, but what stands there has changed, or no key \
                 that counts has signed it"
            )?;
        }
        if self.newer_schema {
            let unread = self.unread;
            writeln!(
                f,
                "  a newer version wrote some events; {unread} of them cannot be read here"
            )?;
        }
        for gap in &self.gaps {
            let (lost, effects, reason) = (gap.lost, gap.unrecorded_effects, plain(&gap.reason));
            if lost == 0 && effects == 0 {
                writeln!(
                    f,
                    "  for a while it could not be written; nothing of then is lost ({reason})"
                )?;
                continue;
            }
            writeln!(
                f,
                "  a gap: {lost} records lost, {effects} tools ran unrecorded ({reason})"
            )?;
        }
        for recovery in &self.recoveries {
            let (found, from) = (recovery.found, recovery.from_seq);
            writeln!(f, "  opened after {found:?} from record {from} on")?;
        }
        if self.open {
            writeln!(
                f,
                "  OPEN: it is being written, or its writer ended without a seal and what it had not written is missing"
            )?;
        }
        if self.unsigned_tail > 0 {
            let records = self.unsigned_tail;
            writeln!(
                f,
                "  unsigned tail: {records} records, which no checkpoint covers yet"
            )?;
        }
        self.signers(f)?;
        match self.after_anchor {
            None => writeln!(f, "  UNANCHORED: if its end was cut off, nobody can tell"),
            Some(0 | 1) => writeln!(f, "  anchored to its end"),
            Some(after) => writeln!(f, "  anchored, except for the last {after} records"),
        }
    }
}

impl Verification {
    fn signers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signers: Vec<String> = self
            .signers
            .iter()
            .map(|key| plain(&key.to_string()))
            .collect();
        match (&*signers, &self.named_key) {
            ([], _) if self.key_given => writeln!(f, "  NOT signed by a key given"),
            ([.., last], _) if self.key_given => {
                let before = signers.len() - 1;
                write!(f, "  signed by {last}")?;
                match before {
                    0 => writeln!(f),
                    1 => writeln!(f, ", and one key before it"),
                    _ => writeln!(f, ", and {before} keys before it"),
                }
            }
            ([], None) => writeln!(f, "  UNSIGNED: whoever could write it could rewrite it"),
            ([.., key], _) => writeln!(f, "  signed by {key}; whose that is, only --key tells"),
            ([], Some(key)) => {
                writeln!(f, "  names {}, which has signed nothing", plain(key))
            }
        }
    }
}
