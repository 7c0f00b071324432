use kaos_hooks::{Event, Span};
use opentelemetry::trace::SpanBuilder;

use super::settings::SpanSettings;
use crate::attributes;

/// What a span is when it starts.
pub(super) fn beginning(
    settings: &SpanSettings,
    event: &Event<'_>,
    span: &Span<'_>,
) -> SpanBuilder {
    let &SpanSettings {
        names,
        conventions,
        value_length,
        room,
        ..
    } = settings;
    let mut builder = SpanBuilder::from_name(names.name(span.subject, &event.run.agent));
    builder.span_kind = Some(names.kind(span.subject));
    builder.start_time = Some(event.time.system_time());
    let mut said = attributes::at_start(span.subject, event.run, value_length, conventions);
    attributes::added_at_start(span.subject, &mut said, value_length, room.attributes);
    builder.attributes = Some(said);
    builder
}
