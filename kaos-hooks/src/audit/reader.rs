//! The lines of a whole trail, segment after segment.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::Storage;
use super::head::Head;
use super::own::{Cause, SegmentStart};
use super::position::Position;
use super::scan::start;
use super::segment::{self, Lines, Piece};

/// Reads a trail's segments in order.
pub(super) struct Reader {
    storage: Arc<dyn Storage>,
    waiting: VecDeque<(u64, String)>,
    /// What of the segment with this number is known already.
    known: Position,
}

/// A segment that is being read.
pub(super) struct OpenSegment {
    pub(super) name: String,
    /// The number in its name.
    pub(super) first: u64,
    /// Whether it is the trail's last.
    pub(super) is_last: bool,
    /// Records from this number on stand in the next segment again: this one could not be written
    /// any more.
    pub(super) until: Option<u64>,
    /// Where in the file the reading begins.
    pub(super) begins: u64,
    lines: Lines,
}

impl Reader {
    /// `last`: segments that begin after this record are left out.
    pub(super) fn new(storage: Arc<dyn Storage>, last: Option<u64>) -> io::Result<Self> {
        let mut waiting = VecDeque::from(segment::among(storage.list()?));
        waiting.retain(|(first, _)| last.is_none_or(|last| *first <= last));
        Ok(Self {
            storage,
            waiting,
            known: Position::default(),
        })
    }

    /// From there on: in the midst of a segment if that is still there, else with the next one.
    pub(super) fn starting(storage: Arc<dyn Storage>, from: Position) -> io::Result<Self> {
        let mut reader = Self::new(storage, None)?;
        reader.waiting.retain(|(first, _)| *first >= from.segment);
        reader.known = from;
        Ok(reader)
    }

    /// Opens the next segment.
    pub(super) fn next_segment(&mut self) -> Option<Result<OpenSegment, (String, io::Error)>> {
        let (first, name) = self.waiting.pop_front()?;
        Some(self.open(first, name))
    }

    fn open(&self, first: u64, name: String) -> Result<OpenSegment, (String, io::Error)> {
        let begins = match self.known {
            Position { segment, offset } if segment == first => offset,
            _ => 0,
        };
        match self.storage.read_from(&name, begins) {
            Ok(file) => Ok(OpenSegment {
                first,
                begins,
                is_last: self.waiting.is_empty(),
                until: self.superseded_from(),
                lines: Lines::new(file),
                name,
            }),
            Err(error) => Err((name, error)),
        }
    }

    /// Where the next segment begins, if it begins because this one failed.
    fn superseded_from(&self) -> Option<u64> {
        let (_, next) = self.waiting.front()?;
        let mut lines = Lines::new(self.storage.read(next).ok()?);
        let piece = lines.next().ok()??;
        let (start, head) = beginning(&piece)?;
        (start.cause == Cause::Failed).then_some(head.next)
    }
}

impl OpenSegment {
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.lines.next()
    }
}

/// What a segment's first line says, and where the log stood before it.
pub(super) fn beginning(piece: &Piece<'_>) -> Option<(SegmentStart, Head)> {
    start(&piece.line()?)
}
