//! A trail's last segment, read when it is opened: how far it is good, and what comes after.

use std::io;

use super::head::Head;
use super::line::Line;
use super::own::{OwnRecord, SegmentStart};
use super::segment::{Lines, Piece};
use super::tree::Tree;
use super::verify::Anchored;
use super::{Checkpoint, LogId, VerifyingKey};

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
    /// How many lines there are from it on.
    pub(super) lines: u64,
    /// The highest number that any later line has.
    pub(super) highest: u64,
}

impl Bad {
    /// A segment from whose first record on nothing is good.
    pub(super) const fn of_all(first: u64) -> Self {
        Self {
            seq: first,
            bytes: 0,
            was_durable: true,
            lines: 0,
            highest: first,
        }
    }
}

impl Scanned {
    pub(super) fn of(mut lines: Lines, anchored: &mut Anchored) -> io::Result<Self> {
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
            let line = Line::parse(piece.bytes).filter(|_| piece.whole);
            if scanned.bad.is_none()
                && line.is_some_and(|line| scanned.extends(&line, &mut announced, anchored))
            {
                scanned.good_bytes = piece.offset + piece.bytes.len() as u64 + 1;
                let is_seal = line.is_some_and(|line| OwnRecord::is_seal(line.body));
                scanned.seal = is_seal.then_some(piece.offset);
            } else {
                // After a line that is none, there is nothing to compare with.
                let follows = |line: &Line<'_>| before.is_none_or(|prev| line.follows(&prev));
                scanned.after_damage(&piece, line.filter(follows));
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
        let mut head = match self.head.take() {
            Some(head) => head,
            None => match start(line) {
                Some((start, head)) if line.follows(&head.prev) => {
                    self.format = start.format;
                    self.key = start.key.and_then(|key| key.parse().ok());
                    anchored.stands(&head, false);
                    head
                }
                _ => return false,
            },
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
        match OwnRecord::read(&line.record()) {
            Ok(OwnRecord::Key(record)) => *announced = record.key.parse().ok(),
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
                    self.heir = announced.take();
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

    fn after_damage(&mut self, piece: &Piece<'_>, line: Option<Line<'_>>) {
        let seq = self.head.as_ref().map_or(0, |head| head.next);
        let bad = self.bad.get_or_insert(Bad {
            seq,
            bytes: 0,
            was_durable: false,
            lines: 0,
            highest: seq,
        });
        bad.lines += 1;
        bad.bytes += piece.bytes.len() as u64 + u64::from(piece.whole);
        if let Some(line) = line {
            bad.was_durable |= line.synced.is_some_and(|synced| synced >= bad.seq);
            // A number that so many lines do not lead to was made up.
            let most = bad.seq.saturating_add(bad.lines);
            bad.highest = bad.highest.max(line.seq.min(most));
        }
    }
}

/// What a segment's first line says, and where the log stood before it.
pub(super) fn start(line: &Line<'_>) -> Option<(SegmentStart, Head)> {
    let Ok(OwnRecord::Segment(start)) = OwnRecord::read(&line.record()) else {
        return None;
    };
    let log: LogId = start.log.parse().ok()?;
    let size = line.seq.checked_sub(log.base)?;
    let head = Head {
        log,
        next: line.seq,
        prev: start.prev,
        tree: Tree::of(size, start.tree.clone())?,
        synced: line.seq.checked_sub(1),
    };
    Some((*start, head))
}
