//! What observers emit into the very stream that is telling them of an event: it waits until that
//! event is delivered, and comes right after it.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{End, State, Stream};
use crate::table::Key;
use crate::{Observer, PhaseBuf, Progress, Run, SpanId, Subject, Value};

/// How many emissions of observers may wait for the event being delivered.
const MOST_DEFERRED: usize = 1024;

/// An operation that waits for the event being delivered.
pub(super) enum Deferred {
    Start {
        id: SpanId,
        parent: Key,
        subject: Box<Option<Subject>>,
        run: Option<Box<Run>>,
    },
    End(Key, Box<PhaseBuf>),
    Value(Key, Box<Value>),
    Progress(Key, Progress),
}

impl<S: Observer> Stream<S> {
    pub(super) fn is_delivering_here(&self) -> bool {
        let here = self.delivering.load(Ordering::Relaxed);
        here != 0 && here == thread_token()
    }

    pub(super) fn defer(&self, operation: Deferred) {
        let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        if deferred.len() < MOST_DEFERRED {
            deferred.push(operation);
            self.waiting.store(deferred.len(), Ordering::Relaxed);
        } else {
            self.shared.refused.overflow();
        }
    }

    /// Applies what observers emitted while an event was delivered, right after it and in order.
    /// An observer that answers each of its own events is stopped after [`MOST_DEFERRED`].
    #[inline]
    pub(super) fn drain(&self, state: &mut State<S>) {
        if self.waiting.load(Ordering::Relaxed) > 0 && !state.draining {
            self.drain_waiting(state);
        }
    }

    #[cold]
    fn drain_waiting(&self, state: &mut State<S>) {
        state.draining = true;
        let mut applied = 0;
        while self.waiting.load(Ordering::Relaxed) > 0 {
            for operation in self.take_deferred() {
                if applied < MOST_DEFERRED {
                    self.apply_deferred(state, operation);
                } else {
                    self.shared.refused.overflow();
                }
                applied += 1;
            }
        }
        state.draining = false;
    }

    fn take_deferred(&self) -> Vec<Deferred> {
        let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.store(0, Ordering::Relaxed);
        std::mem::take(&mut *deferred)
    }

    fn apply_deferred(&self, state: &mut State<S>, operation: Deferred) {
        match operation {
            Deferred::Start {
                id,
                parent,
                mut subject,
                run,
            } => {
                self.apply_start(state, id, parent, &mut subject, run);
            }
            Deferred::End(key, end) => {
                if let Some(end) = End::of(end.as_phase()) {
                    self.apply_end(state, key, end);
                }
            }
            Deferred::Value(key, value) => self.apply_value(state, key, &value),
            Deferred::Progress(key, progress) => self.apply_progress(state, key, &progress),
        }
    }
}

/// Says that nothing is being delivered any more, also when an observer breaks its contract by
/// unwinding.
pub(super) struct Delivering<'a>(&'a AtomicUsize);

impl<'a> Delivering<'a> {
    /// This thread delivers, until this is dropped.
    pub(super) fn here(by: &'a AtomicUsize) -> Self {
        by.store(thread_token(), Ordering::Relaxed);
        Self(by)
    }
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A number that is this thread's own while it lives, and never 0.
fn thread_token() -> usize {
    thread_local! {
        static TOKEN: u8 = const { 0 };
    }
    TOKEN
        .try_with(|token| std::ptr::from_ref(token).addr())
        .unwrap_or(usize::MAX)
}
