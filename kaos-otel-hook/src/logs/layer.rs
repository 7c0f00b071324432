use std::fmt;

use opentelemetry::Context;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger, SdkLoggerProvider};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as Spans;
use tracing_subscriber::registry::LookupSpan;

use super::current_span;
use super::fields::Fields;
use crate::scope::{SCOPE, scope};
use crate::{OTelHook, SpanNames, semconv};

/// A `tracing-subscriber` layer that makes an OpenTelemetry log record of every event.
///
/// | record | from the event |
/// |---|---|
/// | timestamp | now |
/// | severity number and text | its level |
/// | body | its message |
/// | trace id, span id, flags | the current OpenTelemetry context, sampled or not; of an event whose fields `trace_id` and `span_id` name a span, as those of `LogHook` do, that one |
/// | `logger_name`, and the instrumentation scope's name | its target; `kaos` has our version, others none |
/// | `code.file.path`, `code.line.number` | where it was written; no event knows its function |
/// | attributes | its other fields: booleans, integers, floats and text as what they are, integers beyond 64 bits, errors and `Debug` values as text |
///
/// Under [`SpanNames::Operator`] the code attributes are `code.filepath` and `code.lineno`. Events
/// that a bridge brought from the `log` crate are told with their own target, file and line. A field with the name of one of these attributes is left out.
///
/// Inside a model or a tool of a turn the context is the turn's span, across `.await` too. A task
/// of its own does not inherit it: give it one with `with_current_context` of
/// [`opentelemetry::trace::FutureExt`].
///
/// Events are skipped while telemetry is suppressed ([`Context::is_telemetry_suppressed`]), as it
/// is on the exporter's thread: else each export would have something to tell, which would have to
/// be exported. Skipped is also what the `opentelemetry` crate says itself.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::LogLayer;
/// use opentelemetry_sdk::logs::SdkLoggerProvider;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let provider = SdkLoggerProvider::builder().build();
/// let subscriber = tracing_subscriber::registry().with(LogLayer::new(&provider));
/// tracing::subscriber::with_default(subscriber, || tracing::info!(attempt = 2, "retrying"));
/// ```
pub struct LogLayer {
    logger: SdkLogger,
    /// Of our own lines: their scope is that of our spans and metrics.
    ours: SdkLogger,
    names: SpanNames,
    limit: Option<usize>,
}

impl LogLayer {
    /// Records go to this provider, with texts of at most 32768 characters.
    pub fn new(provider: &SdkLoggerProvider) -> Self {
        Self {
            logger: provider.logger(""),
            ours: provider.logger_with_scope(scope()),
            names: SpanNames::default(),
            limit: Some(OTelHook::DEFAULT_VALUE_LENGTH),
        }
    }

    /// Which set of attribute names to use.
    #[must_use]
    pub const fn with_names(mut self, names: SpanNames) -> Self {
        self.names = names;
        self
    }

    /// How many characters the body and each attribute may have, 32768 by default; `None` is no
    /// limit. Longer ones are cut, and end in `…`.
    ///
    /// Too small, and messages lose their ends; too large, and a line that carries a document
    /// fills the exporter's queue and may be refused by the collector.
    #[must_use]
    pub const fn with_value_limit(mut self, characters: Option<usize>) -> Self {
        self.limit = characters;
        self
    }

    fn code_names(&self) -> [&'static str; 2] {
        if self.names == SpanNames::Operator {
            [semconv::CODE_FILEPATH, semconv::CODE_LINENO]
        } else {
            [semconv::CODE_FILE_PATH, semconv::CODE_LINE_NUMBER]
        }
    }

    fn emit(&self, mut record: SdkLogRecord, fields: Fields) {
        record.set_body(AnyValue::from(fields.message));
        let [file, line] = self.code_names();
        let ours = [semconv::LOGGER_NAME, file, line];
        for (key, value) in fields.others {
            if !ours.contains(&key) {
                record.add_attribute(key, value);
            }
        }
        record.add_attribute(semconv::LOGGER_NAME, fields.target.clone());
        let logger = if fields.target == SCOPE {
            &self.ours
        } else {
            record.set_target(fields.target);
            &self.logger
        };
        if let Some(path) = fields.file {
            record.add_attribute(file, path);
        }
        if let Some(number) = fields.line {
            record.add_attribute(line, number);
        }
        logger.emit(record);
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, _spans: Spans<'_, S>) {
        let metadata = event.metadata();
        if current_span::is_held_by(metadata) || Context::is_current_telemetry_suppressed() {
            return;
        }
        let severity = severity(*metadata.level());
        let target = metadata.target();
        if !self.logger.event_enabled(severity, target, None) {
            return;
        }
        let mut record = self.logger.create_log_record();
        record.set_timestamp(opentelemetry::time::now());
        record.set_severity_number(severity);
        record.set_severity_text(metadata.level().as_str());
        let fields = Fields::of(event, self.limit);
        if let Some((trace_id, span_id)) = fields.named_span() {
            record.set_trace_context(trace_id, span_id, None);
        } else if let Some(span) = current_span::current_span() {
            let (trace_id, span_id) = (span.trace_id(), span.span_id());
            record.set_trace_context(trace_id, span_id, Some(span.trace_flags()));
        }
        self.emit(record, fields);
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::TRACE => Severity::Trace,
        Level::DEBUG => Severity::Debug,
        Level::INFO => Severity::Info,
        Level::WARN => Severity::Warn,
        Level::ERROR => Severity::Error,
    }
}

impl fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLayer")
            .field("names", &self.names)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
