//! Which lines of a trail are its records: those whose numbers are those of their places.

use std::io;
use std::sync::Arc;

use crate::audit::Storage;
use crate::audit::content::{Record, content_of};
use crate::audit::line::Line;
use crate::audit::position::Position;
use crate::audit::reader::{Numbering, OpenSegment, Reader};

/// A record and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Where its line begins.
    pub at: Position,
    /// Behind its line.
    pub behind: Position,
    /// How many bytes its line has, the line break included.
    pub bytes: u64,
    /// What stands there.
    pub record: Record,
}

/// Reads records, each with the number of its place: a line cannot get another one by claiming it. Their
/// numbers rise in the order of the files.
pub(super) struct Placing {
    reader: Reader,
    segment: Option<OpenSegment>,
    numbering: Numbering,
    position: Position,
    passed_over: u64,
}

/// Why it is not read on.
pub(super) enum Failed {
    /// The file of this name cannot be opened; the next one can be tried.
    Unopened(String, io::Error),
    /// A file broke off in its midst.
    BrokenOff(io::Error),
}

impl Placing {
    pub(super) fn of(storage: &Arc<dyn Storage>, from: Position) -> io::Result<Self> {
        Ok(Self {
            reader: Reader::starting(Arc::clone(storage), from)?,
            segment: None,
            numbering: Numbering::default(),
            position: from,
            passed_over: 0,
        })
    }

    /// Behind the last line that is whole, and was read.
    pub(super) const fn position(&self) -> Position {
        self.position
    }

    /// How many lines were no records of the trail.
    pub(super) const fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<Placed>, Failed> {
        loop {
            let segment = match &mut self.segment {
                Some(segment) => segment,
                none => match self.reader.next_segment() {
                    None => return Ok(None),
                    Some(Ok(next)) => {
                        self.position = self.reader.beginning_of(next.first);
                        if self.position.offset > 0 {
                            self.numbering = Numbering::from(self.position.seq);
                        }
                        none.insert(next)
                    }
                    Some(Err((name, error))) => return Err(Failed::Unopened(name, error)),
                },
            };
            let (begins, next) = (segment.begins, segment.next.map(|it| it.number));
            let standing = match segment.next(&mut self.numbering) {
                // What has no line break yet may get one.
                Ok(Some(standing)) if !standing.piece.is_cut_off() => standing,
                Ok(_) => {
                    self.segment = None;
                    continue;
                }
                Err(error) => {
                    self.segment = None;
                    return Err(Failed::BrokenOff(error));
                }
            };
            let line = standing.line.filter(|line| {
                // What the next segment has is not here.
                next.is_none_or(|next| line.seq < next)
            });
            let belongs = Self::belongs(&mut self.position, standing.expected, line.as_ref());
            let bytes = standing.piece.stored;
            let at = Position {
                offset: begins + standing.piece.offset,
                ..self.position
            };
            self.position.offset = at.offset + bytes;
            let Some(line) = line.filter(|_| belongs) else {
                self.passed_over += 1;
                continue;
            };
            self.position.seq = line.seq.saturating_add(1);
            if let Some(content) = content_of(&line) {
                let record = Record {
                    seq: line.seq,
                    synced: line.synced,
                    content,
                };
                let behind = self.position;
                return Ok(Some(Placed {
                    at,
                    behind,
                    bytes,
                    record,
                }));
            }
        }
    }

    /// Whether a line is the record that belongs there; the place gets its number, then. One that claims a number that was there already,
    /// or one from further on, is none. Where lines are missing, the second one behind them is again.
    fn belongs(place: &mut Position, expected: u64, line: Option<&Line<'_>>) -> bool {
        let Some(line) = line else {
            return false;
        };
        if line.seq != place.seq {
            place.is_broken = true;
        }
        let belongs = line.seq == place.seq || (line.seq > place.seq && line.seq == expected);
        if belongs {
            place.seq = line.seq;
        }
        belongs
    }
}

pub(super) fn unopened(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name} cannot be read: {error}"))
}
