//! Events as they are read.

use kaos_events::{SpanId, Str, TraceId};
use serde_json::{Value, json};

use super::entry::{MemoryEventType, Stage};
use super::kept::Kept;
use super::moment::utc;

/// What a query found.
///
/// # Example
///
/// ```
/// use kaos_hooks::memory::{MemoryEvent, MemoryEventType, MemoryFound, MemoryHook, MemoryQuery};
///
/// /// The calls of tools of late, for a page that shows them.
/// fn calls(memory: &MemoryHook) -> Vec<String> {
///     let found: MemoryFound = memory.find(&MemoryQuery::default());
///     let is_call = |it: &&MemoryEvent| it.event_type == MemoryEventType::ToolCall;
///     let calls = found.events.iter().filter(is_call);
///     calls.map(|it| format!("{} {}", it.timestamp, it.to_json())).collect()
/// }
/// # assert!(calls(&MemoryHook::new()).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MemoryFound {
    /// The newest events of what was asked for, the oldest of them first.
    pub events: Vec<MemoryEvent>,
    /// How many are stored of what was asked for, whatever the limit.
    pub total: usize,
}

/// Something that happened in a conversation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MemoryEvent {
    /// `event_` and eight or more hex digits; no other event of this memory has it.
    pub event_id: String,
    /// When it happened: UTC, to the microsecond (RFC 3339).
    pub timestamp: String,
    /// What happened.
    pub event_type: MemoryEventType,
    /// What was said, as far as it may leave: a text, or an object.
    pub content: Value,
    /// The trace.
    pub trace_id: TraceId,
    /// The span that it tells of.
    pub span_id: SpanId,
    /// The agent whose it is, where it is a sub-agent of the one that was asked.
    pub agent: Option<Str>,
}

impl MemoryEvent {
    pub(super) fn read(event: &Kept, stage: &Stage) -> Self {
        Self {
            event_id: format!("event_{:08x}", event.number),
            timestamp: utc(event.time),
            event_type: event.entry.event_type(),
            content: event.content(stage),
            trace_id: event.trace_id,
            span_id: event.span_id,
            agent: event.agent.clone(),
        }
    }

    /// The event as KAOS writes it.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_hooks::memory::{MemoryHook, MemoryQuery};
    /// use kaos_hooks::{Hooks, Turn};
    ///
    /// let memory = MemoryHook::new();
    /// let mut turn = Turn::new("assistant");
    /// turn.input = Some("Hello.".into());
    /// drop(Hooks::new(memory.clone()).turn(turn));
    /// let first = memory.find(&MemoryQuery::default()).events[0].to_json();
    /// assert_eq!(first["event_type"], "user_message");
    /// assert!(first["metadata"]["trace_id"].is_string());
    /// ```
    pub fn to_json(&self) -> Value {
        let mut metadata = json!({
            "trace_id": self.trace_id.to_string(),
            "span_id": self.span_id.to_string(),
        });
        if let (Some(agent), Some(fields)) = (&self.agent, metadata.as_object_mut()) {
            fields.insert("agent".to_owned(), agent.as_str().into());
        }
        json!({
            "event_id": self.event_id,
            "timestamp": self.timestamp,
            "event_type": self.event_type.as_str(),
            "content": self.content,
            "metadata": metadata,
        })
    }
}
