//! The one who works: takes batches, gives an account of each, and ends the queue when it is gone.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::flush::Flush;
use super::{Doing, MAX_SPARE, Outcome, Packing, Queue};

/// Reads a queue. When it is dropped, by its end, a panic or a runtime that is gone, the queue takes
/// nothing more, what waits is dropped and counted, and whoever waits is told.
pub struct Reader<P: Packing>(Arc<Queue<P>>);

/// What the reader is to do.
#[derive(Debug)]
pub enum Next<'r, P: Packing> {
    /// Do these.
    Batch(Taken<'r, P>),
    /// Everything that came before somebody asked for a flush has an outcome: make it.
    Flush(Flush<P>),
    /// Nothing, until woken, or for so long.
    Wait(Option<Duration>),
    /// The queue is closed, and nothing waits.
    Closed,
}

impl<P: Packing> Reader<P> {
    pub(super) const fn of(queue: Arc<Queue<P>>) -> Self {
        Self(queue)
    }

    /// Its queue.
    pub const fn queue(&self) -> &Arc<Queue<P>> {
        &self.0
    }

    /// What to do now. After [`Next::Wait`], `waker` is woken when it may be something else.
    pub fn next(&mut self, waker: &Waker, now: Instant) -> Next<'_, P> {
        let waker = waker.clone();
        if self.is_to_gather(now) {
            self.0.gather();
        }
        let mut guard = self.0.lock();
        let state = &mut *guard;
        state.looks(now);
        let full = !state.full.is_empty();
        let patience = state.pace.patience(now);
        let enough = state.closing || full || patience == Some(Duration::ZERO);
        if enough && let Some(batch) = state.take() {
            state.pace.taken(!state.is_empty(), now);
            state.pace.works(now);
            state.taken += batch.items();
            drop(guard);
            drop(waker);
            return Next::Batch(Taken::of(self, batch));
        }
        if state.flushes > state.flushed && state.taken >= state.flush_after {
            state.pace.works(now);
            let flush = Flush::new(Arc::clone(&self.0), state.flushes);
            drop(guard);
            drop(waker);
            return Next::Flush(flush);
        }
        if state.closing {
            state.pace.works(now);
            drop(guard);
            drop(waker);
            return Next::Closed;
        }
        if patience.is_some() {
            state.reader = Doing::Gather;
            state.pace.waits();
        } else {
            state.reader = Doing::Sleep;
            state.pace.sleeps();
        }
        let known = state.wake.replace(waker);
        let gathers = (!state.upstream.is_empty()).then(|| state.pace.until_gathers(now));
        drop(guard);
        drop(known);
        let patience = [patience, gathers].into_iter().flatten().min();
        // Nothing is here, and what is elsewhere was asked for a moment ago.
        Next::Wait(patience.map(|patience| patience.max(Duration::from_millis(1))))
    }

    /// Whether it is time to ask those who have something for it: so long after they were last, or
    /// after nobody had anything, whatever else there is to do.
    fn is_to_gather(&self, now: Instant) -> bool {
        let mut state = self.0.lock();
        let nobody = state.upstream.is_empty();
        state.pace.gathers(nobody, now) || (state.closing && !nobody)
    }

    /// What the reader brings itself: offered and in its hands at once.
    pub fn bring(&mut self, batch: P) -> Taken<'_, P> {
        self.0.change(|state| {
            state.bytes += batch.bytes();
            state.accepted += batch.items();
            state.taken += batch.items();
        });
        Taken::of(self, batch)
    }

    /// Works on something of its own from now on.
    pub fn works_on(&self, now: Instant) {
        let mut state = self.0.lock();
        state.reader = Doing::Work;
        state.pace.works(now);
    }

    /// Says why nothing can be done at the moment: whoever waits is told. It lasts until something
    /// is done.
    pub fn failing(&self, why: &str) {
        let why: Arc<str> = why.into();
        self.0.change(|state| state.failing = Some(why));
    }

    /// Says that something can be done again.
    pub fn works(&self) {
        self.0.change(|state| state.failing = None);
    }

    /// Whether the queue is closed; if not, `waker` is woken when it is.
    pub fn is_closing(&self, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = self.0.lock();
        let closing = state.closing;
        let known = state.wake.replace(waker);
        drop(state);
        drop(known);
        closing
    }
}

