use std::fmt;

use serde::Serialize;

use super::own::{Gap, Recovery};
use super::{Checkpoint, LogId};
use crate::plain;

/// The most findings that are listed; the rest is counted.
const MOST_FINDINGS: usize = 100;

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
    /// The newest checkpoint.
    pub newest: Option<Checkpoint>,
    /// Records that no checkpoint covers yet, the newest one itself included.
    pub after_newest: u64,
    /// Whether the caller gave a key.
    pub key_given: bool,
    /// The key that the trail names as its own.
    pub named_key: Option<String>,
    /// Records after the newest anchor that was given, if one was.
    pub after_anchor: Option<u64>,
    /// What is wrong: tampered with, damaged or lost.
    pub findings: Vec<Finding>,
    /// Findings that are not listed.
    pub more_findings: u64,
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
    /// The log before this segment was damaged, and a new one was begun.
    #[error("a new log begins here, because the records before it were found damaged")]
    Restarted,
    /// Records are missing.
    #[error("records {from} to {} are missing", to - 1)]
    Missing {
        /// The first one.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// Not a line of a trail.
    #[error("not a line of an audit trail")]
    NoLine,
    /// The last line has no end.
    #[error("the line has no end")]
    CutOff,
    /// A record that does not have the next number.
    #[error("the record has number {0}: one was removed, added, repeated or moved")]
    WrongNumber(u64),
    /// The record or the one before it was changed.
    #[error("its hash does not follow from the record and the one before it")]
    BrokenChain,
    /// The line is whole, but what it says cannot be read.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// A checkpoint was made over other records than those that are there.
    #[error("records {from} to {} are not those that the checkpoint was made over", to - 1)]
    OtherRecords {
        /// The first that it may be.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// A checkpoint without a valid signature of the key.
    #[error("no valid signature of the key")]
    NotSigned,
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
    pub(super) fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }

    /// Whether every record is as it was written. A torn end is not.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty() && self.torn.is_none()
    }

    /// 0: intact. 1: tampered with, damaged or lost. 3, only if `strict`: nothing outside the trail
    /// vouches for its end, because no anchor was given or records came after it. 4: a torn end,
    /// else intact.
    pub fn exit_code(&self, strict: bool) -> u8 {
        let unvouched = self.after_anchor.is_none_or(|after| after > 1);
        match (&*self.findings, &self.torn) {
            ([_, ..], _) => 1,
            ([], Some(_)) => 4,
            ([], None) if strict && unvouched => 3,
            ([], None) => 0,
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
        if self.after_newest > 1 {
            let after = self.after_newest;
            writeln!(f, "  the last {after} records have no checkpoint yet")?;
        }
        match (&self.named_key, self.key_given) {
            (_, true) => writeln!(f, "  signed by the key given")?,
            (Some(key), false) => {
                let key = plain(key);
                writeln!(f, "  signed by {key}; whose that is, only --key tells")?;
            }
            (None, false) => writeln!(f, "  UNSIGNED: whoever could write it could rewrite it")?,
        }
        match self.after_anchor {
            None => writeln!(f, "  UNANCHORED: if its end was cut off, nobody can tell"),
            Some(0 | 1) => writeln!(f, "  anchored to its end"),
            Some(after) => writeln!(f, "  anchored, except for the last {after} records"),
        }
    }
}
