//! What must not grow: what an event costs in turns of any length, in any number of sessions and of
//! turns at once, and what the process holds after a million turns. Spans, metrics and trail read
//! later.
//!
//! `cargo bench -p kaos-reference --bench flat` prints a table, `-- --json` one JSON object a line.
//! `KAOS_BENCH_TURNS` says over how many turns the memory is looked at (default: 1 000 000, which
//! takes seven minutes: a record takes 10 µs, and there are 34 million).

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a bench computes figures"
)]

use std::cell::Cell;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kaos_hooks::{Hooks, Step, StepOutcome, Str, Turn};
use kaos_reference::discard::traces_by_hand;
use kaos_reference::interleaved::{median, thread_cpu};
use kaos_reference::readers::AllThree;
use kaos_reference::say::say;
use kaos_reference::turn::{self as reference, ByHand, Fixture, events};
use opentelemetry::trace::TracerProvider as _;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, yield_now};

/// So many events a round, whatever turns they are of.
const EVENTS: u64 = 40_000;
/// As many turns.
const TURNS: usize = EVENTS as usize / 34;
const ROUNDS: usize = 51;

fn main() {
    let observed = AllThree::new();
    lengths(&observed);
    sessions(&observed);
    at_once(&observed);
    one_event(&observed);
    cold(&observed);
    memory(&observed);
}

/// Something measured: its name, and what gives its nanoseconds.
type Measured<'a> = (&'static str, Box<dyn Fn() -> f64 + 'a>);

/// What each takes as a ratio to the first one in the same round, the median over the rounds. The
/// readers read all there is after each.
fn compare(observed: &AllThree, rounds: usize, cases: &[Measured<'_>]) {
    let mut ratios = vec![Vec::new(); cases.len()];
    for round in 0..=rounds {
        let mut first = None;
        for ((_, nanos), ratios) in cases.iter().zip(&mut ratios) {
            let nanos = nanos();
            observed.rest();
            // The first round warms up.
            if round > 0 {
                ratios.push(nanos / *first.get_or_insert(nanos));
            }
        }
    }
    for ((name, _), ratios) in cases.iter().zip(ratios) {
        say(name, median(ratios), "× the first");
    }
}

/// The CPU time that this thread takes for it.
fn cpu(work: impl FnOnce()) -> f64 {
    let began = thread_cpu();
    work();
    thread_cpu().saturating_sub(began).as_nanos() as f64
}

fn turn_of(hooks: &Hooks, fixture: &Fixture, steps: u32, session: Str) {
    let turn = reference::begin(hooks, fixture, session);
    for number in 1..=steps {
        reference::step(&turn, fixture, number, false);
    }
    reference::end(turn, fixture);
}

/// An event of long turns, and of short ones.
fn lengths(observed: &AllThree) {
    let of = |name, steps| -> Measured<'_> {
        let fixture = Fixture::default();
        let turns = (EVENTS / events(steps)).max(1);
        let each = (turns * events(steps)) as f64;
        let run = move || {
            for _ in 0..turns {
                turn_of(&observed.hooks, &fixture, steps, "session-1".into());
            }
        };
        (name, Box::new(move || cpu(&run) / each))
    };
    let cases = [
        of("an event, turns of 34", 4),
        of("an event, turns of 342", 48),
        of("an event, turns of 3 996", 570),
        of("an event, turns of 40 004", 5_714),
    ];
    compare(observed, ROUNDS, &cases);
}

/// Turns of the same session, and each of another one.
fn sessions(observed: &AllThree) {
    let of = |name, sessions: usize| -> Measured<'_> {
        let fixture = Fixture::default();
        let names = (0..sessions).map(|number| Str::from(format!("session-{number}")));
        let names: Vec<Str> = names.collect();
        let next = Cell::new(0);
        let run = move || {
            for _ in 0..TURNS {
                let session = names.get(next.get()).cloned().unwrap_or_default();
                next.set((next.get() + 1) % sessions);
                turn_of(&observed.hooks, &fixture, 4, session);
            }
        };
        (name, Box::new(move || cpu(&run)))
    };
    let cases = [
        of("a turn, 1 session", 1),
        of("a turn, 1 000 sessions", 1_000),
        of("a turn, 100 000 sessions", 100_000),
    ];
    compare(observed, 2 * ROUNDS, &cases);
}

/// A turn that lets others go on after each step.
async fn waits(hooks: Hooks, fixture: Fixture) {
    let turn = reference::begin(&hooks, &fixture, "session-1".into());
    for number in 1..=4 {
        reference::step(&turn, &fixture, number, false);
        yield_now().await;
    }
    reference::end(turn, &fixture);
}

