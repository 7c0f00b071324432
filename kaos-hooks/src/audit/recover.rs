//! Opening a trail again: what a crash left is told from damage, and put right or left alone.

use std::io::{self, Read};
use std::sync::Arc;

use kaos_events::TraceId;

use super::anchor::Anchors;
use super::line::Line;
use super::log::{Head, Log, Settings, write_all};
use super::own::{Cause, FORMAT, Found, OwnRecord, Recovery, SegmentStart};
use super::segment::{self, Lines, Piece};
use super::tree::Tree;
use super::{Checkpoint, LogId, Storage, StorageLock};

/// A log, and what was found when it was opened.
pub(super) struct Opened {
    pub(super) log: Log,
    pub(super) recoveries: Vec<Recovery>,
}

/// Opens the log in `storage`, of which this is the lock, or makes one.
///
/// Only the last segment is read: the others were complete when it began.
pub(super) fn open(
    storage: Arc<dyn Storage>,
    lock: Box<dyn StorageLock>,
    settings: Settings,
    anchors: Anchors,
    new_trail: TraceId,
) -> io::Result<Opened> {
    let files = storage.list()?;
    for unfinished in files.iter().filter(|file| segment::is_unfinished(file)) {
        storage.remove(unfinished)?;
    }
    let time = settings.clock.unix_nanos().to_string();
    let mut recoveries = Vec::new();
    let (head, cause) = match segment::among(files).pop() {
        None => (Head::new(new_trail, 0), Cause::Created),
        Some((_, last)) => {
            let scanned = Scanned::of(Lines::new(storage.read(&last)?))?;
            if scanned.format > FORMAT {
                let newer = format!("a newer version wrote it, in format {}", scanned.format);
                return Err(io::Error::new(io::ErrorKind::Unsupported, newer));
            }
            let (head, cause, recovery) =
                put_right(&*storage, &last, scanned, new_trail, time.clone())?;
            recoveries.extend(recovery);
            (head, cause)
        }
    };
    recoveries.extend(lost(&head, &anchors, time));
    let first: Vec<OwnRecord> = recoveries
        .iter()
        .cloned()
        .map(OwnRecord::Recovery)
        .collect();
    let log = Log::begin(storage, lock, settings, anchors, head, cause, &first)?;
    Ok(Opened { log, recoveries })
}

/// What the last segment holds.
struct Scanned {
    /// After the last good line; `None` if even the first is damaged.
    head: Option<Head>,
    /// The version that wrote it.
    format: u32,
    good_bytes: u64,
    /// Where the last good line stands, if it ends the segment.
    seal: Option<u64>,
    bad: Option<Bad>,
}

/// Where the first line stands that is no part of the chain.
struct Bad {
    seq: u64,
    /// How many bytes there are from it on.
    bytes: u64,
    /// Whether a later line says that it was on the disk.
    was_durable: bool,
    /// The highest number that any later line has.
    highest: u64,
}

