//! Telemetry of the benches: made, and thrown away at once.

use std::time::Duration;

use kaos_hooks::{Event, Hook, Later, Observer, Run};
use kaos_otel_hook::{EventIds, LateSpans, OTelHook};
use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};

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

/// A hook that does nothing.
#[derive(Debug)]
pub struct Noop;

impl Hook for Noop {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(|_event: &Event<'_>| ()))
    }
}

/// Spans for code that makes its own.
pub fn traces_by_hand() -> SdkTracerProvider {
    let builder = SdkTracerProvider::builder();
    builder.with_span_processor(Discard).build()
}

/// Spans for an `OTelHook`, all sampled or none.
pub fn traces(sampler: Sampler) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(sampler)))
        .with_id_generator(EventIds::default())
        .with_span_processor(Discard)
        .build()
}

/// An `OTelHook` whose spans are made later, all sampled or none.
///
/// # Panics
///
/// Never: the provider is a known one.
pub fn late_spans(sampler: Sampler, later: &Later) -> LateSpans {
    let sampler = Sampler::ParentBased(Box::new(sampler));
    let late = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_id_generator(EventIds::default())
        .with_span_processor(Discard)
        .build();
    let at_once = OTelHook::with_provider(&traces(sampler.clone()));
    let hooks = (at_once, OTelHook::with_provider(&late));
    LateSpans::new(hooks, sampler, later.clone(), false).expect("a known provider")
}

/// Instruments that nobody reads while a bench runs.
pub fn metrics() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default())
        .with_interval(Duration::from_secs(3600))
        .build();
    SdkMeterProvider::builder().with_reader(reader).build()
}
