//! The stream of one root run: one lock around sequence, time, open spans and dispatch.
//!
//! Every operation goes the same way: [`Stream::submit`] takes the lock and applies it, or, when
//! the caller *is* an observer that is being told of an event, lays it aside: of this very stream,
//! until that event is delivered, and of another, until this one's lock is released. So no thread
//! ever waits for one stream's lock while it holds another's.

mod budget;
mod deferred;
mod emit;
mod end;
mod later;
mod outbox;
mod shared;
mod way_in;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::emit::AnyStream;
pub(crate) use self::end::End;
pub(crate) use self::shared::Shared;

use self::deferred::Deferred;
use self::outbox::{Delivering, deliver_posted, delivering};
use crate::table::{Key, Table};
use crate::{
    Body, Event, Observer, Phase, Progress, Run, Span, SpanId, Subject, Time, TraceId, Value,
};

pub(crate) struct Stream<S> {
    shared: Arc<Shared>,
    trace_id: TraceId,
    waiting: AtomicUsize,
    deferred: Mutex<Vec<Deferred>>,
    state: Mutex<State<S>>,
}

struct State<S> {
    seq: u64,
    /// Wall time minus monotonic time at the start of the run, so that one reading gives both.
    wall_offset: u64,
    now: u64,
    run: Run,
    root: Option<Key>,
    table: Table,
    /// Whether the observer has to be waited for.
    keeps: bool,
    /// Events since it last was.
    unawaited: u32,
    draining: bool,
    /// `None` after the root span's end.
    observer: Option<S>,
}

