//! The way into the trail: the queue, what its waits are called, and what it owes a gap record.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use kaos_events::{NotDurable, NotDurableKind, Str};

use super::{AuditStats, OnFailure};
use crate::dispatch::later::{Chunks, FULL_BYTES};
use crate::dispatch::park::within;
use crate::dispatch::queue::{Bounds, Gathering, Goal, NotDone, Queue, Reader, Ticket};

/// Over so many bytes waiting, runs are asked to wait; and until it is half of it.
const HIGH_WATER: usize = 16 * 1024 * 1024;

const BOUNDS: Bounds = Bounds {
    items: u64::MAX,
    bytes: 256 * 1024 * 1024,
    bytes_while_failing: 64 * 1024 * 1024,
    batch_items: 512,
    batch_bytes: 1024 * 1024,
    gathering: Gathering {
        longest: Duration::from_millis(40),
        batch_wait: Duration::from_millis(1),
        linger: Duration::from_secs(1),
    },
};

/// What the runs and the writer's thread share.
pub(super) struct Intake {
    queue: Arc<Queue<Chunks>>,
    limit: Duration,
    on_failure: OnFailure,
    effects: AtomicU64,
    /// What a gap record has told.
    accounted_lost: AtomicU64,
    accounted_effects: AtomicU64,
    /// Why the trail ended without a seal.
    unsealed: OnceLock<String>,
}

/// What a gap record has to tell.
#[derive(Default, Clone, Copy)]
pub(super) struct Missing {
    pub(super) lost: u64,
    pub(super) unrecorded_effects: u64,
}

impl Intake {
    pub(super) fn new(limit: Duration, on_failure: OnFailure) -> (Arc<Self>, Reader<Chunks>) {
        let (queue, reader) = Queue::new(BOUNDS);
        let intake = Self {
            queue,
            limit,
            on_failure,
            effects: AtomicU64::new(0),
            accounted_lost: AtomicU64::new(0),
            accounted_effects: AtomicU64::new(0),
            unsealed: OnceLock::new(),
        };
        (Arc::new(intake), reader)
    }

    /// How long anybody waits for the disk.
    pub(super) const fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn degrades(&self) -> bool {
        self.on_failure == OnFailure::Degrade
    }

    /// Where the events come in.
    pub(super) const fn queue(&self) -> &Arc<Queue<Chunks>> {
        &self.queue
    }

    /// Waits until every event up to this one is on the disk.
    pub(super) async fn safe(&self, ticket: Ticket) -> Result<(), NotDurable> {
        let waited = within(self.limit, self.queue.wait(Goal::Safe(ticket))).await;
        let (kind, why) = match waited {
            Some(Ok(())) => return Ok(()),
            Some(Err(NotDone::Failing(why))) => (NotDurableKind::Failing, Str::from(why)),
            Some(Err(NotDone::Lost)) => (NotDurableKind::Lost, self.ended()),
            None => (NotDurableKind::Slow, self.slow()),
        };
        Err(self.not_durable(kind, why))
    }

    pub(super) fn not_durable(&self, kind: NotDurableKind, why: Str) -> NotDurable {
        let why = NotDurable::new(kind, why);
        if self.degrades() {
            why.tolerated()
        } else {
            why
        }
    }

    /// Whether runs should wait before they go on.
    pub(super) fn is_behind(&self) -> bool {
        self.queue.is_over(HIGH_WATER)
    }

    /// Whether it could be so by what has not been handed over.
    pub(super) fn may_be_behind(&self) -> bool {
        self.queue.may_be_over(HIGH_WATER / 2, FULL_BYTES)
    }

    /// Waits until half the queue has been written, or waiting does not help.
    pub(super) async fn caught_up(&self) {
        let wait = self.queue.wait(Goal::Below(HIGH_WATER / 2));
        if within(self.limit, wait).await.is_none() {
            self.slow();
        }
    }

