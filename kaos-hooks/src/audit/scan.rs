//! A trail's last segment, read when it is opened: how far it is good, and what comes after.

use std::io;

use super::anchored::Anchored;
use super::head::Head;
use super::line::Line;
use super::own::{FORMAT, OwnRecord, SegmentStart};
use super::segment::{Lines, Piece};
use super::tree::Tree;
use super::{Checkpoint, Hash, LogId, VerifyingKey};

/// What the last segment holds.
pub(super) struct Scanned {
    /// After the last good line; `None` if even the first is damaged.
    pub(super) head: Option<Head>,
    /// The version that wrote it.
    pub(super) format: u32,
    pub(super) good_bytes: u64,
    /// Where the last good line stands, if it ends the segment.
    pub(super) seal: Option<u64>,
    /// The key that it names.
    pub(super) key: Option<VerifyingKey>,
    /// Whom that key handed over to.
    pub(super) heir: Option<VerifyingKey>,
    /// The first record after the last checkpoint that covers what is there and is signed.
    pub(super) uncovered_from: u64,
    pub(super) bad: Option<Bad>,
}

/// Where the first line stands that is no part of the chain.
pub(super) struct Bad {
    pub(super) seq: u64,
    /// How many bytes there are from it on.
    pub(super) bytes: u64,
    /// Whether a later line says that it was on the disk.
    pub(super) was_durable: bool,
    /// The number that a reader expects after the lines that follow, and the highest that it was.
    next: u64,
    highest: u64,
}

impl Bad {
    /// A segment from whose first record on nothing is good.
    pub(super) const fn of_all(first: u64) -> Self {
        Self {
            seq: first,
            bytes: 0,
            was_durable: true,
            next: first,
            highest: first,
        }
    }

    /// A number above all that stand here, or that a reader expects here.
    pub(super) const fn above(&self) -> u64 {
        self.highest.saturating_add(1)
    }
}

