//! Every attribute of every span, against a table written by hand from the GenAI conventions
//! (`semantic-conventions-genai`, revision `fe5608e`, on core conventions 1.43).

mod added;
mod failures;
mod generations;
mod results;
mod scenarios;

use std::collections::BTreeMap;
use std::time::Duration;

use kaos_hooks::{
    Briefing, Custom, CustomOutcome, Failure, Hooks, LlmCall, LlmOutcome, LlmParams, McpCall,
    McpOutcome, McpRequest, RemoteAgent, Server, Step, StepOutcome, Str, Subagent, SubagentOutcome,
    ToolCall, ToolOutcome, Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{Capture, ContentSettings, SpanNames, Telemetry};
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, Value};
use opentelemetry_sdk::trace::SpanData;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Always there.
    Required,
    /// There under a condition that the fullest scenario meets.
    Conditional,
    /// There when it is known, which in the fullest scenario it is.
    Recommended,
    /// There only when content is captured.
    OptIn,
    /// Of a failed span.
    OnError,
    /// Of a streamed call.
    Streaming,
}

use Level::{Conditional, OnError, OptIn, Recommended, Required, Streaming};

/// Name, type (s, i, d, b, s[]) and level.
type Row = (&'static str, &'static str, Level);

const REQUEST: &[Row] = &[
    ("gen_ai.output.type", "s", Conditional),
    ("gen_ai.request.choice.count", "i", Conditional),
    ("gen_ai.request.seed", "i", Conditional),
    ("gen_ai.request.max_tokens", "i", Recommended),
    ("gen_ai.request.temperature", "d", Recommended),
    ("gen_ai.request.top_p", "d", Recommended),
    ("gen_ai.request.stop_sequences", "s[]", Recommended),
    ("gen_ai.request.frequency_penalty", "d", Recommended),
    ("gen_ai.request.presence_penalty", "d", Recommended),
];

const LLM_CALL: &[Row] = &[
    ("gen_ai.operation.name", "s", Required),
    ("gen_ai.provider.name", "s", Required),
    ("gen_ai.request.model", "s", Conditional),
    ("error.type", "s", OnError),
    ("server.port", "i", Conditional),
    ("gen_ai.conversation.id", "s", Conditional),
    ("gen_ai.request.stream", "b", Streaming),
    ("gen_ai.request.top_k", "i", Conditional),
    ("server.address", "s", Recommended),
    ("gen_ai.response.id", "s", Recommended),
    ("gen_ai.response.model", "s", Recommended),
    ("gen_ai.response.finish_reasons", "s[]", Recommended),
    ("gen_ai.usage.input_tokens", "i", Recommended),
    ("gen_ai.usage.output_tokens", "i", Recommended),
    ("gen_ai.usage.cache_read.input_tokens", "i", Recommended),
    ("gen_ai.usage.cache_creation.input_tokens", "i", Recommended),
    ("gen_ai.usage.reasoning.output_tokens", "i", Recommended),
    ("gen_ai.response.time_to_first_chunk", "d", Streaming),
    ("gen_ai.system_instructions", "s", OptIn),
    ("gen_ai.input.messages", "s", OptIn),
    ("gen_ai.output.messages", "s", OptIn),
    ("gen_ai.tool.definitions", "s", OptIn),
];

const EMBEDDINGS: &[Row] = &[
    ("gen_ai.operation.name", "s", Required),
    ("gen_ai.provider.name", "s", Required),
    ("gen_ai.request.model", "s", Conditional),
    ("error.type", "s", OnError),
    ("server.port", "i", Conditional),
    ("server.address", "s", Recommended),
    ("gen_ai.response.model", "s", Recommended),
    ("gen_ai.usage.input_tokens", "i", Recommended),
];

const TURN: &[Row] = &[
    ("gen_ai.operation.name", "s", Required),
    ("gen_ai.agent.name", "s", Conditional),
    ("gen_ai.agent.description", "s", Conditional),
    ("gen_ai.conversation.id", "s", Conditional),
    ("error.type", "s", OnError),
    ("gen_ai.usage.input_tokens", "i", Recommended),
    ("gen_ai.usage.output_tokens", "i", Recommended),
    ("gen_ai.response.finish_reasons", "s[]", Recommended),
    ("gen_ai.request.model", "s", Recommended),
    ("gen_ai.system_instructions", "s", OptIn),
    ("gen_ai.input.messages", "s", OptIn),
    ("gen_ai.output.messages", "s", OptIn),
    ("gen_ai.tool.definitions", "s", OptIn),
];

