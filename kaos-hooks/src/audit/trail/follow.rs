use std::io;
use std::sync::Arc;

use super::placing::{Failed, Placed, Placing, unopened};
use crate::audit::Storage;
use crate::audit::position::Position;

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

/// What has a segment's name and is not read: a link, a pipe, a directory, or a file that may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What a trail consists of at a time; see [`Trail::files`](super::Trail::files).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailFiles {
    /// Those that can be read.
    pub segments: Vec<SegmentFile>,
    /// Those that cannot.
    pub unreadable: Vec<UnreadableFile>,
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
    placing: Placing,
    stuck: Option<Stuck>,
}

/// At what could not be read: what is behind it comes when that can.
enum Stuck {
    /// A whole file of this name, which may be passed over.
    File(String),
    Midst,
}

impl Follow {
    pub(super) fn of(storage: &Arc<dyn Storage>, from: Position) -> io::Result<Self> {
        Ok(Self {
            placing: Placing::of(storage, from)?,
            stuck: None,
        })
    }

    /// Where to go on later: behind the last line that is whole, and was read. An error is the last item: whoever goes on
    /// from here meets what could not be read again.
    pub const fn position(&self) -> Position {
        self.placing.position()
    }

    /// How many lines were left out so far because they are no records of the trail: without the form of one, or
    /// with another number than belongs there. Verifying tells what they are.
    pub const fn passed_over(&self) -> u64 {
        self.placing.passed_over()
    }

    /// Goes on behind a file that cannot be opened, such as a pipe or a link of a segment's name; gives its
    /// name. After anything else, a file that broke off in its midst for example, there is nothing to pass over.
    pub fn pass_over_file(&mut self) -> Option<String> {
        match self.stuck.take() {
            Some(Stuck::File(name)) => Some(name),
            other => {
                self.stuck = other;
                None
            }
        }
    }
}

impl Iterator for Follow {
    type Item = io::Result<Placed>;

    fn next(&mut self) -> Option<io::Result<Placed>> {
        if self.stuck.is_some() {
            return None;
        }
        let (stuck, error) = match self.placing.next() {
            Ok(placed) => return placed.map(Ok),
            Err(Failed::Unopened(name, error)) => {
                let error = unopened(&name, &error);
                (Stuck::File(name), error)
            }
            Err(Failed::BrokenOff(error)) => (Stuck::Midst, error),
        };
        self.stuck = Some(stuck);
        Some(Err(error))
    }
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
