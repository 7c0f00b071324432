//! One bounded queue with an exact account, between those who must not wait and one who works.
//!
//! Under it lies one lock, around plain data. Nothing foreign is called while it is held: wakers are
//! taken out and woken after it is released, and so is dropped what is foreign. There is no clock in
//! here: time comes in from the reader, so that a model can drive it.
//!
//! At every moment `offered = waiting + done + failed + dropped`: what an item is in changes in one
//! step under the lock, and what a reader has in its hands is [`Taken`], which gives an account of
//! itself when it is dropped, too.

#[path = "queue/account.rs"]
mod account;
#[path = "queue/flush.rs"]
mod flush;
#[path = "queue/goal.rs"]
mod goal;
#[path = "queue/holding.rs"]
mod holding;
#[path = "queue/pace.rs"]
mod pace;
#[path = "queue/reader.rs"]
mod reader;
#[path = "queue/state.rs"]
mod state;
#[path = "queue/upstream.rs"]
mod upstream;
#[path = "queue/wait.rs"]
mod wait;

use std::sync::{Arc, PoisonError};
use std::task::Waker;

use super::sync::{Mutex, MutexGuard};

pub use account::{Account, Ticket};
pub use flush::Flush;
pub use goal::{Goal, NotDone};
pub use holding::{Bounds, Packing};
pub use pace::Gathering;
pub use reader::{Next, Reader, Taken};
pub use upstream::{Upstream, UpstreamAt};
pub use wait::Wait;

use state::{Doing, Outcome, State};

/// A bounded queue with one [`Reader`].
pub struct Queue<P> {
    bounds: Bounds,
    state: Mutex<State<P>>,
}

const MAX_SPARE: usize = 4;

impl<P: Packing> Queue<P> {
    /// A queue, and the one who reads it.
    pub fn new(bounds: Bounds) -> (Arc<Self>, Reader<P>) {
        let queue = Arc::new(Self {
            bounds,
            state: Mutex::new(State::new(bounds.gathering)),
        });
        let reader = Reader::of(Arc::clone(&queue));
        (queue, reader)
    }

    fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and then wakes whose wait is over by it.
    fn change<T>(&self, change: impl FnOnce(&mut State<P>) -> T) -> T {
        let mut state = self.lock();
        let out = change(&mut state);
        let woken = state.over();
        drop(state);
        for waker in woken {
            waker.wake();
        }
        out
    }

    /// Adds an item; `None` if it is dropped, which is counted. Never waits.
    #[inline]
    pub fn push(&self, item: P::Item<'_>) -> Option<Ticket> {
        let (ticket, wake) = self.lock().offer(item, &self.bounds);
        if let Some(reader) = wake {
            reader.wake();
        }
        ticket
    }

    /// Somebody has something for this queue, and will hand it over: by itself, or when asked to,
    /// which it is once it has had it for as long as things are gathered here. Who sleeps till then
    /// has to be woken, by the caller.
    pub fn open(&self, from: Arc<dyn Upstream>) -> (UpstreamAt, Option<Waker>) {
        let mut state = self.lock();
        let place = state.upstream.add(from);
        let sleeps = state.reader == Doing::Sleep;
        let wake = sleeps.then(|| state.rouse()).flatten();
        (place, wake)
    }

    /// As [`push`](Self::push), of who stands there, and has nothing more then. Who sleeps till then
    /// has to be woken, by the caller.
    pub fn take_over(
        &self,
        place: UpstreamAt,
        item: P::Item<'_>,
    ) -> (Option<Ticket>, Option<Waker>) {
        let mut state = self.lock();
        let from = state.upstream.remove(place);
        let taken = state.offer(item, &self.bounds);
        drop(state);
        drop(from);
        taken
    }

    /// Has everybody hand over what they have.
    pub fn gather(&self) {
        let upstream = self.lock().upstream.all();
        for from in upstream {
            from.hand_over();
        }
    }

    /// Counts an item that is dropped without being looked at.
    pub fn refuse(&self) {
        self.lock().refused += 1;
    }

    /// Waits for this; what it waits for is urgent from when it is first polled.
    pub fn wait(self: &Arc<Self>, goal: Goal) -> Wait<P> {
        Wait::new(Arc::clone(self), goal)
    }

    /// Waits until the reader has done all that came so far, and whatever it does in a flush.
    pub fn flush(self: &Arc<Self>) -> Wait<P> {
        self.gather();
        let (flush, reader) = {
            let mut state = self.lock();
            state.flushes += 1;
            state.flush_after = state.accepted;
            state.pace.urged();
            (state.flushes, state.rouse())
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        self.wait(Goal::Flushed(flush))
    }

    /// The newest item's ticket.
    pub fn newest(&self) -> Ticket {
        self.gather();
        self.lock().accepted
    }

    /// Whether more bytes wait than these, and waiting for the reader helps.
    pub fn is_over(&self, bytes: usize) -> bool {
        let state = self.lock();
        state.bytes > bytes && state.failing.is_none() && !state.ended
    }

    /// Whether that may be so once everybody has handed over what they have, of which nobody has more
    /// than this.
    pub fn may_be_over(&self, bytes: usize, most_of_each: usize) -> bool {
        let state = self.lock();
        let upstream = state.upstream.len().saturating_mul(most_of_each);
        state.bytes.saturating_add(upstream) > bytes && state.failing.is_none() && !state.ended
    }

    /// Says why nothing can be done at the moment, on the reader's behalf, if it has worked on the same
    /// since before `since`; whether it has. Until it has done something, whoever waits is told so.
    pub fn is_stuck(&self, since: std::time::Instant, why: &str) -> bool {
        self.change(|state| {
            let stuck = !state.ended && state.pace.works_since(since);
            if stuck && state.failing.is_none() {
                state.failing = Some(why.into());
            }
            stuck
        })
    }

    /// Why nothing can be done at the moment.
    pub fn failing(&self) -> Option<Arc<str>> {
        self.lock().failing.clone()
    }

    /// Whether the reader has ended by a panic.
    pub fn has_panicked(&self) -> bool {
        self.lock().panicked
    }

    /// Whether it takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.lock().closing
    }

    /// Whether the reader has ended, and everything has an outcome.
    pub fn is_ended(&self) -> bool {
        let state = self.lock();
        state.ended && state.waiting() == 0
    }

    /// Takes nothing more; the reader is to do what is here, and to end.
    pub fn close(&self) {
        self.gather();
        let reader = {
            let mut state = self.lock();
            state.closing = true;
            state.rouse()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Gives up what waits and is not in the reader's hands: it is dropped and counted, and nothing
    /// counts as safe from then on.
    pub fn give_up(&self) {
        let rest = self.change(State::drop_waiting);
        drop(rest);
    }

    /// What became of the items so far.
    pub fn account(&self) -> Account {
        self.lock().account()
    }
}

impl<P: Packing> std::fmt::Debug for Queue<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("account", &self.account())
            .finish_non_exhaustive()
    }
}
