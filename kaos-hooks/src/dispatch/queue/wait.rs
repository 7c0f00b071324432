//! Who waits for the reader.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::goal::{Goal, NotDone};
use super::{Packing, Queue};

/// A wait of one goal. Dropping it takes nothing back.
#[must_use = "nothing waits unless it is awaited"]
pub struct Wait<P: Packing> {
    queue: Arc<Queue<P>>,
    goal: Goal,
    /// Its number among those who wait, once it does.
    number: Option<u64>,
    urged: bool,
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
