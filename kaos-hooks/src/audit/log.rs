//! The log: records in, durable lines out. Synchronous; one thread owns it.

use std::io;
use std::sync::Arc;

use super::anchor::Anchors;
use super::head::{Head, Settings};
use super::line;
use super::own::{Cause, CheckpointNote, FORMAT, Gap, HandOver, OwnRecord, SegmentStart};
use super::{
    Checkpoint, Durability, Signer, Storage, StorageFile, StorageLock, VerifyingKey, segment,
};

/// The file whose removal makes room for a last word on a full disk.
pub(super) const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 32 * 1024;

pub(super) struct Log {
    storage: Arc<dyn Storage>,
    lock: Box<dyn StorageLock>,
    settings: Settings,
    anchors: Anchors,
    /// After the last record appended.
    head: Head,
    /// After the last record that is on the disk.
    durable: Head,
    /// Lines that are not written yet.
    lines: Vec<u8>,
    segment: Segment,
    /// Why the segment begins, until its first lines are made.
    begins: Option<Cause>,
    /// Records that no checkpoint covers, and how many of them are on the disk.
    uncovered: u64,
    durably_uncovered: u64,
    covered_at: u64,
    rotated: bool,
    /// The newest checkpoint, until it is on the disk and at its anchors.
    unpublished: Option<String>,
}

/// The segment that is written.
struct Segment {
    name: String,
    begun_at: u64,
    /// Bytes on the disk.
    length: u64,
    /// `None` until its first lines are written.
    file: Option<Box<dyn StorageFile>>,
}

impl Log {
    /// Goes on after `head` in a new segment, which begins with `first` records.
    pub(super) fn begin(
        storage: Arc<dyn Storage>,
        lock: Box<dyn StorageLock>,
        settings: Settings,
        anchors: Anchors,
        head: Head,
        cause: Cause,
        first: &[OwnRecord],
    ) -> io::Result<Self> {
        let now = settings.clock.monotonic_nanos();
        let segment = Segment {
            name: String::new(),
            begun_at: now,
            length: 0,
            file: None,
        };
        let mut log = Self {
            storage,
            lock,
            settings,
            anchors,
            durable: head.clone(),
            head,
            lines: Vec::new(),
            segment,
            begins: None,
            uncovered: 0,
            durably_uncovered: 0,
            covered_at: now,
            rotated: false,
            unpublished: None,
        };
        log.begin_segment(cause);
        log.open_segment(first)?;
        log.commit()?;
        Ok(log)
    }

    /// Seals the segment with who comes after its key, and goes on with that one.
    pub(super) fn hand_over(&mut self, to: Box<dyn Signer>) -> io::Result<()> {
        let named = |key: &dyn Signer| key.verifying_key().to_string();
        let from = self.settings.key.as_deref().map(named).unwrap_or_default();
        let record = OwnRecord::Key(HandOver {
            time_unix_nano: self.time(),
            from,
            key: named(&*to),
        });
        self.append(&record.body())?;
        self.seal()?;
        self.settings.former = self.key();
        self.settings.key = Some(to);
        self.begin_segment(Cause::Rotated);
        self.open_segment(&[])?;
        self.commit()
    }

    /// The key that signs.
    pub(super) fn key(&self) -> Option<VerifyingKey> {
        self.settings.key.as_deref().map(Signer::verifying_key)
    }

    pub(super) const fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Whether a segment was sealed because it was full, since this was asked before.
    pub(super) fn has_rotated(&mut self) -> bool {
        std::mem::take(&mut self.rotated)
    }

    pub(super) fn unix_nanos(&self) -> u64 {
        self.settings.clock.unix_nanos()
    }

