//! Clients that mean no good, or do not listen.

use std::time::Duration;

use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::server::ToolServer;
use kaos_runner::{FunctionTool, ToolContext, ToolError, ToolProgress};
use kaos_tests::tool_client::{Listening, OverPipes, call};
use serde_json::json;

use super::{Nothing, Observed, error_type, said};

/// The tool's time is over, though nothing that it said can be sent.
#[tokio::test]
async fn a_client_that_reads_nothing_holds_up_no_tool() {
    let chatty = |_: Nothing, context: ToolContext| async move {
        let words = "x".repeat(64 * 1024);
        for done in 0.. {
            context.progress(ToolProgress::new(f64::from(done)).message(words.clone()));
            tokio::task::yield_now().await;
        }
        Ok::<_, ToolError>("")
    };
    let chatty = FunctionTool::new("chatty", "", chatty).time_limit(Duration::from_millis(50));
    let (telemetry, memory) = Telemetry::in_memory();
    let server = ToolServer::new().tool(chatty).hooks(telemetry.hooks());
    let mut client = OverPipes::begin(server).await;
    let meta = json!({ "progressToken": "p" });
    client.say(&call(1, "chatty", &json!({}), &meta)).await;
    let ended = async {
        while memory.spans().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), ended).await;
    assert!(in_time.is_ok(), "the call does not end");
    let kind = error_type(&memory.spans()[0]);
    assert_eq!(kind.as_deref(), Some("timeout"));
}

/// Whoever could choose a label's values could make as many series as an instrument has room for.
#[tokio::test]
async fn what_a_client_makes_up_is_neither_a_label_nor_longer_than_it_need_be() {
    let observed = Observed::new();
    let mut client = OverPipes::begin(observed.server.clone()).await;
    let version = "io.modelcontextprotocol/protocolVersion";
    let sum = json!({ "a": 1, "b": 2 });
    let meta = json!({ version: "2025-made-up" });
    let refused = client.call(1, "add", &sum, &meta).await;
    assert_eq!(refused["error"]["code"], -32022);
    let mut asked = call(0, "add", &sum, &json!({}));
    asked["id"] = json!("i".repeat(100_000));
    client.say(&asked).await;
    assert_eq!(client.hear().await["id"], asked["id"]);
    client.end().await.unwrap();
    let span = observed.span("tools/call add");
    let told = said(&span);
    assert_eq!(told["jsonrpc.request.id"], "i".repeat(128));
    assert_eq!(told["mcp.protocol.version"], "2025-06-18");
    assert!(!format!("{:?}", observed.memory.metrics()).contains("made-up"));
}

#[tokio::test]
async fn a_session_that_nobody_gave_out_is_none() {
    let latest = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" } });
    let of_latest = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "add"),
    ];
    for (sessions, meta, version) in [(0, json!({}), &[][..]), (8, latest, &of_latest[..])] {
        let observed = Observed::new();
        let listening = Listening::start(observed.server.clone().sessions(sessions)).await;
        let asked = call(1, "add", &json!({ "a": 1, "b": 2 }), &meta).to_string();
        let headers = [&[("mcp-session-id", "made-up")], version].concat();
        let answer = listening.ask("POST", "/mcp", &headers, &asked).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = said(&observed.span("tools/call add"));
        assert!(!told.contains_key("mcp.session.id"), "{told:?}");
    }
}
