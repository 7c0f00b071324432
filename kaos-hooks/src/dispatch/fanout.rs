//! One observer in front of all hooks' observers: keeps them in order and apart.

use std::sync::Arc;

use kaos_events::{Entry, Event, NotDurable, NotDurableKind, Observer, Ready, Settled, SpanId};
use smallvec::SmallVec;

use crate::AtOnce;
use crate::dispatch::health::Health;
use crate::dispatch::isolate::{drop_isolated, isolated};
use crate::dispatch::later::RunLog;

/// The observers of one run, in the order of their hooks.
pub(crate) struct Fanout {
    seats: SmallVec<[Seat; 4]>,
    /// For the hooks that hear of it later.
    log: Option<RunLog>,
    /// Whether the first event was delivered.
    begun: bool,
}

/// A hook's observer; the seat is left empty when the hook is put out of service.
struct Seat {
    observer: Option<Box<dyn Observer>>,
    health: Arc<Health>,
    /// Whether it keeps events: if it is out of service, they are not kept.
    keeps: bool,
    /// Events so far.
    offered: u64,
    /// Whether it counts for its hook: of one that is told later its log does.
    counts: bool,
    /// It is told of the run's first event alone.
    first_only: bool,
}

impl Fanout {
    pub(crate) fn new() -> Self {
        Self {
            seats: SmallVec::new(),
            log: None,
            begun: false,
        }
    }

    /// With what packs the events for hooks that are told later: after those that are told now.
    pub(crate) fn with_log(mut self, log: Option<RunLog>) -> Self {
        self.log = log;
        self
    }

    pub(crate) fn seat(&mut self, observer: Box<dyn Observer>, health: Arc<Health>) {
        health.observer_made();
        self.seat_as(observer, health, true, false);
    }

    /// The observer of a hook that is told later.
    pub(crate) fn seat_later(&mut self, observer: Box<dyn Observer>, health: Arc<Health>) {
        self.seat_as(observer, health, false, false);
    }

    /// What a hook that is told later has on the turn's thread.
    pub(crate) fn seat_at_once(&mut self, at_once: AtOnce, health: Arc<Health>) {
        match at_once {
            AtOnce::Each(observer) => self.seat_as(observer, health, false, false),
            AtOnce::First(observer) => self.seat_as(observer, health, false, true),
        }
    }

    fn seat_as(
        &mut self,
        observer: Box<dyn Observer>,
        health: Arc<Health>,
        counts: bool,
        first_only: bool,
    ) {
        let keeps = health.check(isolated(|| observer.keeps()));
        self.seats.push(Seat {
            observer: Some(observer),
            health,
            keeps: keeps.unwrap_or(false),
            offered: 0,
            counts,
            first_only,
        });
    }
}

impl Seat {
    /// Calls the observer; empties the seat when its hook has panicked too often.
    fn call<T>(&mut self, call: impl FnOnce(&mut dyn Observer) -> T) -> Option<T> {
        let observer = self.observer.as_deref_mut()?;
        match isolated(|| call(observer)) {
            Ok(value) => Some(value),
            Err(panicked) => {
                self.health.check(Err::<(), _>(panicked));
                if !self.health.in_service() {
                    self.empty();
                }
                None
            }
        }
    }

    fn on_event(&mut self, event: &Event<'_>) {
        // An empty seat has been counted, and counts no more.
        self.offered += 1;
        self.call(|observer| observer.on_event(event));
    }

    fn empty(&mut self) {
        if let Some(observer) = self.observer.take() {
            self.health.check(drop_isolated(observer));
            if self.counts {
                self.health.observer_dropped(self.offered);
            }
        }
    }
}

impl Drop for Fanout {
    fn drop(&mut self) {
        if let Some(log) = self.log.take() {
            log.end();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.empty();
    }
}

impl Observer for Fanout {
    fn on_event(&mut self, event: &Event<'_>) {
        let begun = std::mem::replace(&mut self.begun, true);
        for seat in &mut self.seats {
            if !(seat.first_only && begun) {
                seat.on_event(event);
            }
        }
        if let Some(log) = &mut self.log {
            log.add(event);
        }
    }

    /// All hooks' ways to make it current, nested in their order.
    fn entry(&mut self, span: SpanId) -> Entry {
        self.seats.iter_mut().fold(Entry::none(), |all, seat| {
            let entry = seat.call(|observer| observer.entry(span));
            all.and(entry.unwrap_or_default().guarded(&seat.health))
        })
    }

    fn keeps(&self) -> bool {
        let log = self.log.as_ref();
        self.seats.iter().any(|seat| seat.keeps) || log.is_some_and(RunLog::keeps)
    }

    /// One wait for those that the observers give out.
    fn ready(&mut self) -> Option<Ready> {
        let mut waits: SmallVec<[(Ready, Arc<Health>); 1]> = SmallVec::new();
        for seat in self.seats.iter_mut().filter(|seat| seat.keeps) {
            if let Some(wait) = seat.call(Observer::ready).flatten() {
                waits.push((wait, Arc::clone(&seat.health)));
            }
        }
        let later = self.log.as_ref().map(RunLog::ready).unwrap_or_default();
        if waits.is_empty() && later.is_empty() {
            return None;
        }
        Some(Box::pin(async move {
            for wait in later {
                wait.await;
            }
            for (wait, health) in waits {
                health.check(crate::catch_panic(wait).await);
            }
        }))
    }

    fn settled(&mut self, span: SpanId) -> Settled {
        let keeping = self.seats.iter_mut().filter(|seat| seat.keeps);
        let waits = keeping.map(|seat| {
            let settled = seat.call(|observer| observer.settled(span));
            let settled = settled.unwrap_or_else(|| Settled::never(broken()));
            guarded(settled, &seat.health)
        });
        let settled = waits.fold(Settled::now(), Settled::and);
        match &mut self.log {
            None => settled,
            Some(log) => settled.and(log.settled(span)),
        }
    }
}

/// A wait that panics has not kept the events.
fn guarded(settled: Settled, health: &Arc<Health>) -> Settled {
    settled.map(|wait| {
        let health = Arc::clone(health);
        Box::pin(async move {
            let waited = health.check(crate::catch_panic(wait).await);
            waited.unwrap_or_else(|| Err(broken()))
        })
    })
}

/// Of a hook that panicked, or panicked too often.
fn broken() -> NotDurable {
    NotDurable::new(NotDurableKind::Lost, "the hook that keeps events panicked")
}
