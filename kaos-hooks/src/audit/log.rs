//! The log: records in, durable lines out. Synchronous; one thread owns it.

mod commit;
mod reserve;

use std::io;
use std::sync::Arc;

use super::anchor::Anchors;
use super::head::{Head, Settings};
use super::line;
use super::own::{Cause, CheckpointNote, FORMAT, Gap, HandOver, OwnRecord, SegmentStart};
use super::{Checkpoint, Signer, Storage, StorageFile, StorageLock, VerifyingKey, segment};

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

    fn now(&self) -> u64 {
        self.settings.clock.monotonic_nanos()
    }

    fn time(&self) -> String {
        self.settings.clock.unix_nanos().to_string()
    }
}
