//! Tools for others: what clients see of a tool server, and what its spans say.

mod asked;
mod clients;
mod faults;
mod http;
mod python;
mod recorded;
mod serving;
mod settings;
mod stdio;
mod traced;
mod trail;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Custom, Gate, GateError, IntoHooks, Str, ToolRequest, Verdict};
use kaos_otel_hook::{Capture, ContentSettings, Memory, SpanNames, Telemetry};
use kaos_runner::mcp::McpServer;
use kaos_runner::mcp::server::{ToolServer, ToolSet};
use kaos_runner::{
    Audio, FunctionTool, Image, Limits, ModelReply, Resource, ToolContext, ToolError, ToolOutput,
    ToolProgress,
};
use kaos_tests::agents::{agent, watched};
use kaos_tests::exported::assert_exported;
use kaos_tests::tool_client::{Listening, OverPipes};
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

pub(crate) const TRACE: &str = "33333333333333333333333333333333";
pub(crate) const PARENT: &str = "00-33333333333333333333333333333333-4444444444444444-01";

#[derive(Deserialize, schemars::JsonSchema)]
struct Nothing {}

#[derive(Deserialize, schemars::JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}

/// A server of tools that do one thing each, and who sees it.
pub(crate) struct Observed {
    pub(crate) server: ToolServer,
    pub(crate) memory: Memory,
    recorder: Recorder,
    began: Arc<Notify>,
    /// Dropped, nothing is exported any more.
    _telemetry: Telemetry,
}

impl Observed {
    pub(crate) fn new() -> Self {
        Self::with(())
    }

    fn with<M>(gate: impl IntoHooks<M>) -> Self {
        let began = Arc::new(Notify::new());
        let (telemetry, memory) = Telemetry::in_memory();
        let recorder = Recorder::new();
        let server = server(&began).hooks((telemetry.hooks(), recorder.clone(), gate));
        Self {
            server,
            memory,
            recorder,
            began,
            _telemetry: telemetry,
        }
    }

    pub(crate) fn span(&self, name: &str) -> SpanData {
        let spans = self.memory.spans();
        let span = spans.iter().find(|span| span.name == name);
        span.cloned().unwrap_or_else(|| panic!("{name}: {spans:?}"))
    }

    fn assert_sound(&self) {
        self.recorder.check().unwrap();
        assert_exported(&self.recorder, &self.memory.spans());
    }
}

fn server(began: &Arc<Notify>) -> ToolServer {
    let began = Arc::clone(began);
    let add = |call: Add| async move {
        let sum = call.a.checked_add(call.b);
        sum.map(|it| it.to_string())
            .ok_or_else(|| ToolError::new("too large"))
    };
    let inside = |_: Nothing, context: ToolContext| async move {
        let scope = context.open(Custom::new("inside"));
        if let Some(scope) = scope {
            scope.complete(kaos_hooks::CustomOutcome::default());
        }
        context.progress(ToolProgress::new(1.0).of(2.0).message("half"));
        Ok("done")
    };
    let parts = |_: Nothing| async move {
        Ok(ToolOutput::from(vec![
            kaos_runner::Content::text("one"),
            kaos_runner::Content::Image(Image::base64("image/png", "AAAA")),
            kaos_runner::Content::Audio(Audio {
                media_type: "audio/wav".into(),
                data: "BBBB".into(),
            }),
            kaos_runner::Content::Resource(Resource {
                uri: "file:///a.md".into(),
                media_type: Some("text/markdown".into()),
                text: Some("# a".into()),
            }),
            kaos_runner::Content::Structured(json!({ "n": 1 })),
        ]))
    };
    let hang = move |_: Nothing| {
        let began = Arc::clone(&began);
        async move {
            began.notify_one();
            std::future::pending::<Result<Str, ToolError>>().await
        }
    };
    ToolServer::new()
        .name("sums")
        .tool(FunctionTool::new("add", "Adds two numbers.", add).read_only())
        .tool(FunctionTool::new("inside", "Makes a span.", inside))
        .tool(FunctionTool::new("parts", "Gives all there is.", parts))
        .tool(FunctionTool::new("fail", "Fails.", |_: Nothing| async {
            Err::<Str, _>(ToolError::new("the disk is full"))
        }))
        .tool(FunctionTool::new("panic", "Panics.", |_: Nothing| async {
            assert!(std::hint::black_box(false), "on purpose");
            Ok("")
        }))
        .tool(FunctionTool::new("hang", "Never ends.", hang).time_limit(Duration::from_secs(60)))
        .tool(
            FunctionTool::new("slow", "Takes too long.", |_: Nothing| {
                std::future::pending::<Result<Str, ToolError>>()
            })
            .time_limit(Duration::from_millis(20)),
        )
}

fn said(span: &SpanData) -> BTreeMap<String, String> {
    let told = span.attributes.iter();
    told.map(|it| (it.key.to_string(), it.value.to_string()))
        .collect()
}

