//! The writer's thread: takes what waits, writes it, and says when it is safe.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kaos_events::{BodyBuf, EventBuf, Subject};

use super::log::Log;
use super::queue::{Queue, Work};
use super::record::Recorder;

/// How long after a failure it is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    pub(super) queue: Arc<Queue>,
    pub(super) recorder: Recorder,
    pub(super) log: Log,
}

/// Records that are written at once.
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
    /// Works until the queue is closed.
    pub(super) fn run(mut self) {
        let ended = Ended(Arc::clone(&self.queue));
        loop {
            let due = self.log.until_checkpoint().map(Duration::from_nanos);
            let written = match self.queue.next(due) {
                Work::Write(events) => {
                    let batch = self.batch(events.iter());
                    let written = self.write_at_last(&batch);
                    if written {
                        self.queue.safe(events);
                    }
                    written
                }
                Work::Checkpoint => self.write_at_last(&Batch::checkpoint()),
                Work::Close => break,
            };
            if !written {
                return;
            }
        }
        // Everything is on the disk: the seal says so, and anything before it that is damaged
        // later was not torn.
        if let Err(error) = self.log.seal() {
            tracing::warn!(%error, "the audit trail ends without a seal");
        }
        drop(self);
        drop(ended);
    }

    /// What is written of these events. A checkpoint comes after a turn's end.
    pub(super) fn batch(&mut self, events: impl Iterator<Item = EventBuf>) -> Batch {
        let mut checkpoint = false;
        let records = events.map(|mut event| {
            checkpoint |= ends_turn(&event);
            self.recorder.record(&mut event)
        });
        Batch {
            records: records.collect(),
            checkpoint,
        }
    }

    /// Writes a batch, however often it takes; `false` if the trail is closed before it succeeds.
    fn write_at_last(&mut self, batch: &Batch) -> bool {
        let (mut pause, mut closing) = (FIRST_PAUSE, false);
        while let Err(error) = self.write(batch) {
            if pause == FIRST_PAUSE {
                tracing::error!(%error, "the audit trail cannot be written");
            }
            if closing {
                return false; // it was tried once more
            }
            closing = self.queue.failing(&error.to_string(), pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        if pause > FIRST_PAUSE {
            tracing::warn!("the audit trail can be written again");
            self.queue.works_again();
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
        let missing = self.queue.missing();
        if let Some(missing) = missing {
            let (lost, effects) = (missing.lost, missing.unrecorded_effects);
            let reason = self.recorder.safe(reason);
            self.log.gap(&reason, lost, effects, 0);
        }
        for record in &batch.records {
            self.log.append(record);
        }
        if batch.checkpoint || self.log.wants_checkpoint() {
            self.log.checkpoint(false);
        }
        self.log.commit()?;
        if let Some(missing) = missing {
            self.queue.told(missing);
        }
        Ok(())
    }

    /// On a full disk: frees what was put aside for this, and says in the trail that records wait.
    fn last_word(&mut self, error: &io::Error) {
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        if full && self.log.free_reserve() {
            let waiting = self.queue.waiting();
            let reason = self.recorder.safe(&error.to_string());
            self.log.gap(&reason, 0, 0, waiting);
            self.log.checkpoint(false);
            // If even this fails, the trail's end is all that tells.
            let _best_effort = self.log.commit();
        }
    }
}

/// Whether a turn ends with it, a sub-agent's included.
fn ends_turn(event: &EventBuf) -> bool {
    match &event.body {
        BodyBuf::Span(span) => {
            matches!(span.subject, Subject::Turn(_)) && span.phase.as_phase().is_end()
        }
        BodyBuf::Value { .. } | BodyBuf::Unknown(_) => false,
    }
}

/// Says that the writer has ended, also when it unwinds.
struct Ended(Arc<Queue>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.closed();
    }
}
