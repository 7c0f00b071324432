//! From the events' ids to OpenTelemetry's, and making a span current.

use kaos_hooks::{Enter, Entry, Str, Subject};
use opentelemetry::Context;
use opentelemetry::baggage::{Baggage, BaggageExt as _, KeyValueMetadata};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};

use super::{baggage, trace_state};

pub(crate) fn trace_id(id: kaos_hooks::TraceId) -> TraceId {
    TraceId::from(id.get())
}

pub(crate) fn span_id(id: kaos_hooks::SpanId) -> SpanId {
    SpanId::from(id.get())
}

/// The context of a parent outside the run. A `tracestate` that is not valid is left out, as W3C
/// Trace Context asks.
pub(crate) fn outer(parent: &kaos_hooks::SpanContext) -> Context {
    with_outer(&Context::new(), parent)
}

/// This context with a parent outside the run as its span.
pub(crate) fn with_outer(context: &Context, parent: &kaos_hooks::SpanContext) -> Context {
    let state = held(&parent.trace_state);
    let span = SpanContext::new(
        trace_id(parent.trace_id),
        span_id(parent.span_id),
        TraceFlags::new(parent.flags),
        parent.remote,
        state.clone().unwrap_or_default(),
    );
    let context = context.with_remote_span_context(span);
    match state {
        Some(_) => context,
        None => context.with_value(Unheld::of(parent)),
    }
}

/// The context of a span that another context knows, with its baggage.
pub(crate) fn of_incoming(incoming: &kaos_hooks::Incoming) -> Context {
    let outer = incoming.span.as_ref().map_or_else(Context::new, outer);
    if incoming.baggage.is_empty() {
        return outer;
    }
    outer.with_baggage(baggage::decode(&incoming.baggage))
}

/// A `tracestate` as OpenTelemetry's type; `None` if that type refuses what W3C Trace Context
/// allows, a system id of 14 characters.
fn held(header: &str) -> Option<TraceState> {
    if header.is_empty() {
        return Some(TraceState::NONE);
    }
    match trace_state::members([header]) {
        Some(members) => TraceState::from_key_value(members).ok(),
        None => Some(TraceState::NONE),
    }
}

/// A valid `tracestate` that OpenTelemetry's type cannot hold, in a context of its trace.
#[derive(Debug, Clone)]
struct Unheld {
    trace_id: TraceId,
    header: Str,
}

impl Unheld {
    fn of(parent: &kaos_hooks::SpanContext) -> Self {
        Self {
            trace_id: trace_id(parent.trace_id),
            header: parent.trace_state.clone(),
        }
    }
}

/// The `tracestate` of a context's span, as a header; empty when there is none.
pub(crate) fn trace_state(context: &Context, span: &SpanContext) -> String {
    let header = span.trace_state().header();
    if !header.is_empty() {
        return header;
    }
    context
        .get::<Unheld>()
        .filter(|unheld| unheld.trace_id == span.trace_id())
        .map(|unheld| unheld.header.to_string())
        .unwrap_or_default()
}

/// What a run hands on from its parent outside to the requests it makes, besides its own ids.
#[derive(Default)]
pub(crate) struct HandedOn {
    /// Of a run that is not recorded; the spans of others have it themselves.
    pub(crate) trace_state: TraceState,
    unheld: Option<Unheld>,
    baggage: Vec<KeyValueMetadata>,
}

impl HandedOn {
    /// That of a root's turn.
    pub(crate) fn of(root: &Subject) -> Self {
        let baggage = root.baggage().map(Str::as_str);
        let mut handed_on = Self {
            baggage: baggage.map_or_else(Vec::new, baggage::decode),
            ..Self::default()
        };
        if let Some(parent) = root.outer() {
            let held = held(&parent.trace_state);
            handed_on.unheld = held.is_none().then(|| Unheld::of(parent));
            handed_on.trace_state = held.unwrap_or_default();
        }
        handed_on
    }

    /// Entering a span of the run that is known by its ids alone.
    pub(crate) fn entry(
        &self,
        trace: kaos_hooks::TraceId,
        span: kaos_hooks::SpanId,
        flags: TraceFlags,
    ) -> Entry {
        let state = self.trace_state.clone();
        let span = SpanContext::new(trace_id(trace), span_id(span), flags, false, state);
        Entry::by(Current::new(span, self))
    }

    /// The caller's context with this in it. What the caller has in its own baggage stands nearer,
    /// and counts.
    fn within(&self, mut context: Context) -> Context {
        if let Some(unheld) = &self.unheld {
            context = context.with_value(unheld.clone());
        }
        if !self.baggage.is_empty() {
            let mut baggage: Baggage = self.baggage.iter().cloned().collect();
            for (key, (value, properties)) in context.baggage() {
                baggage.insert_with_metadata(key.clone(), value.clone(), properties.clone());
            }
            context = context.with_baggage(baggage);
        }
        context
    }
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
            trace_state: trace_state(context, span).into(),
            remote: span.is_remote(),
        })
    })
}

/// Makes a span the current one of this thread's OpenTelemetry context.
pub(crate) struct Current(Context);

impl Current {
    /// The caller's context (its baggage and other values) with this span in it, and what the run
    /// hands on.
    pub(crate) fn new(span: SpanContext, handed_on: &HandedOn) -> Self {
        let context = Context::map_current(|context| context.with_remote_span_context(span));
        Self(handed_on.within(context))
    }
}

impl Enter for Current {
    fn within(&self, run: &mut dyn FnMut()) {
        let _attached = self.0.clone().attach();
        run();
    }
}