    /// Appends a record, and a checkpoint where one is due; safe once [`commit`](Self::commit) has
    /// returned.
    ///
    /// # Errors
    ///
    /// The signer's. What was appended since the last commit has to be [given up](Self::give_up).
    pub(super) fn append(&mut self, body: &[u8]) -> io::Result<()> {
        self.open_segment(&[])?;
        if self.uncovered >= self.settings.checkpoint_records {
            self.checkpoint(false)?;
        }
        self.line(body);
        Ok(())
    }

    fn line(&mut self, body: &[u8]) {
        let Head {
            next,
            prev,
            tree,
            synced,
            ..
        } = &mut self.head;
        let begin = self.lines.len();
        *prev = line::write(&mut self.lines, body, *next, *synced, prev);
        let line = self.lines.get(begin..).unwrap_or_default();
        tree.push(line.strip_suffix(b"\n").unwrap_or(line));
        *next += 1;
        self.uncovered += 1;
    }

    /// Appends a checkpoint over all records so far.
    pub(super) fn checkpoint(&mut self, seal: bool) -> io::Result<()> {
        self.open_segment(&[])?;
        let checkpoint = Checkpoint::of(self.head.log, &self.head.tree);
        let note = checkpoint.note(self.settings.key.as_deref())?;
        let record = OwnRecord::Checkpoint(CheckpointNote {
            time_unix_nano: self.time(),
            note: note.clone(),
            seal,
        });
        self.line(&record.body());
        self.uncovered = 0;
        self.covered_at = self.now();
        self.unpublished = Some(note);
        Ok(())
    }

    /// Appends what says that records are missing.
    pub(super) fn gap(
        &mut self,
        reason: &str,
        lost: u64,
        unrecorded_effects: u64,
        waiting: u64,
    ) -> io::Result<()> {
        let gap = Gap {
            time_unix_nano: self.time(),
            reason: reason.to_owned(),
            lost,
            unrecorded_effects,
            waiting,
        };
        self.append(&OwnRecord::Gap(gap).body())
    }

    /// Whether so many records, or old ones, are without a checkpoint.
    pub(super) fn wants_checkpoint(&self) -> bool {
        self.uncovered >= self.settings.checkpoint_records || self.until_checkpoint() == Some(0)
    }

    /// How long until the records without a checkpoint should have one, in nanoseconds; `None` when
    /// there are none.
    pub(super) fn until_checkpoint(&self) -> Option<u64> {
        let age = self.now().saturating_sub(self.covered_at);
        (self.uncovered > 0).then(|| self.settings.checkpoint_nanos.saturating_sub(age))
    }

