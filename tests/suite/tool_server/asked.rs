//! What a tool may ask of the client that called it, and tell it.

use std::time::Duration;

use kaos_hooks::testing::Recorder;
use kaos_otel_hook::{Memory, Telemetry};
use kaos_runner::mcp::server::ToolServer;
use kaos_runner::{Elicited, FunctionTool, ModelReply, Runner, ToolClient, ToolContext, ToolError};
use kaos_tests::agents::{agent, watched};
use kaos_tests::exported::assert_exported;
use kaos_tests::tool_client::{Listening, OverPipes, call};
use opentelemetry::trace::SpanKind;
use serde_json::{Value, json};
use tracing::Level;

use super::{Nothing, error_type, said};

fn asker(context: &ToolContext) -> Result<ToolClient, ToolError> {
    let none = || ToolError::new("nobody to ask");
    context.client().ok_or_else(none)
}

fn name_of_the_user() -> FunctionTool {
    let name = async |_: Nothing, context: ToolContext| {
        let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        Ok(
            match asker(&context)?.elicit("Who are you?", schema).await? {
                Elicited::Accepted(given) => format!("Hello, {}.", given["name"]),
                other => format!("{other:?}"),
            },
        )
    };
    FunctionTool::new("name", "Asks for a name.", move |it, context| {
        Box::pin(name(it, context))
    })
    .time_limit(Duration::from_secs(60))
}

fn opinion() -> FunctionTool {
    let ask = |_: Nothing, context: ToolContext| async move {
        asker(&context)?.sample("What do you think?", 50).await
    };
    FunctionTool::new("opinion", "Asks the client's model.", ask)
}

/// A server of these tools, and what is seen of it.
struct Seen {
    server: ToolServer,
    memory: Memory,
    recorder: Recorder,
    _telemetry: Telemetry,
}

fn seen() -> Seen {
    let (telemetry, memory) = Telemetry::in_memory();
    let recorder = Recorder::new();
    let tells = |_: Nothing, context: ToolContext| async move {
        let client = asker(&context)?;
        client.log(Level::DEBUG, "a detail").await;
        client.log(Level::INFO, "a fact").await;
        client.log(Level::ERROR, "a fault").await;
        Ok("")
    };
    let waits = |_: Nothing, context: ToolContext| async move {
        asker(&context)?.sample("Still there?", 5).await
    };
    let waits = FunctionTool::new("waits", "", waits).time_limit(Duration::from_millis(50));
    let server = ToolServer::new()
        .tool(name_of_the_user())
        .tool(opinion())
        .tool(FunctionTool::new("tells", "", tells))
        .tool(waits)
        .hooks((telemetry.hooks(), recorder.clone()));
    Seen {
        server,
        memory,
        recorder,
        _telemetry: telemetry,
    }
}

/// The client's answer to what it is asked while this tool runs, and what the tool then gives.
async fn asked(tool: &str, seen: &Seen, answer: Value) -> (Value, Value) {
    let can = json!({ "elicitation": {}, "sampling": {} });
    let mut client = OverPipes::that_can(seen.server.clone(), &can).await;
    client.say(&call(1, tool, &json!({}), &json!({}))).await;
    let question = client.hear().await;
    let mut said = json!({ "jsonrpc": "2.0", "id": question["id"] });
    for (key, value) in answer.as_object().unwrap() {
        said[key] = value.clone();
    }
    client.say(&said).await;
    let result = client.answer(1).await["result"].clone();
    client.end().await.unwrap();
    (question, result)
}

#[tokio::test]
async fn a_question_is_a_span_inside_the_call_and_names_itself_to_the_client() {
    let answers = [
        (
            json!({ "action": "accept", "content": { "name": "Ada" } }),
            "Hello, \"Ada\".",
        ),
        (json!({ "action": "decline" }), "Declined"),
        (json!({ "action": "cancel" }), "Cancelled"),
    ];
    for (answer, expected) in answers {
        let seen = seen();
        let (question, result) = asked("name", &seen, json!({ "result": answer })).await;
        assert_eq!(question["method"], "elicitation/create");
        assert_eq!(question["params"]["message"], "Who are you?");
        assert_eq!(question["params"]["requestedSchema"]["type"], "object");
        assert_eq!(result["content"][0]["text"], expected);
        let spans = seen.memory.spans();
        let named = |name: &str| spans.iter().find(|it| it.name == name).unwrap();
        let (call, span) = (named("tools/call name"), named("elicitation/create"));
        assert_eq!(span.parent_span_id, call.span_context.span_id());
        assert_eq!(span.span_kind, SpanKind::Client);
        let context = &span.span_context;
        let parent = format!("00-{}-{}-01", context.trace_id(), context.span_id());
        assert_eq!(question["params"]["_meta"]["traceparent"], *parent);
        assert_eq!(said(span)["network.transport"], "pipe");
        seen.recorder.check().unwrap();
        assert_exported(&seen.recorder, &spans);
    }
}