const REMOTE_AGENT: &[Row] = &[
    ("gen_ai.operation.name", "s", Required),
    ("gen_ai.provider.name", "s", Required),
    ("gen_ai.agent.name", "s", Conditional),
    ("gen_ai.agent.id", "s", Conditional),
    ("gen_ai.agent.version", "s", Conditional),
    ("gen_ai.agent.description", "s", Conditional),
    ("gen_ai.conversation.id", "s", Conditional),
    ("error.type", "s", OnError),
    ("server.port", "i", Conditional),
    ("server.address", "s", Recommended),
    ("gen_ai.usage.input_tokens", "i", Recommended),
    ("gen_ai.usage.output_tokens", "i", Recommended),
    ("gen_ai.response.finish_reasons", "s[]", Recommended),
    ("gen_ai.request.model", "s", Recommended),
    ("gen_ai.input.messages", "s", OptIn),
    ("gen_ai.output.messages", "s", OptIn),
];

const TOOL_CALL: &[Row] = &[
    ("gen_ai.operation.name", "s", Required),
    ("gen_ai.tool.name", "s", Required),
    ("gen_ai.agent.name", "s", Conditional),
    ("error.type", "s", OnError),
    ("gen_ai.tool.type", "s", Recommended),
    ("gen_ai.tool.call.id", "s", Recommended),
    // Recommended, but a stranger's text: it leaves as content does.
    ("gen_ai.tool.description", "s", OptIn),
    ("gen_ai.tool.call.arguments", "s", OptIn),
    ("gen_ai.tool.call.result", "s", OptIn),
    ("mcp.method.name", "s", Conditional),
    ("mcp.session.id", "s", Recommended),
    ("mcp.protocol.version", "s", Recommended),
    ("jsonrpc.request.id", "s", Conditional),
    ("rpc.response.status_code", "s", Conditional),
    ("network.transport", "s", Recommended),
    ("network.protocol.name", "s", Recommended),
    ("server.address", "s", Recommended),
    ("server.port", "i", Recommended),
];

const MCP_REQUEST: &[Row] = &[
    ("mcp.method.name", "s", Required),
    ("error.type", "s", OnError),
    ("mcp.session.id", "s", Recommended),
    ("mcp.protocol.version", "s", Recommended),
    ("jsonrpc.request.id", "s", Conditional),
    ("rpc.response.status_code", "s", Conditional),
    ("network.transport", "s", Recommended),
    ("network.protocol.name", "s", Recommended),
    ("server.address", "s", Recommended),
    ("server.port", "i", Recommended),
];

const PLAN: &[Row] = &[
    ("gen_ai.operation.name", "s", Required),
    ("gen_ai.agent.name", "s", Conditional),
    ("error.type", "s", OnError),
];

/// Spans that the conventions do not know.
const NONE: &[Row] = &[("error.type", "s", OnError)];

