//! What spans and metrics say of the requests to MCP servers. The tables are written by hand from the
//! conventions for MCP (`semantic-conventions-genai`, revision `fe5608e`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kaos_runner::mcp::McpServer;
use kaos_runner::{FunctionModel, Limits, ModelReply};
use kaos_tests::agents::{agent, watched};
use kaos_tests::mcp_server::{OverHttp, Server};
use kaos_tests::observed::Observed;
use kaos_tests::rogue;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;

use crate::mcp_rogues::by_hand;

const PATIENCE: Duration = Duration::from_secs(60);
const NETWORK: [&str; 7] = [
    "mcp.",
    "jsonrpc.",
    "rpc.",
    "network.",
    "server.",
    "error.",
    "gen_ai.operation",
];

fn child(words: &[&'static str]) -> McpServer {
    McpServer::stdio(
        env!("CARGO_BIN_EXE_mcp_stdio_server"),
        words.iter().copied(),
    )
}

/// What a span says of the protocol; ids that differ each time as `…`.
fn said(span: &SpanData) -> BTreeMap<String, String> {
    let told = span.attributes.iter();
    let told = told.filter(|it| NETWORK.iter().any(|of| it.key.as_str().starts_with(of)));
    let told = told.map(|it| {
        let value = match it.key.as_str() {
            "jsonrpc.request.id" | "mcp.session.id" | "server.port" => "…".to_owned(),
            _ => it.value.to_string(),
        };
        (it.key.to_string(), value)
    });
    told.collect()
}

fn rows(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    let rows = rows.iter();
    rows.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn spans(observed: &Observed, name: &str) -> Vec<SpanData> {
    let spans = observed.memory.spans().into_iter();
    spans.filter(|span| span.name == name).collect()
}

/// The labels of a series of `mcp.client.operation.duration`, and how often it was measured.
fn measured(observed: &Observed) -> Vec<(BTreeMap<String, String>, u64)> {
    let metrics = observed.memory.metrics();
    let metrics = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
    let mut all = Vec::new();
    for metric in metrics.filter(|it| it.name() == "mcp.client.operation.duration") {
        assert_eq!(metric.unit(), "s");
        let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
            panic!("{metric:?}");
        };
        for point in histogram.data_points() {
            let bounds: Vec<f64> = point.bounds().collect();
            let expected = [
                0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
            ];
            assert_eq!(bounds, expected);
            let labels = point.attributes().map(|it| {
                let port = it.key.as_str() == "server.port";
                let value = if port {
                    "…".to_owned()
                } else {
                    it.value.to_string()
                };
                (it.key.to_string(), value)
            });
            all.push((labels.collect(), point.count()));
        }
    }
    all.sort();
    all
}

async fn one_call(server: McpServer, tool: &'static str) -> Observed {
    let call = ModelReply::call("1", tool, "{}");
    let (model, _) = watched([call, ModelReply::text("done")]);
    let server = server.discovery_limit(PATIENCE);
    let observed = Observed::new(agent("assistant", model).tools_from(server));
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_sound();
    observed
}

/// Every request of a turn has a span and a measurement, with what the conventions ask for.
async fn check(server: McpServer, over: &[(&str, &str)], session: &[(&str, &str)]) {
    let observed = one_call(server, "meta").await;
    let version = [("mcp.protocol.version", "2025-11-25")];
    let common = [over, &version].concat();
    let id = [("jsonrpc.request.id", "…")];
    for method in ["initialize", "tools/list"] {
        let found = spans(&observed, method);
        assert_eq!(found.len(), 1, "{method}");
        let expected = [&common, session, &id, &[("mcp.method.name", method)]].concat();
        assert_eq!(said(&found[0]), rows(&expected), "{method}");
        assert_eq!(found[0].span_kind, SpanKind::Client, "{method}");
        assert_eq!(found[0].status, Status::Unset, "{method}");
        let discovery = &spans(&observed, "tools.discovery")[0];
        let parent = discovery.span_context.span_id();
        assert_eq!(found[0].parent_span_id, parent, "{method}");
    }
    let call = [
        ("mcp.method.name", "tools/call"),
        ("gen_ai.operation.name", "execute_tool"),
    ];
    let tool = &spans(&observed, "tool.meta")[0];
    let expected = [&common, session, &id, &call].concat();
    assert_eq!(said(tool), rows(&expected));

    let named = [("gen_ai.tool.name", "meta")];
    let labels = |own: &[(&str, &str)]| (rows(&[&common, own].concat()), 1);
    let mut expected = vec![
        labels(&[("mcp.method.name", "initialize")]),
        labels(&[("mcp.method.name", "tools/list")]),
        labels(&[&call[..], &named].concat()),
    ];
    expected.sort();
    assert_eq!(measured(&observed), expected);
}

const OVER_HTTP: [(&str, &str); 4] = [
    ("network.transport", "tcp"),
    ("network.protocol.name", "http"),
    ("server.address", "127.0.0.1"),
    ("server.port", "…"),
];

#[tokio::test]
async fn over_http_each_request_is_a_span_and_a_measurement() {
    let server = OverHttp::start(Server::default()).await;
    let session = [("mcp.session.id", "…")];
    check(McpServer::http(server.url()), &OVER_HTTP, &session).await;
}

#[tokio::test]
async fn over_pipes_each_request_is_a_span_and_a_measurement() {
    check(child(&[]), &[("network.transport", "pipe")], &[]).await;
}

#[tokio::test]
async fn each_request_names_its_own_span_to_the_server_and_hands_on_the_baggage() {
    let told: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let to = Arc::clone(&told);
    let (place, _) = by_hand(move |method, message| {
        let meta = message["params"]["_meta"].to_string();
        to.lock().unwrap().push((method.to_owned(), meta));
        let tool = json!({ "name": "rogue", "inputSchema": { "type": "object" } });
        match method {
            "initialize" => None,
            "tools/list" => Some(json!({ "result": { "tools": [tool] } })),
            _ => Some(json!({ "result": { "content": [] } })),
        }
    });
    let call = ModelReply::call("1", "rogue", "{}");
    let (model, _) = watched([call, ModelReply::text("done")]);
    let server = McpServer::http(format!("http://{place}/mcp")).discovery_limit(PATIENCE);
    let observed = Observed::new(agent("assistant", model).tools_from(server));
    let hooks = observed.runner.observed_by();
    let parent = hooks.extract([("baggage", "user=u-7")]);
    let turn = observed.runner.turn("Work.", "s").parent(parent);
    turn.await.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 3, "{told:?}");
    for ((method, meta), span) in told.iter().zip(["initialize", "tools/list", "tool.rogue"]) {
        let id = spans(&observed, span)[0].span_context.span_id().to_string();
        assert!(meta.contains(&id), "{method}: {meta}");
        assert!(meta.contains(r#""baggage":"user=u-7""#), "{method}: {meta}");
    }
}

/// A turn beside this server, whose tools it has not.
async fn without(server: McpServer, limit: Duration) -> Observed {
    let (model, _) = watched([ModelReply::text("done")]);
    let server = server.discovery_limit(limit);
    let observed = Observed::new(agent("assistant", model).tools_from(server));
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_sound();
    observed
}

#[tokio::test]
async fn a_request_that_fails_says_why() {
    const SHORT: Duration = Duration::from_millis(250);
    let none = None;
    let each: &[(&str, &str, Option<&str>, &str, Duration)] = &[
        (
            "refuses to begin",
            "initialize",
            Some("-32603"),
            "-32603",
            PATIENCE,
        ),
        ("never begins", "initialize", none, "timeout", SHORT),
        ("dies at once", "initialize", none, "connection", PATIENCE),
        (
            "refuses to list",
            "tools/list",
            Some("-32603"),
            "-32603",
            PATIENCE,
        ),
        ("never lists", "tools/list", none, "timeout", SHORT),
        (
            "dies when it lists",
            "tools/list",
            none,
            "connection",
            PATIENCE,
        ),
    ];
    for (way, method, code, kind, limit) in each.iter().copied() {
        for http in [true, false] {
            let server = if http {
                McpServer::http(rogue::over_http(way))
            } else {
                child(&[way])
            };
            let at = format!("{way}, {http}");
            let observed = without(server, limit).await;
            let span = &spans(&observed, method)[0];
            let said = said(span);
            assert_eq!(
                said.get("error.type").map(String::as_str),
                Some(kind),
                "{at}"
            );
            let status = said.get("rpc.response.status_code").map(String::as_str);
            assert_eq!(status, code, "{at}");
            assert_eq!(span.status, Status::error(""), "{at}");
            let mut failed = measured(&observed);
            failed.retain(|(labels, _)| labels.contains_key("error.type"));
            assert_eq!(failed.len(), 1, "{at}");
            assert_eq!(failed[0].0["mcp.method.name"], method, "{at}");
            assert_eq!(failed[0].0["error.type"], kind, "{at}");
        }
    }
}

/// The version that has no sessions: found out, known before, or not there either.
#[tokio::test]
async fn each_way_to_begin_is_a_span_of_its_own() {
    let refused = [("initialize", Some("-32022")), ("server/discover", None)];
    let both = [
        ("initialize", Some("-32601")),
        ("server/discover", Some("-32601")),
    ];
    for http in [true, false] {
        let rogue = |way| {
            let server = if http {
                McpServer::http(rogue::over_http(way))
            } else {
                child(&[way])
            };
            server.discovery_limit(PATIENCE)
        };
        for (server, expected, has) in [
            (rogue("knows no sessions"), &refused[..], true),
            (rogue("knows no sessions").stateless(), &refused[1..], true),
            (rogue("knows no beginning"), &both[..], false),
            (rogue("knows no beginning").stateless(), &both[1..], false),
        ] {
            let observed = without(server, PATIENCE).await;
            let begun = |span: &&SpanData| matches!(&*span.name, "initialize" | "server/discover");
            let exported = observed.memory.spans();
            let begun: Vec<_> = exported
                .iter()
                .filter(begun)
                .map(|it| (it.name.to_string(), said(it)))
                .collect();
            let kinds: Vec<_> = begun
                .iter()
                .map(|(name, said)| (&**name, said.get("error.type").map(String::as_str)))
                .collect();
            assert_eq!(kinds, expected, "{http}");
            let discovered = begun
                .iter()
                .find(|(name, _)| name == "server/discover")
                .unwrap();
            let version = discovered.1.get("mcp.protocol.version").map(String::as_str);
            assert_eq!(version, has.then_some("2026-07-28"), "{http}");
            assert_eq!(
                spans(&observed, "tools/list").len(),
                usize::from(has),
                "{http}"
            );
        }
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_where_it_would_begin() {
    let server = McpServer::stdio("/nonexistent/mcp-server", ["--quiet"]);
    let observed = without(server, PATIENCE).await;
    let said = said(&spans(&observed, "initialize")[0]);
    let expected = [
        ("mcp.method.name", "initialize"),
        ("network.transport", "pipe"),
        ("error.type", "connection"),
    ];
    assert_eq!(said, rows(&expected));
}

#[tokio::test]
async fn a_call_that_is_given_up_or_takes_too_long_is_measured_too() {
    for given_up in [true, false] {
        let server = Server::default();
        let hung = Arc::clone(&server.hung);
        let http = OverHttp::start(server).await;
        let limits = Limits {
            tool: if given_up {
                PATIENCE
            } else {
                Duration::from_millis(250)
            },
            ..Limits::default()
        };
        let model = FunctionModel::script([
            ModelReply::call("1", "hang", "{}"),
            ModelReply::text("done"),
        ]);
        let agent = agent("assistant", model)
            .tools_from(McpServer::http(http.url()).discovery_limit(PATIENCE))
            .limits(limits);
        let observed = Observed::new(agent);
        tokio::select! {
            _answer = observed.runner.turn("Work.", "s").into_future() => assert!(!given_up),
            () = async { hung.notified().await }, if given_up => {}
        }
        observed.assert_sound();
        let kind = if given_up { "cancelled" } else { "timeout" };
        let said = said(&spans(&observed, "tool.hang")[0]);
        assert_eq!(said.get("mcp.method.name").unwrap(), "tools/call");
        assert_eq!(said.get("error.type").unwrap(), kind);
        let mut measured = measured(&observed);
        measured.retain(|(labels, _)| labels["mcp.method.name"] == "tools/call");
        assert_eq!(measured.len(), 1, "{kind}");
        assert_eq!(measured[0].0["error.type"], kind);
    }
}