#[tokio::test]
async fn a_model_s_answer_is_its_text_in_either_form_of_the_protocol() {
    let part = json!({ "type": "text", "text": "fine" });
    let image = json!({ "type": "image", "data": "AAAA", "mimeType": "image/png" });
    let no_text = "the client's model said no text";
    for (content, expected) in [
        (part.clone(), "fine"),
        (json!([part]), "fine"),
        (image, no_text),
    ] {
        let answer = json!({ "role": "assistant", "model": "m", "content": content });
        let (question, result) = asked("opinion", &seen(), json!({ "result": answer })).await;
        assert_eq!(question["method"], "sampling/createMessage");
        assert_eq!(question["params"]["maxTokens"], 50);
        assert_eq!(result["content"][0]["text"], expected);
    }
}

#[tokio::test]
async fn a_client_that_refuses_makes_up_no_label() {
    let seen = seen();
    let refusal = json!({ "error": { "code": -77_001, "message": "the user is out" } });
    let (_, result) = asked("opinion", &seen, refusal).await;
    assert_eq!(result["isError"], true);
    assert_eq!(result["content"][0]["text"], "the user is out");
    for span in seen.memory.spans() {
        assert_eq!(
            error_type(&span).as_deref(),
            Some("client_error"),
            "{}",
            span.name
        );
    }
    assert!(!format!("{:?}", seen.memory.metrics()).contains("77001"));
}

#[tokio::test]
async fn who_has_not_said_that_it_can_is_not_asked() {
    let seen = seen();
    let mut client = OverPipes::begin(seen.server.clone()).await;
    let answer = client.call(1, "opinion", &json!({}), &json!({})).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    client.end().await.unwrap();
    let span = &seen.memory.spans()[0];
    assert_eq!(error_type(span).as_deref(), Some("missing_capability"));
}

#[tokio::test]
async fn a_client_without_a_session_is_told_what_it_lacks_or_that_it_cannot_be_asked() {
    let seen = seen();
    let listening = Listening::start(seen.server.clone()).await;
    let ask = async |capabilities: Value| {
        let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities });
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "opinion"),
        ];
        let body = call(1, "opinion", &json!({}), &meta).to_string();
        listening.ask("POST", "/mcp", &headers, &body).await
    };
    let lacks = ask(json!({})).await;
    assert_eq!(lacks.status, 400, "{lacks:?}");
    let error = &lacks.message()["error"];
    assert_eq!(error["code"], -32021);
    assert_eq!(
        error["data"]["requiredCapabilities"],
        json!({ "sampling": {} })
    );
    let can = ask(json!({ "sampling": {} })).await;
    assert_eq!(can.message()["result"]["isError"], true, "{can:?}");
    let kinds: Vec<_> = seen.memory.spans().iter().map(error_type).collect();
    let kinds: Vec<_> = kinds.iter().map(Option::as_deref).collect();
    assert_eq!(kinds, [Some("missing_capability"), Some("no_session")]);
}

#[tokio::test]
async fn a_question_ends_with_the_tool_s_time_and_the_client_is_told() {
    let seen = seen();
    let can = json!({ "sampling": {} });
    let mut client = OverPipes::that_can(seen.server.clone(), &can).await;
    client.say(&call(1, "waits", &json!({}), &json!({}))).await;
    let question = client.hear().await;
    let (mut cancelled, mut answered) = (Value::Null, Value::Null);
    while cancelled.is_null() || answered.is_null() {
        let heard = client.hear().await;
        match heard["method"].as_str() {
            Some("notifications/cancelled") => cancelled = heard["params"]["requestId"].clone(),
            _ => answered = heard["result"]["isError"].clone(),
        }
    }
    assert_eq!(cancelled, question["id"]);
    assert_eq!(answered, true);
    client.end().await.unwrap();
    let spans = seen.memory.spans();
    let kind = |name: &str| error_type(spans.iter().find(|it| it.name == name).unwrap());
    assert_eq!(kind("tools/call waits").as_deref(), Some("timeout"));
    assert_eq!(kind("sampling/createMessage").as_deref(), Some("cancelled"));
    seen.recorder.check().unwrap();
}

#[tokio::test]
async fn a_client_hears_the_lines_of_the_level_that_it_chose() {
    for (level, expected) in [
        (None, &["a fact", "a fault"][..]),
        (Some("debug"), &["a detail", "a fact", "a fault"]),
        (Some("error"), &["a fault"]),
        (Some("emergency"), &[]),
    ] {
        let mut client = OverPipes::begin(seen().server).await;
        if let Some(level) = level {
            let choice = json!({ "jsonrpc": "2.0", "id": 8, "method": "logging/setLevel",
                "params": { "level": level } });
            client.say(&choice).await;
            assert!(client.answer(8).await["error"].is_null());
        }
        client.say(&call(1, "tells", &json!({}), &json!({}))).await;
        let mut heard = Vec::new();
        loop {
            let message = client.hear().await;
            if message["id"] == 1 {
                break;
            }
            assert_eq!(message["method"], "notifications/message");
            assert_eq!(message["params"]["logger"], "tools");
            heard.push(message["params"]["data"].as_str().unwrap().to_owned());
        }
        assert_eq!(heard, expected, "{level:?}");
    }
}

#[tokio::test]
async fn in_an_agent_s_turn_there_is_no_client() {
    let call = ModelReply::call("1", "opinion", "{}");
    let (model, asked) = watched([call, ModelReply::text("done")]);
    let runner = Runner::new(agent("assistant", model).tool(opinion()));
    runner.turn("Work.", "s").await.unwrap();
    assert_eq!(asked.results(), ["error: nobody to ask"]);
}
