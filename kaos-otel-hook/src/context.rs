//! From the events' ids to OpenTelemetry's, and making a span current.

use std::str::FromStr as _;

use kaos_hooks::Enter;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};

pub(crate) fn trace_id(id: kaos_hooks::TraceId) -> TraceId {
    TraceId::from(id.get())
}

pub(crate) fn span_id(id: kaos_hooks::SpanId) -> SpanId {
    SpanId::from(id.get())
}

/// The context of a parent outside the run. A `tracestate` that is not valid is left out, as W3C
/// Trace Context asks.
pub(crate) fn outer(parent: &kaos_hooks::SpanContext) -> Context {
    let state = if parent.trace_state.is_empty() {
        TraceState::NONE
    } else {
        TraceState::from_str(&parent.trace_state).unwrap_or_default()
    };
    let span = SpanContext::new(
        trace_id(parent.trace_id),
        span_id(parent.span_id),
        TraceFlags::new(parent.flags),
        parent.remote,
        state,
    );
    proxy(span)
}

/// A context that names a span without holding it: whoever finds it current can make children of
/// the span, but cannot end or change it. Built on the empty context, so that nothing of the
/// caller's leaks into sampling.
pub(crate) fn proxy(span: SpanContext) -> Context {
    Context::new().with_remote_span_context(span)
}

/// The caller's own span, as the parent of a new run.
pub(crate) fn ambient() -> Option<kaos_hooks::SpanContext> {
    Context::map_current(|context| {
        if !context.has_active_span() {
            return None;
        }
        let span = context.span();
        let span = span.span_context();
        Some(kaos_hooks::SpanContext {
            trace_id: kaos_hooks::TraceId::new(u128::from_be_bytes(span.trace_id().to_bytes()))?,
            span_id: kaos_hooks::SpanId::new(u64::from_be_bytes(span.span_id().to_bytes()))?,
            flags: span.trace_flags().to_u8(),
            trace_state: span.trace_state().header().into(),
            baggage: kaos_hooks::Str::default(),
            remote: span.is_remote(),
        })
    })
}

/// Makes a span the current one of this thread's OpenTelemetry context.
pub(crate) struct Current(Context);

impl Current {
    /// The caller's context (its baggage and other values) with this span in it.
    pub(crate) fn new(span: SpanContext) -> Self {
        Self(Context::map_current(|context| {
            context.with_remote_span_context(span)
        }))
    }
}

impl Enter for Current {
    fn within(&self, run: &mut dyn FnMut()) {
        let _attached = self.0.clone().attach();
        run();
    }
}
