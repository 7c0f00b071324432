use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kaos_events::Str;

use crate::MOST_PANICS;
use crate::isolate::Panicked;

/// How a hook or gate is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStats {
    /// Its name.
    pub name: Str,
    /// How often it panicked.
    pub panics: u64,
    /// Whether it panicked too often and is asked no more.
    pub out_of_service: bool,
    /// Observers of runs that have not ended yet; 0 when nothing is left behind.
    pub live_observers: usize,
}

/// What is counted about one registered hook or gate.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) name: Str,
    panics: AtomicU64,
    live: AtomicUsize,
}

impl Health {
    pub(crate) fn new(name: Str) -> Self {
        Self {
            name,
            panics: AtomicU64::new(0),
            live: AtomicUsize::new(0),
        }
    }

    /// Notes a panic, if there was one; the first is logged, and the one that is too many.
    pub(crate) fn check<T>(&self, ran: Result<T, Panicked>) -> Option<T> {
        if let Ok(value) = ran {
            return Some(value);
        }
        let so_far = self.panics.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far == 1 {
            tracing::warn!(hook = %self.name, "a hook panicked; the run goes on without its part");
        } else if so_far == MOST_PANICS {
            tracing::warn!(hook = %self.name, panics = so_far, "a hook is put out of service");
        }
        None
    }

    pub(crate) fn in_service(&self) -> bool {
        self.panics.load(Ordering::Relaxed) < MOST_PANICS
    }

    pub(crate) fn observer_made(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn observer_dropped(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> HookStats {
        HookStats {
            name: self.name.clone(),
            panics: self.panics.load(Ordering::Relaxed),
            out_of_service: !self.in_service(),
            live_observers: self.live.load(Ordering::Relaxed),
        }
    }
}