impl<S: Observer> Stream<S> {
    /// Opens the stream with its root span.
    pub(crate) fn open(
        shared: Arc<Shared>,
        run: Run,
        root: impl crate::Root,
        observer: S,
    ) -> (Arc<Self>, Key) {
        shared.live.fetch_add(1, Ordering::Relaxed);
        let now = shared.clock.monotonic_nanos();
        let wall_offset = shared.clock.unix_nanos().wrapping_sub(now);
        let id = shared.ids.span_id();
        let outer = root.parent().map(|parent| parent.span_id);
        let keeps = observer.keeps();
        let stream = Arc::new(Self {
            trace_id: run.trace_id,
            shared,
            waiting: AtomicUsize::new(0),
            deferred: Mutex::new(Vec::new()),
            state: Mutex::new(State {
                seq: 0,
                wall_offset,
                now,
                run,
                root: None,
                table: Table::default(),
                keeps,
                unawaited: 0,
                draining: false,
                observer: Some(observer),
            }),
        });
        let mut state = stream.lock();
        let at = state.time(now);
        let mut subject = Some(root.into());
        let key = state.table.insert(id, None, outer, &mut subject, None, at);
        state.root = Some(key);
        stream.deliver(&mut state, key, at, What::Phase(Phase::Start));
        stream.drain(&mut state);
        drop(state);
        deliver_posted();
        (stream, key)
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // A poisoned lock means that a clock, an id source or a observer panicked; the state is
        // consistent between any two of their calls.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies an operation under the lock. The observer of a run that ended by it is dropped after
    /// the lock is released.
    #[inline]
    fn submit<T>(&self, apply: impl FnOnce(&Self, &mut State<S>) -> T) -> T {
        let mut state = self.lock();
        let out = apply(self, &mut state);
        if state.root.is_none() {
            Self::close(state);
        } else {
            drop(state);
        }
        deliver_posted();
        out
    }

    /// Asks the observer something, which may make it emit as an event may. Nothing can be asked
    /// by an observer that is being told of an event.
    fn ask<T>(&self, ask: impl FnOnce(&mut State<S>) -> Option<T>) -> Option<T> {
        if delivering() {
            return None;
        }
        self.submit(|stream, state| {
            let delivering = Delivering::at(stream.address());
            let answer = ask(state);
            drop(delivering);
            stream.drain(state);
            answer
        })
    }

    #[cold]
    fn close(mut state: MutexGuard<'_, State<S>>) {
        let observer = state.observer.take();
        drop(state);
        drop(observer);
    }

    fn apply_start(
        &self,
        state: &mut State<S>,
        id: SpanId,
        parent: Key,
        subject: &mut Option<Subject>,
        run: Option<Box<Run>>,
    ) -> Key {
        let Some(parent) = state.table.find(parent).filter(|_| self.has_room(state)) else {
            self.shared.refused.start();
            return Key {
                slot: Key::LATER,
                id,
            };
        };
        let at = self.tick(state);
        let key = state.table.insert(id, Some(parent), None, subject, run, at);
        self.deliver(state, key, at, What::Phase(Phase::Start));
        self.drain(state);
        key
    }

    fn apply_value(&self, state: &mut State<S>, key: Key, value: &Value) {
        let Some(key) = state.table.find(key).filter(|_| self.has_room(state)) else {
            return self.shared.refused.value();
        };
        let at = self.tick(state);
        self.deliver(state, key, at, What::Value(value));
        self.drain(state);
    }

    fn apply_progress(&self, state: &mut State<S>, key: Key, progress: &Progress) {
        let Some(key) = state.table.find(key).filter(|_| self.has_room(state)) else {
            return self.shared.refused.value();
        };
        let at = self.tick(state);
        self.deliver(state, key, at, What::Phase(Phase::Progress(progress)));
        self.drain(state);
    }

    /// Ends a span, after its open descendants: innermost first, newest first, as cancelled.
    fn apply_end(&self, state: &mut State<S>, key: Key, end: End<'_>) {
        let Some((place, _)) = state.table.get(key) else {
            return self.shared.refused.end();
        };
        let key = place.key();
        if !place.has_children() {
            return self.end_one(state, key, end);
        }
        let mut from = key;
        while let Some((inner, around)) = state.table.innermost(from) {
            if inner == key {
                return self.end_one(state, key, end);
            }
            self.end_one(state, inner, End::Cancelled(None));
            from = around.unwrap_or(key);
        }
    }

    #[inline]
    fn end_one(&self, state: &mut State<S>, key: Key, end: End<'_>) {
        let at = self.tick(state);
        self.deliver(state, key, at, What::End(end));
        state.table.remove(key.slot);
        if state.root == Some(key) {
            state.root = None;
        }
        self.drain(state);
    }

    #[inline]
    fn tick(&self, state: &mut State<S>) -> Time {
        state.now = state.now.max(self.shared.clock.monotonic_nanos());
        state.time(state.now)
    }

    #[inline]
    fn deliver(&self, state: &mut State<S>, key: Key, time: Time, what: What<'_>) {
        let State {
            seq,
            run,
            table,
            observer,
            unawaited,
            ..
        } = state;
        let Some(observer) = observer.as_mut() else {
            return;
        };
        let Some((place, subject)) = table.get(key) else {
            return;
        };
        let span = |phase| {
            Body::Span(Span {
                id: place.id,
                parent: place.parent_id,
                slot: place.slot,
                subject,
                phase,
            })
        };
        let body = match what {
            What::Phase(phase) => span(phase),
            What::End(end) => span(end.after(time.since(place.started))),
            What::Value(value) => Body::Value {
                span: place.id,
                value,
            },
        };
        let run = table.run_of(place).unwrap_or(run);
        let event = Event {
            seq: *seq,
            time,
            run,
            body,
        };
        *seq += 1;
        *unawaited = unawaited.saturating_add(1);
        let delivering = Delivering::at(self.address());
        observer.on_event(&event);
        drop(delivering);
    }
}

#[derive(Clone, Copy)]
enum What<'a> {
    Phase(Phase<'a>),
    End(End<'a>),
    Value(&'a Value),
}

impl<S> State<S> {
    fn time(&self, monotonic_nanos: u64) -> Time {
        Time {
            unix_nanos: self.wall_offset.wrapping_add(monotonic_nanos),
            monotonic_nanos,
        }
    }
}

impl<S> Drop for Stream<S> {
    fn drop(&mut self) {
        self.shared.live.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}
