//! The page of attributes against what spans say: each row is said, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{
    Briefing, Custom, CustomOutcome, Failure, Handoff, HandoffOutcome, Hooks, Intent,
    IntentClassification, IntentOutcome, LlmCall, LlmOutcome, LlmParams, McpCall, McpOutcome,
    McpRequest, RemoteAgent, ServedCall, ServedOutcome, Server, Step, StepOutcome, Subagent,
    SubagentOutcome, ToolCall, ToolOutcome, Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{Capture, ContentSettings, Conventions, OTelHook, Price, Prices};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

const PAGE: &str = include_str!("../../kaos-otel-hook/docs/attributes.md");

/// Each kind of span, and what it says by the page.
fn page() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let cells = |line: &'static str| -> Vec<&str> {
        line.trim_matches('|').split('|').map(str::trim).collect()
    };
    let mut lines = PAGE.lines().filter(|it| it.starts_with('|'));
    let heads = cells(lines.next().unwrap());
    let mut kinds: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in lines.skip(1) {
        let row = cells(line);
        assert!(!row[1].is_empty(), "{} has no meaning", row[0]);
        for (head, cell) in heads.iter().zip(&row).skip(2) {
            if !cell.is_empty() {
                kinds
                    .entry(*head)
                    .or_default()
                    .insert(row[0].trim_matches('`'));
            }
        }
    }
    kinds
}

fn params() -> Box<LlmParams> {
    Box::new(LlmParams {
        max_tokens: Some(1),
        temperature: Some(1.0),
        top_p: Some(1.0),
        top_k: Some(1),
        frequency_penalty: Some(1.0),
        presence_penalty: Some(1.0),
        stop_sequences: vec!["x".into()],
        seed: Some(1),
        choice_count: Some(2),
        output_type: Some("json".into()),
    })
}

fn server() -> Server {
    Server {
        address: "localhost".into(),
        port: 443,
    }
}

fn usage() -> Usage {
    Usage {
        cache_read_tokens: Some(1),
        cache_creation_tokens: Some(1),
        reasoning_tokens: Some(1),
        ..Usage::new(9, 9)
    }
}

fn long() -> kaos_hooks::Str {
    format!("[\"{}\"]", "x".repeat(5000)).into()
}

fn briefing() -> Arc<Briefing> {
    Arc::new(Briefing {
        instructions: Some(long()),
        tools: Some(long()),
    })
}

fn mcp() -> Box<McpCall> {
    Box::new(McpCall {
        method: "tools/call".into(),
        request_id: Some("1".into()),
        session_id: Some("m-1".into()),
        status_code: Some("-32603".into()),
        protocol_version: Some("2025-11-25".into()),
        transport: Some("tcp".into()),
        network_protocol: Some("http".into()),
        server: Some(server()),
        duration: Some(Duration::from_secs(1)),
    })
}

