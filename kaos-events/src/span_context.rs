use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{SpanId, Str, TraceId};

fields! {
    /// What a span tells the spans of other processes about itself.
    ///
    /// The fields of W3C Trace Context, level 1: `traceparent` (trace id, span id, flags) and
    /// `tracestate`.
    ///
    /// # Example
    ///
    /// A trace that goes through a queue, where the message has the ids:
    ///
    /// ```
    /// use kaos_events::{Emitter, Event, InvalidId, SpanContext, SpanId, TraceId, Turn, TurnOutcome};
    ///
    /// fn caller(trace: &str, span: &str) -> Result<SpanContext, InvalidId> {
    ///     let (trace, span): (TraceId, SpanId) = (trace.parse()?, span.parse()?);
    ///     Ok(SpanContext::remote(trace, span))
    /// }
    ///
    /// let caller = caller("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")?;
    /// let turn = Emitter::new().turn(Turn::new("assistant").parent(caller.clone()), |_run| |_: &Event<'_>| ());
    /// assert_eq!(turn.trace_id(), caller.trace_id);
    /// turn.complete(TurnOutcome::default());
    /// # Ok::<(), InvalidId>(())
    /// ```
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct SpanContext {
        /// The trace the span belongs to.
        pub trace_id: TraceId as number,
        /// The span itself.
        pub span_id: SpanId as number,
        /// Trace flags; bit 0 says that the caller may have recorded the trace.
        pub flags: u8 as number,
        /// The header `tracestate` as it was received; empty when there was none.
        #[serde(default)]
        pub trace_state: Str as name,
        /// Whether it came from another process (a header), not from the caller's own span.
        #[serde(default)]
        pub remote: bool as number,
    }
}

impl SpanContext {
    /// A sampled context without trace state, received from another process.
    pub fn remote(trace_id: TraceId, span_id: SpanId) -> Self {
        Self {
            trace_id,
            span_id,
            flags: 1,
            trace_state: Str::default(),
            remote: true,
        }
    }

    /// Whether the sampled flag is set.
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

/// What a request to this process says of where it comes from: a turn's
/// [`parent`](crate::Turn::parent).
///
/// Either may be there without the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incoming {
    /// The caller's span; `None` starts a new trace.
    pub span: Option<SpanContext>,
    /// The header `baggage` (W3C Baggage) as it was received; empty when there was none.
    pub baggage: Str,
}

impl From<SpanContext> for Incoming {
    fn from(span: SpanContext) -> Self {
        Some(span).into()
    }
}

impl From<Option<SpanContext>> for Incoming {
    fn from(span: Option<SpanContext>) -> Self {
        let baggage = Str::default();
        Self { span, baggage }
    }
}

impl From<Option<Self>> for Incoming {
    fn from(incoming: Option<Self>) -> Self {
        incoming.unwrap_or_default()
    }
}