impl Scanned {
    /// Reads a segment, the number of whose first record is this.
    pub(super) fn of(mut lines: Lines, first: u64, anchored: &mut Anchored) -> io::Result<Self> {
        let mut scanned = Self {
            head: None,
            format: 0,
            good_bytes: 0,
            seal: None,
            key: None,
            heir: None,
            uncovered_from: 0,
            bad: None,
        };
        let mut announced = None;
        // The stored hash of the line before, also of one that is no part of the chain.
        let mut before = None;
        loop {
            let piece = match lines.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                // No writer of ours leaves that: it is damage, however it goes on.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    scanned.is_damaged();
                    break;
                }
                Err(error) => return Err(error),
            };
            let expected = scanned.expected(first);
            let line = piece.line().filter(|line| line.may_stand_at(expected));
            if scanned.bad.is_none()
                && line.is_some_and(|line| scanned.extends(&line, &mut announced, anchored))
            {
                scanned.good_bytes = piece.offset + piece.bytes.len() as u64 + 1;
                let is_seal = line.is_some_and(|line| OwnRecord::is_seal(line.body));
                scanned.seal = is_seal.then_some(piece.offset);
            } else {
                // After a line that is none, there is nothing to compare with.
                let follows =
                    line.is_some_and(|line| before.is_none_or(|prev| line.follows(&prev)));
                scanned.after_damage(&piece, line, follows, expected);
            }
            before = line.map(|line| line.h);
        }
        Ok(scanned)
    }

    /// What follows was never written by us.
    fn is_damaged(&mut self) {
        if let Some(bad) = &mut self.bad {
            bad.was_durable = true;
        }
    }

    /// Goes one line further, if it is the next of the chain.
    fn extends(
        &mut self,
        line: &Line<'_>,
        announced: &mut Option<VerifyingKey>,
        anchored: &mut Anchored,
    ) -> bool {
        let mut head = if let Some(head) = self.head.take() {
            head
        } else {
            let Some((start, head)) = start(line) else {
                self.format = newer(line).unwrap_or(0);
                return false;
            };
            self.format = start.format;
            self.key = start.key.and_then(|key| key.parse().ok());
            anchored.stands(&head, false);
            head
        };
        let next = line.seq == head.next && line.follows(&head.prev);
        if next {
            if OwnRecord::is_in(line.body) {
                self.own(line, &head, announced);
            }
            head.tree.push(line.bytes);
            head.prev = line.h;
            head.next += 1;
            anchored.stands(&head, true);
        }
        self.head = Some(head);
        next
    }

    fn own(&mut self, line: &Line<'_>, before: &Head, announced: &mut Option<VerifyingKey>) {
        match OwnRecord::read(line) {
            Ok(OwnRecord::Key(record)) => {
                let from = record.from.parse().ok();
                let to = record
                    .key
                    .parse()
                    .ok()
                    .filter(|to| from.as_ref() != Some(to));
                if from == self.key && to.is_some() {
                    *announced = to;
                }
            }
            Ok(OwnRecord::Checkpoint(note)) => {
                let Ok(checkpoint) = note.note.parse::<Checkpoint>() else {
                    return;
                };
                let there = Checkpoint::of(before.log, &before.tree);
                let signed = match &self.key {
                    Some(key) => checkpoint.is_signed_by(key),
                    None => !checkpoint.is_signed(),
                };
                if signed && (checkpoint.size, checkpoint.root) == (there.size, there.root) {
                    if note.seal {
                        self.heir = announced.take();
                    }
                    self.uncovered_from = line.seq + 1;
                }
            }
            _ => {}
        }
    }

    /// Whether it is damaged, and not only torn.
    pub(super) fn is_certainly_damaged(&self) -> bool {
        self.head.is_none() || self.bad.as_ref().is_some_and(|bad| bad.was_durable)
    }

    /// The number that is expected where the next line stands.
    fn expected(&self, first: u64) -> u64 {
        let head = self.head.as_ref().map_or(first, |head| head.next);
        self.bad.as_ref().map_or(head, |bad| bad.next)
    }

    /// A line that is no part of the chain, or comes after one; `follows`: from the one before it.
    fn after_damage(
        &mut self,
        piece: &Piece<'_>,
        line: Option<Line<'_>>,
        follows: bool,
        expected: u64,
    ) {
        let is_later = self.bad.is_some();
        let bad = self.bad.get_or_insert(Bad {
            seq: expected,
            bytes: 0,
            was_durable: false,
            next: expected,
            highest: expected,
        });
        bad.bytes += piece.stored;
        let synced = line
            .filter(|_| follows && is_later)
            .and_then(|line| line.synced);
        bad.was_durable |= synced.is_some_and(|synced| synced >= bad.seq);
        bad.next = line.map_or(expected, |line| line.seq).saturating_add(1);
        bad.highest = bad.highest.max(bad.next);
    }
}

/// What a segment's first line says, and where the log stood before it; `None`, too, when its hash is
/// not that of what it says.
pub(super) fn start(line: &Line<'_>) -> Option<(SegmentStart, Head)> {
    let Ok(OwnRecord::Segment(start)) = OwnRecord::read(line) else {
        return None;
    };
    let log: LogId = start.log.parse().ok()?;
    let size = line.seq.checked_sub(log.base)?;
    if !line.follows(&start.prev) || !start.has_form() {
        return None;
    }
    let head = Head {
        log,
        next: line.seq,
        prev: start.prev,
        tree: Tree::of(size, start.tree.clone())?,
        synced: line.seq.checked_sub(1),
    };
    Some((*start, head))
}

/// The format of a segment's first line that a newer version wrote, whatever else it says.
pub(super) fn newer(line: &Line<'_>) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
        prev: Hash,
    }
    let version: Version = serde_json::from_slice(&line.record()).ok()?;
    (version.format > FORMAT && line.follows(&version.prev)).then_some(version.format)
}
