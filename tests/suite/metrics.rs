//! Metrics: all of them, each operation once, from events alone.

mod pipeline;
mod prices;

use std::time::Duration;

use kaos_hooks::{
    Failure, Hooks, LlmCall, LlmOutcome, ManualClock, RemoteAgent, Scope, Server, Step,
    StepOutcome, Str, Subagent, SubagentOutcome, TextDelta, ToolCall, ToolOutcome, Turn,
    TurnOutcome, Usage,
};
use kaos_otel_hook::{EventIds, MetricsHook, OTelHook, Price, Prices, Telemetry};
use kaos_runner::{ModelReply, Runner};
use kaos_tests::agents::{Act, Scripted, calls, scripted};
use kaos_tests::measured::{Measured, still};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SdkTracerProvider, SimpleSpanProcessor,
};

/// A metrics hook alone, and a clock that stands.
fn measured() -> (Measured, Hooks, ManualClock) {
    let measured = Measured::default();
    let (emitter, clock) = still();
    let prices = Prices::new([("gpt-4o", Price::new(2.5, 10.0))]).unwrap();
    let hook = MetricsHook::with_provider(&measured.provider).with_prices(prices);
    let hooks = Hooks::with_emitter(emitter, hook);
    (measured, hooks, clock)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn outcome(usage: Option<Usage>) -> LlmOutcome {
    LlmOutcome {
        response_id: Some("response-1".into()),
        usage,
        ..LlmOutcome::default()
    }
}

/// A model call of 100 ms.
fn model_call(step: &Scope<Step>, clock: &ManualClock) {
    let call = step.open(LlmCall::new("openai", "gpt-4o"));
    clock.advance(ms(100));
    call.complete(outcome(Some(Usage::new(1000, 50))));
}

/// Model call, tool call of 20 ms, model call.
fn tool_turn(hooks: &Hooks, clock: &ManualClock) {
    let turn = hooks.turn(Turn::new("assistant").session("session-1"));
    let step = turn.open(Step::new(1));
    model_call(&step, clock);
    let tool = step.open(ToolCall::new("calculator"));
    clock.advance(ms(20));
    tool.complete(ToolOutcome::default());
    step.complete(StepOutcome::default());
    let step = turn.open(Step::new(2));
    model_call(&step, clock);
    step.complete(StepOutcome::default());
    turn.complete(TurnOutcome::default());
}

const TOOL_TURN: &str = "
    gen_ai.client.operation.duration [s] B1 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o} 2 of 0.2 in 0.16:2
    gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.token.type=input} 2 of 2000 in 1024:2
    gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.token.type=output} 2 of 100 in 64:2
    gen_ai.execute_tool.duration [s] B1 {gen_ai.agent.name=assistant gen_ai.tool.name=calculator gen_ai.tool.type=function} 1 of 0.02 in 0.02:1
    gen_ai.invoke_agent.duration [s] B3 {gen_ai.agent.name=assistant} 1 of 0.22 in 0.4:1
    gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=assistant} 1 of 2 in 2:1
    gen_ai.invoke_agent.tool_calls [{tool_call}] B5 {gen_ai.agent.name=assistant} 1 of 1 in 1:1
    kaos.cost_usd [{USD}] counter {agent.name=assistant model=gpt-4o} 0.006
    kaos.model.calls [{call}] counter {agent.name=assistant model=gpt-4o success=true} 2
    kaos.model.duration [ms] kaos {agent.name=assistant model=gpt-4o success=true} 2 of 200 in 100:2
    kaos.request.duration [ms] kaos {agent.name=assistant success=true} 1 of 220 in 250:1
    kaos.requests [{request}] counter {agent.name=assistant success=true} 1
    kaos.tool.calls [{call}] counter {agent.name=assistant success=true tool=calculator} 1
    kaos.tool.duration [ms] kaos {agent.name=assistant success=true tool=calculator} 1 of 20 in 25:1
";

#[test]
fn a_tool_turn_is_measured() {
    let (measured, hooks, clock) = measured();
    tool_turn(&hooks, &clock);
    measured.assert(TOOL_TURN);
}

