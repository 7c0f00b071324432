//! The span a line belongs to.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use tracing::Metadata;

/// The span of this thread's OpenTelemetry context, sampled or not.
pub(super) fn current_span() -> Option<SpanContext> {
    Context::map_current(|context| {
        let span = context.has_active_span().then(|| context.span())?;
        let span = span.span_context();
        span.is_valid().then(|| span.clone())
    })
}

/// Whether the event is the OpenTelemetry API's own, which may speak while it changes the current
/// context: asking for the context then would panic.
pub(super) fn is_held_by(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "opentelemetry"
}