/// One span of each kind, with all that can be said of it.
fn tell(hooks: &Hooks) {
    let turn = hooks.turn(Turn {
        description: Some("answers".into()),
        max_steps: Some(3),
        model: Some("gpt-4o".into()),
        params: Some(params()),
        number: Some(1),
        input: Some(long()),
        briefing: Some(briefing()),
        ..Turn::new("assistant").session("s-1")
    });
    let intent = turn.open(IntentClassification::default());
    intent.complete(IntentOutcome {
        intent: Some(Intent::Research),
        confidence: Some(0.5),
        ..IntentOutcome::default()
    });
    let step = turn.open(Step {
        step_id: Some("one".into()),
        max_steps: Some(3),
        ..Step::new(1)
    });
    step.complete(StepOutcome::default());
    let call = turn.open(LlmCall {
        stream: true,
        server: Some(server()),
        params: Some(params()),
        input: Some(long()),
        briefing: Some(briefing()),
        ..LlmCall::new("openai", "gpt-4o")
    });
    call.complete(LlmOutcome {
        response_id: Some("r-1".into()),
        response_model: Some("gpt-4o".into()),
        finish_reasons: vec!["stop".into()],
        usage: Some(usage()),
        time_to_first_chunk: Some(Duration::from_secs(1)),
        output: Some(long()),
        ..LlmOutcome::default()
    });
    let tool = turn.open(ToolCall {
        call_id: Some("call-1".into()),
        description: Some(long()),
        arguments: Some(long()),
        ..ToolCall::unknown("calcluator")
    });
    tool.complete(ToolOutcome {
        result: Some(long()),
        skipped: true,
        mcp: Some(mcp()),
        ..ToolOutcome::default()
    });
    let sub = turn.open(Subagent {
        remote: Some(Box::new(RemoteAgent {
            provider: "openai".into(),
            id: Some("a-1".into()),
            version: Some("1".into()),
            description: Some("researches".into()),
            server: Some(server()),
            model: Some("gpt-4o".into()),
            params: Some(params()),
        })),
        task: Some(long()),
        ..Subagent::new("researcher")
    });
    sub.complete(SubagentOutcome {
        usage: Some(usage()),
        finish_reasons: vec!["stop".into()],
        skipped: true,
        result: Some(long()),
        ..SubagentOutcome::default()
    });
    let request = turn.open(McpRequest::new("tools/list"));
    request.complete(McpOutcome {
        mcp: Some(mcp()),
        ..McpOutcome::default()
    });
    turn.open(Custom::new("plan"))
        .complete(CustomOutcome::default());
    turn.open(Handoff::new("other"))
        .complete(HandoffOutcome::default());
    turn.open(Custom::new("failed"))
        .fail(Failure::new("timeout"));
    turn.open(Custom::new("suspended")).suspend();
    turn.complete(TurnOutcome {
        text: Some(long()),
        usage: Some(usage()),
        finish_reasons: vec!["stop".into()],
        tool_calls: Some(1),
        number: Some(1),
        ..TurnOutcome::default()
    });
    tell_served(hooks);
}

fn tell_served(hooks: &Hooks) {
    let served = hooks.served_call(ServedCall {
        description: Some("calculates".into()),
        mcp: Some(mcp()),
        arguments: Some("{}".into()),
        ..ServedCall::unknown("tools", "calculate")
    });
    served.complete(ServedOutcome {
        result: Some(long()),
        skipped: true,
        status_code: Some("-32602".into()),
        ..ServedOutcome::default()
    });
}

#[test]
fn spans_say_what_the_page_says_and_each_once() {
    let exporter = InMemorySpanExporter::default();
    // Ids of its own: the events' are attributes.
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let prices = Prices::new([("gpt-4o", Price::new(1.0, 1.0))]).unwrap();
    let hook = OTelHook::with_provider(&provider)
        .with_content(ContentSettings::new(Capture::SpanOnly))
        .with_value_length(Some(1000))
        .with_prices(prices);
    // Together they say all names; which has which is in `semconv::generations`.
    for names in [Conventions::Pinned, Conventions::Latest] {
        tell(&Hooks::new(hook.clone().with_conventions(names)));
    }

    let kinds = page();
    let any = &kinds["any span"];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut owns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let spans = exporter.get_finished_spans().unwrap();
    for span in &spans {
        let kind = match &*span.name {
            "agent.turn" => "turn",
            "agent.intent_classification" => "intent",
            "agent.step.1" => "step",
            "model.inference" => "model call",
            "tool._OTHER" => "tool call",
            "delegate.researcher" => "sub-agent",
            "tools/list" => "MCP request",
            "tools/call _OTHER" => "served tool call",
            "plan" => "plan",
            _ => "any span",
        };
        let mut said: Vec<&str> = span.attributes.iter().map(|it| it.key.as_str()).collect();
        let all = said.len();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), all, "{kind}: {:?}", span.attributes);
        seen.extend(said.iter().filter(|it| any.contains(*it)));
        let own: BTreeSet<_> = said.into_iter().filter(|it| !any.contains(it)).collect();
        if kind == "any span" {
            assert!(own.is_empty(), "{}: {own:?}", span.name);
        } else {
            owns.entry(kind).or_default().extend(own);
        }
    }
    for (kind, own) in owns {
        assert_eq!(own, kinds[kind], "{kind}");
    }
    assert_eq!(&seen, any);
    assert_eq!(spans.len(), 24);
}
