use kaos_events::{EventBuf, RunId, SpanId, TraceId, Value};

use crate::audit::content::RecordContent;

/// Which records are wanted; a field that is `None` lets all through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Of this session.
    pub session: Option<String>,
    /// Of this run: a turn, or a sub-agent's.
    pub run: Option<RunId>,
    /// Of this trace.
    pub trace: Option<TraceId>,
    /// About this span.
    pub span: Option<SpanId>,
    /// About calls of this tool.
    pub tool: Option<String>,
    /// Not before this time, in nanoseconds since 1970.
    pub since: Option<u64>,
    /// Before this time, in nanoseconds since 1970.
    pub until: Option<u64>,
    /// Also what the trail says about itself.
    pub own: bool,
}

impl Filter {
    pub(super) fn wants(&self, content: &RecordContent) -> bool {
        match content {
            RecordContent::Event(event) => self.matches(event),
            RecordContent::Own(_) => self.own,
        }
    }

    /// Whether an event is let through.
    pub fn matches(&self, event: &EventBuf) -> bool {
        fn is<T: PartialEq<U>, U>(wanted: Option<&T>, found: Option<&U>) -> bool {
            wanted.is_none_or(|wanted| found.is_some_and(|found| wanted == found))
        }
        let run = &event.run;
        let at = event.time.unix_nanos;
        is(
            self.session.as_deref().as_ref(),
            run.session.name().as_ref(),
        ) && is(self.run.as_ref(), Some(&run.id))
            && is(self.trace.as_ref(), Some(&run.trace_id))
            && is(self.span.as_ref(), span_of(event).as_ref())
            && is(self.tool.as_deref().as_ref(), tool_of(event).as_ref())
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
}

fn span_of(event: &EventBuf) -> Option<SpanId> {
    match &event.body {
        kaos_events::BodyBuf::Span(span) => Some(span.id),
        kaos_events::BodyBuf::Value { span, .. } => *span,
        kaos_events::BodyBuf::Unknown(_) => None,
    }
}

fn tool_of(event: &EventBuf) -> Option<&str> {
    let tool = event.span().and_then(|span| span.subject.tool());
    match (tool, event.value()) {
        (Some(tool), _) => Some(tool),
        (_, Some(Value::GateDecided(decided))) => Some(&decided.tool),
        (_, Some(Value::ApprovalRequired(required))) => Some(&required.tool),
        _ => None,
    }
}
