//! Making proofs: the leaves of one log are read, and what they make together.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use super::head::Head;
use super::line::Line;
use super::own::OwnRecord;
use super::proof::{ConsistencyProof, InclusionProof, half};
use super::tree::{Tree, join};
use super::verify::{self, Begins, Findings, Judge, Place};
use super::{Checkpoint, Hash, LogId, Storage};

/// The leaves of the log that a wanted record, or checkpoint, is of.
struct Leaves {
    wanted: Wanted,
    log: Option<LogId>,
    /// The tree before the first record that is there.
    before: Tree,
    hashes: Vec<Hash>,
    /// The wanted records of the log.
    lines: BTreeMap<u64, Vec<u8>>,
    /// The newest checkpoint that covers what is there.
    newest: Option<Checkpoint>,
    /// Roots that were computed, by their leaves: many proofs are made of few.
    known: RefCell<HashMap<(u64, u64), Hash>>,
}

/// Roots over fewer leaves are computed again, as that takes less than it takes to keep them.
const KEPT_FROM: u64 = 32;

enum Wanted {
    Records(BTreeSet<u64>),
    Log(LogId),
}

/// That a record is in the log.
pub(super) fn inclusion(storage: &Arc<dyn Storage>, record: u64) -> io::Result<InclusionProof> {
    let mut proofs = inclusions(storage, &[record])?;
    proofs.pop().ok_or_else(|| none(NO_RECORD))
}

/// That each of these records is in the log.
pub(super) fn inclusions(
    storage: &Arc<dyn Storage>,
    records: &[u64],
) -> io::Result<Vec<InclusionProof>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = Wanted::Records(records.iter().copied().collect());
    let leaves = Leaves::read(storage, wanted)?;
    let each = records.iter().map(|record| leaves.inclusion(*record));
    each.collect()
}

const NO_RECORD: &str = "there is no such record, or no checkpoint over it";

/// That the log continues what this checkpoint covers.
pub(super) fn consistency(
    storage: &Arc<dyn Storage>,
    old: &Checkpoint,
) -> io::Result<ConsistencyProof> {
    let leaves = Leaves::read(storage, Wanted::Log(old.log))?;
    let checkpoint = leaves
        .newest
        .clone()
        .filter(|newest| newest.size >= old.size);
    let checkpoint = checkpoint.ok_or_else(|| none("this log has no checkpoint that is newer"))?;
    let path = match old.size {
        0 => Some(Vec::new()),
        size => leaves.grown(size, 0, checkpoint.size, true),
    };
    let proof = ConsistencyProof {
        old: old.size,
        path: path.ok_or_else(|| none("records that the proof needs were removed"))?,
        checkpoint,
    };
    proof
        .fits(old)
        .map_err(|_error| none("the trail does not hold what it covers"))?;
    Ok(proof)
}

fn none(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, why)
}

impl Leaves {
    fn read(storage: &Arc<dyn Storage>, wanted: Wanted) -> io::Result<Self> {
        let mut leaves = Self {
            wanted,
            log: None,
            before: Tree::default(),
            hashes: Vec::new(),
            lines: BTreeMap::new(),
            newest: None,
            known: RefCell::default(),
        };
        verify::read(storage, &mut leaves)?;
        Ok(leaves)
    }

    /// Whether the log that was read is the one that is wanted.
    fn is_found(&self) -> bool {
        match &self.wanted {
            Wanted::Records(_) => !self.lines.is_empty(),
            Wanted::Log(log) => self.log == Some(*log),
        }
    }

    fn inclusion(&self, record: u64) -> io::Result<InclusionProof> {
        let found = (self.lines.get(&record), self.newest.clone(), self.log);
        let (Some(line), Some(checkpoint), Some(log)) = found else {
            return Err(none(NO_RECORD));
        };
        let index = record.saturating_sub(log.base);
        let path = self.path(index, 0, checkpoint.size).unwrap_or_default();
        let proof = InclusionProof {
            line: line.clone(),
            index,
            path,
            checkpoint,
        };
        proof
            .fits()
            .map_err(|_error| none("no checkpoint covers this record as it stands there"))?;
        Ok(proof)
    }

    /// The root over the leaves from one to before another.
    fn node(&self, from: u64, to: u64) -> Option<Hash> {
        let start = self.before.size();
        if to <= start {
            return self.before.peak(from, to);
        }
        if to - from == 1 {
            return self
                .hashes
                .get(usize::try_from(from.checked_sub(start)?).ok()?)
                .copied();
        }
        if let Some(known) = self.known.borrow().get(&(from, to)) {
            return Some(*known);
        }
        let middle = from + half(to - from);
        let root = join(&self.node(from, middle)?, &self.node(middle, to)?);
        if to - from >= KEPT_FROM {
            self.known.borrow_mut().insert((from, to), root);
        }
        Some(root)
    }

    /// RFC 6962, section 2.1.1.
    fn path(&self, index: u64, from: u64, to: u64) -> Option<Vec<Hash>> {
        if to - from <= 1 {
            return Some(Vec::new());
        }
        let middle = from + half(to - from);
        let (mut path, sibling) = if index < middle {
            (self.path(index, from, middle)?, self.node(middle, to)?)
        } else {
            (self.path(index, middle, to)?, self.node(from, middle)?)
        };
        path.push(sibling);
        Some(path)
    }

    /// RFC 6962, section 2.1.2: that the leaves before `old` are the first of those before `to`.
    fn grown(&self, old: u64, from: u64, to: u64, is_known: bool) -> Option<Vec<Hash>> {
        if old == to {
            let node = if is_known {
                None
            } else {
                Some(self.node(from, to)?)
            };
            return Some(node.into_iter().collect());
        }
        let middle = from + half(to - from);
        let (mut path, sibling) = if old <= middle {
            (
                self.grown(old, from, middle, is_known)?,
                self.node(middle, to)?,
            )
        } else {
            (
                self.grown(old, middle, to, false)?,
                self.node(from, middle)?,
            )
        };
        path.push(sibling);
        Some(path)
    }
}

impl Judge for Leaves {
    fn begins(&mut self, _at: &Place<'_>, segment: &Begins<'_>, _to: &mut Findings) {
        if self.log == Some(segment.head.log) || self.is_found() {
            return;
        }
        self.log = Some(segment.head.log);
        self.before = segment.head.tree.clone();
        self.hashes.clear();
        self.newest = None;
    }

    fn record(&mut self, at: &Place<'_>, line: &Line<'_>, before: &Head, _to: &mut Findings) {
        if self.log != Some(before.log) {
            return;
        }
        if matches!(&self.wanted, Wanted::Records(wanted) if wanted.contains(&at.seq)) {
            self.lines.insert(at.seq, line.bytes.to_vec());
        }
        self.hashes.push(Hash::of(&[&[0], line.bytes]));
        if !OwnRecord::is_in(line.body) {
            return;
        }
        if let Ok(OwnRecord::Checkpoint(note)) = OwnRecord::read(line)
            && let Ok(checkpoint) = note.note.parse::<Checkpoint>()
        {
            let there = Checkpoint::of(before.log, &before.tree);
            if (checkpoint.size, checkpoint.root) == (there.size, there.root) {
                self.newest = Some(checkpoint);
            }
        }
    }
}
