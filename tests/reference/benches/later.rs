//! What observing an agent costs its turn where one packing is read later, by spans, metrics and trail
//! on threads of their own: the reference turn, as a ratio to the same spans made by hand.
//!
//! `cargo bench -p kaos-reference --bench later` prints a table, `-- --json` one JSON object a line. After
//! each round the readers read all there is, which does not count for the turn, and does for the
//! whole process.

use std::time::Duration;

use kaos_hooks::{Hooks, Later, Value};
use kaos_otel_hook::MetricsHook;
use kaos_reference::discard::{Noop, late_spans, metrics, traces_by_hand};
use kaos_reference::interleaved::{self, Case, Counting};
use kaos_reference::readers::{awake, nowhere, written};
use kaos_reference::turn::{self as reference, ByHand, Fixture};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::Sampler::{AlwaysOff, AlwaysOn};

/// So many turns that the readers' threads do not get in the way.
const TURNS: u32 = 15;
const ROUNDS: usize = 801;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let fixture = Fixture::default();
    let by_hand = ByHand::new(traces_by_hand().tracer("by-hand"));
    let meters = metrics();
    // As telemetry wants of values: those of spans, and those that are measured.
    let for_spans =
        |value: &Value| matches!(value, Value::UsageObserved(_) | Value::TurnSummary(_));
    let spans_only = Later::start_for("spans", for_spans).expect("a thread");
    let later = Later::start("telemetry").expect("a thread");
    let audit = nowhere().open().expect("it opens");
    let measured = || MetricsHook::with_provider(&meters).later(later.clone());

    let nobody = Hooks::default();
    let noop = Hooks::new((Noop, Noop, Noop));
    let otel = Hooks::new(late_spans(AlwaysOn, &spans_only));
    let unsampled = Hooks::new(late_spans(AlwaysOff, &spans_only));
    let metrics = Hooks::new(measured());
    let otel_metrics = Hooks::new((late_spans(AlwaysOn, &later), measured()));
    let all = Hooks::new((late_spans(AlwaysOn, &later), measured(), audit.clone()));
    let all_unsampled = Hooks::new((late_spans(AlwaysOff, &later), measured(), audit.clone()));

    let rest = || {
        for reader in [&spans_only, &later] {
            reader
                .flush_within(Duration::from_secs(5))
                .expect("it reads");
        }
        written(&runtime, &audit);
        // The readers let go of what they read.
        awake(Duration::from_micros(300));
    };
    let turn = |hooks: &Hooks, entered| reference::turn(hooks, &fixture, entered);
    let mut cases = [
        Case::new("raw", || by_hand.turn()),
        Case::new("events", || turn(&nobody, false)),
        Case::new("events+noop", || turn(&noop, false)),
        Case::new("later: otel", || turn(&otel, false)).rest(rest),
        Case::new("later: otel, entered", || turn(&otel, true)).rest(rest),
        Case::new("later: otel, unsampled", || turn(&unsampled, false)).rest(rest),
        Case::new("later: metrics", || turn(&metrics, false)).rest(rest),
        Case::new("later: otel+metrics", || turn(&otel_metrics, false)).rest(rest),
        Case::new("later: all three, unsampled", || {
            turn(&all_unsampled, false);
        })
        .rest(rest),
        Case::new("later: all three", || turn(&all, false)).rest(rest),
    ];
    interleaved::compare(&mut cases, TURNS, ROUNDS);
}
