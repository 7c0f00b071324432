//! What happens at which call.

use std::io;
use std::sync::Arc;

use super::State;
use super::files::Files;

/// What is done to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "as the methods of `Storage` and its files")]
pub enum OpKind {
    List,
    Open,
    Read,
    Create,
    Write,
    Truncate,
    Sync,
    Rename,
    Remove,
    SyncDirectory,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Op {
    /// Which.
    pub kind: OpKind,
    /// The file's name when it was opened.
    pub name: String,
    /// What is written.
    pub bytes: Arc<[u8]>,
    pub(super) file: usize,
}

impl Op {
    pub(super) fn new(kind: OpKind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            bytes: Arc::new([]),
            file: usize::MAX,
        }
    }

    /// After how many bytes a write may be torn: within lines, between lines, and at the edges of
    /// pages.
    pub fn torn(&self) -> Vec<usize> {
        let mut ends = vec![0];
        let breaks = self
            .bytes
            .iter()
            .zip(1..)
            .filter(|(byte, _)| **byte == b'\n');
        ends.extend(breaks.map(|(_, end)| end));
        let within = ends
            .windows(2)
            .map(|line| usize::midpoint(line[0], line[1]));
        let pages = (1..).map(|page| page * 4096);
        let mut torn: Vec<usize> = within.chain(ends.iter().copied()).collect();
        torn.extend(pages.take_while(|at| *at < self.bytes.len()).take(2));
        torn.retain(|at| (1..self.bytes.len()).contains(at));
        torn.sort_unstable();
        torn.dedup();
        torn
    }
}

/// When, around a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Before it does anything.
    Before,
    /// When so many bytes of a write are done.
    Torn(usize),
    /// When it is done, before it returns.
    After,
}

/// What the disk held around some call.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is all of a disk")]
pub struct Moment {
    /// Its number.
    pub call: u64,
    /// The call.
    pub op: Op,
    /// When.
    pub when: When,
    /// What the disk held.
    pub state: State,
}

/// What happens at some call. At [`When::Torn`] the write is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plan {
    /// At the call with this number.
    pub call: u64,
    /// When.
    pub when: When,
    /// What.
    pub act: Act,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// So many calls fail like this: this one before it does anything, or after it was done; or, if
    /// its write is torn, those after it. A full disk refuses only what needs space.
    Fail {
        /// How.
        kind: io::ErrorKind,
        /// How many.
        lasts: u32,
    },
    /// Only the short write.
    Short,
    /// The clock jumps by so many nanoseconds.
    Jump(i64),
    /// Somebody else tries to open the trail.
    Intrude,
}

/// The failure that goes on.
#[derive(Default)]
pub(super) struct Failing {
    kind: Option<io::ErrorKind>,
    left: u32,
    /// The call has been done and fails all the same.
    late: bool,
    /// On a full disk, the bytes that were freed.
    freed: usize,
}

impl Failing {
    pub(super) fn new(kind: io::ErrorKind, lasts: u32, when: When) -> Self {
        Self {
            kind: Some(kind),
            left: lasts,
            late: when == When::After,
            freed: 0,
        }
    }

    /// Fails, if this call is to fail before it does anything.
    pub(super) fn check(&mut self, op: &Op, files: &mut Files) -> io::Result<()> {
        let Some(kind) = self.kind.filter(|_| self.left > 0) else {
            return Ok(());
        };
        if kind == io::ErrorKind::StorageFull {
            let free = matches!(
                op.kind,
                OpKind::List | OpKind::Open | OpKind::Read | OpKind::Remove | OpKind::Truncate
            );
            if op.kind == OpKind::Remove && op.name == "reserve" {
                self.freed += files.read(&op.name).map_or(0, |bytes| bytes.len());
            }
            if free {
                return Ok(());
            }
            if let Some(left) = self.freed.checked_sub(op.bytes.len().max(1)) {
                self.freed = left;
                return Ok(());
            }
        }
        self.left -= 1;
        if op.kind == OpKind::Sync {
            files.forget(op.file);
        }
        Err(error(kind))
    }

    /// The error of a call that was done.
    pub(super) fn late(&mut self) -> Option<io::Error> {
        if !std::mem::take(&mut self.late) || self.left == 0 {
            return None;
        }
        self.left -= 1;
        self.kind.map(error)
    }
}

/// What Linux says.
fn error(kind: io::ErrorKind) -> io::Error {
    match kind {
        io::ErrorKind::StorageFull => io::Error::from_raw_os_error(28),
        _ => io::Error::from_raw_os_error(5),
    }
}