    /// Somebody has waited for as long as it may take: from now on nobody does, if the writer stands
    /// still, until it has done something.
    fn slow(&self) -> Str {
        let limit = self.limit;
        let why = format!("the disk has not answered for {limit:?}");
        let since = Instant::now().checked_sub(limit / 2);
        if since.is_some_and(|since| self.queue.is_stuck(since, &why)) {
            return Str::from(why);
        }
        let waiting = self.waiting();
        Str::from(format!(
            "{waiting} records still wait for the disk after {limit:?}"
        ))
    }

    /// Waits until all that came so far is on the disk.
    pub(super) async fn all_safe(&self) -> Result<(), NotDurable> {
        let newest = self.queue.newest();
        self.safe(newest).await?;
        match self.missing().map_or(0, |missing| missing.lost) {
            0 => Ok(()),
            lost => {
                let why = Str::from(format!("{lost} records are lost"));
                Err(self.not_durable(NotDurableKind::Lost, why))
            }
        }
    }

    /// Has the writer write what is here, and end.
    pub(super) fn close(&self) {
        self.queue.close();
    }

    /// Waits until it has ended.
    pub(super) async fn closed(&self) -> Option<()> {
        let wait = self.queue.wait(Goal::Ended);
        within(self.limit, wait).await.map(drop)
    }

    /// The writer ends, and could not seal the trail.
    pub(super) fn not_sealed(&self, why: &io::Error) {
        self.unsealed.get_or_init(|| why.to_string());
    }

    /// Why the trail ended without a seal.
    pub(super) fn unsealed(&self) -> Option<&str> {
        self.unsealed.get().map(String::as_str)
    }

    /// Blocks this thread until it has ended.
    pub(super) fn wait_closed(&self) {
        let wait = self.queue.wait(Goal::Ended);
        if crate::dispatch::park::block_within(self.limit, wait).is_none() {
            tracing::error!("the audit trail's disk does not answer: it is left unsealed");
        }
    }

    /// Why nothing can be written at the moment.
    pub(super) fn failing(&self) -> Option<Arc<str>> {
        if self.queue.is_ended() {
            return Some(self.ended().into_shared());
        }
        self.queue.failing()
    }

    fn ended(&self) -> Str {
        if self.queue.has_panicked() {
            Str::Static("its writer panicked")
        } else if self.queue.is_ended() {
            Str::Static("it is shut down")
        } else {
            Str::Static("its record is lost")
        }
    }

    /// A tool runs without a safe record.
    pub(super) fn unrecorded_effect(&self) {
        self.effects.fetch_add(1, Ordering::Relaxed);
    }

    /// What a gap record has to tell, if anything.
    pub(super) fn missing(&self) -> Option<Missing> {
        let account = self.queue.account();
        let lost = account.dropped + account.failed;
        let effects = self.effects.load(Ordering::Relaxed);
        let missing = Missing {
            lost: lost - self.accounted_lost.load(Ordering::Relaxed),
            unrecorded_effects: effects - self.accounted_effects.load(Ordering::Relaxed),
        };
        (missing.lost + missing.unrecorded_effects > 0).then_some(missing)
    }

    /// A gap record has told this. Only the writer says so.
    pub(super) fn accounted(&self, missing: Missing) {
        self.accounted_lost
            .fetch_add(missing.lost, Ordering::Relaxed);
        self.accounted_effects
            .fetch_add(missing.unrecorded_effects, Ordering::Relaxed);
    }

    /// How many events wait, those being written included.
    pub(super) fn waiting(&self) -> u64 {
        self.queue.account().waiting
    }

    pub(super) fn stats(&self) -> AuditStats {
        self.queue.gather();
        let account = self.queue.account();
        AuditStats {
            offered: account.offered,
            recorded: account.done,
            waiting: account.waiting,
            waiting_bytes: account.bytes,
            most_waiting_bytes: account.most_bytes,
            lost: account.dropped + account.failed,
            unrecorded_effects: self.effects.load(Ordering::Relaxed),
        }
    }
}