    /// Writes what was appended, waits until it is on the disk, and turns to a new segment if this
    /// one is full.
    ///
    /// After an error nothing since the last commit counts as appended, and the segment is never
    /// written again: what an `fsync` that failed has left on the disk, nobody can say.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.write(self.settings.durability) {
            self.give_up();
            return Err(error);
        }
        if let Some(note) = self.unpublished.take() {
            self.anchors.publish(&note);
        }
        if self.segment.length >= self.settings.segment_bytes
            || self.now().saturating_sub(self.segment.begun_at) >= self.settings.segment_nanos
        {
            // The records are safe; a seal that fails has begun another segment already.
            if self.seal().is_ok() {
                self.begin_segment(Cause::Rotated);
                self.rotated = true;
            }
        }
        Ok(())
    }

    /// Ends the segment: a checkpoint over everything in it, all of which is on the disk already.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        if self.begins == Some(Cause::Rotated) {
            return Ok(()); // the one before is sealed, and this one holds nothing
        }
        let checkpoint = self.checkpoint(true);
        let sealed = checkpoint.and_then(|()| self.write(Durability::Disk));
        if sealed.is_err() {
            self.give_up();
        } else if let Some(note) = self.unpublished.take() {
            self.anchors.publish(&note);
        }
        sealed
    }

    /// Where somebody else may write, nothing is written; and what is not in the file of its name
    /// when all is done does not count.
    fn write(&mut self, durability: Durability) -> io::Result<()> {
        self.lock.check()?;
        match &mut self.segment.file {
            Some(file) => {
                write_all(&mut **file, &self.lines)?;
                if durability == Durability::Disk {
                    file.sync()?;
                    self.head.synced = self.head.next.checked_sub(1);
                }
            }
            // A segment gets its name once it has its first lines, so none is ever without them.
            none => {
                let name = &self.segment.name;
                let unfinished = format!("{name}.tmp");
                let mut file = self.storage.create(&unfinished)?;
                write_all(&mut *file, &self.lines)?;
                file.sync()?;
                self.storage.rename_to_new(&unfinished, name)?;
                self.storage.sync_directory()?;
                *none = Some(file);
                self.head.synced = self.head.next.checked_sub(1);
            }
        }
        self.lock.check()?;
        if let Some(file) = &self.segment.file {
            file.check(&self.segment.name)?;
        }
        self.segment.length += self.lines.len() as u64;
        self.lines.clear();
        self.durable = self.head.clone();
        self.durably_uncovered = self.uncovered;
        Ok(())
    }

    /// Gives up the segment, and all that is not on the disk.
    pub(super) fn give_up(&mut self) {
        self.lines.clear();
        self.unpublished = None;
        self.uncovered = self.durably_uncovered;
        self.head = self.durable.clone();
        // What was written beyond the last commit is better gone; a reader ignores it either way.
        // Where somebody else may write, nothing is touched.
        let file = self.segment.file.take();
        if self.lock.check().is_ok() {
            let _best_effort = match file {
                Some(mut file) => file.truncate(self.segment.length),
                None => self.storage.remove(&format!("{}.tmp", self.segment.name)),
            };
        }
        self.begin_segment(Cause::Failed);
    }

    /// Turns to a new segment, which gets its first lines with its first record.
    fn begin_segment(&mut self, cause: Cause) {
        self.begins = Some(cause);
        self.segment = Segment {
            name: segment::name(self.head.next),
            begun_at: self.now(),
            length: 0,
            file: None,
        };
    }

    /// Makes the first lines of a segment that has none: what it is, what was found, and a
    /// checkpoint. A segment has its name only with all of them, so nobody can put one behind the
    /// trail who cannot sign.
    fn open_segment(&mut self, found: &[OwnRecord]) -> io::Result<()> {
        let Some(cause) = self.begins.take() else {
            return Ok(());
        };
        let (head, settings) = (&self.head, &self.settings);
        let start = SegmentStart {
            time_unix_nano: self.time(),
            format: FORMAT,
            schema: kaos_events::codec::SCHEMA,
            log: head.log.to_string(),
            cause,
            prev: head.prev,
            tree: head.tree.peaks().to_vec(),
            policy: settings.policy.clone(),
            host: settings.host.clone(),
            pid: std::process::id(),
            key: self.key().map(|key| key.to_string()),
            former: settings.former.as_ref().map(ToString::to_string),
        };
        self.line(&OwnRecord::Segment(Box::new(start)).body());
        for record in found {
            self.line(&record.body());
        }
        self.checkpoint(false)
    }

    /// Puts space aside for a last word on a full disk, unless there is some.
    pub(super) fn put_reserve_aside(&self) -> io::Result<()> {
        if self.storage.list()?.iter().any(|file| file == RESERVE) {
            return Ok(());
        }
        let mut reserve = self.storage.create(RESERVE)?;
        write_all(&mut *reserve, &vec![0; RESERVE_BYTES])?;
        reserve.sync()
    }

    /// Frees the space put aside; `false` when there is none.
    pub(super) fn free_reserve(&self) -> bool {
        self.storage.remove(RESERVE).is_ok()
    }

    fn now(&self) -> u64 {
        self.settings.clock.monotonic_nanos()
    }

    fn time(&self) -> String {
        self.settings.clock.unix_nanos().to_string()
    }
}

pub(super) fn write_all(file: &mut dyn StorageFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}
