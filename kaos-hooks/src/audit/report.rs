use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::own::{Acceptance, Gap, Recovery};
use super::{Checkpoint, LogId, VerifyingKey};
use crate::plain;

/// What a verification found.
///
/// Displays as a short report for people. Its [exit code](Self::exit_code) is that of
/// `kaos audit verify`.
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
    /// What was found at earlier openings.
    pub recoveries: Vec<Recovery>,
    /// What could not be recorded.
    pub gaps: Vec<Gap>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The segment's file; `anchor` or `trail` for what belongs to none.
    pub segment: String,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// The record.
    pub seq: Option<u64>,
    /// What.
    pub problem: Problem,
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

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read, or is a symbolic link.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// A segment whose first record is damaged.
    #[error("the segment has no valid first record")]
    NoBeginning,
    /// A segment's name and its first record disagree.
    #[error("the segment does not have the name of its first record")]
    Renamed,
    /// A segment, or an anchor, of another trail.
    #[error("it belongs to another trail")]
    OtherTrail,
    /// A segment that a newer version wrote: what it says may mean something else.
    #[error("its format {0} is newer than this reader")]
    NewerFormat(u32),
    /// A segment that does not continue the one before it.
    #[error("the segment does not continue the one before it")]
    DoesNotContinue,
    /// An older version wrote the segment than the one before it, which none does.
    #[error("its format {0} is older than that of the segment before it")]
    OlderFormat(u32),
    /// The log before this segment was damaged, and a new one was begun.
    #[error(
        "a new log begins at record {to}, because records from {from} on were found damaged or lost"
    )]
    Restarted {
        /// The first one that is not as it was.
        from: u64,
        /// The new log's first record.
        to: u64,
    },
    /// Records are missing.
    #[error("records {from} to {} are missing", to.saturating_sub(1))]
    Missing {
        /// The first one.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// Not a line of a trail.
    #[error("not a line of an audit trail")]
    NoLine,
    /// A line that would be one, had no tool changed its line break.
    #[error(
        "not a line of an audit trail: it ends in CR LF, as some tools make of LF; nothing else is \
         wrong with it"
    )]
    LineEnd,
    /// The last line has no end.
    #[error("the line has no end")]
    CutOff,
    /// A record that does not have the next number.
    #[error(
        "the record has number {found}, not {expected}: one was removed, added, repeated or moved"
    )]
    WrongNumber {
        /// The number that it has.
        found: u64,
        /// The number that comes next.
        expected: u64,
    },
    /// The record or the one before it was changed.
    #[error("its hash does not follow from the record and the one before it")]
    BrokenChain,
    /// The line is whole, but what it says cannot be read.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// A checkpoint was made over other records than those that are there.
    #[error(
        "records {from} to {} are not those that the checkpoint was made over",
        to.saturating_sub(1)
    )]
    OtherRecords {
        /// The first that it may be.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// A checkpoint without a valid signature of the key.
    #[error("no valid signature of the key")]
    NotSigned,
    /// Records that are signed by nobody, or by a key that does not count: it was not given, and
    /// none that was given handed over to it, or it had handed over itself.
    #[error(
        "records {from} to {} have no valid signature of a key that counts: they name {}",
        to.saturating_sub(1),
        key.as_deref().unwrap_or("none")
    )]
    NotTrusted {
        /// The first one.
        from: u64,
        /// The one after the last.
        to: u64,
        /// The key that they name.
        key: Option<String>,
    },
    /// More records without a checkpoint than a writer leaves.
    #[error(
        "records {from} to {} are without a checkpoint: a writer makes one after 512 at most, and \
         after each turn",
        to.saturating_sub(1)
    )]
    Uncovered {
        /// The first one.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// A segment that does not begin with a checkpoint, which is in every one from the first moment
    /// on.
    #[error("the segment does not begin with a checkpoint")]
    NoCheckpoint,
    /// Something stands after the checkpoint that ends the segment.
    #[error("it stands after the segment's seal")]
    AfterSeal,
    /// A segment's first record in its midst.
    #[error("it belongs at the beginning of a segment")]
    Misplaced,
    /// Records that could not be recorded.
    #[error("{lost} records could not be written, and are lost")]
    Gap {
        /// How many.
        lost: u64,
    },
    /// When the trail was opened, it had fewer records than its anchor.
    #[error("when the trail was opened here, it had lost records that were anchored")]
    Loss,
}

impl Problem {
    /// The records that it is about, where it names some.
    fn range(&self) -> Option<Range<u64>> {
        match *self {
            Self::Missing { from, to }
            | Self::OtherRecords { from, to }
            | Self::Restarted { from, to }
            | Self::Uncovered { from, to }
            | Self::NotTrusted { from, to, .. } => Some(from..to),
            _ => None,
        }
    }

    /// The first record that it is about.
    pub(super) fn first(&self) -> Option<u64> {
        self.range().map(|records| records.start)
    }

    /// Whether somebody with the key can account for it.
    pub(super) const fn can_be_accepted(&self) -> bool {
        !matches!(self, Self::OtherTrail | Self::NewerFormat(_))
    }
}

impl Finding {
    /// The numbers of the records that it is about; all, if it is about the whole trail.
    pub fn records(&self) -> Range<u64> {
        let one = |seq: u64| seq..seq.saturating_add(1);
        let range = self.problem.range();
        range.unwrap_or_else(|| self.seq.map_or(0..u64::MAX, one))
    }
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

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seq) = self.seq {
            write!(f, "record {seq}, ")?;
        }
        let (segment, offset) = (plain(&self.segment), self.offset);
        let problem = plain(&self.problem.to_string());
        write!(f, "{segment} at byte {offset}: {problem}")
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
            writeln!(
                f,
                "  a gap: {lost} records lost, {effects} tools ran unrecorded ({reason})"
            )?;
        }
        for recovery in &self.recoveries {
            let (found, from) = (recovery.found, recovery.from_seq);
            writeln!(f, "  opened after {found:?} from record {from} on")?;
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
