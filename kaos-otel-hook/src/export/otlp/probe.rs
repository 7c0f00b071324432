//! One item of each signal, sent at once: whether what the settings say works.

use kaos_hooks::{Clock as _, SystemClock};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ResourceMessage;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use prost::Message as _;

use super::OtlpExporter;
use crate::settings::{ExporterChoice, Protocol, Settings, Signal};

/// What became of one item of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignalProbe {
    /// `traces`, `metrics` or `logs`.
    pub signal: &'static str,
    /// Where it was sent, without what may be a key, and over what; `None`: the signal goes nowhere, or to the console.
    pub to: Option<(String, Protocol)>,
    /// That it was taken, or why not, in the receiver's words where it has any.
    pub answer: Result<(), String>,
}

impl Settings {
    /// Sends one span, one data point and one log record as these settings say, each at once and with the retries of an export, and
    /// says what was answered. They are called `kaos.doctor`.
    ///
    /// Must be called inside a tokio runtime with I/O and time.
    ///
    /// # Cancel safety
    ///
    /// When dropped, what is on its way may arrive.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let settings = kaos_otel_hook::Settings::from_vars(|name| {
    ///     (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://127.0.0.1:1".to_owned())
    /// });
    /// let traces: &kaos_otel_hook::SignalProbe = &settings.probe().await[0];
    /// assert!(traces.answer.is_err(), "nobody listens there");
    /// # }
    /// ```
    pub async fn probe(&self) -> [SignalProbe; 3] {
        let one = async |choice: &ExporterChoice, signal| self.one(choice, signal).await;
        let (traces, metrics, logs) = tokio::join!(
            one(&self.traces, Signal::Traces),
            one(&self.metrics, Signal::Metrics),
            one(&self.logs, Signal::Logs),
        );
        [traces, metrics, logs]
    }

    async fn one(&self, choice: &ExporterChoice, signal: Signal) -> SignalProbe {
        let name = match signal {
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
        };
        let otlp = match choice {
            ExporterChoice::Otlp(otlp) if !self.disabled => otlp,
            _ => {
                let answer = Ok(());
                return SignalProbe {
                    signal: name,
                    to: None,
                    answer,
                };
            }
        };
        let exporter = OtlpExporter::new(otlp, signal, &Resource::builder_empty().build());
        let answer = match exporter {
            Err(error) => Err(error.to_string()),
            Ok(exporter) => match exporter.sent(self.item(signal).into()).await {
                Err(why) => Err(why),
                Ok(receipt) if receipt.rejected > 0 => {
                    Err(format!("rejected: {}", receipt.message))
                }
                Ok(_) => Ok(()),
            },
        };
        let to = Some((otlp.shown(), otlp.protocol));
        SignalProbe {
            signal: name,
            to,
            answer,
        }
    }

    /// A request with one item.
    fn item(&self, signal: Signal) -> Vec<u8> {
        const NAME: &str = "kaos.doctor";
        let now = SystemClock.unix_nanos();
        let text = |text: &str| {
            Some(AnyValue {
                value: Some(any_value::Value::StringValue(text.to_owned())),
            })
        };
        let resource = Some(ResourceMessage {
            attributes: vec![KeyValue {
                key: "service.name".to_owned(),
                value: text(&self.service_name),
                ..KeyValue::default()
            }],
            ..ResourceMessage::default()
        });
        match signal {
            Signal::Traces => {
                let ids = RandomIdGenerator::default();
                let span = Span {
                    trace_id: ids.new_trace_id().to_bytes().to_vec(),
                    span_id: ids.new_span_id().to_bytes().to_vec(),
                    name: NAME.to_owned(),
                    kind: 1,
                    start_time_unix_nano: now,
                    end_time_unix_nano: now,
                    ..Span::default()
                };
                let scope_spans = vec![ScopeSpans {
                    spans: vec![span],
                    ..ScopeSpans::default()
                }];
                let resource_spans = vec![ResourceSpans {
                    resource,
                    scope_spans,
                    ..ResourceSpans::default()
                }];
                ExportTraceServiceRequest { resource_spans }.encode_to_vec()
            }
            Signal::Metrics => {
                let point = NumberDataPoint {
                    time_unix_nano: now,
                    value: Some(number_data_point::Value::AsInt(1)),
                    ..NumberDataPoint::default()
                };
                let gauge = Gauge {
                    data_points: vec![point],
                };
                let metric = Metric {
                    name: NAME.to_owned(),
                    unit: "1".to_owned(),
                    data: Some(metric::Data::Gauge(gauge)),
                    ..Metric::default()
                };
                let scope_metrics = vec![ScopeMetrics {
                    metrics: vec![metric],
                    ..ScopeMetrics::default()
                }];
                let resource_metrics = vec![ResourceMetrics {
                    resource,
                    scope_metrics,
                    ..ResourceMetrics::default()
                }];
                ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
            }
            Signal::Logs => {
                let record = LogRecord {
                    time_unix_nano: now,
                    observed_time_unix_nano: now,
                    severity_number: 9,
                    severity_text: "INFO".to_owned(),
                    body: text(NAME),
                    ..LogRecord::default()
                };
                let scope_logs = vec![ScopeLogs {
                    log_records: vec![record],
                    ..ScopeLogs::default()
                }];
                let resource_logs = vec![ResourceLogs {
                    resource,
                    scope_logs,
                    ..ResourceLogs::default()
                }];
                ExportLogsServiceRequest { resource_logs }.encode_to_vec()
            }
        }
    }
}
