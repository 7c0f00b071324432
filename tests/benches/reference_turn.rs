//! What observing an agent costs: the reference turn, as a ratio to the same spans made by hand.
//!
//! `cargo bench -p kaos-tests --bench reference_turn` prints a table, `-- --json` one JSON object
//! a line. All cases run in one process, interleaved round by round, and a case's ratio is the
//! median over the rounds of its time to that round's `raw`, so that a machine's slow moments hit
//! all of them.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use kaos_hooks::{Event, Hook, Hooks, Observer, Run};
use kaos_otel_hook::{EventIds, OTelHook};
use kaos_tests::reference::{self, ByHand, Fixture};
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use tracing_subscriber::layer::SubscriberExt as _;

/// Turns per case and round, and rounds.
const TURNS: u32 = 200;
const ROUNDS: usize = 301;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe; this one counts and passes on"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Drops every span, as a processor that keeps up would.
#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        drop(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

struct Noop;

impl Hook for Noop {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(|_event: &Event<'_>| ()))
    }
}

struct Case<'a> {
    name: &'static str,
    turn: Box<dyn Fn() + 'a>,
    times: Vec<f64>,
    allocations: u64,
}

fn case<'a>(name: &'static str, turn: impl Fn() + 'a) -> Case<'a> {
    for _ in 0..TURNS {
        turn();
    }
    let before = ALLOCATIONS.get();
    turn();
    let allocations = ALLOCATIONS.get() - before;
    Case {
        name,
        turn: Box::new(turn),
        times: Vec::new(),
        allocations,
    }
}

fn main() {
    let fixture = Fixture::default();
    let by_hand_provider = SdkTracerProvider::builder()
        .with_span_processor(Discard)
        .build();
    let by_hand = ByHand::new(by_hand_provider.tracer("by-hand"));
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(by_hand_provider.tracer("by-hand")));
    let subscriber = tracing::Dispatch::new(subscriber);
    let provider = |sampler| {
        SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_id_generator(EventIds::default())
            .with_span_processor(Discard)
            .build()
    };
    let nobody = Hooks::default();
    let noop = Hooks::new((Noop, Noop, Noop));
    let otel = Hooks::new(OTelHook::with_provider(&provider(Sampler::AlwaysOn)));
    let unsampled = Hooks::new(OTelHook::with_provider(&provider(Sampler::AlwaysOff)));

    let mut cases = [
        case("raw", || by_hand.turn()),
        case("raw-8", || by_hand.turn_of_eight()),
        case("tracing-opentelemetry", || {
            tracing::dispatcher::with_default(&subscriber, || reference::turn_by_tracing(&fixture));
        }),
        case("events", || reference::turn(&nobody, &fixture, false)),
        case("events+noop", || reference::turn(&noop, &fixture, false)),
        case("events+otel", || reference::turn(&otel, &fixture, false)),
        case("events+otel-entered", || {
            reference::turn(&otel, &fixture, true);
        }),
        case("otel-unsampled", || {
            reference::turn(&unsampled, &fixture, false);
        }),
    ];
    for _ in 0..ROUNDS {
        for case in &mut cases {
            let began = Instant::now();
            for _ in 0..TURNS {
                (case.turn)();
            }
            case.times
                .push(began.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS));
        }
    }

    let raw = cases
        .first()
        .map(|raw| raw.times.clone())
        .unwrap_or_default();
    let json = std::env::args().any(|argument| argument == "--json");
    if !json {
        println!(
            "{:24} {:>8} {:>12} {:>10}",
            "case", "x raw", "allocations", "ns a turn"
        );
    }
    for case in &cases {
        let ratios = case
            .times
            .iter()
            .zip(&raw)
            .map(|(time, raw)| time / raw)
            .collect();
        let (ratio, nanos) = (median(ratios), median(case.times.clone()));
        let (name, allocations) = (case.name, case.allocations);
        if json {
            println!("{{\"case\":\"{name}\",\"ratio\":{ratio:.3},\"allocations\":{allocations}}}");
        } else {
            println!("{name:24} {ratio:8.3} {allocations:12} {nanos:10.0}");
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
