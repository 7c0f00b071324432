//! One event as it is kept.

use std::sync::OnceLock;

use kaos_events::{SpanId, Str, Time, TraceId};
use serde_json::Value;

use super::entry::{Entry, Stage};

/// One event. What may not leave is taken out when it is first read, by the reader: looking for
/// secrets takes time, and the turn does not wait for it.
pub(super) struct Kept {
    /// Its place among all of this memory, from 1.
    pub(super) number: u64,
    pub(super) time: Time,
    pub(super) entry: Entry,
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    /// The agent whose it is, where it is a sub-agent of the one that was asked.
    pub(super) agent: Option<Str>,
    content: OnceLock<Value>,
}

/// What an event takes besides its texts, in bytes, about.
const AROUND: usize = 256;

impl Kept {
    pub(super) fn new(
        time: Time,
        entry: Entry,
        (trace_id, span_id): (TraceId, SpanId),
        agent: Option<Str>,
    ) -> Self {
        Self {
            number: 0,
            time,
            entry,
            trace_id,
            span_id,
            agent,
            content: OnceLock::new(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        AROUND + self.entry.bytes()
    }

    pub(super) fn content(&self, stage: &Stage) -> Value {
        let safe = self.content.get_or_init(|| self.entry.content(stage));
        safe.clone()
    }
}
