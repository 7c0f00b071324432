//! What observing an agent costs: the reference turn, as a ratio to the same spans made by hand.
//!
//! `cargo bench -p kaos-reference --bench reference_turn` prints a table, `-- --json` one JSON object
//! a line. All cases run in one process, interleaved round by round, and a case's ratio is the
//! median over the rounds of its time to that round's `raw`, so that a machine's slow moments hit
//! all of them.

use kaos_hooks::Hooks;
use kaos_otel_hook::{MetricsHook, OTelHook};
use kaos_reference::discard::{Noop, metrics, traces, traces_by_hand};
use kaos_reference::interleaved::{self, Case, Counting};
use kaos_reference::turn::{self as reference, ByHand, Fixture};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::Sampler::{AlwaysOff, AlwaysOn};
use tracing_subscriber::layer::SubscriberExt as _;

/// Turns per case and round, and rounds.
const TURNS: u32 = 200;
const ROUNDS: usize = 301;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let fixture = Fixture::default();
    let provider = traces_by_hand();
    let by_hand = ByHand::new(provider.tracer("by-hand"));
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("by-hand")));
    let subscriber = tracing::Dispatch::new(subscriber);
    let of = |sampler| OTelHook::with_provider(&traces(sampler));
    let meters = metrics();
    let measured = || MetricsHook::with_provider(&meters);
    let nobody = Hooks::default();
    let noop = Hooks::new((Noop, Noop, Noop));
    let otel = Hooks::new(of(AlwaysOn));
    let unsampled = Hooks::new(of(AlwaysOff));
    let metrics = Hooks::new(measured());
    let otel_metrics = Hooks::new((of(AlwaysOn), measured()));
    let unsampled_metrics = Hooks::new((of(AlwaysOff), measured()));

    let mut cases = [
        Case::new("raw", || by_hand.turn()),
        Case::new("raw-8", || by_hand.turn_of_eight()),
        Case::new("tracing-opentelemetry", || {
            tracing::dispatcher::with_default(&subscriber, || reference::turn_by_tracing(&fixture));
        }),
        Case::new("events", || reference::turn(&nobody, &fixture, false)),
        Case::new("events+noop", || reference::turn(&noop, &fixture, false)),
        Case::new("events+otel", || reference::turn(&otel, &fixture, false)),
        Case::new("events+otel-entered", || {
            reference::turn(&otel, &fixture, true);
        }),
        Case::new("otel-unsampled", || {
            reference::turn(&unsampled, &fixture, false);
        }),
        Case::new("events+metrics", || {
            reference::turn(&metrics, &fixture, false);
        }),
        Case::new("otel+metrics", || {
            reference::turn(&otel_metrics, &fixture, false);
        }),
        Case::new("otel-unsampled+metrics", || {
            reference::turn(&unsampled_metrics, &fixture, false);
        }),
    ];
    interleaved::compare(&mut cases, TURNS, ROUNDS);
}
