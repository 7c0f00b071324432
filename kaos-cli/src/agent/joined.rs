//! One trace over several processes, also where none of them sends any: so that their trails can be put together.
//!
//! With telemetry on, its spans carry the trace from process to process. Without it this hook does the same, from the
//! events alone: the specification of OpenTelemetry has propagation on when the SDK is off, too.

use std::cell::Cell;
use std::sync::Arc;

use kaos_hooks::{Enter, Event, Hook, Incoming, Observer, Propagator, Run, SpanId, TraceId};
use kaos_otel_hook::Propagators;

thread_local! {
    static CURRENT: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// Carries traces, and records nothing.
#[derive(Debug, Default)]
pub(super) struct Joined {
    incoming: Arc<Propagators>,
}

impl Hook for Joined {
    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(Entering(run.trace_id)))
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        let incoming = Arc::clone(&self.incoming);
        Some(Arc::new(Headers { incoming }))
    }
}

struct Entering(TraceId);

impl Observer for Entering {
    fn on_event(&mut self, _event: &Event<'_>) {}

    fn entry(&mut self, span: SpanId) -> Option<Arc<dyn Enter>> {
        Some(Arc::new(Entry((self.0, span))))
    }
}

struct Entry((TraceId, SpanId));

impl Enter for Entry {
    fn within(&self, run: &mut dyn FnMut()) {
        /// Puts back what was current, also when `run` panics.
        struct Before(Option<(TraceId, SpanId)>);

        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }

        let _before = Before(CURRENT.replace(Some(self.0)));
        run();
    }
}

struct Headers {
    incoming: Arc<Propagators>,
}

impl Propagator for Headers {
    /// Sampled, as a trace is that begins at whoever is asked.
    fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
        if let Some((trace, span)) = CURRENT.get() {
            header("traceparent", &format!("00-{trace}-{span}-01"));
        }
    }

    fn extract(&self, headers: &[(&str, &[u8])]) -> Option<Incoming> {
        Propagator::extract(&*self.incoming, headers)
    }
}
