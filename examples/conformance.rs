//! Every span that the GenAI conventions have a row for, exported over OTLP, for a checker of the
//! conventions to judge, such as `weaver registry live-check`.
//!
//! Offline: models and tools are scripted. `OTEL_EXPORTER_OTLP_ENDPOINT` says where to
//! (`http://localhost:4317` when it is not set), `KAOS_SPAN_NAMES` under which names (`genai` when
//! it is not set). Prints a line per scenario, with its trace id.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_examples::calculator;
use kaos_hooks::{
    Briefing, Custom, Failure, Handoff, Hooks, LlmCall, LlmOutcome, LlmParams, McpCall, Nested,
    RemoteAgent, Scope, Server, Str, Subagent, SubagentOutcome, ToolCall, ToolKind, ToolOutcome,
    Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{Capture, Content, SpanNames, Telemetry};
use kaos_runner::{
    Agent, Deltas, FinishReason, FunctionModel, Model, ModelError, ModelReply, ModelRequest, Runner,
};
use tokio_stream::StreamExt as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Success,
    Error,
    Streaming,
    Content,
}

type Row = (&'static str, fn(&Scope<Turn>, Case));

/// What the runner cannot produce (yet): opened by hand, each in a turn of its own.
const BY_HAND: [Row; 8] = [
    ("chat", chat),
    ("embeddings", embeddings),
    ("tool", tool),
    ("MCP tool", mcp_tool),
    ("remote sub-agent", remote_agent),
    ("plan", |it, case| bare(it, Custom::new("plan"), case)),
    ("handoff", |it, case| bare(it, Handoff::new("lawyer"), case)),
    ("custom", |it, case| bare(it, Custom::new("rerank"), case)),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names = std::env::var("KAOS_SPAN_NAMES").ok();
    let names = names.and_then(|name| SpanNames::from_name(&name));
    let names = names.unwrap_or(SpanNames::GenAi);
    let telemetry = Telemetry::from_env_or("http://localhost:4317")?.with_names(names);
    if !telemetry.is_on() {
        return Err("telemetry is off".into());
    }
    let silent = Hooks::new(telemetry.hooks());
    let telemetry = telemetry.with_content(Content::new(Capture::SpanAndEvent));
    let telling = Hooks::new(telemetry.hooks()); // on spans, and in log events

    for case in [Case::Success, Case::Error, Case::Streaming, Case::Content] {
        let hooks = if case == Case::Content {
            &telling
        } else {
            &silent
        };
        say("turn", case, run_turn(hooks, case).await?)?;
        for (row, by_hand) in BY_HAND {
            if case == Case::Streaming && row != "chat" {
                continue; // nothing else streams
            }
            let turn = hooks.turn(Turn::new("assistant").session("lease-42"));
            say(row, case, turn.trace_id())?;
            by_hand(&turn, case);
            turn.complete(TurnOutcome::default());
        }
    }
    writeln!(io::stderr(), "{}", telemetry.shutdown().await)?;
    Ok(())
}

fn say(row: &str, case: Case, trace: impl Display) -> io::Result<()> {
    let what = format!("{row}, {case:?}").to_lowercase();
    writeln!(io::stdout(), "{what:<28} {trace}")
}

// --- by the runner: turn, steps, intent, model calls, tools, a local sub-agent -------------------

/// One tool answers and one fails; with [`Case::Error`] the models fail, too.
async fn run_turn(hooks: &Hooks, case: Case) -> Result<String, Box<dyn std::error::Error>> {
    let last = |text: &'static str| {
        if case == Case::Error {
            return Err(ModelError::new("rate_limit_exceeded", "try again later"));
        }
        Ok(reply(
            ModelReply::text(text).usage(310, 24),
            FinishReason::Stop,
        ))
    };
    let wrong = ModelReply::call("call-3", "calculator", r#"{"expression":"12 times 3"}"#);
    let researcher = [
        Ok(reply(wrong.usage(90, 18), FinishReason::ToolCall)),
        last("36."),
    ];
    let calls = ModelReply::call("call-1", "calculator", r#"{"expression":"6*7"}"#)
        .and_call(
            "call-2",
            "researcher",
            r#"{"task":"How long is the lease?"}"#,
        )
        .usage(180, 41);
    let assistant = [
        Ok(reply(calls, FinishReason::ToolCall)),
        last("36 months, 42 000 in all."),
    ];
    let researcher = Agent::new("researcher", OpenAi(FunctionModel::script(researcher)))
        .description("Looks things up in the lease.")
        .tool(calculator());
    let assistant = Agent::new("assistant", OpenAi(FunctionModel::script(assistant)))
        .description("Answers questions about a lease.")
        .instructions("Answer questions about the lease.")
        .tool(calculator())
        .subagent(researcher);

    let runner = Runner::new(assistant).with_hooks(hooks.clone());
    if case == Case::Streaming {
        let events: Vec<_> = runner
            .run("Summarize the lease.", "lease-42")
            .collect()
            .await;
        let first = events.first().ok_or("a run without events")?;
        return Ok(first.run.trace_id.to_string());
    }
    let turn = runner.turn("Summarize the lease.", "lease-42").await;
    Ok(turn
        .map_or_else(|error| error.trace_id(), |it| it.trace_id())
        .to_string())
}

fn reply(reply: ModelReply, finish_reason: FinishReason) -> ModelReply {
    ModelReply {
        response_id: Some("chatcmpl-9XpQ2".into()),
        response_model: Some("gpt-4o-2024-08-06".into()),
        finish_reason: Some(finish_reason),
        ..reply
    }
}

/// A script that says of itself what a provider's client would.
struct OpenAi(FunctionModel);

#[async_trait]
impl Model for OpenAi {
    fn provider(&self) -> Str {
        "openai".into()
    }

    fn name(&self) -> Str {
        "gpt-4o".into()
    }

    fn call(&self) -> LlmCall {
        let mut call = LlmCall::new(self.provider(), self.name());
        call.server = server("api.openai.com");
        call.params = Some(params(1, "text"));
        call
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        self.0.respond(request, deltas).await
    }
}

// --- by hand -------------------------------------------------------------------------------------

fn chat(turn: &Scope<Turn>, case: Case) {
    let mut call = LlmCall::new("openai", "gpt-4o");
    call.stream = case == Case::Streaming;
    call.server = server("api.openai.com");
    call.params = Some(params(2, "json"));
    call.input =
        Some(r#"[{"role":"user","parts":[{"type":"text","content":"How long?"}]}]"#.into());
    call.briefing = Some(Arc::new(Briefing {
        instructions: Some("Answer in JSON.".into()),
        tools: Some(r#"[{"type":"function","name":"calculator"}]"#.into()),
    }));
    let outcome = LlmOutcome {
        response_id: Some("chatcmpl-7Yb31".into()),
        response_model: Some("gpt-4o-2024-08-06".into()),
        finish_reasons: vec!["stop".into(), "length".into()],
        usage: Some(usage()),
        time_to_first_chunk: (case == Case::Streaming).then(|| Duration::from_micros(5)),
        output: Some(
            r#"[{"role":"assistant","parts":[{"type":"text","content":"{\"months\":36}"}],"finish_reason":"stop"},
                {"role":"assistant","parts":[{"type":"text","content":"{\"mon"}],"finish_reason":"length"}]"#
                .into(),
        ),
        ..LlmOutcome::default()
    };
    play(turn, call, outcome, case);
}

fn embeddings(turn: &Scope<Turn>, case: Case) {
    let mut call = LlmCall::new("openai", "text-embedding-3-small");
    call.operation = "embeddings".into();
    call.server = server("api.openai.com");
    let outcome = LlmOutcome {
        response_model: Some("text-embedding-3-small".into()),
        usage: Some(Usage::new(12, 0)),
        ..LlmOutcome::default()
    };
    play(turn, call, outcome, case);
}

fn tool(turn: &Scope<Turn>, case: Case) {
    play(turn, weather(ToolKind::Function), weather_outcome(), case);
}

fn mcp_tool(turn: &Scope<Turn>, case: Case) {
    let mcp = McpCall {
        method: "tools/call".into(),
        request_id: Some("17".into()),
        session_id: Some("4f8a6c1e".into()),
        protocol_version: Some("2025-06-18".into()),
        transport: Some("tcp".into()),
        status_code: (case == Case::Error).then(|| "-32603".into()),
        ..McpCall::default()
    };
    let mut outcome = weather_outcome();
    outcome.mcp = Some(Box::new(mcp));
    let mut scope = turn.open(weather(ToolKind::Extension));
    if case == Case::Error {
        scope.so_far(outcome); // what is known of a failed call, too
        scope.fail(Failure::new("-32603").message("no such city"));
    } else {
        scope.complete(outcome);
    }
}

fn weather(kind: ToolKind) -> ToolCall {
    let mut call = ToolCall::new("get_weather");
    call.kind = kind;
    call.call_id = Some("call-8".into());
    call.description = Some("The weather of a city.".into());
    call.arguments = Some(r#"{"city":"Lyon"}"#.into());
    call
}

fn weather_outcome() -> ToolOutcome {
    ToolOutcome {
        result: Some(r#"{"celsius":21}"#.into()),
        ..ToolOutcome::default()
    }
}

fn remote_agent(turn: &Scope<Turn>, case: Case) {
    let mut agent = Subagent::new("translator");
    agent.task = Some("Translate the clause.".into());
    agent.remote = Some(Box::new(RemoteAgent {
        provider: "aws.bedrock".into(),
        id: Some("AGENT5QK2X".into()),
        version: Some("2".into()),
        description: Some("Translates contracts.".into()),
        server: server("bedrock-agent-runtime.eu-west-1.amazonaws.com"),
        model: Some("amazon.nova-pro-v1:0".into()),
        params: Some(params(1, "text")),
    }));
    let outcome = SubagentOutcome {
        usage: Some(usage()),
        finish_reasons: vec!["stop".into()],
        result: Some("Die Laufzeit ist 36 Monate.".into()),
        ..SubagentOutcome::default()
    };
    play(turn, agent, outcome, case);
}

fn bare<S: Nested<Outcome: Default>>(turn: &Scope<Turn>, subject: S, case: Case) {
    play(turn, subject, S::Outcome::default(), case);
}

/// Opens and ends one span.
fn play<S: Nested>(turn: &Scope<Turn>, subject: S, outcome: S::Outcome, case: Case) {
    let scope = turn.open(subject);
    if case == Case::Error {
        scope.fail(Failure::new("timeout").message("no answer"));
    } else {
        scope.complete(outcome);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what the fields take")]
fn server(address: &'static str) -> Option<Server> {
    let address = address.into();
    Some(Server { address, port: 443 })
}

fn params(choices: u32, output_type: &'static str) -> Box<LlmParams> {
    Box::new(LlmParams {
        max_tokens: Some(512),
        temperature: Some(0.2),
        top_p: Some(0.9),
        top_k: Some(40),
        frequency_penalty: Some(0.1),
        presence_penalty: Some(0.1),
        stop_sequences: vec!["END".into()],
        seed: Some(7),
        choice_count: Some(choices),
        output_type: Some(output_type.into()),
    })
}

fn usage() -> Usage {
    Usage {
        cache_read_tokens: Some(64),
        cache_creation_tokens: Some(32),
        reasoning_tokens: Some(8),
        ..Usage::new(180, 41)
    }
}
