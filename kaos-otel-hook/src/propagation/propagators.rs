//! Traces that cross processes: W3C Trace Context and W3C Baggage, in and out of headers.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use kaos_hooks::{Incoming, Propagator, SpanContext};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt as _;

use super::{baggage, context, trace_parent, trace_state};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// Reads and writes the headers `traceparent`, `tracestate` and `baggage`, as strictly as W3C
/// Trace Context and W3C Baggage ask. Default: all three.
///
/// A malformed or repeated `traceparent` is counted and starts a new trace; it is never an error. A
/// malformed `tracestate` is discarded, as are malformed members of `baggage` and those beyond 64
/// members or 8192 bytes. Names of headers match in any case.
///
/// Cheap to clone; clones share the counter. It is also a [`TextMapPropagator`], so that everything
/// else that is instrumented can be as strict:
/// `opentelemetry::global::set_text_map_propagator(Propagators::default())`.
///
/// # Example
///
/// A request comes in, and its trace goes on in the turn. A tool asks another service, whose spans
/// become the tool's children.
///
/// ```
/// use std::collections::HashMap;
///
/// use kaos_hooks::{Hooks, ToolCall, Turn};
/// use kaos_otel_hook::Telemetry;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (telemetry, _memory) = Telemetry::in_memory();
/// let hooks = Hooks::new(telemetry.hooks());
///
/// // Incoming: any pairs of name and value, like those of an `&http::HeaderMap`.
/// let request = HashMap::from([(
///     "traceparent",
///     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
/// )]);
/// let parent = hooks.extract(&request);
/// // With a runner: `runner.turn(message, session).parent(parent).await`
/// let turn = hooks.turn(Turn::new("assistant").parent(parent));
///
/// // Outgoing: a runner enters the span of each tool and model call.
/// let tool = turn.open(ToolCall::new("search"));
/// let headers = tool.entered(async {
///     let mut headers = HashMap::new();
///     hooks.inject(|name, value| drop(headers.insert(name.to_owned(), value.to_owned())));
///     headers
/// });
/// let headers = headers.await;
/// assert!(headers["traceparent"].starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
/// assert!(headers["traceparent"].contains(&tool.id().to_string()));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Propagators {
    pub(super) trace_context: bool,
    pub(super) baggage: bool,
    malformed: Arc<AtomicU64>,
}

impl Propagators {
    pub(super) fn of(trace_context: bool, baggage: bool) -> Self {
        Self {
            trace_context,
            baggage,
            malformed: Arc::default(),
        }
    }

    /// How many requests had a malformed or repeated `traceparent`, and so started a new trace.
    pub fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    /// The caller's span in another process, the parent of a run, and its baggage, each whether the
    /// other is there or not; `None` where there is neither.
    ///
    /// The carrier must find names in any case, or have them in lower case, as `http::HeaderMap` and
    /// what [`inject`](Self::inject) writes into a `HashMap` do. Values that a carrier repeats are
    /// seen if it has [`Extractor::get_all`]. [`Hooks::extract`](kaos_hooks::Hooks::extract) takes
    /// any headers.
    pub fn extract(&self, carrier: &dyn Extractor) -> Option<Incoming> {
        self.incoming(|name| values(carrier, name))
    }

    /// Writes the headers that name the current span, sampled or not, and the current baggage.
    ///
    /// Without a span there is only the baggage; without baggage, nothing.
    pub fn inject(&self, carrier: &mut dyn Injector) {
        // A clone: the carrier may do what it likes with the current context.
        self.inject_context(&Context::current(), carrier);
    }

    fn incoming<'a>(&self, header: impl Fn(&str) -> Vec<Cow<'a, str>>) -> Option<Incoming> {
        let baggage = if self.baggage {
            header(BAGGAGE)
        } else {
            Vec::new()
        };
        let incoming = Incoming {
            span: self.parent(header),
            baggage: baggage::join(baggage.iter().map(AsRef::as_ref)).into(),
        };
        (incoming != Incoming::default()).then_some(incoming)
    }

    fn parent<'a>(&self, header: impl Fn(&str) -> Vec<Cow<'a, str>>) -> Option<SpanContext> {
        if !self.trace_context {
            return None;
        }
        let parsed = match header(TRACEPARENT).as_slice() {
            [] => return None,
            [value] => trace_parent::parse(value),
            _ => None,
        };
        let Some((trace_id, span_id, flags)) = parsed else {
            self.malformed.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let states = header(TRACESTATE);
        let trace_state = trace_state::join(states.iter().map(AsRef::as_ref)).unwrap_or_default();
        Some(SpanContext {
            flags,
            trace_state: trace_state.into(),
            ..SpanContext::remote(trace_id, span_id)
        })
    }
}

/// All values of a header, wherever the carrier keeps them.
fn values<'a>(carrier: &'a dyn Extractor, name: &str) -> Vec<Cow<'a, str>> {
    let found = carrier.get_all(name).filter(|values| !values.is_empty());
    let found = found.or_else(|| {
        let mut keys = carrier.keys().into_iter();
        carrier.get_all(keys.find(|key| key.eq_ignore_ascii_case(name))?)
    });
    let found = found.unwrap_or_default();
    found.into_iter().map(Cow::Borrowed).collect()
}

impl Default for Propagators {
    fn default() -> Self {
        Self::of(true, true)
    }
}

impl TextMapPropagator for Propagators {
    fn inject_context(&self, context: &Context, carrier: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if self.trace_context && span.is_valid() {
            carrier.set(TRACEPARENT, trace_parent::format(span));
            let state = context::trace_state(context, span);
            // The API's type takes values that a header must not have.
            match trace_state::join([state.as_str()]) {
                Some(state) if !state.is_empty() => carrier.set(TRACESTATE, state),
                _ => {}
            }
        }
        if self.baggage {
            let baggage = baggage::encode(context.baggage());
            if !baggage.is_empty() {
                carrier.set(BAGGAGE, baggage);
            }
        }
    }

    fn extract_with_context(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let mut context = context.clone();
        let Incoming { span, baggage } = self.extract(carrier).into();
        if let Some(parent) = span {
            context = context::with_outer(&context, &parent);
        }
        if !baggage.is_empty() {
            context = context.with_baggage(baggage::decode(&baggage));
        }
        context
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 3]> =
            LazyLock::new(|| [TRACEPARENT, TRACESTATE, BAGGAGE].map(str::to_owned));
        let fields = match (self.trace_context, self.baggage) {
            (true, true) => FIELDS.get(..),
            (true, false) => FIELDS.get(..2),
            (false, true) => FIELDS.get(2..),
            (false, false) => None,
        };
        FieldIter::new(fields.unwrap_or_default())
    }
}

/// What a hook carries over; the ambient parent is the current span, whichever headers are chosen.
impl Propagator for Propagators {
    fn ambient_parent(&self) -> Option<SpanContext> {
        context::ambient()
    }

    fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
        Self::inject(self, &mut Each(header));
    }

    fn extract(&self, headers: &[(&str, &[u8])]) -> Option<Incoming> {
        self.incoming(|name| {
            headers
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                // What is not text is malformed, and stays so.
                .map(|(_, value)| String::from_utf8_lossy(value))
                .collect()
        })
    }
}

/// A function of name and value, as a carrier.
struct Each<'a>(&'a mut dyn FnMut(&str, &str));

impl Injector for Each<'_> {
    fn set(&mut self, name: &str, value: String) {
        (self.0)(name, &value);
    }
}
