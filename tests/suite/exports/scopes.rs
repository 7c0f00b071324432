//! Who made what is exported: `kaos` has its version and its conventions wherever it appears.

use kaos_hooks::{Failure, Hooks, LlmCall, Turn, TurnOutcome};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

struct Arrived {
    /// Signal, scope, and the address of its schema.
    scopes: Vec<(&'static str, InstrumentationScope, String)>,
    records: Vec<LogRecord>,
}

/// What arrives of a turn with a failing model call and two log lines.
fn arrived(vars: &[(&str, &str)]) -> Arrived {
    let receiver = Receiver::start(false, [http(200)]);
    let telemetry = Telemetry::from_vars(|name| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(receiver.url.clone()),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("http/protobuf".to_owned()),
        "OTEL_SERVICE_NAME" => Some("suite".to_owned()),
        _ => {
            let known = vars.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        }
    })
    .unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.log_layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "kaos", "a line of ours");
        tracing::info!(target: "my_app", "a line of the user's");
    });
    let turn = Hooks::new(telemetry.hooks()).turn(Turn::new("assistant"));
    turn.open(LlmCall::new("openai", "gpt-4o"))
        .fail(Failure::new("timeout"));
    turn.complete(TurnOutcome::default());
    telemetry.tracer_provider().unwrap().force_flush().unwrap();
    telemetry.logger_provider().unwrap().force_flush().unwrap();
    telemetry.meter_provider().unwrap().force_flush().unwrap();

    let mut arrived = Arrived {
        scopes: Vec::new(),
        records: Vec::new(),
    };
    for got in receiver.got() {
        let body = got.body.as_slice();
        if got.target.contains("traces") {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            for it in request
                .resource_spans
                .into_iter()
                .flat_map(|it| it.scope_spans)
            {
                arrived
                    .scopes
                    .push(("spans", it.scope.unwrap(), it.schema_url));
            }
        } else if got.target.contains("metrics") {
            let request = ExportMetricsServiceRequest::decode(body).unwrap();
            for it in request
                .resource_metrics
                .into_iter()
                .flat_map(|it| it.scope_metrics)
            {
                arrived
                    .scopes
                    .push(("metrics", it.scope.unwrap(), it.schema_url));
            }
        } else {
            let request = ExportLogsServiceRequest::decode(body).unwrap();
            for it in request
                .resource_logs
                .into_iter()
                .flat_map(|it| it.scope_logs)
            {
                arrived
                    .scopes
                    .push(("logs", it.scope.unwrap(), it.schema_url));
                arrived.records.extend(it.log_records);
            }
        }
    }
    arrived
}

#[test]
fn the_scope_kaos_has_one_version_and_the_schema_of_its_conventions() {
    let scopes = arrived(&[]).scopes;
    let mut signals = std::collections::BTreeSet::new();
    for (signal, scope, schema) in &scopes {
        if scope.name == "kaos" {
            signals.insert(*signal);
            assert_eq!(scope.version, env!("CARGO_PKG_VERSION"), "{signal}");
            assert_eq!(
                schema, "https://opentelemetry.io/schemas/1.43.0",
                "{signal}"
            );
        } else {
            assert_eq!(
                (&*scope.name, &*scope.version),
                ("my_app", ""),
                "{signal}: a user's is not ours"
            );
        }
    }
    assert_eq!(signals.len(), 3, "{scopes:?}");
    assert!(scopes.iter().any(|(_, scope, _)| scope.name == "my_app"));
}

#[test]
fn an_events_record_says_whether_its_trace_is_sampled() {
    for (sampler, flags) in [("always_on", 1), ("always_off", 0)] {
        let records = arrived(&[("OTEL_TRACES_SAMPLER", sampler)]).records;
        let event = records
            .iter()
            .find(|it| it.event_name == "gen_ai.client.operation.exception")
            .unwrap();
        assert_eq!(event.trace_id.len(), 16);
        assert_eq!(event.flags & 0xff, flags, "{sampler}");
    }
}
