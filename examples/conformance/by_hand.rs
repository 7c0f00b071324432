//! What the runner cannot produce: opened by hand.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{
    Briefing, Failure, LlmCall, LlmOutcome, LlmParams, McpCall, Nested, RemoteAgent, Scope, Server,
    Subagent, SubagentOutcome, ToolCall, ToolKind, ToolOutcome, Turn, TurnOutcome, Usage,
};

use super::Case;

/// What comes of the turn around one of these.
pub(super) fn turn_outcome(row: &str) -> TurnOutcome {
    let infers = row == "chat";
    TurnOutcome {
        text: Some("36 months.".into()),
        usage: infers.then(usage),
        finish_reasons: infers.then(|| "stop".into()).into_iter().collect(),
        tool_calls: Some(u32::from(row.ends_with("tool"))),
        ..TurnOutcome::default()
    }
}

pub(super) fn chat(turn: &Scope<Turn>, case: Case) {
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

pub(super) fn embeddings(turn: &Scope<Turn>, case: Case) {
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

pub(super) fn tool(turn: &Scope<Turn>, case: Case) {
    play(turn, weather(ToolKind::Function), weather_outcome(), case);
}

pub(super) fn mcp_tool(turn: &Scope<Turn>, case: Case) {
    let mcp = McpCall {
        method: "tools/call".into(),
        request_id: Some("17".into()),
        session_id: Some("4f8a6c1e".into()),
        protocol_version: Some("2025-06-18".into()),
        transport: Some("tcp".into()),
        status_code: (case == Case::Error).then(|| "-32603".into()),
        network_protocol: Some("http".into()),
        server: server("mcp.example.com"),
        duration: Some(Duration::from_millis(40)),
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

pub(super) fn remote_agent(turn: &Scope<Turn>, case: Case) {
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

pub(super) fn bare<S: Nested<Outcome: Default>>(turn: &Scope<Turn>, subject: S, case: Case) {
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
pub(super) fn server(address: &'static str) -> Option<Server> {
    let address = address.into();
    Some(Server { address, port: 443 })
}

pub(super) fn params(choices: u32, output_type: &'static str) -> Box<LlmParams> {
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

pub(super) fn usage() -> Usage {
    Usage {
        cache_read_tokens: Some(64),
        cache_creation_tokens: Some(32),
        reasoning_tokens: Some(8),
        ..Usage::new(180, 41)
    }
}
