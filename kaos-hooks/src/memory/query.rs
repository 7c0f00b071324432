use kaos_events::TraceId;

use super::entry::MemoryEventType;
use super::kept::Kept;

/// Which events are asked for.
///
/// # Example
///
/// ```
/// use kaos_hooks::memory::{MemoryEventType, MemoryQuery};
///
/// let query = MemoryQuery::from_pairs([("session_id", "s-1"), ("event_type", "tool_call")])?;
/// assert_eq!(query.event_type, Some(MemoryEventType::ToolCall));
/// assert_eq!(query.limit, 100);
/// assert!(MemoryQuery::from_pairs([("limit", "-2")]).is_err());
/// # Ok::<(), kaos_hooks::memory::MemoryQueryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryQuery {
    /// Those of this conversation.
    pub session_id: Option<String>,
    /// Those of this trace.
    pub trace_id: Option<TraceId>,
    /// Those of this type.
    pub event_type: Option<MemoryEventType>,
    /// So many at most, the newest. Default: 100.
    pub limit: usize,
}

/// The largest limit; a larger one means it.
const MAX_LIMIT: usize = 1000;

impl Default for MemoryQuery {
    fn default() -> Self {
        Self {
            session_id: None,
            trace_id: None,
            event_type: None,
            limit: 100,
        }
    }
}

/// A parameter of a query cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter} is `{value}`: {expected}")]
pub struct MemoryQueryError {
    /// Its name.
    pub parameter: &'static str,
    /// What it says.
    pub value: String,
    /// What it may say.
    pub expected: &'static str,
}

impl MemoryQuery {
    /// The query of these parameters, decoded: `session_id`, `trace_id`, `event_type`, `limit` (from 1;
    /// beyond 1000 it is 1000). Others say nothing; of one that is repeated the last counts.
    ///
    /// # Errors
    ///
    /// The first parameter that cannot be used.
    pub fn from_pairs<'p>(
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Self, MemoryQueryError> {
        let mut query = Self::default();
        for (name, value) in pairs {
            let wrong = |parameter, expected| MemoryQueryError {
                parameter,
                value: value.to_owned(),
                expected,
            };
            match name {
                "session_id" => query.session_id = Some(value.to_owned()),
                "trace_id" => {
                    let id = value.parse().map_err(|_invalid| {
                        wrong(
                            "trace_id",
                            "it should be 32 lower-case hex digits, not all zero",
                        )
                    })?;
                    query.trace_id = Some(id);
                }
                "event_type" => {
                    let expected = "it should be a type of event, such as tool_call";
                    let known = MemoryEventType::from_name(value);
                    let known = known.ok_or_else(|| wrong("event_type", expected))?;
                    query.event_type = Some(known);
                }
                "limit" => {
                    let digits = value.trim().trim_start_matches('0');
                    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
                        return Err(wrong("limit", "it should be a whole number from 1"));
                    }
                    query.limit = digits
                        .parse()
                        .map_or(MAX_LIMIT, |it: usize| it.min(MAX_LIMIT));
                }
                _ => {}
            }
        }
        Ok(query)
    }

    pub(super) fn wants(&self, event: &Kept) -> bool {
        self.trace_id.is_none_or(|id| id == event.trace_id)
            && self
                .event_type
                .is_none_or(|known| known == event.entry.event_type())
    }
}
