//! What observers emit while they are told of an event: into the very stream that tells them, it
//! waits until that event is delivered, and comes right after it; into another, until the thread
//! holds no stream's lock.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{AnyStream, End, State, Stream};
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

thread_local! {
    /// Where this thread is.
    static WHERE: Cell<Where> = const { Cell::new(Where::OUTSIDE) };
    /// Whether a caller further up empties the outbox.
    static EMPTYING: Cell<bool> = const { Cell::new(false) };
    /// Streams that observers of others emitted into.
    static OUTBOX: RefCell<Vec<AnyStream>> = const { RefCell::new(Vec::new()) };
}

/// The address of the stream that calls its observer on this thread, 0 when none does; and in its
/// lowest bit, which no address has, whether streams wait in the outbox that nobody empties. One word, as
/// every emission asks for both.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Where(usize);

impl Where {
    const OUTSIDE: Self = Self(0);
    const POSTED: usize = 1;

    const fn stream(self) -> usize {
        self.0 & !Self::POSTED
    }

    const fn in_stream(self, address: usize) -> Self {
        Self(address | self.0 & Self::POSTED)
    }

    const fn posted(self) -> Self {
        Self(self.0 | Self::POSTED)
    }
}

/// Whether this thread is inside an observer: it holds that stream's lock.
#[inline]
pub(super) fn delivering() -> bool {
    WHERE.get().stream() != 0
}

/// Applies what observers emitted into other runs, once this thread holds no lock any more. Runs
/// that answer each other without end are stopped after [`MOST_DEFERRED`] turns.
#[inline]
pub(super) fn deliver_posted() {
    if WHERE.get() == Where::OUTSIDE.posted() {
        deliver_all_posted();
    }
}

#[cold]
fn deliver_all_posted() {
    struct Emptied;
    impl Drop for Emptied {
        fn drop(&mut self) {
            EMPTYING.set(false);
        }
    }

    WHERE.set(Where::OUTSIDE);
    EMPTYING.set(true);
    let _emptied = Emptied;
    for turn in 0_usize.. {
        let posted = OUTBOX.try_with(|outbox| std::mem::take(&mut *outbox.borrow_mut()));
        let posted = posted.unwrap_or_default();
        if posted.is_empty() {
            break;
        }
        for stream in posted {
            if turn < MOST_DEFERRED {
                stream.deliver_deferred();
            } else {
                stream.refuse_deferred();
            }
        }
    }
}

impl<S: Observer> Stream<S> {
    pub(super) fn defer(&self, this: &AnyStream, operation: Deferred) {
        {
            let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
            if deferred.len() >= MOST_DEFERRED {
                return self.shared.refused.overflow();
            }
            deferred.push(operation);
            self.waiting.store(deferred.len(), Ordering::Relaxed);
        }
        if WHERE.get().stream() != self.address() {
            self.post(this);
        }
    }

    /// Has what waits applied as soon as this thread is outside of all streams.
    #[cold]
    fn post(&self, this: &AnyStream) {
        let posted = OUTBOX.try_with(|outbox| outbox.borrow_mut().push(Arc::clone(this)));
        match posted {
            Ok(()) if EMPTYING.get() => {}
            Ok(()) => WHERE.set(WHERE.get().posted()),
            // The thread is ending.
            Err(_gone) => self.refuse_all_deferred(),
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(super) fn refuse_all_deferred(&self) {
        for _operation in self.take_deferred() {
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

/// This thread is inside a stream's observer, until this is dropped, also by unwinding.
pub(super) struct Delivering {
    /// A run that an observer opens tells its own observers at once.
    around: usize,
}

impl Delivering {
    #[inline]
    pub(super) fn of<S: Observer>(stream: &Stream<S>) -> Self {
        let around = WHERE.get();
        WHERE.set(around.in_stream(stream.address()));
        Self {
            around: around.stream(),
        }
    }
}

impl Drop for Delivering {
    #[inline]
    fn drop(&mut self) {
        WHERE.set(WHERE.get().in_stream(self.around));
    }
}
