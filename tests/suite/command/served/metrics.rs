//! What a served agent measures, beside what KAOS' agents of January (43f4851) and October 2026 (0.8.4) do in the
//! same situations.

use std::collections::{BTreeMap, BTreeSet};

use kaos_tests::mcp_server::OverHttp;
use kaos_tests::nobody::Nobody;
use kaos_tests::peer::{Kind, Peer, completion};
use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message as _;
use serde::Deserialize;
use serde_json::json;

use super::model::{Calc, Tagged};
use super::{CHAT, JSON, Served};

const PARENT: &str = "00-11111111111111111111111111111111-2222222222222222-01";

#[derive(Debug, Deserialize)]
struct Recorded {
    metrics: BTreeMap<String, Metric>,
    resource: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
struct Metric {
    unit: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    bounds: Vec<f64>,
    attributes: BTreeSet<String>,
    success: BTreeSet<String>,
}

impl Metric {
    fn add(&mut self, attributes: &[KeyValue]) {
        for attribute in attributes {
            self.attributes.insert(attribute.key.clone());
            let value = attribute.value.as_ref().and_then(|it| it.value.as_ref());
            if let ("success", Some(AnyValue::StringValue(said))) = (&*attribute.key, value) {
                self.success.insert(said.clone());
            }
        }
    }
}

fn measured(exported: ExportMetricsServiceRequest) -> (BTreeMap<String, Metric>, BTreeSet<String>) {
    let (mut all, mut resource) = (BTreeMap::new(), BTreeSet::new());
    for of in exported.resource_metrics {
        let own = of.resource.unwrap_or_default().attributes;
        resource.extend(own.into_iter().map(|it| it.key));
        for metric in of.scope_metrics.into_iter().flat_map(|it| it.metrics) {
            let mut seen = Metric {
                unit: metric.unit,
                ..Metric::default()
            };
            match metric.data {
                Some(Data::Sum(sum)) => {
                    "sum".clone_into(&mut seen.kind);
                    sum.data_points
                        .iter()
                        .for_each(|it| seen.add(&it.attributes));
                }
                Some(Data::Histogram(times)) => {
                    "histogram".clone_into(&mut seen.kind);
                    for point in &times.data_points {
                        seen.add(&point.attributes);
                        seen.bounds.clone_from(&point.explicit_bounds);
                    }
                }
                _ => {}
            }
            all.insert(metric.name, seen);
        }
    }
    (all, resource)
}

/// KAOS' agent writes a line of level ERROR, in its trace, of each tool, agent and model that fails, with the error's text.
/// Ours is a warning that names the span and the kind of failure, and shows no content.
fn check_logs(receiver: &Receiver) {
    let mut failed = BTreeSet::new();
    for got in receiver.got().iter().filter(|it| it.target == "/v1/logs") {
        let exported = ExportLogsServiceRequest::decode(&*got.body).unwrap();
        let scopes = exported
            .resource_logs
            .into_iter()
            .flat_map(|it| it.scope_logs);
        for record in scopes.flat_map(|it| it.log_records) {
            let text = |key: &str| {
                let found = record.attributes.iter().find(|it| it.key == key)?;
                match found.value.as_ref()?.value.as_ref()? {
                    AnyValue::StringValue(text) => Some(text.clone()),
                    _ => None,
                }
            };
            let Some(span) = text("span") else { continue };
            assert_eq!(record.severity_text, "WARN", "{record:?}");
            assert_eq!(record.trace_id, [0x11; 16], "{record:?}");
            assert_eq!(record.span_id.len(), 8);
            failed.insert((span, text("error_type").unwrap_or_default()));
            let shown = format!("{record:?}");
            assert!(
                !shown.contains("boom: x") && !shown.contains("model is down"),
                "{shown}"
            );
        }
    }
    for (span, kind) in [
        ("tool.boom", "tool_error"),
        ("delegate.ghost", "connection"),
        ("model.inference", "server_error"),
        ("agent.turn", "server_error"),
    ] {
        assert!(
            failed.contains(&(span.to_owned(), kind.to_owned())),
            "{span}: {failed:?}"
        );
    }
}

/// What becomes of a metric of release 0.8.4.
enum Ours {
    /// It is there, with all that it says but these attributes.
    But(&'static [&'static str], &'static str),
    /// It is not, and this says the same.
    Instead(&'static str, &'static str),
    /// What it is about is not there.
    Nothing(&'static str),
}

const LATEST: &[(&str, Ours)] = &[
    (
        "gen_ai.client.token.usage",
        Ours::But(
            &["gen_ai.system"],
            "the conventions call it gen_ai.provider.name since 1.37, and that is there, too",
        ),
    ),
    ("kaos.delegations", Ours::But(&[], "all of it")),
    ("kaos.delegation.duration", Ours::But(&[], "all of it")),
    (
        "http.client.duration",
        Ours::Instead(
            "gen_ai.client.operation.duration",
            "a request is measured by what it is for; the recorded name was left by the conventions in 2023",
        ),
    ),
    (
        "http.server.duration",
        Ours::Instead(
            "kaos.request.duration",
            "by agent; the recorded one has http.target, so whoever asks makes series",
        ),
    ),
    (
        "http.server.active_requests",
        Ours::Nothing("`http.server.request` spans say it, on request"),
    ),
    (
        "http.server.request.size",
        Ours::Nothing("bodies are bounded; a span says what was asked"),
    ),
    (
        "http.server.response.size",
        Ours::Nothing("tokens are measured, which answers are paid by"),
    ),
    ("kaos.tasks", Ours::Nothing("A2A is not spoken")),
    (
        "kaos.task.duration",
        Ours::Nothing("A2A is not spoken; the recorded one has a series for each task"),
    ),
];

/// Each metric of release 0.8.4 has its row, and the row is true.
fn check_latest(ours: &BTreeMap<String, Metric>, resource: &BTreeSet<String>) {
    let recorded = include_str!("../../../fixtures/kaos-0.8.4-metrics.json");
    let recorded: Recorded = serde_json::from_str(recorded).unwrap();
    let rows: BTreeSet<&str> = LATEST.iter().map(|(name, _)| *name).collect();
    let names: BTreeSet<&str> = recorded.metrics.keys().map(String::as_str).collect();
    assert_eq!(rows, names);
    for (name, row) in LATEST {
        let expected = &recorded.metrics[*name];
        match row {
            Ours::But(without, why) => {
                let found = ours.get(*name).unwrap_or_else(|| panic!("no {name}"));
                let missing: Vec<_> = expected.attributes.difference(&found.attributes).collect();
                assert_eq!(missing, *without, "{name}: {why}");
                assert_eq!(found.kind, expected.kind, "{name}");
                assert!(
                    found.bounds.starts_with(&expected.bounds),
                    "{name}: {:?}",
                    found.bounds
                );
                let counts = found.unit.starts_with('{') && expected.unit == "1";
                assert!(
                    counts || found.unit == expected.unit,
                    "{name}: {}",
                    found.unit
                );
            }
            Ours::Instead(other, why) => {
                assert!(!ours.contains_key(*name), "{name}");
                assert!(ours.contains_key(*other), "{name}: no {other}, yet {why}");
            }
            Ours::Nothing(why) => assert!(!ours.contains_key(*name), "{name}: {why}"),
        }
    }
    let missing: Vec<_> = recorded.resource.difference(resource).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_recorded_metric_is_ours_with_its_unit_its_bounds_and_its_attributes() {
    let recorded = include_str!("../../../fixtures/kaos-43f4851-metrics.json");
    let recorded: Recorded = serde_json::from_str(recorded).unwrap();
    let receiver = Receiver::start(false, vec![Reply::Http(200, Vec::new(), Vec::new())]);
    let (model, calc) = (Tagged::start().await, OverHttp::start(Calc).await);
    let analyst = Peer::start(Kind::Own, "analyst", vec![completion("three")]).await;
    let (place, nobody) = (calc.url(), Nobody::listens());
    let ghost = nobody.url();
    let peers = format!("analyst:{},ghost:{ghost}", analyst.url);
    let both = r#"[{"tool_calls":[{"name":"analyst","arguments":{"task":"count"}},{"name":"ghost","arguments":{"task":"count"}}]},"Three."]"#;
    let common = [
        ("AGENT_NAME", "solo"),
        ("MODEL_API_URL", &*model.url),
        ("MODEL_NAME", "mock-model"),
        ("MCP_SERVERS", "calc"),
        ("MCP_SERVER_CALC_URL", &place),
        ("AGENT_SUB_AGENTS", &peers),
        ("OTEL_SDK_DISABLED", "false"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.namespace=demo,kaos.resource.name=solo",
        ),
    ];
    let (mut all, mut resource) = (BTreeMap::<String, Metric>::new(), BTreeSet::new());
    for (more, questions) in [
        (
            &[][..],
            &["[tool] add", "[failtool] boom", "[err500] fail"][..],
        ),
        (&[("DEBUG_MOCK_RESPONSES", both)], &["Count."]),
    ] {
        let variables: Vec<_> = common.iter().chain(more).copied().collect();
        let served = Served::start(&variables).await;
        for question in questions {
            let body = json!({ "messages": [{ "role": "user", "content": question }] });
            let headers = [JSON, ("traceparent", PARENT)];
            served.ask("POST", CHAT, &headers, &body.to_string()).await;
        }
        served.stop().await;
        let got = receiver.got();
        let last = got.iter().rfind(|it| it.target == "/v1/metrics").unwrap();
        let (seen, of) = measured(ExportMetricsServiceRequest::decode(&*last.body).unwrap());
        resource.extend(of);
        for (name, metric) in seen {
            let before = all.entry(name).or_insert_with(|| metric.clone());
            before.attributes.extend(metric.attributes);
            before.success.extend(metric.success);
        }
    }
    check_logs(&receiver);
    check_latest(&all, &resource);
    for (name, expected) in &recorded.metrics {
        let mut ours = all.get(name).unwrap_or_else(|| panic!("no {name}")).clone();
        // Better: times of more than ten seconds, which turns take, are told apart.
        assert!(ours.bounds.len() >= expected.bounds.len(), "{name}");
        ours.bounds.truncate(expected.bounds.len());
        // Better: a counter's unit says of what, as OpenTelemetry's conventions have it.
        if ours.kind == "sum" {
            assert!(ours.unit.starts_with('{'), "{name}: {}", ours.unit);
            "1".clone_into(&mut ours.unit);
        }
        assert_eq!(ours, *expected, "{name}");
    }
    // The language of the SDK is another one; nothing that the operator sets is missing.
    let missing: Vec<_> = recorded.resource.difference(&resource).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
