use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::trace::TraceId;

use super::settings::SpanSettings;
use crate::notice;

/// What the observers of one hook share.
pub(crate) struct Inner<T> {
    pub(crate) tracer: T,
    pub(crate) settings: SpanSettings,
    warned: AtomicBool,
}

impl<T> Inner<T> {
    pub(super) fn new(tracer: T, settings: SpanSettings) -> Self {
        Self {
            tracer,
            settings,
            warned: AtomicBool::new(false),
        }
    }

    /// Says once that spans go nowhere, unless the trace is just not sampled: a sampler's "no"
    /// still has a span of the trace, a missing or shut down provider has none of its own.
    pub(crate) fn not_recording(
        &self,
        span: &opentelemetry::trace::SpanContext,
        trace_id: TraceId,
    ) {
        let sampled_out = span.is_valid() && span.trace_id() == trace_id && !span.is_remote();
        if !sampled_out && !self.warned.swap(true, Ordering::Relaxed) {
            notice::say(
                "OTelHook exports nothing: there is no tracer provider, or it has been shut down. \
                 Use `let telemetry = Telemetry::from_env()?;` and `telemetry.hooks()`, or \
                 `OTelHook::with_provider(&provider)`.",
            );
        }
    }
}
