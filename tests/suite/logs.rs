//! Log lines: as text to read and as OpenTelemetry records, with the ids of their spans.

mod debug;
mod filter;
mod ids;
mod install;
mod lines;
mod records;

use std::sync::{Arc, Mutex};

use kaos_hooks::EventBuf;
use kaos_hooks::testing::Recorder;
use kaos_otel_hook::{LogLayer, LogLine};
use opentelemetry::logs::AnyValue;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord, SdkLoggerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use crate::hooks::Shared;

/// What was logged, in both forms.
#[derive(Clone)]
struct Heard {
    text: Arc<Mutex<Vec<u8>>>,
    exporter: InMemoryLogExporter,
    provider: SdkLoggerProvider,
}

impl Heard {
    fn new() -> Self {
        kaos_tests::subscribed();
        Self::unsubscribed()
    }

    /// For a process that sets its own subscriber.
    fn unsubscribed() -> Self {
        let exporter = InMemoryLogExporter::default();
        let provider = SdkLoggerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        Self {
            text: Arc::default(),
            exporter,
            provider,
        }
    }

    /// The layer of the lines.
    fn text<S>(&self, line: LogLine) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let to = Arc::clone(&self.text);
        tracing_subscriber::fmt::layer()
            .event_format(line)
            .with_writer(move || Shared(Arc::clone(&to)))
    }

    /// A subscriber that hears everything.
    fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry()
            .with(LogLayer::new(&self.provider))
            .with(self.text(LogLine::new()))
    }

    /// The lines, without the time they begin with.
    #[track_caller]
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
        let untimed = |line: &str| {
            let (time, rest) = line.split_once(' ').unwrap();
            let shape: String = time
                .chars()
                .map(|it| if it.is_ascii_digit() { '0' } else { it })
                .collect();
            assert_eq!(shape, "0000-00-00T00:00:00Z", "{line}");
            rest.to_owned()
        };
        text.split_terminator('\n').map(untimed).collect()
    }

    fn records(&self) -> Vec<SdkLogRecord> {
        let logs = self.exporter.get_emitted_logs().unwrap();
        logs.into_iter().map(|log| log.record).collect()
    }
}

fn attribute(record: &SdkLogRecord, key: &str) -> Option<AnyValue> {
    let mut found = record
        .attributes_iter()
        .filter(|(it, _)| it.as_str() == key);
    let first = found.next().map(|(_, value)| value.clone());
    assert!(found.next().is_none(), "{key} is there twice");
    first
}

/// The trace id and span id of the recorded span with this name.
fn ids_of(recorder: &Recorder, name: &str) -> (String, String) {
    let ids = |event: &EventBuf| {
        let span = event.span().filter(|span| span.name().as_str() == name)?;
        Some((event.run.trace_id.to_string(), span.id.to_string()))
    };
    recorder.events().iter().find_map(ids).unwrap()
}