#[test]
fn an_unsampled_turn_is_measured_all_the_same() {
    let measured = Measured::default();
    let (emitter, clock) = still();
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOff)
        .with_id_generator(EventIds::default())
        .with_span_processor(SimpleSpanProcessor::new(spans.clone()))
        .build();
    let prices = Prices::new([("gpt-4o", Price::new(2.5, 10.0))]).unwrap();
    let metrics = MetricsHook::with_provider(&measured.provider).with_prices(prices);
    let hooks = Hooks::with_emitter(emitter, (OTelHook::with_provider(&provider), metrics));
    tool_turn(&hooks, &clock);
    assert!(spans.get_finished_spans().unwrap().is_empty());
    measured.assert(TOOL_TURN);
}

#[test]
fn a_streamed_turn_is_measured_chunk_by_chunk() {
    let (measured, hooks, clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    let step = turn.open(Step::new(1));
    let call = step.open(LlmCall {
        stream: true,
        server: Some(Server {
            address: "127.0.0.1".into(),
            port: 8080,
        }),
        ..LlmCall::new("openai", "gpt-4o")
    });
    for wait in [300, 15, 30, 60] {
        clock.advance(ms(wait));
        call.emit(TextDelta {
            content: "piece".into(),
        });
    }
    clock.advance(ms(95));
    call.complete(LlmOutcome {
        response_model: Some("gpt-4o-2024-08-06".into()),
        ..outcome(Some(Usage::new(10, 4)))
    });
    step.complete(StepOutcome::default());
    turn.complete(TurnOutcome::default());
    measured.assert(
        "
    gen_ai.client.operation.duration [s] B1 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.response.model=gpt-4o-2024-08-06 server.address=127.0.0.1 server.port=8080} 1 of 0.5 in 0.64:1
    gen_ai.client.operation.time_per_output_chunk [s] B1 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o server.address=127.0.0.1 server.port=8080} 3 of 0.105 in 0.02:1 0.04:1 0.08:1
    gen_ai.client.operation.time_to_first_chunk [s] B1 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o server.address=127.0.0.1 server.port=8080} 1 of 0.3 in 0.32:1
    gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.response.model=gpt-4o-2024-08-06 gen_ai.token.type=input server.address=127.0.0.1 server.port=8080} 1 of 10 in 16:1
    gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.response.model=gpt-4o-2024-08-06 gen_ai.token.type=output server.address=127.0.0.1 server.port=8080} 1 of 4 in 4:1
    gen_ai.invoke_agent.duration [s] B3 {gen_ai.agent.name=assistant} 1 of 0.5 in 0.8:1
    gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=assistant} 1 of 1 in 1:1
    gen_ai.invoke_agent.tool_calls [{tool_call}] B5 {gen_ai.agent.name=assistant} 1 of 0 in 1:1
    kaos.cost_usd [{USD}] counter {agent.name=assistant model=gpt-4o} 0.000065
    kaos.model.calls [{call}] counter {agent.name=assistant model=gpt-4o success=true} 1
    kaos.model.duration [ms] kaos {agent.name=assistant model=gpt-4o success=true} 1 of 500 in 500:1
    kaos.request.duration [ms] kaos {agent.name=assistant success=true} 1 of 500 in 500:1
    kaos.requests [{request}] counter {agent.name=assistant success=true} 1
    ",
    );
}

#[test]
fn the_model_s_own_time_to_the_first_chunk_comes_first_and_only_for_streams() {
    #[track_caller]
    fn check(stream: bool, said: Option<Duration>, expected: Option<&str>) {
        let (measured, hooks, clock) = measured();
        let turn = hooks.turn(Turn::new("assistant"));
        let call = turn.open(LlmCall {
            stream,
            ..LlmCall::new("openai", "gpt-4o")
        });
        clock.advance(ms(7));
        call.emit(TextDelta::default());
        call.emit(TextDelta::default());
        call.complete(LlmOutcome {
            time_to_first_chunk: said,
            ..LlmOutcome::default()
        });
        turn.complete(TurnOutcome::default());
        let lines = measured.lines_of("gen_ai.client.operation.time_to_first_chunk");
        let seen = lines.first().map(|line| line.rsplit("} ").next().unwrap());
        assert_eq!(seen, expected);
        let chunks = measured.lines_of("gen_ai.client.operation.time_per_output_chunk");
        assert_eq!(chunks.len(), usize::from(stream));
    }
    check(true, Some(ms(5)), Some("1 of 0.005 in 0.01:1"));
    check(true, None, Some("1 of 0.007 in 0.01:1"));
    check(false, Some(ms(5)), None);
}

