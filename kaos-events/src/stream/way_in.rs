//! The way into a stream: applied at once, or laid aside by whoever is inside an observer.

use std::time::Duration;

use super::deferred::Deferred;
use super::emit::Emit;
use super::outbox::delivering;
use super::{AnyStream, End, Stream};
use crate::table::Key;
use crate::{
    Entry, NotDurable, Observer, Progress, Ready, Run, Session, Settled, Str, Subject, TraceId,
    Value,
};

impl<S: Observer> Emit for Stream<S> {
    fn start(
        &self,
        this: &AnyStream,
        parent: Key,
        subject: &mut Option<Subject>,
        run: Option<Box<Run>>,
    ) -> Key {
        let id = self.shared.ids.span_id();
        if delivering() {
            let start = Deferred::Start {
                id,
                parent,
                subject: Box::new(subject.take()),
                run,
            };
            self.defer(this, start);
            return Key {
                slot: Key::LATER,
                id,
            };
        }
        self.submit(|stream, state| stream.apply_start(state, id, parent, subject, run))
    }

    fn end(&self, this: &AnyStream, key: Key, end: End<'_>) {
        if delivering() {
            let end = Box::new(end.after(Duration::ZERO).into());
            return self.defer(this, Deferred::End(key, end));
        }
        self.submit(|stream, state| stream.apply_end(state, key, end));
    }

    fn value(&self, this: &AnyStream, key: Key, value: &Value) {
        if delivering() {
            return self.defer(this, Deferred::Value(key, Box::new(value.clone())));
        }
        self.submit(|stream, state| stream.apply_value(state, key, value));
    }

    fn progress(&self, this: &AnyStream, key: Key, progress: &Progress) {
        if delivering() {
            return self.defer(this, Deferred::Progress(key, progress.clone()));
        }
        self.submit(|stream, state| stream.apply_progress(state, key, progress));
    }

    fn entry(&self, key: Key) -> Entry {
        let entry = self.ask(|state| {
            let id = state.table.get(key)?.0.id;
            Some(state.observer.as_mut()?.entry(id))
        });
        entry.unwrap_or_default()
    }

    fn ready(&self) -> Option<Ready> {
        self.ask(|state| {
            let wait = state.observer.as_mut()?.ready();
            if wait.is_none() {
                state.unawaited = 0;
            }
            wait
        })
    }

    fn awaited(&self) {
        if !delivering() {
            self.lock().unawaited = 0;
        }
    }

    fn settled(&self, key: Key) -> Settled {
        let settled = self.ask(|state| {
            let span = state.table.get(key)?.0.id;
            Some(state.observer.as_mut()?.settled(span))
        });
        settled.unwrap_or_else(|| Settled::never(NotDurable::over()))
    }

    fn is_open(&self, key: Key) -> bool {
        !delivering() && self.lock().table.find(key).is_some()
    }

    fn subject(&self, key: Key) -> Option<Subject> {
        if delivering() {
            return None;
        }
        self.lock()
            .table
            .get(key)
            .map(|(_, subject)| subject.clone())
    }

    fn deliver_deferred(&self) {
        self.submit(Self::drain);
    }

    fn refuse_deferred(&self) {
        self.refuse_all_deferred();
    }

    fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    fn sub_run(&self, agent: Str, session: Session) -> Run {
        Run {
            id: self.shared.ids.run_id(),
            trace_id: self.trace_id,
            session,
            agent,
        }
    }
}