/// Attributes that are never set though the conventions recommend or offer them, and why.
const NEVER: &[(&str, &str, &str)] = &[
    (
        "remote agent",
        "gen_ai.system_instructions",
        "a remote agent's are not known here",
    ),
    (
        "remote agent",
        "gen_ai.tool.definitions",
        "a remote agent's are not known here",
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Success,
    Error,
    Streaming,
    ContentSettings,
    Bare,
}

fn params() -> Box<LlmParams> {
    Box::new(LlmParams {
        max_tokens: Some(100),
        temperature: Some(0.5),
        top_p: Some(0.9),
        top_k: Some(40),
        frequency_penalty: Some(0.1),
        presence_penalty: Some(0.2),
        stop_sequences: vec![Str::from("END")],
        seed: Some(7),
        choice_count: Some(2),
        output_type: Some(Str::from("json")),
    })
}

fn usage() -> Usage {
    Usage {
        cache_read_tokens: Some(3),
        cache_creation_tokens: Some(2),
        reasoning_tokens: Some(1),
        ..Usage::new(10, 5)
    }
}

fn server() -> Server {
    Server {
        address: Str::from("api.example.com"),
        port: 443,
    }
}

fn mcp() -> McpCall {
    McpCall {
        method: Str::from("tools/call"),
        request_id: Some(Str::from("1")),
        session_id: Some(Str::from("s")),
        protocol_version: Some(Str::from("2025-06-18")),
        transport: Some(Str::from("tcp")),
        status_code: Some(Str::from("-32603")),
        network_protocol: Some(Str::from("http")),
        server: Some(server()),
        duration: Some(Duration::from_millis(3)),
    }
}

fn mcp_outcome() -> McpOutcome {
    McpOutcome {
        mcp: Some(Box::new(mcp())),
        ..McpOutcome::default()
    }
}

fn remote(full: bool) -> Subagent {
    let provider = Str::from("aws.bedrock");
    let bare = RemoteAgent {
        provider,
        ..RemoteAgent::default()
    };
    let whole = RemoteAgent {
        id: Some(Str::from("agent-1")),
        version: Some(Str::from("2")),
        description: Some(Str::from("Translates.")),
        server: Some(server()),
        model: Some(Str::from("nova")),
        params: Some(params()),
        ..bare.clone()
    };
    Subagent {
        task: full.then(|| Str::from("Translate.")),
        remote: Some(Box::new(if full { whole } else { bare })),
        ..Subagent::new("translator")
    }
}

fn calculator(full: bool) -> ToolCall {
    let mut tool = ToolCall::new("calculator");
    if full {
        tool.call_id = Some(Str::from("call-1"));
        tool.description = Some(Str::from("Calculates."));
        tool.arguments = Some(Str::from(r#"{"a":1}"#));
    }
    tool
}

fn model_outcome(case: Case) -> LlmOutcome {
    let answer =
        r#"[{"role":"assistant","parts":[{"type":"text","content":"Ho"}],"finish_reason":"stop"}]"#;
    LlmOutcome {
        response_id: Some(Str::from("r-1")),
        response_model: Some(Str::from("gpt-4o-2024")),
        finish_reasons: vec![Str::from("stop")],
        usage: Some(usage()),
        time_to_first_chunk: (case == Case::Streaming).then(|| Duration::from_millis(250)),
        output: Some(Str::from(answer)),
        ..LlmOutcome::default()
    }
}

/// One span of every kind the conventions have a row for, as full or as bare as the case wants.
fn play(hooks: &Hooks, case: Case) {
    let full = case != Case::Bare;
    let briefing = full.then(|| {
        std::sync::Arc::new(Briefing {
            instructions: Some(Str::from("Be brief.")),
            tools: Some(Str::from(r#"[{"type":"function","name":"calculator"}]"#)),
        })
    });
    let failure = || Failure::new("timeout").message("no answer");
    let message = r#"[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]"#;
    let reasons = || vec![Str::from("stop")];

    let mut turn = Turn::new("assistant");
    if full {
        turn = turn.session("session-1");
        turn.description = Some(Str::from("Helps."));
        turn.model = Some(Str::from("gpt-4o"));
        turn.params = Some(params());
        turn.input = Some(Str::from("Hi"));
        turn.briefing.clone_from(&briefing);
    }
    let mut turn = hooks.turn(turn);
    let step = turn.open(Step::new(1));

    let mut call = LlmCall::new("openai", "gpt-4o");
    call.stream = case == Case::Streaming;
    if full {
        call.server = Some(server());
        call.params = Some(params());
        call.input = Some(Str::from(message));
        call.briefing = briefing;
    }
    let mut embeddings = LlmCall {
        operation: Str::from("embeddings"),
        model: Str::from("text-embedding-3"),
        ..call.clone()
    };
    embeddings.stream = false;
    let mut call = step.open(call);
    let mut embeddings = step.open(embeddings);
    let mut tool = step.open(calculator(full));
    let mut remote = step.open(remote(full));
    let mut listing = step.open(McpRequest::new("tools/list"));
    let plan = step.open(Custom::new("plan"));
    let other = step.open(Custom::new("retrieval"));

    let tool_outcome = ToolOutcome {
        result: Some(Str::from("2")),
        mcp: full.then(|| Box::new(mcp())),
        ..ToolOutcome::default()
    };
    if !full {
        other.complete(CustomOutcome::default());
        plan.complete(CustomOutcome::default());
        listing.complete(McpOutcome::default());
        embeddings.complete(LlmOutcome::default());
        remote.complete(SubagentOutcome::default());
        tool.complete(ToolOutcome::default());
        call.complete(LlmOutcome::default());
        step.complete(StepOutcome::default());
        turn.complete(TurnOutcome::default());
        return;
    }
    let remote_outcome = SubagentOutcome {
        usage: Some(usage()),
        finish_reasons: reasons(),
        result: Some(Str::from("Hallo.")),
        ..SubagentOutcome::default()
    };
    let outcome = model_outcome(case);
    let turn_outcome = TurnOutcome {
        text: Some(Str::from("Ho")),
        usage: Some(usage()),
        finish_reasons: reasons(),
        tool_calls: Some(1),
        ..TurnOutcome::default()
    };
    if case == Case::Error {
        // What is known of failed work is said, too.
        remote.so_far(remote_outcome);
        embeddings.so_far(outcome.clone());
        tool.so_far(tool_outcome);
        call.so_far(outcome);
        turn.so_far(turn_outcome);
        listing.so_far(mcp_outcome());
        other.fail(failure());
        plan.fail(failure());
        listing.fail(failure());
        remote.fail(failure());
        embeddings.fail(failure());
        tool.fail(failure());
        call.fail(failure());
        step.fail(failure());
        turn.fail(failure());
        return;
    }
    other.complete(CustomOutcome::default());
    plan.complete(CustomOutcome::default());
    listing.complete(mcp_outcome());
    remote.complete(remote_outcome);
    embeddings.complete(outcome.clone());
    tool.complete(tool_outcome);
    call.complete(outcome);
    step.complete(StepOutcome::default());
    turn.complete(turn_outcome);
}

fn played(names: SpanNames, case: Case) -> Vec<SpanData> {
    let (telemetry, memory) = Telemetry::in_memory();
    let capture = if case == Case::ContentSettings {
        Capture::SpanAndEvent
    } else {
        Capture::NoContent
    };
    let telemetry = telemetry
        .with_names(names)
        .with_content(ContentSettings::new(capture));
    play(&Hooks::new(telemetry.hooks()), case);
    memory.spans()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "b",
        Value::I64(_) => "i",
        Value::F64(_) => "d",
        Value::String(_) => "s",
        Value::Array(Array::String(_)) => "s[]",
        _ => "?",
    }
}

/// The rows of a span, by its name of the GenAI set.
fn rows(name: &str) -> (&'static str, SpanKind, Vec<Row>) {
    let (kind, own, request) = match name {
        "invoke_agent assistant" => ("turn", TURN, true),
        "chat gpt-4o" => ("llm call", LLM_CALL, true),
        "embeddings text-embedding-3" => ("embeddings", EMBEDDINGS, false),
        "execute_tool calculator" => ("tool call", TOOL_CALL, false),
        "invoke_agent translator" => ("remote agent", REMOTE_AGENT, true),
        "plan assistant" => ("plan", PLAN, false),
        "tools/list" => ("MCP request", MCP_REQUEST, false),
        "agent.step.1" | "retrieval" => ("other", NONE, false),
        other => panic!("a span {other} is in no table"),
    };
    let client = matches!(
        kind,
        "llm call" | "embeddings" | "remote agent" | "MCP request"
    );
    let span_kind = if client {
        SpanKind::Client
    } else {
        SpanKind::Internal
    };
    let more = if request { REQUEST } else { &[] };
    (kind, span_kind, own.iter().chain(more).copied().collect())
}

fn always_known(kind: &str, name: &str) -> bool {
    let named = ["gen_ai.agent.name", "gen_ai.tool.type"].contains(&name);
    named || (["llm call", "embeddings"].contains(&kind) && name == "gen_ai.request.model")
}

fn check(span: &SpanData, case: Case) {
    let (kind, span_kind, rows) = rows(&span.name);
    let at = format!("{kind} in {case:?}");
    assert_eq!(span.span_kind, span_kind, "{at}");
    let mut set: BTreeMap<&str, &Value> = BTreeMap::new();
    for attribute in &span.attributes {
        let key = attribute.key.as_str();
        let before = set.insert(key, &attribute.value);
        assert!(before.is_none(), "{at}: {key} is set twice");
    }
    let failed = case == Case::Error;
    for (name, expected_type, level) in &rows {
        let expected = match level {
            Required => true,
            // Agents and models have names, and tools a type, in the barest span, too.
            _ if always_known(kind, name) => true,
            Conditional | Recommended => case != Case::Bare,
            OptIn => case == Case::ContentSettings,
            OnError => failed,
            Streaming => case == Case::Streaming,
        };
        match set.get(name) {
            Some(value) => {
                assert!(expected, "{at}: {name} is set to {value:?}");
                assert_eq!(kind_of(value), *expected_type, "{at}: the type of {name}");
            }
            None => assert!(!expected, "{at}: {name} is missing"),
        }
    }
    let prefixes = [
        "gen_ai.", "mcp.", "server.", "error.", "jsonrpc.", "rpc.", "network.",
    ];
    for key in set.keys() {
        let ours = prefixes.iter().any(|prefix| key.starts_with(prefix));
        let known = rows.iter().any(|(name, ..)| name == key);
        assert!(!ours || known, "{at}: {key} is not in the table");
        let never = NEVER
            .iter()
            .any(|(of, name, _why)| *of == kind && name == key);
        assert!(!never, "{at}: {key} is set after all");
    }
    match &span.status {
        Status::Unset => assert!(!failed, "{at}"),
        Status::Error { description } => {
            assert!(failed, "{at}");
            assert_eq!(description, "", "{at}: the type stands in error.type");
        }
        Status::Ok => panic!("{at}: the status is OK"),
    }
}

#[test]
fn every_span_says_what_the_conventions_ask_for_and_nothing_else() {
    for case in [
        Case::Success,
        Case::Error,
        Case::Streaming,
        Case::ContentSettings,
        Case::Bare,
    ] {
        let spans = played(SpanNames::GenAi, case);
        assert_eq!(spans.len(), 9, "{case:?}");
        for span in &spans {
            check(span, case);
        }
    }
}

#[test]
fn attributes_for_samplers_are_there_at_the_start() {
    use opentelemetry::trace::{Link, TraceId, TraceState};
    use opentelemetry::{Context, KeyValue};
    use opentelemetry_sdk::trace::{
        SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample,
    };

    #[derive(Debug, Clone, Default)]
    struct Asked(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

    impl ShouldSample for Asked {
        fn should_sample(
            &self,
            _parent: Option<&Context>,
            _trace_id: TraceId,
            name: &str,
            _kind: &SpanKind,
            attributes: &[KeyValue],
            _links: &[Link],
        ) -> SamplingResult {
            for attribute in attributes {
                let key = attribute.key.as_str();
                self.0.lock().unwrap().push(format!("{name} {key}"));
            }
            SamplingResult {
                decision: SamplingDecision::RecordAndSample,
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            }
        }
    }

    let asked = Asked::default();
    let provider = SdkTracerProvider::builder()
        .with_sampler(asked.clone())
        .build();
    let hook = kaos_otel_hook::OTelHook::with_provider(&provider).with_names(SpanNames::GenAi);
    play(&Hooks::new(hook), Case::Success);
    let asked = asked.0.lock().unwrap();
    for expected in [
        "chat gpt-4o gen_ai.operation.name",
        "chat gpt-4o gen_ai.provider.name",
        "chat gpt-4o gen_ai.request.model",
        "chat gpt-4o server.address",
        "chat gpt-4o server.port",
        "invoke_agent assistant gen_ai.agent.name",
        "execute_tool calculator gen_ai.tool.name",
        "execute_tool calculator gen_ai.tool.type",
    ] {
        assert!(asked.iter().any(|it| it == expected), "{expected}");
    }
}

#[test]
fn a_long_value_is_cut_at_a_character_and_marked() {
    #[track_caller]
    fn check(limit: Option<usize>, text: &str, expected: &str) {
        let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
        let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let hook = kaos_otel_hook::OTelHook::with_provider(&provider).with_value_length(limit);
        let mut custom = Custom::new("noted");
        custom.attributes.set("text", Str::copied(text));
        drop(Hooks::new(hook).turn(Turn::new("assistant")).open(custom));
        let spans = exporter.get_finished_spans().unwrap();
        let noted = spans.iter().find(|span| span.name == "noted").unwrap();
        let value = noted.attributes.iter().find(|it| it.key.as_str() == "text");
        assert_eq!(value.unwrap().value.as_str(), expected);
    }
    check(Some(5), "hello", "hello");
    check(Some(5), "hello!", "hell…");
    check(Some(3), "äöüß", "äö…");
    check(Some(4), "äöüß", "äöüß");
    check(Some(1), "ab", "…");
    check(Some(0), "ab", "");
    let long = "x".repeat(40_000);
    check(None, &long, &long);
    check(Some(32_768), &long, &format!("{}…", "x".repeat(32_767)));
}