#[test]
fn a_failed_tool_is_no_success_and_says_why() {
    let (measured, hooks, clock) = measured();
    let turn = hooks.turn(Turn {
        model: Some("gpt-4o".into()),
        ..Turn::new("assistant")
    });
    let tool = turn.open(ToolCall::new("search"));
    clock.advance(ms(40));
    tool.fail(Failure::new("timeout").message("no answer"));
    turn.complete(TurnOutcome::default());
    measured.assert(
        "
    gen_ai.execute_tool.duration [s] B1 {error.type=timeout gen_ai.agent.name=assistant gen_ai.tool.name=search gen_ai.tool.type=function} 1 of 0.04 in 0.04:1
    gen_ai.invoke_agent.duration [s] B3 {gen_ai.agent.name=assistant gen_ai.request.model=gpt-4o} 1 of 0.04 in 0.1:1
    gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=assistant} 1 of 0 in 1:1
    gen_ai.invoke_agent.tool_calls [{tool_call}] B5 {gen_ai.agent.name=assistant} 1 of 1 in 1:1
    kaos.request.duration [ms] kaos {agent.name=assistant success=true} 1 of 40 in 50:1
    kaos.requests [{request}] counter {agent.name=assistant success=true} 1
    kaos.tool.calls [{call}] counter {agent.name=assistant success=false tool=search} 1
    kaos.tool.duration [ms] kaos {agent.name=assistant success=false tool=search} 1 of 40 in 50:1
    ",
    );
}

#[test]
fn a_cancelled_turn_is_told_from_a_failed_one() {
    let (measured, hooks, clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    let call = turn.open(LlmCall::new("openai", "gpt-4o"));
    clock.advance(ms(250));
    drop(turn);
    drop(call);
    measured.assert(
        "
    gen_ai.client.operation.duration [s] B1 {error.type=cancelled gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o} 1 of 0.25 in 0.32:1
    gen_ai.invoke_agent.duration [s] B3 {error.type=cancelled gen_ai.agent.name=assistant} 1 of 0.25 in 0.4:1
    gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=assistant} 1 of 1 in 1:1
    gen_ai.invoke_agent.tool_calls [{tool_call}] B5 {gen_ai.agent.name=assistant} 1 of 0 in 1:1
    kaos.model.calls [{call}] counter {agent.name=assistant error.type=cancelled model=gpt-4o success=false} 1
    kaos.model.duration [ms] kaos {agent.name=assistant error.type=cancelled model=gpt-4o success=false} 1 of 250 in 250:1
    kaos.request.duration [ms] kaos {agent.name=assistant error.type=cancelled success=false} 1 of 250 in 250:1
    kaos.requests [{request}] counter {agent.name=assistant error.type=cancelled success=false} 1
    ",
    );
}

