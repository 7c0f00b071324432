//! Tools behind real MCP servers, over HTTP and as child processes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kaos_hooks::{EventBuf, OutcomeBuf, PhaseBuf, SpanBuf};
use kaos_runner::mcp::McpServer;
use kaos_runner::{
    FunctionModel, Limits, ModelReply, ToolAnnotations, ToolContext, ToolSource as _,
};
use kaos_tests::agents::{self, Act, Scripted, watched};
use kaos_tests::mcp_server::{OverHttp, Server};
use kaos_tests::observed::Observed;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

fn child() -> McpServer {
    let nothing: [&str; 0] = [];
    McpServer::stdio(env!("CARGO_BIN_EXE_mcp_stdio_server"), nothing)
}

/// The spans of tools when they ended.
fn ended(events: &[EventBuf]) -> Vec<SpanBuf> {
    let spans = events.iter().filter_map(EventBuf::span).filter(|span| {
        let over = !matches!(span.phase, PhaseBuf::Start | PhaseBuf::Progress(_));
        over && span.name().as_str().starts_with("tool.")
    });
    spans.cloned().collect()
}

/// What a tool span says of the protocol.
fn mcp(span: &SpanBuf) -> kaos_hooks::McpCall {
    let outcome = match &span.phase {
        PhaseBuf::Complete(outcome, _) => Some(outcome),
        PhaseBuf::Error(_, outcome, _) | PhaseBuf::Cancelled(outcome, _) => outcome.as_ref(),
        _ => None,
    };
    let Some(OutcomeBuf::ToolCall(outcome)) = outcome else {
        panic!("{span:?}");
    };
    outcome.mcp.as_deref().cloned().unwrap()
}

fn error_type(span: &SpanBuf) -> Option<String> {
    match &span.phase {
        PhaseBuf::Error(failure, ..) => Some(failure.kind.to_string()),
        _ => None,
    }
}

/// One turn that calls these tools in one step each; what the model was told of them.
async fn turn(
    source: McpServer,
    calls: &[(&'static str, &'static str)],
) -> (Observed, Vec<String>) {
    let replies = calls
        .iter()
        .enumerate()
        .map(|(at, (name, arguments))| ModelReply::call(at.to_string(), *name, *arguments));
    let (model, asked) = watched(replies.chain([ModelReply::text("done")]));
    let observed = Observed::new(agents::agent("assistant", model).tools_from(source));
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_sound();
    (observed, asked.results())
}

/// The server's `_meta` names the tool's span; one span is the call.
async fn check_trace(source: McpServer, transport: &str, has_session: bool) {
    let (observed, results) = turn(source, &[("meta", "{}")]).await;
    let meta: Value = serde_json::from_str(&results[0]).unwrap();
    let events = observed.recorder.events();
    let spans = ended(&events);
    let span = &spans[0];
    let expected = format!("00-{}-{}-01", events[0].run.trace_id, span.id);
    assert_eq!(meta["traceparent"], *expected);
    let said = mcp(span);
    assert_eq!(said.method, "tools/call");
    assert_eq!(said.transport.as_deref(), Some(transport));
    assert_eq!(said.session_id.is_some(), has_session, "{said:?}");
    assert!(said.request_id.is_some() && said.protocol_version.is_some());
    assert_eq!(said.status_code, None);
    observed.assert_tree(
        "
        agent.turn
          tools.discovery
            initialize
            tools/list
          agent.intent_classification
          agent.step.1
            model.inference
            tool.meta
          agent.step.2
            model.inference
        ",
    );
    let exported = observed.memory.spans();
    assert_eq!(exported.len(), 10);
    let tool = exported.iter().find(|it| it.name == "tool.meta").unwrap();
    let method = tool
        .attributes
        .iter()
        .find(|it| it.key.as_str() == "mcp.method.name");
    assert_eq!(method.unwrap().value.as_str(), "tools/call");
}

#[tokio::test]
async fn over_http_the_server_gets_the_tool_span_s_traceparent() {
    let server = OverHttp::start(Server::default()).await;
    check_trace(McpServer::http(server.url()), "tcp", true).await;
}

