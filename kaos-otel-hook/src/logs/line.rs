use std::fmt;

use kaos_hooks::is_hidden;
use opentelemetry::logs::AnyValue;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use super::{current_span, timestamp};
use crate::OTelHook;

/// A readable line for each event, with the ids of the span it belongs to.
///
/// ```text
/// 2026-01-15T10:30:45Z INFO [trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7] app::tools: looked up rows=3
/// 2026-01-15T10:30:46Z WARN app: disk almost full path="/var/my files"
/// ```
///
/// Time in UTC to the second, level, ids, target, message, fields. Outside any OpenTelemetry span
/// the bracket is left out. Text in fields is quoted where it has blanks, quotes or `=`.
///
/// One event is one line, and text cannot drive a terminal: line breaks, control characters and
/// characters that change the direction of writing are escaped (`\n`, `\u{1b}`). There are no
/// colours.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::LogLine;
///
/// let subscriber = tracing_subscriber::fmt().event_format(LogLine::new()).finish();
/// tracing::subscriber::with_default(subscriber, || tracing::info!(rows = 3, "looked up"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LogLine {
    limit: Option<usize>,
}

impl LogLine {
    /// Lines whose texts have at most 32768 characters each.
    pub const fn new() -> Self {
        Self {
            limit: Some(OTelHook::DEFAULT_VALUE_LENGTH),
        }
    }

    /// How many characters the message and each field may have, 32768 by default; `None` is no
    /// limit. Longer ones are cut, and end in `…`.
    #[must_use]
    pub const fn with_value_limit(mut self, characters: Option<usize>) -> Self {
        self.limit = characters;
        self
    }
}

impl Default for LogLine {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, N> FormatEvent<S, N> for LogLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _spans: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let time = timestamp::utc(opentelemetry::time::now());
        write!(to, "{time} {} ", metadata.level())?;
        let span = if current_span::is_held_by(metadata) {
            None
        } else {
            current_span::current_span()
        };
        if let Some(span) = span {
            let (trace_id, span_id) = (span.trace_id(), span.span_id());
            write!(to, "[trace_id={trace_id} span_id={span_id}] ")?;
        }
        let fields = Fields::of(event, self.limit);
        escaped(&mut to, &fields.target)?;
        to.write_char(':')?;
        if !fields.message.is_empty() {
            to.write_char(' ')?;
            escaped(&mut to, &fields.message)?;
        }
        for (key, value) in &fields.others {
            write!(to, " {key}=")?;
            match value {
                AnyValue::Int(number) => write!(to, "{number}")?,
                AnyValue::Double(number) => write!(to, "{number}")?,
                AnyValue::Boolean(yes) => write!(to, "{yes}")?,
                AnyValue::String(text) => quoted(&mut to, text.as_str())?,
                other => quoted(&mut to, &format!("{other:?}"))?,
            }
        }
        writeln!(to)
    }
}

/// Text as a field's value: in quotes where one could not see its end otherwise.
fn quoted(to: &mut Writer<'_>, text: &str) -> fmt::Result {
    let plain = |it: char| !it.is_whitespace() && !matches!(it, '"' | '=');
    if !text.is_empty() && text.chars().all(plain) {
        return escaped(to, text);
    }
    to.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        let (head, tail) = rest.split_at(at);
        escaped(to, head)?;
        to.write_char('\\')?;
        let mut tail = tail.chars();
        tail.next().map_or(Ok(()), |it| to.write_char(it))?;
        rest = tail.as_str();
    }
    escaped(to, rest)?;
    to.write_char('"')
}

/// Text in which every character is visible and none begins a line.
fn escaped(to: &mut Writer<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(is_hidden_in_a_line) {
        let (head, tail) = rest.split_at(at);
        to.write_str(head)?;
        let mut tail = tail.chars();
        if let Some(it) = tail.next() {
            write!(to, "{}", it.escape_default())?;
        }
        rest = tail.as_str();
    }
    to.write_str(rest)
}

/// But for what joins signs to one, as emoji have it: that neither does anything nor hides more than itself.
const fn is_hidden_in_a_line(char: char) -> bool {
    is_hidden(char) && !matches!(char, '\u{200D}' | '\u{FE0F}')
}
