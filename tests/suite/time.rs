//! Time is data: it comes through the clock, and never goes backwards within a run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kaos_hooks::testing::Recorder;
use kaos_hooks::{Clock, Emitter, EventBuf, Hooks, Step, StepOutcome, Turn, TurnOutcome};

/// A broken clock: each reading is earlier than the one before.
struct Backwards(AtomicU64);

impl Clock for Backwards {
    fn unix_nanos(&self) -> u64 {
        1_700_000_000_000_000_000
    }

    fn monotonic_nanos(&self) -> u64 {
        self.0.fetch_sub(1_000, Ordering::Relaxed)
    }
}

#[test]
fn time_never_goes_backwards_whatever_the_clock_does() {
    let clock = Backwards(AtomicU64::new(1_000_000));
    let recorder = Recorder::new();
    let hooks = Hooks::with_emitter(Emitter::new().with_clock(clock), recorder.clone());
    let turn = hooks.turn(Turn::new("assistant"));
    turn.open(Step::new(1)).complete(StepOutcome::default());
    turn.complete(TurnOutcome::default());

    recorder.check().unwrap();
    let events = recorder.events();
    assert!(events.iter().all(|event| event.time == events[0].time));
    assert_eq!(events[0].time.unix_nanos, 1_700_000_000_000_000_000);
    let ends = events.iter().filter_map(EventBuf::span);
    let durations: Vec<Duration> = ends
        .filter_map(|span| span.phase.as_phase().duration())
        .collect();
    assert_eq!(durations, [Duration::ZERO; 2]);
}
