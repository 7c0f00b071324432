//! What a log record says.

use std::time::SystemTime;

use kaos_otel_hook::{LogLayer, SpanNames};
use opentelemetry::Context;
use opentelemetry::logs::{AnyValue, Severity};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::logs::SdkLogRecord;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{Heard, attribute};

/// The records of a piece of code, under a layer.
fn recorded(layer: impl FnOnce(LogLayer) -> LogLayer, code: impl FnOnce()) -> Vec<SdkLogRecord> {
    let heard = Heard::new();
    let subscriber = tracing_subscriber::registry().with(layer(LogLayer::new(&heard.provider)));
    tracing::subscriber::with_default(subscriber, code);
    heard.records()
}

/// The one record of a piece of code.
fn one(code: impl FnOnce()) -> SdkLogRecord {
    let mut records = recorded(|layer| layer, code);
    assert_eq!(records.len(), 1, "{records:#?}");
    records.remove(0)
}

#[test]
fn severity_is_the_level() {
    #[track_caller]
    fn check(code: impl FnOnce(), number: Severity, text: &str) {
        let record = one(code);
        assert_eq!(record.severity_number(), Some(number));
        assert_eq!(record.severity_text(), Some(text));
    }
    check(|| tracing::trace!("it"), Severity::Trace, "TRACE");
    check(|| tracing::debug!("it"), Severity::Debug, "DEBUG");
    check(|| tracing::info!("it"), Severity::Info, "INFO");
    check(|| tracing::warn!("it"), Severity::Warn, "WARN");
    check(|| tracing::error!("it"), Severity::Error, "ERROR");
}

#[track_caller]
fn holds(record: &SdkLogRecord, key: &str, value: impl Into<AnyValue>) {
    assert_eq!(attribute(record, key), Some(value.into()), "{key}");
}

#[test]
fn fields_are_attributes_of_their_type_and_the_message_is_the_body() {
    let wrong = std::io::Error::other("the disk is full");
    let error: &(dyn std::error::Error + 'static) = &wrong;
    #[expect(
        clippy::disallowed_methods,
        reason = "the record's time is the clock's"
    )]
    let before = SystemTime::now();
    let record = one(|| {
        tracing::info!(
            yes = true,
            whole = -7,
            count = 7_u64,
            large = u64::MAX,
            huge = i128::MIN,
            part = 0.5,
            text = "plain",
            debug = ?Some("it"),
            display = %"shown",
            error,
            r#type = "raw",
            logger_name = "forged",
            "{} rows", 3
        );
    });
    assert_eq!(record.body(), Some(&AnyValue::from("3 rows")));
    assert_eq!(record.event_name(), None);
    assert!(record.timestamp().unwrap() >= before);
    holds(&record, "yes", true);
    holds(&record, "whole", -7);
    holds(&record, "count", 7);
    holds(&record, "large", "18446744073709551615");
    holds(&record, "huge", i128::MIN.to_string());
    holds(&record, "part", 0.5);
    holds(&record, "text", "plain");
    holds(&record, "debug", "Some(\"it\")");
    holds(&record, "display", "shown");
    holds(&record, "error", "the disk is full");
    holds(&record, "type", "raw");
    holds(&record, "logger_name", "suite::logs::records");
    assert_eq!(attribute(&record, "message"), None);
    assert_eq!(record.target().unwrap(), "suite::logs::records");
}

#[test]
fn an_event_without_a_message_has_an_empty_body() {
    let record = one(|| tracing::info!(rows = 3));
    assert_eq!(record.body(), Some(&AnyValue::from("")));
}

