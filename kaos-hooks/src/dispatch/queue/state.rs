//! What a queue knows, under its lock: what waits, and what became of the rest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::account::{Account, Ticket};
use super::goal::{Goal, NotDone, Waiters};
use super::holding::{Bounds, Packing};
use super::pace::{Gathering, Pace};
use super::upstream::AllUpstream;

pub(super) struct State<P> {
    /// What waits: full batches, and one that is being filled.
    pub(super) full: VecDeque<P>,
    pub(super) filling: Option<P>,
    /// Room for the next ones, emptied by the reader.
    pub(super) spare: VecDeque<P>,
    /// Who has items that are not here yet.
    pub(super) upstream: AllUpstream,
    /// Items that never had a place.
    pub(super) refused: u64,
    /// Items that ever had one: the newest one's ticket.
    pub(super) accepted: Ticket,
    /// How many of them the reader has taken, and how many have an outcome.
    pub(super) taken: Ticket,
    pub(super) finished: Ticket,
    /// Those of them whose outcome is not that they are done.
    pub(super) failed: u64,
    pub(super) dropped: u64,
    /// The bytes of what waits, and the most there ever were before some of them had an outcome.
    pub(super) bytes: usize,
    pub(super) most_bytes: usize,
    /// Up to here all of them are done.
    pub(super) safe: Ticket,
    pub(super) pace: Pace,
    pub(super) reader: Doing,
    pub(super) wake: Option<Waker>,
    pub(super) failing: Option<Arc<str>>,
    pub(super) closing: bool,
    pub(super) ended: bool,
    /// The reader has, by a panic.
    pub(super) panicked: bool,
    /// How often a flush was asked for, and made; from which ticket the next one is due.
    pub(super) flushes: u64,
    pub(super) flushed: u64,
    pub(super) flush_after: Ticket,
    pub(super) flush_failed: Option<Arc<str>>,
    pub(super) waiters: Waiters,
}

/// What the reader does, and so what wakes it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Doing {
    /// It works, and comes back by itself.
    #[default]
    Work,
    /// It waits for a full batch, or for a while.
    Gather,
    /// It sleeps until something comes.
    Sleep,
}

impl<P: Packing> State<P> {
    pub(super) fn has_room(&self, bounds: &Bounds) -> bool {
        let bytes = match self.failing {
            Some(_) => bounds.bytes_while_failing.min(bounds.bytes),
            None => bounds.bytes,
        };
        !self.closing && self.bytes < bytes && self.waiting() < bounds.items
    }

    /// Adds an item, if there is room for it, and takes out whom that is to wake.
    #[inline]
    pub(super) fn offer(
        &mut self,
        item: P::Item<'_>,
        bounds: &Bounds,
    ) -> (Option<Ticket>, Option<Waker>) {
        if !self.has_room(bounds) {
            self.refused += P::counts(&item);
            return (None, None);
        }
        let ticket = self.add(item, bounds);
        let wake = match self.reader {
            Doing::Work => false,
            Doing::Gather => !self.full.is_empty(),
            Doing::Sleep => true,
        };
        let wake = wake.then(|| self.rouse()).flatten();
        (Some(ticket), wake)
    }

    /// Adds an item to the last batch that has room.
    pub(super) fn add(&mut self, item: P::Item<'_>, bounds: &Bounds) -> Ticket {
        let room = || self.spare.pop_front().unwrap_or_else(P::empty);
        let batch = self.filling.get_or_insert_with(room);
        let before = (batch.bytes(), batch.items());
        batch.add(item);
        let (bytes, items) = (batch.bytes(), batch.items());
        self.bytes += bytes - before.0;
        self.accepted += items - before.1;
        if bytes >= bounds.batch_bytes || items >= bounds.batch_items {
            self.full.extend(self.filling.take());
        }
        self.accepted
    }

    /// Takes the oldest batch.
    pub(super) fn take(&mut self) -> Option<P> {
        self.full.pop_front().or_else(|| self.filling.take())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.filling.is_none()
    }

