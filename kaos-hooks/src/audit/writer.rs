//! The writer's thread: takes what waits, writes it, and says when it is safe.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use kaos_events::{BodyBuf, EventBuf, Replaying};

use super::intake::{Intake, Missing};
use super::log::Log;
use super::record::{Recorder, is_recorded};
use super::retention::{self, Keep};
use super::turn_end::ends_turn;
use crate::dispatch::later::Chunks;
use crate::dispatch::park::this_thread;
use crate::dispatch::queue::{Next, Reader};

/// How long after a failure it is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    pub(super) intake: Arc<Intake>,
    pub(super) recorder: Recorder,
    pub(super) log: Log,
    pub(super) keep: Keep,
}

/// Records that are written at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) records: Vec<Vec<u8>>,
    pub(super) checkpoint: bool,
}

impl Batch {
    /// No record, but it is time for a checkpoint.
    const fn checkpoint() -> Self {
        Self {
            records: Vec::new(),
            checkpoint: true,
        }
    }
}

impl Writer {
    /// Works until the queue is closed. However this ends, the queue ends with its reader.
    pub(super) fn run(mut self, mut reader: Reader<Chunks>) {
        let waker = this_thread();
        let mut with = Replaying::default();
        loop {
            let due = self.log.until_checkpoint().map(Duration::from_nanos);
            let patience = match reader.next(&waker, Instant::now()) {
                Next::Batch(taken) => {
                    let mut batch = Batch::default();
                    for chunk in taken.batch().map(Chunks::iter).into_iter().flatten() {
                        self.add(chunk.events(&mut with).filter(is_kept), &mut batch);
                    }
                    if !self.write_at_last(&batch, taken.reader(), &waker) {
                        return;
                    }
                    taken.all_done(Instant::now());
                    continue;
                }
                Next::Flush(flush) => {
                    flush.made(Ok(()));
                    continue;
                }
                Next::Wait(patience) => patience,
                Next::Closed => break,
            };
            match [patience, due].into_iter().flatten().min() {
                Some(Duration::ZERO) => {
                    reader.works_on(Instant::now());
                    if !self.write_at_last(&Batch::checkpoint(), &reader, &waker) {
                        return;
                    }
                }
                Some(pause) => std::thread::park_timeout(pause),
                None => std::thread::park(),
            }
        }
        // Everything is on the disk: the seal says so, and anything before it that is damaged
        // later was not torn.
        if let Err(error) = self.log.seal() {
            tracing::warn!(%error, "the audit trail ends without a seal");
            self.intake.not_sealed(&error);
        }
        // The lock is free before anybody is told that it is.
        drop(self);
        drop(reader);
    }

    /// Adds what is written of these events. A checkpoint comes after a turn's end.
    pub(super) fn add(&mut self, events: impl Iterator<Item = EventBuf>, batch: &mut Batch) {
        for mut event in events {
            batch.checkpoint |= ends_turn(&event);
            batch.records.push(self.recorder.record(&mut event));
        }
    }

    /// Writes a batch, however often it takes; `false` if the trail is closed before it succeeds.
    fn write_at_last(&mut self, batch: &Batch, reader: &Reader<Chunks>, waker: &Waker) -> bool {
        let (mut pause, mut closing) = (FIRST_PAUSE, false);
        while let Err(error) = self.write(batch) {
            if pause == FIRST_PAUSE {
                tracing::error!(%error, "the audit trail cannot be written");
            }
            if closing {
                return false; // it was tried once more
            }
            reader.failing(&error.to_string());
            closing = closes_within(pause, reader, waker);
            pause = (pause * 2).min(MAX_PAUSE);
        }
        if pause > FIRST_PAUSE {
            tracing::warn!("the audit trail can be written again");
            reader.works();
            // Best effort: the next open tries again.
            let _reserved = self.log.put_reserve_aside();
        }
        true
    }

    /// Writes a batch; after a failure once more, into a new segment, so that a disk with one bad
    /// spot goes unnoticed.
    pub(super) fn write(&mut self, batch: &Batch) -> io::Result<()> {
        let Err(first) = self.try_write(batch, "the trail was closed, or full") else {
            return Ok(());
        };
        let again = self.try_write(batch, &first.to_string());
        if let Err(error) = &again {
            self.last_word(error);
        }
        again
    }

    fn try_write(&mut self, batch: &Batch, reason: &str) -> io::Result<()> {
        let missing = self.intake.missing();
        if let Err(error) = self.append(batch, missing, reason) {
            self.log.give_up();
            return Err(error);
        }
        self.log.commit()?;
        if let Some(missing) = missing {
            self.intake.accounted(missing);
        }
        if self.log.has_rotated() {
            self.tidy();
        }
        Ok(())
    }

    fn append(&mut self, batch: &Batch, missing: Option<Missing>, reason: &str) -> io::Result<()> {
        if let Some(missing) = missing {
            let (lost, effects) = (missing.lost, missing.unrecorded_effects);
            let reason = self.recorder.safe(reason);
            self.log.gap(&reason, lost, effects, 0)?;
        }
        for record in &batch.records {
            self.log.append(record)?;
        }
        if batch.checkpoint || self.log.wants_checkpoint() {
            self.log.checkpoint(false)?;
        }
        Ok(())
    }

    /// Removes what need not be kept any more.
    pub(super) fn tidy(&mut self) {
        let now = self.log.unix_nanos();
        retention::apply(&mut self.log, self.keep, now);
    }

    /// On a full disk: frees what was put aside for this, and says in the trail that records wait.
    fn last_word(&mut self, error: &io::Error) {
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        if full && self.log.free_reserve() {
            let waiting = self.intake.waiting();
            let reason = self.recorder.safe(&error.to_string());
            let appended = self.log.gap(&reason, 0, 0, waiting);
            let said = appended.and_then(|()| self.log.checkpoint(false));
            // If even this fails, the trail's end is all that tells.
            match said {
                Ok(()) => drop(self.log.commit()),
                Err(_) => self.log.give_up(),
            }
        }
    }
}

/// Whether it is one of those that were counted for the trail: others read the same packing.
fn is_kept(event: &EventBuf) -> bool {
    match &event.body {
        BodyBuf::Value { value, .. } => is_recorded(value),
        BodyBuf::Span(_) | BodyBuf::Unknown(_) => true,
    }
}

/// Waits for so long, or until the queue is closed; whether it is.
fn closes_within(pause: Duration, reader: &Reader<Chunks>, waker: &Waker) -> bool {
    let until = Instant::now() + pause;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if reader.is_closing(waker) || left.is_zero() {
            return reader.is_closing(waker);
        }
        std::thread::park_timeout(left);
    }
}
