use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

thread_local! {
    /// The ids for the span that this thread is about to make.
    static NEXT: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// Gives the SDK the ids of the events, so that trail, spans, logs and headers agree.
///
/// The SDK has no way to pass ids to a span's builder; it asks its id generator. [`OTelHook`] sets
/// the ids for this thread just before it makes a span. Spans made by others get random ids.
/// [`Telemetry`] installs it; put it into a provider of your own to the same effect.
///
/// [`OTelHook`]: crate::OTelHook
/// [`Telemetry`]: crate::Telemetry
///
/// # Example
///
/// ```
/// use kaos_otel_hook::{EventIds, OTelHook};
/// use opentelemetry_sdk::trace::SdkTracerProvider;
///
/// let provider = SdkTracerProvider::builder().with_id_generator(EventIds::default()).build();
/// let hook = OTelHook::with_provider(&provider);
/// ```
#[derive(Debug, Clone, Default)]
pub struct EventIds {
    random: RandomIdGenerator,
}

impl IdGenerator for EventIds {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get()
            .map_or_else(|| self.random.new_trace_id(), |(trace_id, _)| trace_id)
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get()
            .map_or_else(|| self.random.new_span_id(), |(_, span_id)| span_id)
    }
}

/// Makes a span for which the id generator gives these ids.
pub(crate) fn with_ids<T>(trace_id: TraceId, span_id: SpanId, make: impl FnOnce() -> T) -> T {
    /// Clears the ids also when a sampler or processor panics.
    struct Clear;

    impl Drop for Clear {
        fn drop(&mut self) {
            NEXT.set(None);
        }
    }

    NEXT.set(Some((trace_id, span_id)));
    let _clear = Clear;
    make()
}