impl Scanned {
    fn of(mut lines: Lines) -> io::Result<Self> {
        let mut scanned = Self {
            head: None,
            format: 0,
            good_bytes: 0,
            seal: None,
            bad: None,
        };
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
            if scanned.bad.is_none() && line.is_some_and(|line| scanned.extends(&line)) {
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
    fn extends(&mut self, line: &Line<'_>) -> bool {
        let mut head = match self.head.take() {
            Some(head) => head,
            None => match start(line) {
                Some((start, head)) => {
                    self.format = start.format;
                    head
                }
                None => return false,
            },
        };
        let next = line.seq == head.next && line.follows(&head.prev);
        if next {
            head.tree.push(line.bytes);
            head.prev = line.h;
            head.next += 1;
        }
        self.head = Some(head);
        next
    }

    fn after_damage(&mut self, piece: &Piece<'_>, line: Option<Line<'_>>) {
        let seq = self.head.as_ref().map_or(0, |head| head.next);
        let bad = self.bad.get_or_insert(Bad {
            seq,
            bytes: 0,
            was_durable: false,
            highest: seq,
        });
        bad.bytes += piece.bytes.len() as u64 + u64::from(piece.whole);
        if let Some(line) = line {
            bad.was_durable |= line.synced.is_some_and(|synced| synced >= bad.seq);
            bad.highest = bad.highest.max(line.seq);
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
    Some((start, head))
}

/// Where the log goes on after this segment, and what had to be done for it.
fn put_right(
    storage: &dyn Storage,
    name: &str,
    scanned: Scanned,
    new_trail: TraceId,
    time: String,
) -> io::Result<(Head, Cause, Option<Recovery>)> {
    let Scanned {
        head,
        format: _,
        good_bytes,
        seal,
        bad,
    } = scanned;
    let first = segment::first_of(name).unwrap_or(0);
    let recovery = |found, bad: &Bad, quarantine| Recovery {
        time_unix_nano: time,
        found,
        segment: name.to_owned(),
        from_seq: bad.seq.max(first),
        offset: good_bytes,
        bytes: bad.bytes,
        quarantine,
    };
    match (head, bad) {
        (Some(mut head), None) => {
            match seal {
                Some(seal) => seal_again(storage, name, seal)?,
                None => write_again(storage, name, good_bytes)?,
            }
            storage.sync_directory()?;
            head.synced = head.next.checked_sub(1);
            Ok((head, Cause::Opened, None))
        }
        (Some(mut head), Some(bad)) if !bad.was_durable => {
            let copy = set_aside(storage, name, good_bytes)?;
            write_again(storage, name, good_bytes)?;
            storage.sync_directory()?;
            head.synced = head.next.checked_sub(1);
            let recovery = recovery(Found::Torn, &bad, Some(copy));
            Ok((head, Cause::Opened, Some(recovery)))
        }
        (head, bad) => {
            let bad = bad.unwrap_or(Bad {
                seq: first,
                bytes: 0,
                was_durable: true,
                highest: first,
            });
            let trail = head.map_or(new_trail, |head| head.log.trail);
            let base = bad.highest.max(bad.seq).max(first) + 1;
            let recovery = recovery(Found::Corrupt, &bad, None);
            tracing::error!(
                segment = name,
                seq = recovery.from_seq,
                "the audit trail is damaged; it is left as it is, and a new log begins"
            );
            Ok((Head::new(trail, base), Cause::Restarted, Some(recovery)))
        }
    }
}

/// Puts the first bytes of a segment into a new file of its name.
///
/// What a killed process wrote may be in memory only. Where its `fsync` had failed, no other one on
/// this file would bring it to the disk, and yet succeed.
fn write_again(storage: &dyn Storage, name: &str, length: u64) -> io::Result<()> {
    let mut good = storage.read(name)?.take(length);
    copy(storage, &mut good, &format!("{name}.tmp"), name)
}

/// Writes a segment's last line again; all before it was on the disk when it was written first. A
/// crash here loses a seal at worst, of which nobody was told.
fn seal_again(storage: &dyn Storage, name: &str, offset: u64) -> io::Result<()> {
    let mut from = storage.read(name)?;
    io::copy(&mut (&mut from).take(offset), &mut io::sink())?;
    let mut line = Vec::new();
    from.read_to_end(&mut line)?;
    let mut file = storage.open(name)?;
    file.truncate(offset)?;
    write_all(&mut *file, &line)?;
    file.sync()
}

/// Copies a segment from `offset` on into the quarantine; gives the copy's name.
fn set_aside(storage: &dyn Storage, name: &str, offset: u64) -> io::Result<String> {
    let mut from = storage.read(name)?;
    io::copy(&mut (&mut from).take(offset), &mut io::sink())?;
    let to = format!("quarantine/{name}-{offset}.torn");
    copy(storage, &mut from, &format!("{name}-{offset}.tmp"), &to)?;
    storage.sync_directory()?;
    Ok(to)
}

/// Makes a file of these bytes, which has its name once it is whole.
fn copy(
    storage: &dyn Storage,
    from: &mut dyn Read,
    unfinished: &str,
    name: &str,
) -> io::Result<()> {
    let mut to = storage.create(unfinished)?;
    let mut part = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut part)?;
        if read == 0 {
            break;
        }
        write_all(&mut *to, part.get(..read).unwrap_or_default())?;
    }
    to.sync()?;
    storage.rename(unfinished, name)
}

/// Whether an anchor says that there were more records.
fn lost(head: &Head, anchors: &Anchors, time: String) -> Option<Recovery> {
    let newest = |anchor: &str| anchor.parse::<Checkpoint>().ok();
    let anchored = anchors
        .all
        .iter()
        .filter_map(|anchor| newest(&anchor.newest()?))
        .filter(|checkpoint| checkpoint.log == head.log)
        .map(|checkpoint| checkpoint.size)
        .max()?;
    let there = head.tree.size();
    if anchored <= there {
        return None;
    }
    let missing = anchored - there;
    tracing::error!(
        missing,
        "the audit trail has lost records that were anchored"
    );
    Some(Recovery {
        time_unix_nano: time,
        found: Found::Loss,
        segment: segment::name(head.next),
        from_seq: head.next,
        offset: 0,
        bytes: 0,
        quarantine: None,
    })
}
