use crate::{RunId, Str, TraceId};

/// The conversation a turn belongs to.
///
/// # Example
///
/// ```
/// use kaos_events::Session;
///
/// assert_eq!(Session::from("s-1").name(), Some("s-1"));
/// assert_eq!(Session::anonymous().name(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Session(Option<Str>);

impl Session {
    /// A session that nobody named: nothing is remembered and no conversation id is reported.
    pub const fn anonymous() -> Self {
        Self(None)
    }

    /// The name the caller gave.
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The name the caller gave, to share.
    pub fn shared(&self) -> Option<&Str> {
        self.0.as_ref()
    }
}

impl<T: Into<Str>> From<T> for Session {
    /// The empty name is the anonymous session.
    fn from(name: T) -> Self {
        let name = name.into();
        Self((!name.is_empty()).then_some(name))
    }
}

/// One agent working on one turn: what all its events have in common.
///
/// A sub-agent's run has its own id and agent, in the same trace and the same stream of events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// Identifies the run.
    pub id: RunId,
    /// The trace that all spans of the stream belong to.
    pub trace_id: TraceId,
    /// The conversation.
    pub session: Session,
    /// The agent's name; empty when unknown.
    pub agent: Str,
}
