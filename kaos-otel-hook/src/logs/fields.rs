//! What a `tracing` event says, as both outputs need it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use opentelemetry::logs::AnyValue;
use opentelemetry::trace::{SpanId, TraceId};
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::text::{bounded, formatted};

/// The target of events that a bridge has brought from the `log` crate; their own is in fields.
const BRIDGED: &str = "log";

/// An event's message, its other fields, and where it was written.
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) others: Vec<(&'static str, AnyValue)>,
    pub(super) target: Cow<'static, str>,
    pub(super) file: Option<Cow<'static, str>>,
    pub(super) line: Option<i64>,
    bridged: bool,
    limit: Option<usize>,
}

impl Fields {
    /// What the event says, its texts cut to `limit` characters each.
    pub(super) fn of(event: &Event<'_>, limit: Option<usize>) -> Self {
        let metadata = event.metadata();
        let mut fields = Self {
            message: String::new(),
            others: Vec::new(),
            target: Cow::Borrowed(metadata.target()),
            file: metadata.file().map(Cow::Borrowed),
            line: metadata.line().map(i64::from),
            bridged: metadata.target() == BRIDGED,
            limit,
        };
        event.record(&mut fields);
        fields
    }

    /// The span that the event names itself, as lines do that are written about a span and not in it.
    pub(super) fn named_span(&self) -> Option<(TraceId, SpanId)> {
        let text = |key: &str| {
            let (_, value) = self.others.iter().find(|(name, _)| *name == key)?;
            match value {
                AnyValue::String(text) => Some(text.as_str()),
                _ => None,
            }
        };
        let trace = TraceId::from_hex(text("trace_id")?).ok()?;
        let span = SpanId::from_hex(text("span_id")?).ok()?;
        (trace != TraceId::INVALID && span != SpanId::INVALID).then_some((trace, span))
    }

    fn add(&mut self, field: &Field, value: AnyValue) {
        self.others.push((name(field), value));
    }

    fn text(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            "log.target" if self.bridged => self.target = Cow::Owned(text),
            "log.module_path" if self.bridged => {}
            "log.file" if self.bridged => self.file = Some(Cow::Owned(text)),
            _ => self.add(field, AnyValue::from(text)),
        }
    }

    /// A whole number; one that OpenTelemetry has no type for is text.
    fn whole<N: TryInto<i64> + fmt::Display + Copy>(&mut self, field: &Field, number: N) {
        match number.try_into() {
            Ok(number) if self.bridged && field.name() == "log.line" => self.line = Some(number),
            Ok(number) => self.add(field, AnyValue::Int(number)),
            Err(_) => self.add(field, AnyValue::from(number.to_string())),
        }
    }
}

/// A raw identifier's name is the one without `r#`.
fn name(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, AnyValue::Boolean(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, AnyValue::Double(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.whole(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.whole(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.whole(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.whole(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, bounded(value, self.limit).into_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.text(field, formatted(format_args!("{value}"), self.limit));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, formatted(format_args!("{value:?}"), self.limit));
    }
}
