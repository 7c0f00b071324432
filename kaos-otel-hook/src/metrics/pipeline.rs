//! What the pipeline says about itself: read when metrics are collected, so that it costs a turn
//! nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kaos_hooks::{HookStats, HooksWatch, Str};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};

use crate::attributes::string;
use crate::{ExportStats, semconv};

/// The sets of hooks that one metrics hook is part of.
#[derive(Default)]
pub(super) struct Sets(Mutex<State>);

#[derive(Default)]
struct State {
    live: Vec<HooksWatch>,
    /// What the sets that are gone have counted: counters do not go back.
    gone: Totals,
}

/// Sums by hook name.
type Totals = Vec<(Str, Total)>;

#[derive(Clone, Copy, Default)]
struct Total {
    events: u64,
    panics: u64,
    /// `None` for a hook that is no lane.
    dropped: Option<u64>,
}

impl Sets {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, set: &HooksWatch) {
        let mut state = self.lock();
        if !state
            .live
            .iter()
            .any(|series_cache| series_cache.is_same_set(set))
        {
            state.live.push(set.clone());
        }
    }

    fn totals(&self) -> Totals {
        let mut state = self.lock();
        let State { live, gone } = &mut *state;
        live.retain(|set| {
            let over = set.is_over();
            if over {
                add(gone, set.stats());
            }
            !over
        });
        let mut totals = gone.clone();
        for set in live {
            add(&mut totals, set.stats());
        }
        totals
    }
}

fn add(totals: &mut Totals, stats: Vec<HookStats>) {
    for stats in stats {
        let series_cache = totals.iter().position(|(name, _)| *name == stats.name);
        let at = series_cache.unwrap_or_else(|| {
            totals.push((stats.name, Total::default()));
            totals.len() - 1
        });
        let Some((_, total)) = totals.get_mut(at) else {
            continue;
        };
        total.events += stats.events;
        total.panics += stats.panics;
        if let Some(lane) = stats.lane {
            total.panics += lane.failed;
            total.dropped = Some(total.dropped.unwrap_or(0) + lane.dropped);
        }
        if stats.missed > 0 {
            total.dropped = Some(total.dropped.unwrap_or(0) + stats.missed);
        }
    }
}

/// Makes the counters of the sets. They last as long as the provider, so that what the last set
/// counted is exported after it is gone; they hold counters only, no hooks.
pub(super) fn observe(meter: &Meter, sets: &Arc<Sets>) {
    let counter = |name, unit, description, value: fn(&Total) -> Option<u64>| {
        let sets = Arc::clone(sets);
        let _registered = meter
            .u64_observable_counter(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |to: &dyn AsyncInstrument<u64>| {
                for (name, total) in sets.totals() {
                    if let Some(value) = value(&total) {
                        to.observe(value, &[KeyValue::new(semconv::HOOK, string(&name, None))]);
                    }
                }
            })
            .build();
    };
    // A gate sees no events.
    counter(
        semconv::KAOS_HOOKS_EVENTS,
        "{event}",
        "Events of ended runs that a hook was offered.",
        |total| Some(total.events).filter(|events| *events > 0),
    );
    counter(
        semconv::KAOS_HOOKS_DROPPED,
        "{event}",
        "Events that a lane, or the queue before a hook that hears of them later, had no room for.",
        |total| total.dropped,
    );
    counter(
        semconv::KAOS_HOOKS_PANICS,
        "{panic}",
        "Panics of a hook or gate.",
        |total| Some(total.panics),
    );
}

/// Reports what became of the spans, metrics and log records that were to be exported:
/// `kaos.export.items` with `signal` (`traces`, `metrics`, `logs`) and `result` (`exported`,
/// `failed`, `dropped`).
///
/// `stats` is called whenever metrics are collected, on that thread, and lives as long as the
/// meter's provider: it should hold its counters only.
pub fn export_results(
    meter: &Meter,
    stats: impl Fn() -> [(&'static str, ExportStats); 3] + Send + Sync + 'static,
) {
    let _registered = meter
        .u64_observable_counter(semconv::KAOS_EXPORT_ITEMS)
        .with_unit("{item}")
        .with_description("Spans, metrics and log records, by what became of them.")
        .with_callback(move |to: &dyn AsyncInstrument<u64>| {
            for (signal, stats) in stats() {
                for (result, count) in [
                    ("exported", stats.exported),
                    ("failed", stats.failed),
                    ("dropped", stats.dropped),
                ] {
                    let labels = [
                        KeyValue::new(semconv::SIGNAL, signal),
                        KeyValue::new(semconv::RESULT, result),
                    ];
                    to.observe(count, &labels);
                }
            }
        })
        .build();
}
