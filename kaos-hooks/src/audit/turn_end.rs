use kaos_events::{BodyBuf, EventBuf};

/// Whether a turn ends with it, a sub-agent's included, or a served call.
pub(super) fn ends_turn(event: &EventBuf) -> bool {
    match &event.body {
        BodyBuf::Span(span) => span.subject.is_root() && span.phase.as_phase().is_end(),
        BodyBuf::Value { .. } | BodyBuf::Unknown(_) => false,
    }
}
