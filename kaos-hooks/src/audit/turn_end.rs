use kaos_events::{BodyBuf, EventBuf, Subject};

/// Whether a turn ends with it, a sub-agent's included.
pub(super) fn ends_turn(event: &EventBuf) -> bool {
    match &event.body {
        BodyBuf::Span(span) => {
            matches!(span.subject, Subject::Turn(_)) && span.phase.as_phase().is_end()
        }
        BodyBuf::Value { .. } | BodyBuf::Unknown(_) => false,
    }
}
