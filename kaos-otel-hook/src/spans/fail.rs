//! How a failure stands on its span.

use kaos_hooks::redact::Field;
use kaos_hooks::{Failure, Str, Subject, Time};
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
    let thrown = failure.thrown.as_deref();
    let class = thrown.map_or(&failure.kind, |thrown| &thrown.class);
    let stack = thrown.and_then(|thrown| thrown.stacktrace.as_ref());
    let safe = |text: Option<&Str>| {
        let content = settings.content.as_ref()?;
        let safe = content.text(Field::Error, operation::tool_of(subject), text?)?;
        Some(bounded(&safe, limit).into_owned())
    };
    let message = safe(failure.message.as_ref());
    span.set_status(Status::error(message.clone().unwrap_or_default()));
    // Under the conventions' names a client operation's is a log event alone.
    let is_logged = operation::is_client(subject) && settings.names == SpanNames::GenAi;
    if arises && settings.exceptions && !is_logged {
        let mut details = vec![KeyValue::new(
            semconv::EXCEPTION_TYPE,
            attributes::string(class, limit),
        )];
        details.extend(message.map(|text| KeyValue::new(semconv::EXCEPTION_MESSAGE, text)));
        details.extend(safe(stack).map(|text| KeyValue::new(semconv::EXCEPTION_STACKTRACE, text)));
        span.add_event_with_timestamp(semconv::EXCEPTION, time.system_time(), details);
    }
}
