//! How a failure stands on its span.

use kaos_hooks::redact::Field;
use kaos_hooks::{Failure, Subject, Time};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Status};

use super::settings::SpanSettings;
use crate::attributes::{self, operation};
use crate::text::bounded;
use crate::{SpanNames, semconv};

/// The description is the error's text where a policy lets it out, and else empty: its type stands
/// in `error.type`.
pub(super) fn fail(
    span: &mut impl Span,
    subject: &Subject,
    failure: &Failure,
    arises: bool,
    settings: &SpanSettings,
    time: Time,
) {
    let limit = settings.value_length;
    let kind = attributes::string(&failure.kind, limit);
    let message = settings.content.as_ref().and_then(|content| {
        let text = failure.message.as_ref()?;
        let safe = content.text(Field::Error, operation::tool_of(subject), text)?;
        Some(bounded(&safe, limit).into_owned())
    });
    span.set_status(Status::error(message.clone().unwrap_or_default()));
    // Under the conventions' names a client operation's is a log event alone.
    let is_logged = operation::is_client(subject) && settings.names == SpanNames::GenAi;
    if arises && settings.exceptions && !is_logged {
        let mut details = vec![KeyValue::new(semconv::EXCEPTION_TYPE, kind)];
        details.extend(message.map(|text| KeyValue::new(semconv::EXCEPTION_MESSAGE, text)));
        span.add_event_with_timestamp(semconv::EXCEPTION, time.system_time(), details);
    }
}
