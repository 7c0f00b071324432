//! The dashboard names only what is exported, as a Collector names it for Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::{
    AsyncHook, EventBuf, Failure, Hooks, Lane, LlmCall, LlmOutcome, McpCall, McpOutcome,
    McpRequest, Server, Subagent, SubagentOutcome, TextDelta, ToolCall, Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{ExportStats, Price, Prices, Telemetry};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use serde_json::Value;

const DASHBOARD: &str = include_str!("../../docs/grafana-dashboard.json");

/// What Prometheus and its exporter add to every series.
const ADDED: [&str; 2] = ["job", "instance"];

struct Takes;

#[async_trait]
impl AsyncHook for Takes {
    async fn on_event(&mut self, _event: EventBuf) {}
}

/// A turn that has everything go well once and wrong once.
fn everything() -> (Telemetry, kaos_otel_hook::Memory) {
    let (telemetry, memory) = Telemetry::in_memory();
    let prices = Prices::new([("gpt-4o", Price::new(1.0, 1.0))]).unwrap();
    let telemetry = telemetry.with_prices(prices);
    let hooks = Hooks::new((telemetry.hooks(), Lane::new(Takes)));
    let server = || Server {
        address: "api.example.com".into(),
        port: 443,
    };
    for failing in [false, true] {
        let turn = hooks.turn(Turn::new("assistant"));
        let mut call = LlmCall::new("openai", "gpt-4o");
        (call.stream, call.server) = (true, Some(server()));
        let mut call = turn.open(call);
        call.emit(TextDelta {
            content: "Ho".into(),
        });
        let outcome = LlmOutcome {
            usage: Some(Usage::new(10, 5)),
            response_model: Some("gpt-4o-2024".into()),
            time_to_first_chunk: Some(Duration::from_millis(1)),
            ..LlmOutcome::default()
        };
        let tool = turn.open(ToolCall::new("search"));
        let mut request = turn.open(McpRequest::new("tools/list"));
        request.so_far(McpOutcome {
            mcp: Some(Box::new(McpCall {
                server: Some(server()),
                ..McpCall::default()
            })),
            ..McpOutcome::default()
        });
        let delegated = turn.open(Subagent::new("researcher"));
        let failure = || Failure::new("timeout");
        if failing {
            call.so_far(outcome);
            call.fail(failure());
            tool.fail(failure());
            request.fail(failure());
            delegated.fail(failure());
            turn.fail(failure());
        } else {
            call.complete(outcome);
            tool.complete(kaos_hooks::ToolOutcome::default());
            request.complete(McpOutcome::default());
            delegated.complete(SubagentOutcome::default());
            turn.complete(TurnOutcome::default());
        }
    }
    let meter = telemetry.meter_provider().unwrap().meter("kaos");
    kaos_otel_hook::export_results(&meter, || {
        ["traces", "metrics", "logs"].map(|of| (of, ExportStats::default()))
    });
    (telemetry, memory)
}

/// Every series' name in Prometheus, with its labels.
fn exported() -> BTreeMap<String, BTreeSet<String>> {
    fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>, to: &mut BTreeSet<String>) {
        to.extend(attributes.map(|it| it.key.as_str().replace('.', "_")));
    }
    let (_telemetry, memory) = everything();
    let metrics = memory.metrics();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
        // A unit in braces is a remark, and not part of the name.
        let unit = match metric.unit() {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            unit if unit.is_empty() || unit.starts_with('{') => "",
            other => panic!("how is {other} written?"),
        };
        let name = format!("{}{unit}", metric.name().replace('.', "_"));
        let mut has: BTreeSet<String> = ADDED.iter().map(|it| (*it).to_owned()).collect();
        let sum = match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(it)) => {
                it.data_points()
                    .for_each(|it| labels(it.attributes(), &mut has));
                false
            }
            AggregatedMetrics::U64(MetricData::Histogram(it)) => {
                it.data_points()
                    .for_each(|it| labels(it.attributes(), &mut has));
                false
            }
            AggregatedMetrics::U64(MetricData::Sum(it)) => {
                it.data_points()
                    .for_each(|it| labels(it.attributes(), &mut has));
                true
            }
            AggregatedMetrics::F64(MetricData::Sum(it)) => {
                it.data_points()
                    .for_each(|it| labels(it.attributes(), &mut has));
                true
            }
            _ => continue,
        };
        if sum {
            all.insert(format!("{name}_total"), has);
        } else {
            all.insert(format!("{name}_count"), has.clone());
            all.insert(format!("{name}_sum"), has.clone());
            has.insert("le".to_owned());
            all.insert(format!("{name}_bucket"), has);
        }
    }
    all
}