fn error_type(span: &SpanData) -> Option<String> {
    said(span).remove("error.type")
}

#[tokio::test]
async fn a_call_over_pipes_is_a_server_span_of_the_caller_s_trace() {
    let observed = Observed::new();
    let mut client = OverPipes::begin(observed.server.clone()).await;
    let meta = json!({ "traceparent": PARENT, "tracestate": "a=1", "baggage": "tenant=acme" });
    let answer = client
        .call(7, "add", &json!({ "a": 2, "b": 3 }), &meta)
        .await;
    assert_eq!(
        answer["result"]["content"],
        json!([{ "type": "text", "text": "5" }])
    );
    client.end().await.unwrap();
    let span = observed.span("tools/call add");
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(span.span_context.trace_id().to_string(), TRACE);
    assert_eq!(span.parent_span_id.to_string(), "4444444444444444");
    assert_eq!(span.span_context.trace_state().get("a"), Some("1"));
    let expected: BTreeMap<String, String> = [
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "add"),
        ("tool.name", "add"),
        ("gen_ai.tool.type", "function"),
        ("agent.name", "sums"),
        ("mcp.method.name", "tools/call"),
        ("jsonrpc.request.id", "7"),
        ("mcp.protocol.version", "2025-06-18"),
        ("network.transport", "pipe"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    assert_eq!(said(&span), expected);
    observed.assert_sound();
}

/// What a client sees of a call, and what the span says: of each way to end.
#[tokio::test]
async fn each_way_a_call_ends_is_told_to_the_client_and_said_by_the_span() {
    struct Denies;
    #[async_trait]
    impl Gate for Denies {
        async fn before_tool_call(&self, request: &ToolRequest<'_>) -> Result<Verdict, GateError> {
            Ok(match request.tool {
                "inside" => Verdict::Deny("not today".into()),
                "parts" => Verdict::Skip("not needed".into()),
                _ => Verdict::Allow,
            })
        }
    }
    let ways = [
        (
            "add",
            json!({ "a": i64::MAX, "b": 1 }),
            "too large",
            Some("tool_error"),
        ),
        ("fail", json!({}), "the disk is full", Some("tool_error")),
        ("panic", json!({}), "the tool panicked", Some("panic")),
        ("slow", json!({}), "no result within 20ms", Some("timeout")),
        (
            "add",
            json!({ "a": "two" }),
            "the arguments do not fit the schema",
            Some("invalid_arguments"),
        ),
        ("inside", json!({}), "denied: not today", Some("denied")),
        ("parts", json!({}), "skipped: not needed", None),
    ];
    for (tool, arguments, text, kind) in ways {
        let observed = Observed::with(Denies);
        let mut client = OverPipes::begin(observed.server.clone()).await;
        let answer = client.call(1, tool, &arguments, &json!({})).await;
        assert_eq!(answer["result"]["isError"], true, "{tool}: {answer}");
        let told = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(told.starts_with(text), "{tool}: {told}");
        client.end().await.unwrap();
        let span = observed.span(&format!("tools/call {tool}"));
        assert_eq!(error_type(&span).as_deref(), kind, "{tool}");
        assert_eq!(
            matches!(span.status, Status::Error { .. }),
            kind.is_some(),
            "{tool}"
        );
        observed.assert_sound();
    }
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_and_its_name_no_label() {
    let observed = Observed::new();
    let mut client = OverPipes::begin(observed.server.clone()).await;
    let answer = client.call(1, "levitate", &json!({}), &json!({})).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(answer["error"]["message"], "Unknown tool: levitate");
    client.end().await.unwrap();
    let span = observed.span("tools/call _OTHER");
    let said = said(&span);
    assert_eq!(said["error.type"], "unknown_tool");
    assert_eq!(said["rpc.response.status_code"], "-32602");
    assert!(!format!("{span:?}").contains("levitate"));
}

#[tokio::test]
async fn a_result_has_all_its_parts() {
    let observed = Observed::new();
    let mut client = OverPipes::begin(observed.server.clone()).await;
    let answer = client.call(1, "parts", &json!({}), &json!({})).await;
    let expected = json!([
        { "type": "text", "text": "one" },
        { "type": "image", "data": "AAAA", "mimeType": "image/png" },
        { "type": "audio", "data": "BBBB", "mimeType": "audio/wav" },
        { "type": "resource", "resource":
            { "uri": "file:///a.md", "mimeType": "text/markdown", "text": "# a" } },
    ]);
    assert_eq!(answer["result"]["content"], expected);
    assert_eq!(answer["result"]["structuredContent"], json!({ "n": 1 }));
}

#[tokio::test]
async fn a_cancelled_call_stops_its_tool_and_its_span_ends_cancelled() {
    let observed = Observed::new();
    let mut client = OverPipes::begin(observed.server.clone()).await;
    let call = kaos_tests::tool_client::call(5, "hang", &json!({}), &json!({}));
    client.say(&call).await;
    observed.began.notified().await;
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 5, "reason": "enough" } });
    client.say(&cancel).await;
    // The server works on.
    let answer = client
        .call(6, "add", &json!({ "a": 1, "b": 1 }), &json!({}))
        .await;
    assert_eq!(answer["result"]["content"][0]["text"], "2");
    client.end().await.unwrap();
    let span = observed.span("tools/call hang");
    assert_eq!(error_type(&span).as_deref(), Some("cancelled"));
    observed.assert_sound();
}

