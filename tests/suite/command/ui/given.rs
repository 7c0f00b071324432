//! Trails of events as they are given, such as no run makes them.

use std::path::Path;
use std::time::Duration;

use kaos_events::{BodyBuf, EventBuf, OutcomeBuf, PhaseBuf, SpanBuf, SpanId, Subject};
use kaos_hooks::audit::AuditHook;
use kaos_hooks::{Turn, TurnOutcome};
use kaos_tests::trails::of_run;

use super::key;

/// A phase of a span.
pub(super) fn span(
    seq: u64,
    id: u64,
    parent: Option<u64>,
    subject: impl Into<Subject>,
    phase: PhaseBuf,
) -> EventBuf {
    let span = SpanBuf {
        id: SpanId::new(id).unwrap(),
        parent: parent.and_then(SpanId::new),
        subject: subject.into(),
        phase,
    };
    of_run(seq, BodyBuf::Span(Box::new(span)))
}

pub(super) fn done(outcome: impl Into<OutcomeBuf>) -> PhaseBuf {
    PhaseBuf::Complete(outcome.into(), Duration::from_millis(1))
}

/// A turn whose root is this span, and what stands between its ends.
pub(super) fn turn(
    id: u64,
    parent: Option<u64>,
    question: &str,
    within: Vec<EventBuf>,
) -> Vec<EventBuf> {
    let asked = Turn {
        input: Some(question.to_owned().into()),
        ..Turn::new("a")
    };
    let mut events = vec![span(0, id, parent, asked, PhaseBuf::Start)];
    events.extend(within);
    let seq = events.len() as u64;
    let end = done(TurnOutcome::default());
    events.push(span(seq, id, parent, Turn::new("a"), end));
    events
}

/// Writes them into a segment of their own, which is sealed; there is nothing to redact in them.
pub(super) fn write(trail: &Path, events: &[EventBuf]) {
    let builder = AuditHook::builder(trail).signing_key(key());
    let mut writer = builder.open_by_hand().unwrap();
    let lines: Vec<_> = events.iter().map(|it| it.to_line().into_bytes()).collect();
    for lines in lines.chunks(500) {
        writer.write_redacted(lines.to_vec()).unwrap();
    }
    writer.seal().unwrap();
}