/// All queries of the dashboard: of panels and of variables.
fn queries(dashboard: &Value) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array());
    let panels = targets.flatten().map(|target| text(&target["expr"]));
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let variables = variables.filter(|it| it["type"] == "query");
    panels
        .chain(variables.map(|it| text(&it["definition"])))
        .collect()
}

/// The names that a query has, each followed by what stands behind it.
fn words(query: &str) -> Vec<(&str, &str)> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '$';
    let mut words = Vec::new();
    let mut rest = query;
    while let Some(at) = rest.find(is_name) {
        let from = &rest[at..];
        let end = from.find(|it| !is_name(it)).unwrap_or(from.len());
        words.push((&from[..end], from[end..].trim_start()));
        rest = &from[end..];
    }
    words
}

/// A query's metrics, and its labels: in braces, and behind `by`.
fn named(query: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let is_metric = |it: &str| {
        ["kaos_", "gen_ai_", "mcp_"]
            .iter()
            .any(|of| it.starts_with(of))
    };
    let (mut metrics, mut labels) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = query;
    while let Some(at) = rest.find(['{', '(']) {
        let (before, inside) = rest.split_at(at);
        metrics.extend(
            words(before)
                .iter()
                .map(|(it, _)| *it)
                .filter(|it| is_metric(it)),
        );
        let is_by = inside.starts_with('(') && before.trim_end().ends_with(" by");
        let close = if inside.starts_with('{') { '}' } else { ')' };
        if is_by || inside.starts_with('{') {
            let end = inside.find(close).unwrap();
            let of = &inside[1..end];
            let names = words(of).into_iter();
            let names = names.filter(|(_, behind)| is_by || behind.starts_with(['=', '!']));
            labels.extend(names.map(|(it, _)| it));
            rest = &inside[end + 1..];
        } else {
            rest = &inside[1..];
        }
    }
    if let Some((_, label)) = query.strip_suffix(')').and_then(|it| it.rsplit_once(", "))
        && query.starts_with("label_values(")
    {
        labels.insert(label);
    }
    metrics.extend(
        words(rest)
            .iter()
            .map(|(it, _)| *it)
            .filter(|it| is_metric(it)),
    );
    metrics.retain(|it| !labels.contains(it));
    (metrics, labels)
}

#[tokio::test]
async fn every_metric_and_label_of_the_dashboard_is_exported() {
    let exported = exported();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let queries = queries(&dashboard);
    assert!(queries.len() > 20);
    for query in &queries {
        let (metrics, labels) = named(query);
        assert!(!metrics.is_empty(), "{query}");
        for metric in metrics {
            let has = exported.get(metric);
            let has = has.unwrap_or_else(|| panic!("{metric} of {query} is not exported"));
            for label in &labels {
                assert!(has.contains(*label), "{metric} has no {label}: {query}");
            }
        }
    }
}

#[test]
fn the_reading_of_queries_sees_each_name() {
    let query = r#"sum by (le, agent_name) (rate(kaos_a_bucket{job=~"$x", success!="a_b"}[1m])) / kaos_b_total"#;
    let (metrics, labels) = named(query);
    assert_eq!(metrics, BTreeSet::from(["kaos_a_bucket", "kaos_b_total"]));
    let expected = ["agent_name", "job", "le", "success"];
    assert_eq!(labels, BTreeSet::from(expected));
    let (metrics, labels) = named(r#"label_values(kaos_a_total{job="x"}, agent_name)"#);
    assert_eq!(metrics, BTreeSet::from(["kaos_a_total"]));
    assert_eq!(labels, BTreeSet::from(["agent_name", "job"]));
}

#[test]
fn the_dashboard_imports_anywhere() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    assert!(dashboard["id"].is_null(), "an id is the place's own");
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    let names = |of: &Value, key: &str| -> Vec<String> {
        let all = of.as_array().unwrap().iter();
        all.map(|it| it[key].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let variables = names(&dashboard["templating"]["list"], "name");
    assert_eq!(variables, ["datasource", "service", "agent"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let title = &panel["title"];
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            assert!(x < 24, "{title} is wider than the page");
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{title} lies over another");
            }
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}
