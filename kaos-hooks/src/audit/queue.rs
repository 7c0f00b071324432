//! What waits for the writer: events in their order, and those who wait for them to be safe.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kaos_events::{Event, PackedEvents};
use tokio::sync::watch;

use super::AuditStats;
use super::pace::Pace;

/// The most records of one write.
const BATCH_RECORDS: usize = 512;
/// With so many bytes of events a write is large enough.
const BATCH_BYTES: usize = 1024 * 1024;
/// Room for a batch of common events, in bytes; the most that is kept of one; and of how many.
const ROOM: usize = 96 * 1024;
const MOST_ROOM: usize = 256 * 1024;
const MOST_SPARE: usize = 4;

/// Over so many bytes waiting, runs are asked to wait; and until it is half of it.
pub(super) const HIGH_WATER: usize = 16 * 1024 * 1024;
/// The most bytes that wait while nothing can be written; what comes then is lost and counted.
pub(super) const MOST_WHILE_FAILING: usize = 64 * 1024 * 1024;

/// The queue between the runs and the writer's thread.
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    over: Condvar,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct State {
    /// What waits, a write each; the last is still being filled.
    batches: VecDeque<PackedEvents>,
    /// Room for the next ones, emptied by the writer.
    spare: VecDeque<PackedEvents>,
    /// Of the events here and of those being written.
    bytes: usize,
    /// How many events have ever come: the last one's ticket.
    pushed: u64,
    /// How many of them are written.
    safe: u64,
    pace: Pace,
    writer: Doing,
    failing: bool,
    closing: bool,
    closed: bool,
    stats: AuditStats,
    /// Not yet told by a gap record.
    lost: u64,
    unrecorded_effects: u64,
}

/// What the writer does, and so what wakes it.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Doing {
    /// It writes, and comes back by itself.
    #[default]
    Work,
    /// It waits for a full batch, or for a while.
    Gather,
    /// It sleeps until something comes.
    Sleep,
}

/// What those who wait look at.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Every event up to this ticket is safe.
    pub(super) safe: u64,
    /// Why nothing can be written.
    pub(super) failing: Option<Arc<str>>,
    pub(super) closed: bool,
}

/// What the writer is to do next.
#[expect(clippy::large_enum_variant, reason = "moved once a batch")]
pub(super) enum Work {
    /// Write these, and give them back.
    Write(PackedEvents),
    Checkpoint,
    Close,
}

