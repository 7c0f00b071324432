//! Who waits for the reader: goals, and the wakers of those whose goal is not met yet.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Packing, Queue, State, Ticket};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Every item up to this one is done.
    Safe(Ticket),
    /// At most so many bytes wait, or waiting does not help.
    Below(usize),
    /// The flush of this number is made.
    Flushed(u64),
    /// The reader has ended, and every item has an outcome.
    Ended,
}

/// Why what is waited for is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// Nothing can be done at the moment, for this reason.
    Failing(Arc<str>),
    /// One of the items failed or was dropped, or the reader has ended before.
    Lost,
}

/// A wait of one goal. Dropping it takes nothing back.
#[must_use = "nothing waits unless it is awaited"]
pub struct Wait<P: Packing> {
    queue: Arc<Queue<P>>,
    goal: Goal,
    /// Its number among those who wait, once it does.
    number: Option<u64>,
    urged: bool,
}

/// Those who wait, by number.
#[derive(Default)]
pub(super) struct Waiters {
    next: u64,
    all: BTreeMap<u64, (Goal, Waker)>,
}

impl<P> State<P> {
    /// Whether the wait is over, and how.
    fn outcome(&self, goal: Goal) -> Option<Result<(), NotDone>> {
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

impl<P: Packing> Wait<P> {
    pub(super) const fn new(queue: Arc<Queue<P>>, goal: Goal) -> Self {
        Self {
            queue,
            goal,
            number: None,
            urged: false,
        }
    }
}

impl<P: Packing> Future for Wait<P> {
    type Output = Result<(), NotDone>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let waker = context.waker().clone();
        let mut state = this.queue.lock();
        if let Some(outcome) = state.outcome(this.goal) {
            let known = this.number.take();
            let known = known.and_then(|number| state.waiters.all.remove(&number));
            drop(state);
            drop((known, waker)); // wakers are foreign
            return Poll::Ready(outcome);
        }
        let waiters = &mut state.waiters;
        let number = *this.number.get_or_insert_with(|| {
            waiters.next += 1;
            waiters.next
        });
        let known = waiters.all.insert(number, (this.goal, waker));
        let urgent = matches!(this.goal, Goal::Safe(ticket) if ticket > state.taken);
        let first = !std::mem::replace(&mut this.urged, true);
        let reader = (first && urgent && state.pace.urged())
            .then(|| state.rouse())
            .flatten();
        drop(state);
        drop(known);
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Pending
    }
}

impl<P: Packing> Drop for Wait<P> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let known = self.queue.lock().waiters.all.remove(&number);
            drop(known);
        }
    }
}

impl<P: Packing> std::fmt::Debug for Wait<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wait")
            .field("goal", &self.goal)
            .finish_non_exhaustive()
    }
}