impl<P: Packing> Reader<P> {
    /// Ends the queue, with so many items and bytes in the reader's hands: in one step, so that
    /// whoever is told that an item is lost finds that the queue has ended.
    fn end(&self, in_hand: u64, bytes: usize) {
        let rest = self.0.change(|state| {
            state.closing = true;
            state.ended = true;
            state.panicked |= std::thread::panicking();
            state.finish(Outcome::Dropped, in_hand, bytes);
            let rest = state.drop_waiting();
            (rest, std::mem::take(&mut state.spare), state.wake.take())
        });
        drop(rest);
    }
}

impl<P: Packing> Drop for Reader<P> {
    fn drop(&mut self) {
        self.end(0, 0);
    }
}

/// A batch in the reader's hands, one at a time. Its items wait until their outcome is said. Who drops
/// it before has given up: that ends the queue.
#[derive(Debug)]
pub struct Taken<'r, P: Packing> {
    reader: &'r mut Reader<P>,
    /// `None` once it was taken out.
    batch: Option<P>,
    bytes: usize,
    left: u64,
}

impl<'r, P: Packing> Taken<'r, P> {
    fn of(reader: &'r mut Reader<P>, batch: P) -> Self {
        Self {
            reader,
            bytes: batch.bytes(),
            left: batch.items(),
            batch: Some(batch),
        }
    }

    /// Who has it.
    pub const fn reader(&self) -> &Reader<P> {
        self.reader
    }

    /// The items.
    pub const fn batch(&self) -> Option<&P> {
        self.batch.as_ref()
    }

    /// The items, for one who needs to own them; they are still this one's to account for.
    pub const fn take(&mut self) -> Option<P> {
        self.batch.take()
    }

    /// Gives the room back that was taken out.
    pub fn give_back(mut self, room: P) {
        self.batch = Some(room);
    }

    /// How many items have no outcome yet.
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// All that is left is done; `now` tells for how long it is worth waiting for others to share the batch.
    pub fn all_done(mut self, now: Instant) {
        self.settle(Outcome::Done, self.left, Some(now));
    }

    /// All that is left has failed.
    pub fn all_failed(mut self) {
        self.settle(Outcome::Failed, self.left, None);
    }

    /// The next item is done.
    pub fn one_done(&mut self) {
        self.done(1);
    }

    /// So many of the next items are done.
    pub fn done(&mut self, items: u64) {
        self.settle(Outcome::Done, items, None);
    }

    /// So many of the next items are not even tried.
    pub fn dropped(&mut self, items: u64) {
        self.settle(Outcome::Dropped, items, None);
    }

    /// The next item failed.
    pub fn one_failed(&mut self) {
        self.settle(Outcome::Failed, 1, None);
    }

    /// The next item is not even tried.
    pub fn one_dropped(&mut self) {
        self.settle(Outcome::Dropped, 1, None);
    }

    /// Says the outcome of the next items; with the last one, their memory counts no more.
    fn settle(&mut self, outcome: Outcome, items: u64, done_at: Option<Instant>) {
        let items = items.min(self.left);
        self.left -= items;
        let bytes = if self.left == 0 {
            std::mem::take(&mut self.bytes)
        } else {
            0
        };
        self.reader.0.change(|state| {
            state.finish(outcome, items, bytes);
            if outcome == Outcome::Done {
                state.failing = None;
            }
            if let Some(now) = done_at {
                state.pace.done(now);
            }
        });
    }
}

impl<P: Packing> Drop for Taken<'_, P> {
    fn drop(&mut self) {
        if self.left > 0 {
            return self.reader.end(self.left, self.bytes);
        }
        let mut room = self.batch.take();
        if room.as_mut().is_some_and(P::recycle) {
            self.reader.0.change(|state| {
                if state.spare.len() < MAX_SPARE {
                    state.spare.extend(room.take());
                }
            });
        }
    }
}

impl<P: Packing> std::fmt::Debug for Reader<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reader").field(&self.0).finish()
    }
}