/// What a gap record has to tell.
#[derive(Default, Clone, Copy)]
pub(super) struct Missing {
    pub(super) lost: u64,
    pub(super) unrecorded_effects: u64,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            over: Condvar::new(),
            progress: watch::Sender::new(Progress::default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event. Never waits.
    pub(super) fn push(&self, event: &Event<'_>) {
        let mut state = self.lock();
        if state.closed || (state.failing && state.bytes >= MOST_WHILE_FAILING) {
            state.lost += 1;
            state.stats.lost += 1;
            return;
        }
        let full = state.add(event);
        let wake = match state.writer {
            Doing::Work => false,
            Doing::Gather => full,
            Doing::Sleep => true,
        };
        if wake {
            self.wake(state);
        }
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        state.writer = Doing::Work; // once is enough
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until all that has come so far is safe, or cannot be made so.
    pub(super) async fn settled(&self) -> Progress {
        let ticket = self.urge();
        self.wait(|progress| progress.safe >= ticket).await
    }

    /// Lets the writer write what is here; the newest event's ticket.
    fn urge(&self) -> u64 {
        let mut state = self.lock();
        let ticket = state.pushed;
        // What is not here is being written, or safe.
        if !state.batches.is_empty() && state.pace.urged() && state.writer != Doing::Work {
            self.wake(state);
        }
        ticket
    }

    /// Whether runs should wait before they go on.
    pub(super) fn is_behind(&self) -> bool {
        let state = self.lock();
        state.bytes > HIGH_WATER && !state.failing
    }

    /// Waits until half the queue has been written, or nothing can be.
    pub(super) async fn caught_up(&self) {
        self.wait(|_| self.lock().bytes <= HIGH_WATER / 2).await;
    }

    async fn wait(&self, done: impl Fn(&Progress) -> bool) -> Progress {
        let over = |progress: &Progress| progress.failing.is_some() || progress.closed;
        let mut progress = self.progress.subscribe();
        match progress.wait_for(|now| done(now) || over(now)).await {
            Ok(now) => now.clone(),
            // The sender is part of this queue, so this is not reached.
            Err(_gone) => Progress::default(),
        }
    }

    /// Waits for work; `due` is when a checkpoint is.
    pub(super) fn next(&self, due: Option<Duration>) -> Work {
        let due = due.map(|due| Instant::now() + due);
        let mut state = self.lock();
        loop {
            let full = state.batches.front().is_some_and(is_full);
            let patience = state.pace.patience();
            let enough = state.closing || full || patience == Some(Duration::ZERO);
            if enough && let Some(batch) = state.batches.pop_front() {
                let more = !state.batches.is_empty();
                state.pace.taken(more);
                return Work::Write(batch);
            }
            if state.closing {
                return Work::Close;
            }
            let until_due = due.map(|due| due.saturating_duration_since(Instant::now()));
            if until_due == Some(Duration::ZERO) {
                return Work::Checkpoint;
            }
            state.writer = match patience {
                Some(_) => Doing::Gather,
                None => Doing::Sleep,
            };
            let patience = [patience, until_due].into_iter().flatten().min();
            state = match patience {
                Some(patience) => {
                    let waited = self.wake.wait_timeout(state, patience);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .wake
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
            state.writer = Doing::Work;
        }
    }

    /// Says that the events of this batch are on the disk.
    pub(super) fn safe(&self, mut batch: PackedEvents) {
        let (events, bytes) = (batch.len() as u64, batch.bytes());
        batch.clear();
        let mut state = self.lock();
        state.safe += events;
        state.bytes -= bytes;
        state.pace.written();
        if state.spare.len() < MOST_SPARE && batch.capacity() <= MOST_ROOM {
            state.spare.push_back(batch);
        }
        self.works(state);
    }

    /// Says that the disk takes records again.
    pub(super) fn works_again(&self) {
        self.works(self.lock());
    }

    fn works(&self, mut state: MutexGuard<'_, State>) {
        state.failing = false;
        let safe = state.safe;
        drop(state);
        self.progress.send_modify(|progress| {
            progress.safe = safe;
            progress.failing = None;
        });
    }

    /// Says why nothing can be written, and waits for a while, or until all is over.
    pub(super) fn failing(&self, why: &str, pause: Duration) -> bool {
        let mut state = self.lock();
        state.failing = true;
        let why: Arc<str> = why.into();
        self.progress
            .send_modify(|progress| progress.failing = Some(why));
        let until = Instant::now() + pause;
        while !state.closing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.wake.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.closing
    }

    /// How many events wait, those being written included.
    pub(super) fn waiting(&self) -> u64 {
        let state = self.lock();
        state.pushed - state.safe
    }

    /// A tool runs without a safe record.
    pub(super) fn unrecorded_effect(&self) {
        let mut state = self.lock();
        state.unrecorded_effects += 1;
        state.stats.unrecorded_effects += 1;
    }

    /// What a gap record has to tell, if anything.
    pub(super) fn missing(&self) -> Option<Missing> {
        let state = self.lock();
        let missing = Missing {
            lost: state.lost,
            unrecorded_effects: state.unrecorded_effects,
        };
        (missing.lost + missing.unrecorded_effects > 0).then_some(missing)
    }

    /// A gap record has told this.
    pub(super) fn told(&self, missing: Missing) {
        let mut state = self.lock();
        state.lost -= missing.lost;
        state.unrecorded_effects -= missing.unrecorded_effects;
    }

    /// Lets the writer write what is here, and end.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_all();
    }

    /// The writer has ended; what is not written by now is lost.
    pub(super) fn closed(&self) {
        let mut state = self.lock();
        if !state.closed {
            state.stats.lost += state.pushed - state.safe;
        }
        let rest = std::mem::take(&mut state.batches);
        state.bytes = 0;
        state.closing = true;
        state.closed = true;
        drop(state);
        drop(rest);
        self.progress.send_modify(|progress| progress.closed = true);
        self.over.notify_all();
    }

    /// Waits until the writer has ended, for so long at most.
    pub(super) fn wait_closed(&self, limit: Duration) {
        let state = self.lock();
        let waited = self
            .over
            .wait_timeout_while(state, limit, |state| !state.closed);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until the writer has ended.
    pub(super) async fn until_closed(&self) {
        let mut progress = self.progress.subscribe();
        // The sender is part of this queue.
        let _ended = progress.wait_for(|now| now.closed).await.is_ok();
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(super) fn stats(&self) -> AuditStats {
        let state = self.lock();
        AuditStats {
            recorded: state.safe,
            waiting: state.pushed - state.safe,
            waiting_bytes: state.bytes,
            ..state.stats
        }
    }
}

impl State {
    /// Adds an event to the last batch; whether that is full by it.
    fn add(&mut self, event: &Event<'_>) -> bool {
        if self.batches.back().is_none_or(is_full) {
            let room = self.spare.pop_front();
            let room = room.unwrap_or_else(|| PackedEvents::with_capacity(ROOM));
            self.batches.push_back(room);
        }
        let Some(batch) = self.batches.back_mut() else {
            return false; // not reached: there is one now
        };
        let before = batch.bytes();
        batch.push(event);
        self.bytes += batch.bytes() - before;
        let full = is_full(batch);
        self.pushed += 1;
        self.stats.most_waiting_bytes = self.stats.most_waiting_bytes.max(self.bytes);
        self.pace.came();
        full
    }
}

fn is_full(batch: &PackedEvents) -> bool {
    batch.len() >= BATCH_RECORDS || batch.bytes() >= BATCH_BYTES
}
