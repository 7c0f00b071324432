use std::io;
use std::sync::Arc;

use super::content::{Record, content_of};
use crate::audit::Storage;
use crate::audit::position::Position;
use crate::audit::reader::{OpenSegment, Reader};

/// A record and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Where its line begins.
    pub at: Position,
    /// How many bytes its line has, the line break included.
    pub bytes: u64,
    /// What stands there.
    pub record: Record,
}

/// A file of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its name.
    pub name: String,
    /// The number in its name: that of its first record.
    pub first: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// The records of a trail from a place on; see [`Trail::follow`](super::Trail::follow).
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{AuditHook, Follow, Placed, Position, SegmentFile, Trail};
/// use kaos_hooks::{Hooks, Turn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = std::env::temp_dir().join(format!("kaos-follow-doc-{}", std::process::id()));
/// let audit = AuditHook::open(&dir).expect("the directory can be written");
/// let hooks = Hooks::new(audit.clone());
/// drop(hooks.turn(Turn::new("assistant")));
/// audit.force_flush().await.expect("it is on the disk");
///
/// let trail = Trail::open_read(&dir)?;
/// let mut known: Follow = trail.follow(Position::default())?;
/// let records: Vec<Placed> = known.by_ref().collect::<Result<_, _>>()?;
/// let until = known.position();
/// assert!(records.iter().all(|it| it.at < until));
///
/// drop(hooks.turn(Turn::new("assistant")));
/// audit.force_flush().await.expect("it is on the disk");
/// assert!(trail.follow(until)?.next().is_some(), "and goes on where it ended");
///
/// let files: Vec<SegmentFile> = trail.segments()?;
/// assert_eq!(files[0].first, 0);
/// # Ok(std::fs::remove_dir_all(&dir)?)
/// # }
/// ```
pub struct Follow {
    reader: Reader,
    segment: Option<OpenSegment>,
    position: Position,
    /// Whether something could not be read: what is behind it comes when that can.
    is_stuck: bool,
}

impl Follow {
    pub(super) fn of(storage: &Arc<dyn Storage>, from: Position) -> io::Result<Self> {
        Ok(Self {
            reader: Reader::starting(Arc::clone(storage), from)?,
            segment: None,
            position: from,
            is_stuck: false,
        })
    }

    /// Where to go on later: behind the last line that is whole, and was read. An error is the last item: whoever goes on
    /// from here meets what could not be read again.
    pub const fn position(&self) -> Position {
        self.position
    }

    fn try_next(&mut self) -> io::Result<Option<Placed>> {
        loop {
            let segment = match &mut self.segment {
                Some(segment) => segment,
                none => match self.reader.next_segment() {
                    None => return Ok(None),
                    Some(Ok(next)) => {
                        self.position = Position {
                            segment: next.first,
                            offset: next.begins,
                        };
                        none.insert(next)
                    }
                    Some(Err((name, error))) => {
                        let message = format!("{name} cannot be read: {error}");
                        return Err(io::Error::new(error.kind(), message));
                    }
                },
            };
            let (until, begins) = (segment.until, segment.begins);
            let piece = match segment.next() {
                // What has no line break yet may get one.
                Ok(Some(piece)) if !piece.is_cut_off() => piece,
                Ok(_) => {
                    self.segment = None;
                    continue;
                }
                Err(error) => {
                    self.segment = None;
                    return Err(error);
                }
            };
            let at = Position {
                offset: begins + piece.offset,
                ..self.position
            };
            self.position.offset = at.offset + piece.stored;
            let line = piece.line();
            let line = line.filter(|line| until.is_none_or(|until| line.seq < until));
            if let Some(line) = line
                && let Some(content) = content_of(&line)
            {
                let record = Record {
                    seq: line.seq,
                    synced: line.synced,
                    content,
                };
                let bytes = piece.stored;
                return Ok(Some(Placed { at, bytes, record }));
            }
        }
    }
}

impl Iterator for Follow {
    type Item = io::Result<Placed>;

    fn next(&mut self) -> Option<io::Result<Placed>> {
        if self.is_stuck {
            return None;
        }
        let next = self.try_next();
        self.is_stuck = next.is_err();
        next.transpose()
    }
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
