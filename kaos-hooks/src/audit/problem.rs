//! What can be wrong with a trail, and where.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use crate::plain;

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
