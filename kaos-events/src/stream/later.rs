//! What observers emit while they are told of an event: into the very stream that tells them, it
//! waits until that event is delivered, and comes right after it; into another, until the thread
//! holds no stream's lock.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::deferred::{Deferred, MAX_DEFERRED};
use super::{AnyStream, End, State, Stream, outbox};
use crate::Observer;

impl<S: Observer> Stream<S> {
    pub(super) fn defer(&self, this: &AnyStream, operation: Deferred) {
        {
            let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
            if deferred.len() >= MAX_DEFERRED {
                return self.shared.refused.overflow();
            }
            deferred.push(operation);
            self.waiting.store(deferred.len(), Ordering::Relaxed);
        }
        if !outbox::is_inside(self.address()) && !outbox::post(this) {
            self.refuse_all_deferred();
        }
    }

    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(super) fn refuse_all_deferred(&self) {
        for _operation in self.take_deferred() {
            self.shared.refused.overflow();
        }
    }

    /// Applies what observers emitted while an event was delivered, right after it and in order.
    /// An observer that answers each of its own events is stopped after [`MAX_DEFERRED`].
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
                if applied < MAX_DEFERRED {
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
