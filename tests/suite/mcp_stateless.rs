//! Servers that have no sessions, as protocol 2026-07-28 has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::routing::post;
use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::McpServer;
use kaos_runner::mcp::server::{ToolServer, ToolSet};
use kaos_runner::server::{Bounds, Drain, listen};
use kaos_runner::{FunctionTool, ModelReply, Tool, ToolContext, ToolSource as _};
use kaos_tests::agents::{agent, watched};
use kaos_tests::observed::Observed;
use kaos_tests::tool_client::Listening;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_stream::pending;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

fn tool(name: &'static str) -> FunctionTool {
    FunctionTool::new(
        name,
        "Says its name.",
        move |_: Nothing| async move { Ok(name) },
    )
}

#[tokio::test]
async fn an_agent_s_call_is_one_trace_without_a_session_too() {
    let (telemetry, memory) = Telemetry::in_memory();
    let server = ToolServer::new().tool(tool("one")).hooks(telemetry.hooks());
    let listening = Listening::start(server).await;
    let source = McpServer::http(listening.url())
        .stateless()
        .discovery_limit(PATIENCE);
    let (model, asked) = watched([ModelReply::call("1", "one", "{}"), ModelReply::text("done")]);
    let observed = Observed::new(agent("assistant", model).tools_from(source.clone()));
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_sound();
    assert_eq!(asked.results(), ["one"]);
    observed.assert_tree(
        "
        agent.turn
          tools.discovery
            server/discover
            tools/list
          agent.intent_classification
          agent.step.1
            model.inference
            tool.one
          agent.step.2
            model.inference
        ",
    );
    let exported = observed.memory.spans();
    let tool = exported
        .iter()
        .find(|span| span.name == "tool.one")
        .unwrap();
    let far = memory.spans();
    let call = far
        .iter()
        .find(|span| span.name == "tools/call one")
        .unwrap();
    assert_eq!(call.parent_span_id, tool.span_context.span_id());
    assert_eq!(call.span_context.trace_id(), tool.span_context.trace_id());
    for span in [tool, call] {
        let said = |key: &str| span.attributes.iter().find(|it| it.key.as_str() == key);
        assert_eq!(
            said("mcp.protocol.version").unwrap().value.as_str(),
            "2026-07-28"
        );
        assert!(said("mcp.session.id").is_none());
    }
    source.close().await;
}

/// What the source lists, once it is this.
async fn listed(source: &McpServer, expected: &[&str]) {
    let until = async {
        loop {
            let listing = source.tools(&ToolContext::default()).await.unwrap();
            let names = listing.tools.iter();
            let names: Vec<_> = names.map(|it| it.spec().name.to_string()).collect();
            if names == expected && listing.stale.is_none() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, until).await;
    assert!(in_time.is_ok(), "never {expected:?}");
}

#[tokio::test]
async fn a_client_without_a_session_hears_that_the_tools_change() {
    let set: ToolSet = [tool("one")].into_iter().collect();
    let listening = Listening::start(ToolServer::new().tools(set.clone())).await;
    let source = McpServer::http(listening.url())
        .stateless()
        .discovery_limit(PATIENCE);
    listed(&source, &["one"]).await;
    for name in ["two", "three"] {
        set.change(|tools| *tools = vec![Arc::new(tool(name)) as Arc<dyn Tool>]);
        listed(&source, &[name]).await;
    }
    source.close().await;
}

/// A restart, or a gateway that is busy, is no reason to hear nothing any more.
#[tokio::test]
async fn a_server_that_does_not_let_one_listen_for_now_is_listened_to_later() {
    let set: ToolSet = [tool("one")].into_iter().collect();
    let refused = Arc::new(AtomicBool::new(false));
    let refusing = Arc::clone(&refused);
    let refuse_first = move |request: Request, next: Next| {
        let method = request.headers().get("mcp-method");
        let listens = method.is_some_and(|it| it == "subscriptions/listen");
        let is_first = listens && !refusing.swap(true, Ordering::SeqCst);
        async move {
            if is_first {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            next.run(request).await
        }
    };
    let routes = ToolServer::new().tools(set.clone()).router();
    let url = serving(routes.layer(from_fn(refuse_first))).await;
    let source = McpServer::http(format!("{url}/mcp"))
        .stateless()
        .discovery_limit(PATIENCE);
    listed(&source, &["one"]).await;
    while !refused.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    // The refusal itself counts as a change, once.
    for name in ["two", "three", "four"] {
        set.change(|tools| *tools = vec![Arc::new(tool(name)) as Arc<dyn Tool>]);
        listed(&source, &[name]).await;
    }
    source.close().await;
}

/// Lets routes be asked on a free port.
async fn serving(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let drain = Drain::default();
    tokio::spawn(
        async move { listen(listener, routes, &Bounds::default(), &drain, pending()).await },
    );
    url
}

/// A server that speaks the one or the other, as it is told.
async fn of_either_version(latest: Arc<AtomicBool>) -> String {
    let answer = async move |asked: String| {
        let asked: Value = serde_json::from_str(&asked).unwrap_or_default();
        let json = |body: Value| ([("content-type", "application/json")], body.to_string());
        let info = json!({ "name": "either", "version": "1" });
        let tool = json!({ "name": "either", "inputSchema": { "type": "object" } });
        let result = match (asked["method"].as_str(), latest.load(Ordering::SeqCst)) {
            (Some("initialize"), false) => json!({ "protocolVersion": "2025-11-25",
                "capabilities": { "tools": {} }, "serverInfo": info }),
            (Some("server/discover"), true) => json!({ "supportedVersions": ["2026-07-28"],
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
                "capabilities": { "tools": {} }, "serverInfo": info }),
            (Some("tools/list"), _) => json!({ "tools": [tool] }),
            (Some("notifications/initialized"), _) => return StatusCode::ACCEPTED.into_response(),
            _ => {
                let error = json!({ "code": -32601, "message": "no" });
                let body = json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error });
                return (StatusCode::NOT_FOUND, json(body)).into_response();
            }
        };
        json(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result })).into_response()
    };
    serving(Router::new().route("/", post(answer))).await
}

/// One that was replaced, on the same address, is not asked for ever as the one before was.
#[tokio::test]
async fn what_is_known_of_a_server_is_forgotten_when_it_is_no_longer_true() {
    let latest = Arc::new(AtomicBool::new(true));
    let url = of_either_version(Arc::clone(&latest)).await;
    let source = McpServer::http(url).discovery_limit(PATIENCE);
    for is_latest in [true, false, true] {
        latest.store(is_latest, Ordering::SeqCst);
        source.close().await;
        let told = source.tools(&ToolContext::default()).await.unwrap();
        if told.stale.is_some() {
            // The first is told that it is not the one it was.
            assert!(
                source
                    .tools(&ToolContext::default())
                    .await
                    .unwrap()
                    .stale
                    .is_none()
            );
        }
        listed(&source, &["either"]).await;
    }
    source.close().await;
}