    /// Drops what waits and is not taken; what is returned is dropped outside the lock.
    pub(super) fn drop_waiting(&mut self) -> VecDeque<P> {
        let mut rest = std::mem::take(&mut self.full);
        rest.extend(self.filling.take());
        let dropped: u64 = rest.iter().map(P::items).sum();
        self.taken += dropped;
        self.finish(Outcome::Dropped, dropped, rest.iter().map(P::bytes).sum());
        rest
    }
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
    Dropped,
}

impl<P> State<P> {
    /// The reader sees whether something waits, here or elsewhere.
    pub(super) fn looks(&mut self, now: Instant) {
        self.reader = Doing::Work;
        let here = self.filling.is_some() || !self.full.is_empty();
        self.pace.looks(here || !self.upstream.is_empty(), now);
    }

    pub(super) fn new(gathering: Gathering) -> Self {
        Self {
            full: VecDeque::new(),
            filling: None,
            spare: VecDeque::new(),
            upstream: AllUpstream::default(),
            refused: 0,
            accepted: 0,
            taken: 0,
            finished: 0,
            failed: 0,
            dropped: 0,
            bytes: 0,
            most_bytes: 0,
            safe: 0,
            pace: Pace::new(gathering),
            reader: Doing::default(),
            wake: None,
            failing: None,
            closing: false,
            ended: false,
            panicked: false,
            flushes: 0,
            flushed: 0,
            flush_after: 0,
            flush_failed: None,
            waiters: Waiters::default(),
        }
    }

    /// So many of the items that had a place have an outcome; their bytes wait no more.
    pub(super) fn finish(&mut self, outcome: Outcome, items: u64, bytes: usize) {
        match outcome {
            Outcome::Done if self.safe == self.finished => self.safe += items,
            Outcome::Done => {}
            Outcome::Failed => self.failed += items,
            Outcome::Dropped => self.dropped += items,
        }
        self.finished += items;
        self.most_bytes = self.most_bytes.max(self.bytes);
        self.bytes -= bytes;
    }

    pub(super) const fn waiting(&self) -> u64 {
        self.accepted - self.finished
    }

    pub(super) fn account(&self) -> Account {
        Account {
            offered: self.refused + self.accepted,
            waiting: self.waiting(),
            done: self.finished - self.failed - self.dropped,
            failed: self.failed,
            dropped: self.refused + self.dropped,
            bytes: self.bytes,
            most_bytes: self.most_bytes.max(self.bytes),
        }
    }

    /// What wakes the reader, if it sleeps; once is enough.
    pub(super) fn rouse(&mut self) -> Option<Waker> {
        self.reader = Doing::Work;
        self.wake.take()
    }

    /// Whether the wait for this is over, and how.
    pub(super) fn outcome(&self, goal: Goal) -> Option<Result<(), NotDone>> {
        let failing = || self.failing.clone().map(NotDone::Failing);
        match goal {
            Goal::Safe(ticket) if self.safe >= ticket => Some(Ok(())),
            Goal::Safe(ticket) if self.finished >= ticket || self.ended => Some(Err(NotDone::Lost)),
            Goal::Safe(_) => Some(Err(failing()?)),
            Goal::Below(bytes) => {
                let over = self.bytes <= bytes || self.failing.is_some() || self.ended;
                over.then_some(Ok(()))
            }
            Goal::Flushed(flush) if self.flushed >= flush => Some(match &self.flush_failed {
                None => Ok(()),
                Some(why) => Err(NotDone::Failing(Arc::clone(why))),
            }),
            Goal::Flushed(_) => self.ended.then_some(Err(NotDone::Lost)),
            Goal::Ended => (self.ended && self.waiting() == 0).then_some(Ok(())),
        }
    }

    /// Takes out those whose wait is over.
    pub(super) fn over(&mut self) -> Vec<Waker> {
        if self.waiters.all.is_empty() {
            return Vec::new();
        }
        let is_over = |(number, (goal, _)): (&u64, &(Goal, Waker))| {
            self.outcome(*goal).is_some().then_some(*number)
        };
        let over: Vec<u64> = self.waiters.all.iter().filter_map(is_over).collect();
        let taken = over
            .into_iter()
            .filter_map(|number| self.waiters.all.remove(&number));
        taken.map(|(_, waker)| waker).collect()
    }
}
