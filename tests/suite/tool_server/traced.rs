//! One trace through two processes: an agent, its tool span, the served call, and a span that the Python function makes.

use kaos_runner::mcp::McpServer;
use kaos_runner::{ModelReply, Runner};
use kaos_tests::agents::{agent, watched};
use kaos_tests::collectors;
use kaos_tests::observed::Observed;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use super::serving::{Serving, said, spans_of};

const TRACED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/tool_server/traced.py");

/// Lets an agent call the tool once; the trace, and the id of the tool's span.
async fn ask(source: McpServer) -> (String, String) {
    let (model, _) = watched([
        ModelReply::call("1", "observed", "{}"),
        ModelReply::text("done"),
    ]);
    let agents = Observed::new(agent("assistant", model).tools_from(source.clone()));
    let runner: &Runner = &agents.runner;
    runner.turn("Work.", "s").await.unwrap();
    source.close().await;
    let spans = agents.memory.spans();
    let tool = spans.iter().find(|span| span.name == "tool.observed");
    let context = &tool.unwrap().span_context;
    (
        context.trace_id().to_string(),
        context.span_id().to_string(),
    )
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|it| format!("{it:02x}")).collect()
}

/// What was received as JSON is the function's own.
fn is_one_trace(
    (trace, tool): &(String, String),
    transport: &str,
    spans: &[Span],
    own: &[Value],
    lines: &str,
) {
    let served = spans.iter().find(|it| it.name == "tools/call observed");
    let served = served.unwrap_or_else(|| panic!("{transport}: {spans:?}"));
    assert_eq!(hex(&served.trace_id), *trace, "{transport}");
    assert_eq!(hex(&served.parent_span_id), *tool, "{transport}");
    assert_eq!(said(served)["network.transport"], transport);
    let own = &own[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(own["traceId"], *trace, "{transport}");
    assert_eq!(own["parentSpanId"], hex(&served.span_id), "{transport}");
    let ids = format!("[trace_id={trace} span_id={}]", hex(&served.span_id));
    let printed = lines.lines().find(|line| line.contains("observing"));
    assert!(printed.is_some_and(|it| it.contains(&ids)), "{lines}");
}

#[tokio::test]
async fn over_http_an_agent_s_call_is_one_trace_down_to_a_span_of_the_python_function() {
    let serving = Serving::start(&[TRACED, "--workers", "1"]).await;
    let url = format!("http://{}/mcp", serving.address);
    let caller = ask(McpServer::http(url).name("traced")).await;
    let (spans, own, lines) = serving.end_with_others().await;
    is_one_trace(&caller, "tcp", &spans, &own, &lines);
}

#[tokio::test]
async fn over_pipes_an_agent_s_call_is_one_trace_down_to_a_span_of_the_python_function() {
    let (collector, seen) = collectors::recording();
    let (told, lines) = std::sync::mpsc::channel();
    let arguments = ["mcp", "serve", TRACED, "--stdio", "--workers", "1"];
    let source = McpServer::stdio(env!("CARGO_BIN_EXE_kaos_under_test"), arguments)
        .name("traced")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .stderr(move |line| {
            let _unheard = told.send(line.to_owned()).is_err();
        });
    let caller = ask(source).await;
    let (spans, own) = spans_of(&seen);
    let lines = lines.try_iter().collect::<Vec<_>>().join("\n");
    is_one_trace(&caller, "pipe", &spans, &own, &lines);
}