#[test]
fn code_attributes_are_of_the_set_of_names_and_name_no_module_as_a_function() {
    #[track_caller]
    fn check(names: SpanNames, [file, number]: [&str; 2], others: [&str; 2]) {
        let mut line = 0;
        let records = recorded(
            |layer| layer.with_names(names),
            || {
                line = i64::from(line!()) + 1;
                tracing::info!("outside");
                tracing::info_span!("outer").in_scope(|| tracing::info!("in"));
            },
        );
        let [outside, inside] = records.as_slice() else {
            panic!("{records:#?}");
        };
        assert_eq!(attribute(outside, file), Some(AnyValue::from(file!())));
        assert_eq!(attribute(outside, number), Some(AnyValue::Int(line)));
        for record in [outside, inside] {
            for key in ["code.function.name", "code.function"]
                .into_iter()
                .chain(others)
            {
                assert_eq!(attribute(record, key), None, "nobody knows the function");
            }
        }
    }
    let new = ["code.file.path", "code.line.number"];
    let old = ["code.filepath", "code.lineno"];
    check(SpanNames::Kaos, new, old);
    check(SpanNames::GenAi, new, old);
    check(SpanNames::Operator, old, new);
}

#[test]
fn an_event_from_the_log_crate_is_told_as_its_own() {
    let record = one(|| {
        tracing::info!(
            target: "log",
            {
                log.target = "old::target",
                log.module_path = "old::module",
                log.file = "old.rs",
                log.line = 7_u64
            },
            "from before tracing"
        );
    });
    let expected = [
        ("logger_name", AnyValue::from("old::target")),
        ("code.file.path", AnyValue::from("old.rs")),
        ("code.line.number", AnyValue::Int(7)),
    ];
    let attributes: Vec<_> = record
        .attributes_iter()
        .map(|(key, value)| (key.as_str().to_owned(), value.clone()))
        .collect();
    assert_eq!(
        attributes,
        expected.map(|(key, value)| (key.to_owned(), value))
    );
    assert_eq!(record.target().unwrap(), "old::target");
}

#[test]
fn texts_are_cut_to_the_limit() {
    let long = "ä".repeat(40_000);
    let limited = recorded(
        |layer| layer.with_value_limit(Some(4)),
        || tracing::info!(text = "abcdef", debug = ?"abcdef", short = "abcd", number = 123_456, "{long}"),
    );
    let record = &limited[0];
    assert_eq!(record.body(), Some(&AnyValue::from("äää…")));
    assert_eq!(attribute(record, "text"), Some(AnyValue::from("abc…")));
    assert_eq!(attribute(record, "debug"), Some(AnyValue::from("\"ab…")));
    assert_eq!(attribute(record, "short"), Some(AnyValue::from("abcd")));
    assert_eq!(attribute(record, "number"), Some(AnyValue::Int(123_456)));

    let by_default = one(|| tracing::info!("{long}"));
    let expected = format!("{}…", "ä".repeat(32_767));
    assert_eq!(by_default.body(), Some(&AnyValue::from(expected)));

    let whole = recorded(
        |layer| layer.with_value_limit(None),
        || tracing::info!("{long}"),
    );
    assert_eq!(whole[0].body(), Some(&AnyValue::from(long)));
}

fn span_context() -> SpanContext {
    let (trace_id, span_id) = (TraceId::from(0xabc), SpanId::from(0xdef));
    SpanContext::new(
        trace_id,
        span_id,
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    )
}

/// What the exporter's thread says must not be exported; it is still to be read.
#[test]
fn a_suppressed_context_gives_lines_but_no_records() {
    let heard = Heard::new();
    tracing::subscriber::with_default(heard.subscriber(), || {
        let suppressed = Context::enter_telemetry_suppressed_scope();
        tracing::info!("suppressed");
        drop(suppressed);
        tracing::info!("heard");
    });
    let lines = heard.lines();
    assert_eq!(
        lines,
        [
            "INFO suite::logs::records: suppressed",
            "INFO suite::logs::records: heard"
        ]
    );
    let records = heard.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0].body(), Some(&AnyValue::from("heard")));
}

/// It may speak while it holds the context, so nobody may ask for the context then.
#[test]
fn what_the_opentelemetry_api_says_is_a_line_without_ids_and_no_record() {
    let heard = Heard::new();
    tracing::subscriber::with_default(heard.subscriber(), || {
        let _current = Context::new()
            .with_remote_span_context(span_context())
            .attach();
        tracing::warn!(target: "opentelemetry", "dropped out of order");
    });
    assert_eq!(heard.lines(), ["WARN opentelemetry: dropped out of order"]);
    assert_eq!(heard.records(), []);
}
