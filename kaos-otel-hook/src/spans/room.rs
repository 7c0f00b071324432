use opentelemetry_sdk::trace::SpanLimits;

/// How much a span holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) attributes: usize,
    pub(crate) events: usize,
    /// Of the notes beyond that, how many are kept until the span ends, in case it holds more.
    pub(crate) held: usize,
}

impl Room {
    pub(super) fn of(limits: &SpanLimits) -> Self {
        Self {
            attributes: limits.max_attributes_per_span as usize,
            events: limits.max_events_per_span as usize,
            held: 1,
        }
    }
}

impl Default for Room {
    /// Of a provider whose limits nobody said.
    fn default() -> Self {
        Self {
            held: 1024,
            ..Self::of(&SpanLimits::default())
        }
    }
}
