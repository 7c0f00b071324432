//! What observing an agent costs: the reference turn, as a ratio to the same spans made by hand.
//!
//! `cargo bench -p kaos-tests --bench reference_turn` prints a table, `-- --json` one JSON object
//! a line. All cases run in one process, interleaved round by round, and a case's ratio is the
//! median over the rounds of its time to that round's `raw`, so that a machine's slow moments hit
//! all of them.

use std::alloc::{GlobalAlloc, Layout, System};
use std::time::Duration;

use kaos_hooks::{Event, Hook, Hooks, Observer, Run};
use kaos_otel_hook::{EventIds, MetricsHook, OTelHook};
use kaos_tests::interleaved::{self, ALLOCATIONS, Case};
use kaos_tests::reference::{self, ByHand, Fixture};
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use tracing_subscriber::layer::SubscriberExt as _;

/// Turns per case and round, and rounds.
const TURNS: u32 = 200;
const ROUNDS: usize = 301;

struct Counting;

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
    // Nothing is collected while it runs.
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default())
        .with_interval(Duration::from_secs(3600))
        .build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let metrics = Hooks::new(MetricsHook::with_provider(&meters));
    let otel_metrics = Hooks::new((
        OTelHook::with_provider(&provider(Sampler::AlwaysOn)),
        MetricsHook::with_provider(&meters),
    ));
    let unsampled_metrics = Hooks::new((
        OTelHook::with_provider(&provider(Sampler::AlwaysOff)),
        MetricsHook::with_provider(&meters),
    ));

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