#[test]
fn a_sub_agent_s_calls_are_its_own() {
    let (measured, hooks, clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    let step = turn.open(Step::new(1));
    model_call(&step, &clock);
    let delegation = step.open(Subagent::new("researcher"));
    let inner = delegation.turn(Turn::new("researcher"));
    let inner_step = inner.open(Step::new(1));
    let tool = inner_step.open(ToolCall::new("search"));
    clock.advance(ms(50));
    tool.complete(ToolOutcome::default());
    inner_step.complete(StepOutcome::default());
    inner.fail(Failure::new("steps"));
    delegation.fail(Failure::new("steps"));
    step.complete(StepOutcome::default());
    turn.complete(TurnOutcome::default());
    measured.assert(
        "
    gen_ai.client.operation.duration [s] B1 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o} 1 of 0.1 in 0.16:1
    gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.token.type=input} 1 of 1000 in 1024:1
    gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-4o gen_ai.token.type=output} 1 of 50 in 64:1
    gen_ai.execute_tool.duration [s] B1 {gen_ai.agent.name=researcher gen_ai.tool.name=search gen_ai.tool.type=function} 1 of 0.05 in 0.08:1
    gen_ai.invoke_agent.duration [s] B3 {error.type=steps gen_ai.agent.name=researcher} 1 of 0.05 in 0.1:1
    gen_ai.invoke_agent.duration [s] B3 {gen_ai.agent.name=assistant} 1 of 0.15 in 0.2:1
    gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=assistant} 1 of 1 in 1:1
    gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=researcher} 1 of 0 in 1:1
    gen_ai.invoke_agent.tool_calls [{tool_call}] B5 {gen_ai.agent.name=assistant} 1 of 0 in 1:1
    gen_ai.invoke_agent.tool_calls [{tool_call}] B5 {gen_ai.agent.name=researcher} 1 of 1 in 1:1
    kaos.cost_usd [{USD}] counter {agent.name=assistant model=gpt-4o} 0.003
    kaos.delegation.duration [ms] kaos {agent.name=assistant success=false target=researcher} 1 of 50 in 50:1
    kaos.delegations [{delegation}] counter {agent.name=assistant success=false target=researcher} 1
    kaos.model.calls [{call}] counter {agent.name=assistant model=gpt-4o success=true} 1
    kaos.model.duration [ms] kaos {agent.name=assistant model=gpt-4o success=true} 1 of 100 in 100:1
    kaos.request.duration [ms] kaos {agent.name=assistant success=true} 1 of 150 in 250:1
    kaos.request.duration [ms] kaos {agent.name=researcher success=false} 1 of 50 in 50:1
    kaos.requests [{request}] counter {agent.name=assistant success=true} 1
    kaos.requests [{request}] counter {agent.name=researcher success=false} 1
    kaos.tool.calls [{call}] counter {agent.name=researcher success=true tool=search} 1
    kaos.tool.duration [ms] kaos {agent.name=researcher success=true tool=search} 1 of 50 in 50:1
    ",
    );
}

