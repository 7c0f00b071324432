//! The tool server behind HTTP: who may ask, sessions, and how it ends.

use kaos_runner::mcp::server::ToolServer;
use kaos_runner::server::{Access, Bounds, Drain};
use kaos_tests::tool_client::{Listening, call, initialize, initialized};
use serde_json::json;
use tokio::net::TcpListener;

use super::{Observed, PARENT, TRACE};

/// Begins a session, and gives its id.
async fn session(listening: &Listening, headers: &[(&str, &str)]) -> String {
    let begun = listening
        .ask("POST", "/mcp", headers, &initialize().to_string())
        .await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let id = begun.header("mcp-session-id").unwrap().to_owned();
    let mut with = headers.to_vec();
    with.push(("mcp-session-id", &id));
    let said = listening
        .ask("POST", "/mcp", &with, &initialized().to_string())
        .await;
    assert_eq!(said.status, 202, "{said:?}");
    id
}

#[tokio::test]
async fn without_meta_the_headers_name_the_parent() {
    let observed = Observed::new();
    let listening = Listening::start(observed.server.clone()).await;
    let id = session(&listening, &[]).await;
    let headers = [("mcp-session-id", &*id), ("traceparent", PARENT)];
    let call = call(1, "add", &json!({ "a": 1, "b": 2 }), &json!({}));
    let answer = listening
        .ask("POST", "/mcp", &headers, &call.to_string())
        .await;
    assert_eq!(answer.message()["result"]["content"][0]["text"], "3");
    let span = observed.span("tools/call add");
    assert_eq!(span.span_context.trace_id().to_string(), TRACE);
    assert_eq!(span.parent_span_id.to_string(), "4444444444444444");
    let session = span.attributes.iter();
    let session = session
        .clone()
        .find(|it| it.key.as_str() == "mcp.session.id");
    assert_eq!(session.unwrap().value.as_str(), id);
}

#[tokio::test]
async fn without_sessions_each_request_stands_for_itself() {
    let observed = Observed::new();
    let listening = Listening::start(observed.server.clone().sessions(0)).await;
    let call = call(1, "add", &json!({ "a": 1, "b": 2 }), &json!({}));
    let answer = listening.ask("POST", "/mcp", &[], &call.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.message()["result"]["content"][0]["text"], "3");
    assert_eq!(answer.header("mcp-session-id"), None);
}

#[tokio::test]
async fn probes_say_how_it_is() {
    let listening = Listening::start(Observed::new().server).await;
    let health = listening.ask("GET", "/health", &[], "").await.message();
    assert_eq!(
        (&health["status"], &health["tools"]),
        (&json!("healthy"), &json!(7))
    );
    let ready = listening.ask("GET", "/ready", &[], "").await.message();
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["tools"][0], "add");
    assert!(ready["timestamp"].as_u64().unwrap() > 1_700_000_000);
    let listening = Listening::start(ToolServer::new().ready(|| false)).await;
    assert_eq!(listening.ask("GET", "/ready", &[], "").await.status, 503);
}

/// The library's own rules refuse in-cluster names and admit foreign origins.
#[tokio::test]
async fn names_in_a_cluster_may_ask_and_web_pages_of_others_may_not() {
    let begin = initialize().to_string();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Observed::new().server;
    let serving = tokio::spawn(server.serve(listener, tokio_stream::pending()));
    let address = ([127, 0, 0, 1], port).into();
    let ask = async |headers: &[(&str, &str)]| {
        kaos_tests::tool_client::ask(address, "POST", "/mcp", headers, &begin)
            .await
            .status
    };
    assert_eq!(ask(&[("host", "mcpserver-x.ns.svc:8000")]).await, 200);
    assert_eq!(
        ask(&[("host", "mcpserver-x.ns.svc.cluster.local:8000")]).await,
        200
    );
    let foreign = [
        ("host", "mcpserver-x.ns.svc:8000"),
        ("origin", "http://evil.example"),
    ];
    assert_eq!(ask(&foreign).await, 403);
    serving.abort();
    // On loopback, a name that points here is no reason to answer.
    let listening = Listening::start(Observed::new().server).await;
    let rebound = [("host", "evil.example")];
    assert_eq!(
        listening.ask("POST", "/mcp", &rebound, &begin).await.status,
        403
    );
}

#[tokio::test]
async fn a_token_is_needed_where_one_is_set() {
    let access = Access::new().token("s3cret");
    let listening = Listening::start(Observed::new().server.access(access)).await;
    let begin = initialize().to_string();
    let ask = async |token: &str| {
        let header = [("authorization", token)];
        listening.ask("POST", "/mcp", &header, &begin).await.status
    };
    assert_eq!(listening.ask("POST", "/mcp", &[], &begin).await.status, 401);
    assert_eq!(ask("Bearer wrong").await, 401);
    assert_eq!(ask("Bearer s3cret").await, 200);
    assert_eq!(listening.ask("GET", "/health", &[], "").await.status, 200);
}

#[tokio::test]
async fn bodies_and_sessions_are_bounded() {
    let bounds = Bounds {
        body: 1000,
        ..Bounds::default()
    };
    let server = Observed::new().server.bounds(bounds).sessions(2);
    let listening = Listening::start(server).await;
    let long = call(1, "add", &json!({ "a": "x".repeat(1000) }), &json!({}));
    let answer = listening.ask("POST", "/mcp", &[], &long.to_string()).await;
    assert_eq!(answer.status, 413);
    let first = session(&listening, &[]).await;
    session(&listening, &[]).await;
    let begin = initialize().to_string();
    assert_eq!(listening.ask("POST", "/mcp", &[], &begin).await.status, 503);
    let header = [("mcp-session-id", &*first)];
    let ended = listening.ask("DELETE", "/mcp", &header, "").await;
    assert!(ended.status < 300, "{ended:?}");
    session(&listening, &[]).await;
}

#[tokio::test]
async fn asked_to_end_it_lets_calls_end_and_cancels_the_rest() {
    let observed = Observed::new();
    let drain = Drain::new(std::time::Duration::from_millis(50));
    let server = observed.server.clone().drain(drain).sessions(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = futures_util::stream::once(async move {
        stopped.await.unwrap();
    });
    let stops = futures_util::StreamExt::chain(stopped, futures_util::stream::pending());
    let serving = tokio::spawn(server.serve(listener, stops));
    let hang = call(1, "hang", &json!({}), &json!({})).to_string();
    let asking = tokio::spawn(async move {
        kaos_tests::tool_client::ask(address, "POST", "/mcp", &[], &hang).await
    });
    observed.began.notified().await;
    stop.send(()).unwrap();
    let drained = serving.await.unwrap().unwrap();
    assert_eq!(drained.cancelled, 1);
    assert_eq!(asking.await.unwrap().message()["error"]["code"], -32603);
    let span = observed.span("tools/call hang");
    let error = span
        .attributes
        .iter()
        .find(|it| it.key.as_str() == "error.type");
    assert_eq!(error.unwrap().value.as_str(), "cancelled");
}
