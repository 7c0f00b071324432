//! Compares exported OpenTelemetry spans with the events they were made from.

use std::collections::HashMap;

use kaos_hooks::testing::Recorder;
use kaos_hooks::{EventBuf, PhaseBuf, SpanBuf};
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

/// Asserts that the exported spans are the recorded ones: each exactly once, none besides, equal in
/// id, parent, name (of the default name set), start and end time, and status.
///
/// # Panics
///
/// If they are not; the message names the span.
#[track_caller]
pub fn assert_exported(recorder: &Recorder, exported: &[SpanData]) {
    let events = recorder.events();
    let mut by_id: HashMap<String, &SpanData> = HashMap::new();
    for span in exported {
        let id = span.span_context.span_id().to_string();
        assert!(
            by_id.insert(id.clone(), span).is_none(),
            "span {id} is exported twice"
        );
    }
    for (event, span) in spans(&events) {
        let id = span.id.to_string();
        match &span.phase {
            PhaseBuf::Start => {
                let exported = by_id
                    .get(&id)
                    .unwrap_or_else(|| panic!("{} is not exported", span.name()));
                assert_eq!(exported.name, span.name().as_str());
                assert_eq!(
                    exported.span_context.trace_id().to_string(),
                    event.run.trace_id.to_string(),
                    "the trace of {}",
                    span.name()
                );
                let parent = span
                    .parent
                    .map_or_else(|| "0".repeat(16), |id| id.to_string());
                assert_eq!(
                    exported.parent_span_id.to_string(),
                    parent,
                    "the parent of {}",
                    span.name()
                );
                assert_eq!(
                    exported.start_time,
                    event.time.system_time(),
                    "the start of {}",
                    span.name()
                );
            }
            PhaseBuf::Progress(_) => {}
            end => {
                let exported = by_id
                    .remove(&id)
                    .unwrap_or_else(|| panic!("{} is not exported", span.name()));
                assert_eq!(
                    exported.end_time,
                    event.time.system_time(),
                    "the end of {}",
                    span.name()
                );
                assert_eq!(
                    exported.status,
                    status(end),
                    "the status of {}",
                    span.name()
                );
            }
        }
    }
    assert!(
        by_id.is_empty(),
        "exported, but no event ends them: {:?}",
        by_id.keys()
    );
}

fn spans(events: &[EventBuf]) -> impl Iterator<Item = (&EventBuf, &SpanBuf)> {
    events
        .iter()
        .filter_map(|event| Some((event, event.span()?)))
}

/// Without a content policy a failure has no description: its type stands in `error.type`.
fn status(end: &PhaseBuf) -> Status {
    match end {
        PhaseBuf::Error(..) | PhaseBuf::Cancelled(..) => Status::error(""),
        _ => Status::Unset,
    }
}