#[test]
fn a_remote_agent_s_invocation_is_measured_where_it_is_called() {
    let (measured, hooks, clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    let delegation = turn.open(Subagent {
        remote: Some(Box::new(RemoteAgent {
            provider: "aws.bedrock".into(),
            model: Some("nova".into()),
            server: Some(Server {
                address: "10.0.0.1".into(),
                port: 443,
            }),
            ..RemoteAgent::default()
        })),
        ..Subagent::new("researcher")
    });
    clock.advance(ms(800));
    delegation.complete(SubagentOutcome::default());
    turn.complete(TurnOutcome::default());
    assert_eq!(
        measured.lines_of("gen_ai.invoke_agent.duration"),
        ["gen_ai.invoke_agent.duration [s] B3 {gen_ai.agent.name=assistant} 1 of 0.8 in 0.8:1",]
    );
    assert_eq!(
        measured.lines_of("gen_ai.client.operation.duration"),
        [
            "gen_ai.client.operation.duration [s] B1 {gen_ai.operation.name=invoke_agent gen_ai.provider.name=aws.bedrock gen_ai.request.model=nova server.address=10.0.0.1 server.port=443} 1 of 0.8 in 1.28:1",
        ]
    );
    assert_eq!(measured.lines_of("gen_ai.invoke_agent.tool_calls").len(), 1);
    assert_eq!(measured.lines_of("kaos.requests").len(), 1);
}

#[test]
fn a_turn_of_minutes_is_told_from_one_of_hours() {
    let (measured, hooks, clock) = measured();
    for seconds in [40, 290, 3600] {
        let turn = hooks.turn(Turn::new("assistant"));
        clock.advance(ms(1000 * seconds));
        turn.complete(TurnOutcome::default());
    }
    assert_eq!(
        measured.lines_of("kaos.request.duration"),
        [
            "kaos.request.duration [ms] kaos {agent.name=assistant success=true} 3 of 3930000 in 60000:1 300000:1 inf:1"
        ]
    );
}

#[test]
fn embeddings_are_no_inference_and_give_no_tokens() {
    let (measured, hooks, clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    let mut call = LlmCall::new("openai", "embed");
    call.operation = "embeddings".into();
    let call = turn.open(call);
    clock.advance(ms(100));
    call.complete(outcome(Some(Usage::new(12, 0))));
    turn.complete(TurnOutcome::default());
    let of = |name| measured.lines_of(name);
    assert_eq!(
        of("gen_ai.client."),
        [
            "gen_ai.client.operation.duration [s] B1 {gen_ai.operation.name=embeddings gen_ai.provider.name=openai gen_ai.request.model=embed} 1 of 0.1 in 0.16:1",
            "gen_ai.client.token.usage [{token}] B2 {gen_ai.operation.name=embeddings gen_ai.provider.name=openai gen_ai.request.model=embed gen_ai.token.type=input} 1 of 12 in 16:1",
        ]
    );
    assert_eq!(
        of("gen_ai.invoke_agent.inference_calls"),
        [
            "gen_ai.invoke_agent.inference_calls [{inference_call}] B5 {gen_ai.agent.name=assistant} 1 of 0 in 1:1",
        ]
    );
    assert_eq!(of("kaos.model.calls").len(), 1);
}

#[test]
fn suspended_work_is_counted_by_the_run_that_takes_it_up() {
    let (measured, hooks, _clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    turn.open(ToolCall::new("pay")).suspend();
    turn.suspend();
    measured.assert("");
    let turn = hooks.turn(Turn::new("assistant"));
    turn.open(ToolCall::new("pay"))
        .complete(ToolOutcome::default());
    turn.complete(TurnOutcome::default());
    assert_eq!(
        measured.lines_of("kaos.requests"),
        ["kaos.requests [{request}] counter {agent.name=assistant success=true} 1"]
    );
    assert_eq!(measured.lines_of("kaos.tool.calls").len(), 1);
}

/// By the runner, beside exported spans: as many operations, as long altogether.
#[tokio::test]
async fn each_span_is_measured_once_and_as_long_as_it_is() {
    let measured = Measured::default();
    let (telemetry, memory) = Telemetry::in_memory();
    let (emitter, clock) = still();
    let emitter = emitter.with_clock(clock.ticking(ms(3)));
    let researcher = scripted(
        "researcher",
        [calls(&["fine"]), ModelReply::text("found").usage(5, 5)],
    )
    .tool(Scripted::new("fine", Act::Give("fine")));
    let agent = scripted(
        "assistant",
        [
            calls(&["fails", "fine", "no_such_tool", "researcher"]),
            ModelReply::text("done").usage(7, 3),
        ],
    )
    .tool(Scripted::new("fails", Act::Fail("no")))
    .tool(Scripted::new("fine", Act::Give("fine")))
    .subagent(researcher);
    let metrics = MetricsHook::with_provider(&measured.provider);
    let hooks = Hooks::with_emitter(emitter, (telemetry.hooks(), metrics));
    Runner::new(agent)
        .hooks(hooks)
        .turn("Work.", "s")
        .await
        .unwrap();

    let spans = memory.spans();
    let check = |metric: &str, scale: f64, is: &dyn Fn(&str) -> bool| {
        let of = spans.iter().filter(|span| is(&span.name));
        let seconds: Vec<f64> = of
            .map(|span| span.end_time.duration_since(span.start_time).unwrap())
            .map(|duration| duration.as_secs_f64())
            .collect();
        let (mut count, mut sum) = (0, 0.0);
        for line in measured.lines_of(metric) {
            let (_, value) = line.split_once("} ").unwrap();
            let mut words = value.split(' ');
            count += words.next().unwrap().parse::<usize>().unwrap();
            sum += words.nth(1).unwrap().parse::<f64>().unwrap();
        }
        assert_eq!(count, seconds.len(), "{metric}");
        let expected = seconds.iter().sum::<f64>() * scale;
        assert!((sum - expected).abs() < 1e-6, "{metric}: {sum}, {expected}");
    };
    let turn = |name: &str| name == "agent.turn";
    let model = |name: &str| name == "model.inference";
    let tool = |name: &str| name.starts_with("tool.");
    check("kaos.request.duration", 1e3, &turn);
    check("gen_ai.invoke_agent.duration", 1.0, &turn);
    check("kaos.model.duration", 1e3, &model);
    check("gen_ai.client.operation.duration", 1.0, &model);
    check("kaos.tool.duration", 1e3, &tool);
    check("gen_ai.execute_tool.duration", 1.0, &tool);
    check("kaos.delegation.duration", 1e3, &|name| {
        name.starts_with("delegate.")
    });
    let names = measured.lines_of("kaos.tool.calls");
    assert_eq!(
        names,
        [
            "kaos.tool.calls [{call}] counter {agent.name=assistant success=false tool=_OTHER} 1",
            "kaos.tool.calls [{call}] counter {agent.name=assistant success=false tool=fails} 1",
            "kaos.tool.calls [{call}] counter {agent.name=assistant success=true tool=fine} 1",
            "kaos.tool.calls [{call}] counter {agent.name=researcher success=true tool=fine} 1",
        ]
    );
    assert!(!measured.debug().contains("no_such_tool"));
}

#[test]
fn labels_beyond_the_limit_are_folded_into_one() {
    let (measured, hooks, _clock) = measured();
    let turn = hooks.turn(Turn::new("assistant"));
    let most = MetricsHook::CARDINALITY_LIMIT;
    for number in 0..most + 100 {
        turn.open(ToolCall::new(format!("tool-{number}")))
            .complete(ToolOutcome::default());
    }
    turn.complete(TurnOutcome::default());
    for name in [
        "kaos.tool.calls ",
        "kaos.tool.duration ",
        "gen_ai.execute_tool.duration ",
    ] {
        let lines = measured.lines_of(name);
        assert_eq!(lines.len(), most + 1, "{name}");
        let folded: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("{otel.metric.overflow=true}"))
            .collect();
        assert_eq!(folded.len(), 1);
        assert!(folded[0].contains("} 100"), "{folded:?}");
    }
}

#[test]
fn no_content_and_no_id_is_a_label() {
    const CANARY: &str = "c4n4ry";
    let canary = || Some(Str::from(CANARY));
    let (measured, hooks, _clock) = measured();
    let mut turn = Turn::new("assistant").session(CANARY);
    turn.input = canary();
    turn.description = canary();
    turn.attributes.set("user", CANARY);
    let turn = hooks.turn(turn);
    let mut call = LlmCall::new("openai", "gpt-4o");
    (call.stream, call.input) = (true, canary());
    let call = turn.open(call);
    call.emit(TextDelta {
        content: CANARY.into(),
    });
    call.complete(LlmOutcome {
        response_id: canary(),
        output: canary(),
        finish_reasons: vec![CANARY.into()],
        ..LlmOutcome::default()
    });
    let mut tool = ToolCall::new("search");
    (tool.call_id, tool.description, tool.arguments) = (canary(), canary(), canary());
    turn.open(tool.clone()).complete(ToolOutcome {
        result: canary(),
        ..ToolOutcome::default()
    });
    turn.open(tool)
        .fail(Failure::new("timeout").message(CANARY));
    turn.open(ToolCall::new(CANARY))
        .fail(Failure::new("unknown_tool"));
    turn.open(Subagent {
        task: canary(),
        call_id: canary(),
        ..Subagent::new("researcher")
    })
    .complete(SubagentOutcome {
        result: canary(),
        ..SubagentOutcome::default()
    });
    let (trace, root) = (turn.trace_id().to_string(), turn.id().to_string());
    turn.fail(Failure::new("timeout").message(CANARY));
    let exported = measured.debug();
    assert!(exported.contains("researcher"));
    for secret in [CANARY, &trace, &root] {
        assert!(!exported.contains(secret), "{exported}");
    }
}
