//! Trace context without spans.

use std::sync::Arc;

use kaos_hooks::{
    Body, Entry, Event, Hook, Observer, Phase, Propagator, Run, SpanId, Str, TraceId,
};
use opentelemetry::trace::TraceFlags;

use super::context::HandedOn;
use super::propagators::Propagators;

/// Takes the trace of a request that comes in, and hands on that of the run to what it asks, without making spans.
///
/// It stands in for [`OTelHook`](crate::OTelHook) where no telemetry is on, so that the records of several processes, such as their
/// audit trails, have one trace id for one question. As OpenTelemetry has it, switching off the SDK does not switch off its propagators.
/// What is handed on has the flags of what came in; a trace that begins here counts as sampled, as somebody keeps it, and a process
/// whose telemetry is on is not to leave it out.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Hooks, Turn, TurnOutcome};
/// use kaos_otel_hook::{HandOn, Telemetry};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let telemetry = Telemetry::from_vars(|_| None).unwrap();
/// let hand_on = (!telemetry.is_on()).then(|| HandOn::new(telemetry.propagators().clone()));
/// let hooks = Hooks::new((telemetry.hooks(), hand_on));
/// let turn = hooks.turn(Turn::new("assistant"));
/// let trace = turn.trace_id().to_string();
/// let asked = async { hooks.inject(|name, value| assert!(name == "traceparent" && value.contains(&trace))) };
/// turn.entered(asked).await;
/// turn.complete(TurnOutcome::default());
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct HandOn(Propagators);

impl HandOn {
    /// With these headers.
    pub const fn new(propagators: Propagators) -> Self {
        Self(propagators)
    }
}

impl Hook for HandOn {
    fn name(&self) -> Str {
        Str::Static("HandOn")
    }

    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(OfRun {
            trace: run.trace_id,
            flags: TraceFlags::SAMPLED,
            handed_on: HandedOn::default(),
        }))
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        Some(Arc::new(self.0.clone()))
    }
}

/// What a run hands on.
struct OfRun {
    trace: TraceId,
    flags: TraceFlags,
    handed_on: HandedOn,
}

impl Observer for OfRun {
    fn on_event(&mut self, event: &Event<'_>) {
        let Body::Span(span) = &event.body else {
            return;
        };
        if span.slot.parent.is_none() && matches!(span.phase, Phase::Start) {
            self.handed_on = HandedOn::of(span.subject);
            if let Some(parent) = span.subject.outer() {
                self.flags = TraceFlags::new(parent.flags);
            }
        }
    }

    fn entry(&mut self, span: SpanId) -> Entry {
        self.handed_on.entry(self.trace, span, self.flags)
    }
}