#[tokio::test]
async fn progress_goes_out_before_the_result_to_those_who_asked_for_it() {
    let observed = Observed::new();
    let mut client = OverPipes::begin(observed.server.clone()).await;
    let call = kaos_tests::tool_client::call;
    client
        .say(&call(
            1,
            "inside",
            &json!({}),
            &json!({ "progressToken": "p" }),
        ))
        .await;
    let progress = client.hear().await;
    assert_eq!(progress["method"], "notifications/progress");
    let expected =
        json!({ "progressToken": "p", "progress": 1.0, "total": 2.0, "message": "half" });
    assert_eq!(progress["params"], expected);
    assert_eq!(client.hear().await["result"]["content"][0]["text"], "done");
    client.say(&call(2, "inside", &json!({}), &json!({}))).await;
    assert_eq!(client.hear().await["id"], 2);
}

#[tokio::test]
async fn clients_are_told_when_the_set_changes() {
    let tools = ToolSet::new();
    let mut client = OverPipes::begin(ToolServer::new().tools(tools.clone())).await;
    let list = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" });
    client.say(&list(1)).await;
    assert_eq!(client.answer(1).await["result"]["tools"], json!([]));
    tools.change(|tools| {
        let tool = FunctionTool::new("new", "", |_: Nothing| async { Ok("") });
        tools.push(Arc::new(tool));
    });
    let told = client.hear().await;
    assert_eq!(told["method"], "notifications/tools/list_changed");
    client.say(&list(2)).await;
    assert_eq!(client.answer(2).await["result"]["tools"][0]["name"], "new");
}

#[tokio::test]
async fn content_and_names_are_as_the_settings_say() {
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry
        .with_content(ContentSettings::new(Capture::SpanOnly))
        .with_names(SpanNames::Operator);
    let server = server(&Arc::default()).hooks(telemetry.hooks());
    let mut client = OverPipes::begin(server).await;
    client
        .call(1, "add", &json!({ "a": 2, "b": 3 }), &json!({}))
        .await;
    client.end().await.unwrap();
    let spans = memory.spans();
    assert_eq!(spans[0].name, "tool.execute");
    let said = said(&spans[0]);
    assert_eq!(said["gen_ai.tool.call.arguments"], r#"{"a":2,"b":3}"#);
    assert_eq!(said["gen_ai.tool.description"], "Adds two numbers.");
    assert!(said["gen_ai.tool.call.result"].contains('5'));
}

/// Agent, tool span, served call, and a span that the tool makes itself.
#[tokio::test]
async fn an_agent_s_call_is_one_trace_down_to_the_tool_s_own_span() {
    let observed = Observed::new();
    let listening = Listening::start(observed.server.clone()).await;
    let (model, _) = watched([
        ModelReply::call("1", "inside", "{}"),
        ModelReply::text("done"),
    ]);
    let source = McpServer::http(listening.url()).name("sums");
    let agents =
        kaos_tests::observed::Observed::new(agent("assistant", model).tools_from(source.clone()));
    agents.runner.turn("Work.", "s").await.unwrap();
    source.close().await;
    let tool = agents.memory.spans();
    let tool = tool.iter().find(|span| span.name == "tool.inside").unwrap();
    let served = observed.span("tools/call inside");
    let inside = observed.span("inside");
    for (child, parent) in [(&served, tool), (&inside, &served)] {
        assert_eq!(
            child.span_context.trace_id(),
            parent.span_context.trace_id()
        );
        assert_eq!(child.parent_span_id, parent.span_context.span_id());
    }
    let said = said(&served);
    assert_eq!(said["network.transport"], "tcp");
    assert_eq!(said["network.protocol.name"], "http");
    observed.assert_sound();
}

#[tokio::test]
async fn a_result_is_cut_at_the_limit() {
    let long = |_: Nothing| async { Ok("x".repeat(2000)) };
    let limits = Limits {
        tool_result: 1000,
        ..Limits::default()
    };
    let server = ToolServer::new()
        .tool(FunctionTool::new("long", "", long))
        .limits(limits);
    let mut client = OverPipes::begin(server).await;
    let answer = client.call(1, "long", &json!({}), &json!({})).await;
    let text = answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_default();
    assert!(
        text.ends_with("[cut: the first 1000 of 2000 bytes]"),
        "{text}"
    );
}

pub(crate) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