#[tokio::test]
async fn a_child_process_gets_the_tool_span_s_traceparent() {
    check_trace(child(), "pipe", false).await;
}

#[tokio::test]
async fn results_are_structured_or_text_and_errors_are_the_tool_s() {
    let server = OverHttp::start(Server::default()).await;
    let calls = [
        ("echo", r#"{"text":"hello"}"#),
        ("parts", "{}"),
        ("fail", "{}"),
        ("refuse", "{}"),
        ("echo", r#"{"text":5}"#),
    ];
    let (observed, results) = turn(McpServer::http(server.url()), &calls).await;
    let expected = [
        "hello",
        "one\n[image, image/png]\ntwo",
        "error: the disk is full",
        "error: not like this",
        r#"error: the arguments do not fit the schema: /text: 5 is not of type "string""#,
    ];
    assert_eq!(results, expected);
    let spans = ended(&observed.recorder.events());
    let kinds: Vec<_> = spans.iter().map(error_type).collect();
    let kinds: Vec<_> = kinds.iter().map(Option::as_deref).collect();
    let expected = [
        None,
        None,
        Some("tool_error"),
        Some("-32602"),
        Some("invalid_arguments"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(mcp(&spans[3]).status_code.as_deref(), Some("-32602"));
}

#[tokio::test]
async fn the_server_s_hints_are_the_tool_s_annotations() {
    let server = OverHttp::start(Server::default()).await;
    let tools = McpServer::http(server.url())
        .tools(&ToolContext::default())
        .await
        .unwrap()
        .tools;
    let of = |name: &str| {
        let tool = tools.iter().find(|tool| tool.spec().name == name);
        tool.unwrap().spec().annotations
    };
    let hinted = ToolAnnotations {
        read_only: true,
        idempotent: true,
        ..ToolAnnotations::default()
    };
    assert_eq!(of("echo"), hinted);
    assert_eq!(of("meta"), ToolAnnotations::default());
}

#[tokio::test]
async fn a_server_killed_during_a_call_fails_the_call_and_the_next_one_reconnects() {
    let server = Server::default();
    let hung = Arc::clone(&server.hung);
    let http = OverHttp::start(server).await;
    let (address, url) = (http.address(), http.url());
    let back = Arc::new(Notify::new());
    let wait = Arc::clone(&back);
    let step = std::sync::atomic::AtomicUsize::new(0);
    let model = FunctionModel::from_async(move |_| {
        let (at, wait) = (step.fetch_add(1, Ordering::SeqCst), Arc::clone(&wait));
        async move {
            if at == 1 {
                wait.notified().await;
            }
            Ok(match at {
                0 => ModelReply::call("1", "hang", "{}"),
                1 => ModelReply::call("2", "echo", r#"{"text":"back"}"#),
                _ => ModelReply::text("done"),
            })
        }
    });
    let agent = agents::agent("assistant", model).tools_from(McpServer::http(url));
    let observed = Observed::new(agent);
    let kill = async {
        hung.notified().await;
        drop(http);
        let again = OverHttp::listen(Server::default(), address).await;
        back.notify_one();
        again
    };
    let (reply, _again) = tokio::join!(observed.runner.turn("Work.", "s").into_future(), kill);
    reply.unwrap();
    let spans = ended(&observed.recorder.events());
    let kinds: Vec<_> = spans.iter().map(error_type).collect();
    assert_eq!(kinds, [Some(String::from("connection")), None]);
    let (before, after) = (mcp(&spans[0]), mcp(&spans[1]));
    assert!(before.session_id.is_some() && before.session_id != after.session_id);
    observed.assert_sound();
}

#[tokio::test]
async fn a_child_that_dies_during_a_call_fails_the_call_and_the_next_one_starts_it_anew() {
    let calls = [("die", "{}"), ("echo", r#"{"text":"back"}"#)];
    let (observed, results) = turn(child(), &calls).await;
    assert!(
        results[0].starts_with("error: the connection to the server `mcp_stdio_server` broke"),
        "{results:?}"
    );
    assert_eq!(results[1], "back");
    let spans = ended(&observed.recorder.events());
    assert_eq!(error_type(&spans[0]).as_deref(), Some("connection"));
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_at_the_server() {
    let server = Server::default();
    let (hung, cancelled) = (Arc::clone(&server.hung), Arc::clone(&server.cancelled));
    let http = OverHttp::start(server).await;
    let (model, _) = watched([ModelReply::call("1", "hang", "{}")]);
    let agent = agents::agent("assistant", model).tools_from(McpServer::http(http.url()));
    let observed = Observed::new(agent);
    tokio::select! {
        _ = observed.runner.turn("Work.", "s").into_future() => panic!("it hangs"),
        () = hung.notified() => {}
    }
    cancelled.notified().await;
    observed.assert_sound();
}

#[tokio::test]
async fn a_server_that_is_down_has_no_tools_until_it_is_back() {
    let gone = OverHttp::start(Server::default()).await;
    let (address, url) = (gone.address(), gone.url());
    drop(gone);
    let (model, asked) = watched([ModelReply::text("one"), ModelReply::text("two")]);
    let agent = agents::agent("assistant", model)
        .tool(Scripted::new("local", Act::Give("here")))
        .tools_from(McpServer::http(url));
    let observed = Observed::new(agent);
    while TcpListener::bind(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    observed.runner.turn("Work.", "s").await.unwrap();
    let _back = OverHttp::listen(Server::default(), address).await;
    observed.runner.turn("Work.", "s").await.unwrap();
    let requests = asked.requests();
    assert_eq!(requests[0].tools, ["local"]);
    assert_eq!(requests[1].tools[..3], ["local", "echo", "meta"]);
    observed.assert_sound();
}

#[tokio::test]
async fn a_server_that_never_answers_holds_up_the_turn_only_so_long() {
    // It accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", silent.local_addr().unwrap());
    let server = McpServer::http(url).discovery_limit(Duration::from_millis(50));
    let Err(error) = server.tools(&ToolContext::default()).await else {
        panic!("it has tools");
    };
    assert_eq!(error.kind(), "timeout");
    let (model, asked) = watched([ModelReply::text("done")]);
    let observed = Observed::new(agents::agent("assistant", model).tools_from(server));
    observed.runner.turn("Work.", "s").await.unwrap();
    assert!(asked.requests()[0].tools.is_empty());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_of_the_connection() {
    let server = McpServer::stdio("/nonexistent/mcp-server", ["--quiet"]);
    let Err(error) = server.tools(&ToolContext::default()).await else {
        panic!("it has tools");
    };
    assert_eq!(error.kind(), "connection");
}

#[tokio::test]
async fn tools_of_two_servers_with_the_same_names_get_the_servers_names() {
    let one = OverHttp::start(Server::default()).await;
    let two = OverHttp::start(Server::default()).await;
    let calls = ModelReply::call("1", "two_echo", r#"{"text":"hello"}"#);
    let (model, asked) = watched([calls, ModelReply::text("done")]);
    let agent = agents::agent("assistant", model)
        .tools_from(McpServer::http(one.url()).name("one"))
        .tools_from(McpServer::http(two.url()).name("two"))
        .limits(Limits::default());
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    let tools = &asked.requests()[0].tools;
    assert_eq!(tools[..2], ["one_echo", "one_meta"]);
    assert_eq!(tools[7..9], ["two_echo", "two_meta"]);
    assert_eq!(asked.results(), ["hello"]);
    assert_eq!(
        ended(&observed.recorder.events())[0].name(),
        "tool.two_echo"
    );
}

#[tokio::test]
async fn tools_are_listed_once_for_a_connection() {
    let server = Server::default();
    let listed = Arc::clone(&server.listed);
    let http = OverHttp::start(server).await;
    let source = McpServer::http(http.url());
    let first = source.tools(&ToolContext::default()).await.unwrap().tools;
    let again = source.tools(&ToolContext::default()).await.unwrap().tools;
    assert_eq!(listed.load(Ordering::SeqCst), 1);
    assert!(
        Arc::ptr_eq(&first[0], &again[0]),
        "its schema is compiled once"
    );
}
