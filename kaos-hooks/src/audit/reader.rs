//! The lines of a whole trail, segment after segment, and which number belongs to each: the one reading
//! that the verifier and all who only read have in common.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::Storage;
use super::head::Head;
use super::line::Line;
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

/// Which number is expected where the next line stands.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    pub(super) next: u64,
    /// Whether a segment's first record could be read: before that, lines are only counted.
    has_begun: bool,
}

/// A segment that is being read.
pub(super) struct OpenSegment {
    pub(super) name: String,
    /// The number in its name.
    pub(super) first: u64,
    /// Whether it is the trail's last.
    pub(super) is_last: bool,
    /// Where the next segment begins, as far as that says so.
    pub(super) next: Option<NextBegins>,
    /// Where in the file the reading begins.
    pub(super) begins: u64,
    /// Whether the next line is the file's first.
    is_first: bool,
    lines: Lines,
}

/// The number of a segment's first record, and whether the one before it failed.
#[derive(Clone, Copy)]
pub(super) struct NextBegins {
    pub(super) number: u64,
    supersedes: bool,
}

/// A piece of a file, and the number that belongs there.
pub(super) struct Standing<'p> {
    pub(super) piece: Piece<'p>,
    pub(super) expected: u64,
    /// The line that it is, if it has the form of one that may stand there. Its own number is what it claims.
    pub(super) line: Option<Line<'p>>,
    /// Of a file's first: what it says, where it can be read.
    pub(super) first: Option<Option<(SegmentStart, Head)>>,
}

impl Numbering {
    /// From there on.
    pub(super) const fn from(next: u64) -> Self {
        Self {
            next,
            has_begun: true,
        }
    }

    /// A segment begins; `stated`: the number that its first record has.
    pub(super) fn begins(&mut self, first: u64, stated: Option<u64>) {
        match stated {
            Some(number) => *self = Self::from(number),
            None => self.next = self.next.max(first),
        }
    }

    fn passes(&mut self, line: Option<&Line<'_>>) {
        let claimed = line.filter(|_| self.has_begun).map(|line| line.seq);
        self.next = claimed.unwrap_or(self.next).saturating_add(1);
    }
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

    /// Where the reading of a segment begins.
    pub(super) const fn beginning_of(&self, segment: u64) -> Position {
        if self.known.segment == segment && self.known.offset > 0 {
            self.known
        } else {
            Position::beginning(segment)
        }
    }

    fn open(&self, first: u64, name: String) -> Result<OpenSegment, (String, io::Error)> {
        let begins = self.beginning_of(first).offset;
        match self.storage.read_from(&name, begins) {
            Ok(file) => Ok(OpenSegment {
                first,
                begins,
                is_last: self.waiting.is_empty(),
                next: self.next_begins(),
                is_first: begins == 0,
                lines: Lines::new(file),
                name,
            }),
            Err(error) => Err((name, error)),
        }
    }

    fn next_begins(&self) -> Option<NextBegins> {
        let (_, next) = self.waiting.front()?;
        let mut lines = Lines::new(self.storage.read(next).ok()?);
        let piece = lines.next().ok()??;
        let (start, head) = beginning(&piece)?;
        Some(NextBegins {
            number: head.next,
            supersedes: start.cause == Cause::Failed,
        })
    }
}

impl OpenSegment {
    /// The next piece, and the number that belongs there. What a later segment supersedes is not there: the file
    /// ends before it.
    pub(super) fn next(&mut self, numbering: &mut Numbering) -> io::Result<Option<Standing<'_>>> {
        let superseded = self.next.filter(|it| it.supersedes).map(|it| it.number);
        let Some(piece) = self.lines.next()? else {
            return Ok(None);
        };
        let is_first = std::mem::take(&mut self.is_first);
        if !is_first && superseded.is_some_and(|from| numbering.next >= from) {
            return Ok(None);
        }
        let first = is_first.then(|| beginning(&piece));
        if let Some(stated) = &first {
            let number = stated.as_ref().map(|(_start, head)| head.next);
            numbering.begins(self.first, number);
        }
        let expected = numbering.next;
        let line = piece.line().filter(|line| line.may_stand_at(expected));
        numbering.passes(line.as_ref());
        Ok(Some(Standing {
            piece,
            expected,
            line,
            first,
        }))
    }
}

/// What a segment's first line says, and where the log stood before it.
pub(super) fn beginning(piece: &Piece<'_>) -> Option<(SegmentStart, Head)> {
    start(&piece.line()?)
}
