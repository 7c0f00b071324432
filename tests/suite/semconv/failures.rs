//! Failures are told once, where they arise, in the way that the conventions have for it.

use kaos_hooks::{
    Failure, Hooks, LlmCall, LlmOutcome, Step, Str, ToolCall, ToolOutcome, Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{SpanNames, Telemetry};
use opentelemetry_sdk::trace::SpanData;

use super::{Case, play, played};

#[test]
fn an_exception_is_told_where_it_arises_and_once() {
    #[track_caller]
    fn check(names: SpanNames, expected: usize) {
        let spans = played(names, Case::Error);
        let events: usize = spans
            .iter()
            .map(|span| {
                let exceptions = span.events.iter().filter(|event| event.name == "exception");
                exceptions
                    .inspect(|event| {
                        let said: Vec<String> = event
                            .attributes
                            .iter()
                            .map(|it| format!("{}={}", it.key, it.value))
                            .collect();
                        assert_eq!(said, ["exception.type=timeout"], "the text is content");
                    })
                    .count()
            })
            .sum();
        assert_eq!(events, expected, "{names:?}");
    }
    // Neither the step nor the turn, which fail for what failed in them.
    check(SpanNames::Kaos, 7);
    check(SpanNames::Operator, 7);
    // What fails at a model's or a remote agent is a log event.
    check(SpanNames::GenAi, 4);
}

/// The log events of a run, by name and kind of span.
fn logged(act: impl FnOnce(&Hooks)) -> Vec<String> {
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry.with_names(SpanNames::GenAi);
    act(&Hooks::new(telemetry.hooks()));
    let spans = memory.spans();
    let of = |log: &opentelemetry_sdk::logs::in_memory_exporter::LogDataWithResource| {
        let id = log.record.trace_context().unwrap().span_id;
        let span = spans.iter().find(|it| it.span_context.span_id() == id);
        format!(
            "{} of {}",
            log.record.event_name().unwrap(),
            span.unwrap().name
        )
    };
    memory.logs().iter().map(of).collect()
}

#[test]
fn only_client_operations_have_the_log_event_of_an_exception() {
    let seen = logged(|hooks| play(hooks, Case::Error));
    let exception = |of| format!("gen_ai.client.operation.exception of {of}");
    let expected = [
        exception("invoke_agent translator"),
        exception("embeddings text-embedding-3"),
        exception("chat gpt-4o"),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_failure_that_differs_from_the_child_s_arises_in_the_parent() {
    #[track_caller]
    fn check(of_tool: &'static str, of_step: &'static str, expected: &[&str]) {
        let (telemetry, memory) = Telemetry::in_memory();
        let hooks = Hooks::new(telemetry.hooks());
        for _ in 0..2 {
            let turn = hooks.turn(Turn::new("assistant"));
            let step = turn.open(Step::new(1));
            step.open(ToolCall::new("search"))
                .fail(Failure::new(of_tool));
            step.open(ToolCall::new("find"))
                .complete(ToolOutcome::default());
            step.fail(Failure::new(of_step));
            turn.complete(TurnOutcome::default());
        }
        let spans = memory.spans();
        let told = |span: &&SpanData| !span.events.events.is_empty();
        let told: Vec<_> = spans.iter().filter(told).map(|span| &*span.name).collect();
        assert_eq!(told, [expected, expected].concat());
    }
    check("timeout", "timeout", &["tool.search"]);
    check("timeout", "steps", &["tool.search", "agent.step.1"]);
}

#[test]
fn a_model_s_answer_that_did_not_come_has_the_reason_error() {
    #[track_caller]
    fn check(operation: &'static str, end: fn(kaos_hooks::Scope<LlmCall>), expected: Option<&str>) {
        let (telemetry, memory) = Telemetry::in_memory();
        let turn = Hooks::new(telemetry.hooks()).turn(Turn::new("assistant"));
        let mut call = LlmCall::new("openai", "gpt-4o");
        call.operation = Str::from(operation);
        end(turn.open(call));
        drop(turn);
        let spans = memory.spans();
        let reasons = spans[0]
            .attributes
            .iter()
            .find(|it| it.key.as_str() == "gen_ai.response.finish_reasons");
        let reasons = reasons.map(|it| it.value.to_string());
        assert_eq!(reasons.as_deref(), expected, "{operation}");
    }
    let fail = |call: kaos_hooks::Scope<LlmCall>| call.fail(Failure::new("timeout"));
    let after_a_reason = |mut call: kaos_hooks::Scope<LlmCall>| {
        call.so_far(LlmOutcome {
            finish_reasons: vec![Str::from("length")],
            ..LlmOutcome::default()
        });
        call.fail(Failure::new("timeout"));
    };
    let after_tokens = |mut call: kaos_hooks::Scope<LlmCall>| {
        call.so_far(LlmOutcome {
            usage: Some(Usage::new(7, 0)),
            ..LlmOutcome::default()
        });
        call.fail(Failure::new("timeout"));
    };
    check("chat", fail, Some(r#"["error"]"#));
    check("chat", drop, Some(r#"["error"]"#));
    check("chat", after_tokens, Some(r#"["error"]"#));
    check("chat", after_a_reason, Some(r#"["length"]"#));
    check("chat", |call| call.complete(LlmOutcome::default()), None);
    check("chat", kaos_hooks::Scope::suspend, None);
    check("embeddings", fail, None);
}