/// So many turns at once until there have been 1 024, on this thread: what it takes for each.
fn turns_at_once(hooks: &Hooks, at_once: usize) -> f64 {
    const ALL: usize = 1_024;
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let fixture = Fixture::default();
    let took = cpu(|| {
        runtime.block_on(async {
            for _ in 0..ALL / at_once {
                let turns = (0..at_once).map(|_| waits(hooks.clone(), fixture.clone()));
                turns.collect::<JoinSet<()>>().join_all().await;
            }
        });
    });
    took / ALL as f64
}

/// One turn after the other, and up to 512 at once.
fn at_once(observed: &AllThree) {
    let of = |name, turns: usize, threads: usize| -> Measured<'_> {
        let run = move || {
            std::thread::scope(|scope| {
                let on = || scope.spawn(|| turns_at_once(&observed.hooks, turns / threads));
                let threads: Vec<_> = (0..threads).map(|_| on()).collect();
                let all = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
                median(all.map(|nanos| nanos.unwrap_or(f64::NAN)).collect())
            })
        };
        (name, Box::new(run))
    };
    let cases = [
        of("a turn, 1 at once", 1, 1),
        of("a turn, 8 at once", 8, 1),
        of("a turn, 64 at once", 64, 1),
        of("a turn, 512 at once", 512, 1),
        of("a turn, 512 at once on 2 threads", 512, 2),
    ];
    compare(observed, ROUNDS, &cases);
}

/// How long single events take, those that hand over what has been packed included.
fn one_event(observed: &AllThree) {
    const STEPS: usize = 300;
    const TURNS: usize = 200;
    let mut nanos = Vec::with_capacity(2 * STEPS * TURNS);
    for _ in 0..TURNS {
        let turn = observed.hooks.turn(Turn::new("assistant"));
        for _ in 0..STEPS {
            let began = Instant::now();
            let step = turn.open(Step::new(1));
            nanos.push(began.elapsed().as_nanos());
            let began = Instant::now();
            step.complete(StepOutcome::default());
            nanos.push(began.elapsed().as_nanos());
        }
        drop(turn);
        observed.rest();
    }
    nanos.sort_unstable();
    for (name, of_1000) in [
        ("an event, median", 500),
        ("an event, p99", 990),
        ("an event, p99.9", 999),
    ] {
        let at = nanos.get(nanos.len() * of_1000 / 1_000);
        say(name, at.map_or(f64::NAN, |nanos| *nanos as f64), "ns");
    }
}

/// A turn every 10 ms, between which others have used the caches.
fn cold(observed: &AllThree) {
    let fixture = Fixture::default();
    let by_hand = ByHand::new(traces_by_hand().tracer("by-hand"));
    let nobody = Hooks::default();
    let others = vec![1_u8; 64 * 1024 * 1024];
    let alone = |turn: &dyn Fn()| {
        std::thread::sleep(Duration::from_millis(10));
        let touched = others.iter().step_by(64).map(|byte| u64::from(*byte));
        black_box(touched.sum::<u64>());
        let began = Instant::now();
        turn();
        began.elapsed().as_nanos() as f64
    };
    let cases: [Measured<'_>; 3] = [
        ("cold: by hand", Box::new(|| alone(&|| by_hand.turn()))),
        (
            "cold: events alone",
            Box::new(|| alone(&|| reference::turn(&nobody, &fixture, false))),
        ),
        (
            "cold: spans, metrics and trail",
            Box::new(|| alone(&|| reference::turn(&observed.hooks, &fixture, false))),
        ),
    ];
    compare(observed, 4 * ROUNDS, &cases);
}

/// What the process has in memory, in MiB.
fn resident() -> f64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    f64::from(pages.unwrap_or(0_u32)) * 4096.0 / (1024.0 * 1024.0)
}

/// What is held after a tenth of the turns, and how much more after all of them.
fn memory(observed: &AllThree) {
    let all = std::env::var("KAOS_BENCH_TURNS").ok();
    let all: u64 = all.and_then(|all| all.parse().ok()).unwrap_or(1_000_000);
    let fixture = Fixture::default();
    let mut held = Vec::new();
    for number in 1..=all {
        reference::turn(&observed.hooks, &fixture, false);
        if number.is_multiple_of(100) {
            observed.rest();
        }
        if [all / 100, all / 10, all].contains(&number) {
            held.push(resident());
        }
    }
    let [early, tenth, late] = held[..] else {
        return;
    };
    say("memory after a hundredth of the turns", early, "MiB");
    say("memory after a tenth of the turns", tenth, "MiB");
    say(
        "memory, what came to that till the last",
        late - tenth,
        "MiB",
    );
}
