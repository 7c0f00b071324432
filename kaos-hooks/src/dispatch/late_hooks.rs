//! The hooks of a set that hear of events later.

use std::sync::Arc;

use crate::Registry;
use crate::dispatch::fanout::Fanout;
use crate::dispatch::isolate::isolated;
use crate::dispatch::later::Readers;
use crate::dispatch::registry::HookSeat;

/// Those who read later, and of each hook its number among those that they stand for.
pub(crate) fn of(registry: &Registry) -> (Readers, Vec<Option<usize>>) {
    // Who reads the packing itself has no observers, and is not kept by events that wait for it.
    let late = registry
        .hooks
        .iter()
        .filter_map(|HookSeat { hook, reader }| {
            let hears = reader.as_ref()?.delivers();
            Some(hears.then(|| (Arc::clone(&hook.what), Arc::clone(&hook.health))))
        });
    let hooks: Vec<_> = late.collect();
    let mut readers = Readers::new(Box::new(move |numbers, run| {
        let mut fanout = Fanout::new();
        for number in numbers {
            let Some(Some((hook, health))) = hooks.get(*number) else {
                continue;
            };
            if !health.in_service() {
                continue;
            }
            let observer = health.check(isolated(|| hook.observe(run)));
            if let Some(observer) = observer.flatten() {
                fanout.seat_later(observer, Arc::clone(health));
            }
        }
        Box::new(fanout)
    }));
    let mut late: Vec<Option<usize>> = Vec::new();
    for HookSeat { hook, reader } in &registry.hooks {
        let number = reader
            .as_ref()
            .map(|reader| readers.add(&hook.health, reader));
        if number == Some(None) {
            tracing::error!(hook = %hook.health.name, "too many readers in one set: it hears nothing");
        }
        late.push(number.map(|number| number.unwrap_or(NOBODY)));
    }
    (readers, late)
}

/// The number of a hook that hears nothing.
const NOBODY: usize = usize::MAX;
