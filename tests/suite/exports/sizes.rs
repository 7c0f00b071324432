//! Requests that a receiver would refuse for their size.

use opentelemetry::KeyValue;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::*;

const SIZE: (&str, &str) = ("KAOS_OTLP_MAX_REQUEST_BYTES", "20000");

/// The requests that came over either protocol.
fn bodies(over: Over, receiver: &Receiver, target: &str) -> Vec<Vec<u8>> {
    let got = receiver
        .got()
        .into_iter()
        .filter(|it| it.target.contains(target));
    // Over gRPC: a byte that says whether it is compressed, and the length.
    let skip = if over == Over::Grpc { 5 } else { 0 };
    got.map(|it| it.body[skip..].to_vec()).collect()
}

fn receiver(over: Over) -> Receiver {
    match over {
        Over::Http => Receiver::start(false, [http(200)]),
        Over::Grpc => Receiver::start(true, [Reply::Message(Vec::new())]),
    }
}

fn spans(bodies: &[Vec<u8>]) -> Vec<Span> {
    let requests = bodies
        .iter()
        .map(|it| ExportTraceServiceRequest::decode(it.as_slice()).unwrap());
    let resources = requests.flat_map(|it| it.resource_spans);
    let scopes = resources.flat_map(|it| {
        assert!(it.resource.is_some(), "each request says who exports");
        it.scope_spans
    });
    scopes.flat_map(|it| it.spans).collect()
}

#[test]
fn a_batch_beyond_the_size_goes_in_several_requests() {
    for over in [Over::Http, Over::Grpc] {
        let receiver = receiver(over);
        let telemetry = telemetry(over, &receiver.url, &[SIZE]);
        let provider = telemetry.tracer_provider().unwrap();
        for scope in ["a", "b", "c"] {
            for _ in 0..20 {
                let mut span = provider.tracer(scope).start("span");
                span.set_attribute(KeyValue::new("content", "x".repeat(1500)));
                span.end();
            }
        }
        provider.force_flush().unwrap();
        let bodies = bodies(over, &receiver, "race");
        assert!(bodies.len() >= 5, "{over:?}: {}", bodies.len());
        assert!(bodies.iter().all(|it| it.len() <= 20_000));
        let spans = spans(&bodies);
        let mut ids: Vec<_> = spans.iter().map(|it| &it.span_id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 60, "each span once");
        assert!(
            spans.iter().all(|it| it.attributes.len() == 1),
            "none is cut"
        );
        assert_eq!(telemetry.stats().traces.exported, 60);
    }
}

#[test]
fn a_span_beyond_the_size_is_cut_and_marked_and_sent() {
    for over in [Over::Http, Over::Grpc] {
        let receiver = receiver(over);
        let telemetry = telemetry(over, &receiver.url, &[SIZE]);
        let provider = telemetry.tracer_provider().unwrap();
        let mut span = provider.tracer("test").start("large");
        span.set_attribute(KeyValue::new("short", "as it is"));
        for key in ["one", "two"] {
            span.set_attribute(KeyValue::new(key, "ä".repeat(30_000)));
        }
        span.add_event("event", vec![KeyValue::new("text", "x".repeat(30_000))]);
        span.end();
        provider.tracer("test").start("small").end();
        provider.force_flush().unwrap();
        let bodies = bodies(over, &receiver, "race");
        assert!(bodies.iter().all(|it| it.len() <= 20_000));
        let spans = spans(&bodies);
        let find = |name: &str| spans.iter().find(|it| it.name == name).unwrap();
        let value = |span: &Span, key: &str| {
            let attribute = span.attributes.iter().find(|it| it.key == key)?;
            attribute.value.clone()?.value
        };
        let large = find("large");
        let short = Value::StringValue("as it is".to_owned());
        assert_eq!(value(large, "short"), Some(short));
        assert_eq!(value(large, "kaos.truncated"), Some(Value::BoolValue(true)));
        let Some(Value::StringValue(one)) = value(large, "one") else {
            panic!("{large:?}");
        };
        assert!(one.ends_with('…') && one.len() > 1000, "{}", one.len());
        assert_eq!(value(find("small"), "kaos.truncated"), None);
        assert_eq!(telemetry.stats().traces.exported, 2);
    }
}

#[test]
fn log_records_and_data_points_are_split_too() {
    for over in [Over::Http, Over::Grpc] {
        let receiver = receiver(over);
        let url = receiver.url.clone();
        let telemetry = Telemetry::from_vars(|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(url.clone()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(over.word().to_owned()),
            "KAOS_OTLP_MAX_REQUEST_BYTES" => Some("20000".to_owned()),
            _ => None,
        })
        .unwrap();
        let logger = telemetry.logger_provider().unwrap().logger("test");
        for length in [1000, 1000, 60_000].into_iter().cycle().take(60) {
            let mut record = logger.create_log_record();
            record.set_body("x".repeat(length).into());
            logger.emit(record);
        }
        let meter = telemetry.meter_provider().unwrap().meter("test");
        let counter = meter.u64_counter("calls").build();
        for number in 0..500 {
            counter.add(1, &[KeyValue::new("key", format!("{number:0100}"))]);
        }
        telemetry.logger_provider().unwrap().force_flush().unwrap();
        telemetry.meter_provider().unwrap().force_flush().unwrap();
        let stats = telemetry.stats();
        assert_eq!(stats.logs.exported, 60);
        assert!(stats.metrics.exported >= 500 && stats.metrics.lost() == 0);

        let logs = bodies(over, &receiver, "ogs");
        assert!(logs.len() > 5 && logs.iter().all(|it| it.len() <= 20_000));
        let records: usize = logs
            .iter()
            .map(|it| ExportLogsServiceRequest::decode(it.as_slice()).unwrap())
            .flat_map(|it| it.resource_logs)
            .flat_map(|it| it.scope_logs)
            .map(|it| it.log_records.len())
            .sum();
        assert_eq!(records, 60);
        let metrics = bodies(over, &receiver, "etrics");
        assert!(metrics.len() > 3 && metrics.iter().all(|it| it.len() <= 20_000));
        let named: usize = metrics
            .iter()
            .map(|it| ExportMetricsServiceRequest::decode(it.as_slice()).unwrap())
            .flat_map(|it| it.resource_metrics)
            .flat_map(|it| it.scope_metrics)
            .flat_map(|it| it.metrics)
            .filter(|it| it.name == "calls")
            .count();
        assert!(named > 1, "the points of one instrument are split");
    }
}
