//! What the exported spans say, beside what the trees compare.

use kaos_hooks::{
    Custom, CustomOutcome, Failure, Handoff, HandoffOutcome, Hooks, LlmCall, LlmOutcome, Phase,
    Progress, Scope, SpanContext, SpanId, Step, StepOutcome, Str, Subagent, SubagentOutcome,
    ToolCall, TraceId, Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{
    Capture, ContentSettings, EventIds, OTelHook, Price, Prices, SpanNames, Telemetry,
};
use kaos_tests::reference::{self, ByHand, Fixture, SPANS};
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SdkTracerProvider, SimpleSpanProcessor, SpanData,
};

fn provider(exporter: &InMemorySpanExporter) -> opentelemetry_sdk::trace::TracerProviderBuilder {
    SdkTracerProvider::builder().with_span_processor(SimpleSpanProcessor::new(exporter.clone()))
}

fn attribute(span: &SpanData, key: &str) -> Option<Value> {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == key);
    found.map(|attribute| attribute.value.clone())
}

/// The benchmark's limit is honest: by hand and by hook the same spans are exported.
#[test]
fn the_reference_turn_by_hand_exports_what_the_hook_exports() {
    let by_hand = InMemorySpanExporter::default();
    let hand_provider = provider(&by_hand).build();
    ByHand::new(hand_provider.tracer("by-hand")).turn();
    let (telemetry, by_hook) = Telemetry::in_memory();
    reference::turn(&Hooks::new(telemetry.hooks()), &Fixture::default(), false);

    let seen = |spans: Vec<SpanData>| -> Vec<String> {
        let name = |span: &SpanData| {
            let parent = spans
                .iter()
                .find(|it| it.span_context.span_id() == span.parent_span_id);
            parent.map(|parent| parent.name.to_string())
        };
        let mut all: Vec<String> = spans
            .iter()
            .map(|span| {
                let mut attributes: Vec<String> = span
                    .attributes
                    .iter()
                    .filter(|attribute| attribute.key.as_str() != "kaos.run_id")
                    .map(|attribute| format!("{}={:?}", attribute.key, attribute.value))
                    .collect();
                attributes.sort();
                let (kind, status) = (&span.span_kind, &span.status);
                format!(
                    "{:?} > {} {kind:?} {status:?} {attributes:?}",
                    name(span),
                    span.name
                )
            })
            .collect();
        all.sort();
        all
    };
    let by_hand = by_hand.get_finished_spans().unwrap();
    assert_eq!(by_hand.len(), SPANS);
    assert_eq!(seen(by_hand), seen(by_hook.spans()));
}

#[test]
fn every_subject_and_every_phase_becomes_a_span() {
    let (telemetry, memory) = Telemetry::in_memory();
    let hooks = Hooks::new(telemetry.hooks());
    let turn = hooks.turn(Turn::new("assistant"));
    turn.open(Handoff::new("billing"))
        .complete(HandoffOutcome::default());
    let retrieval = turn.open(Custom::new("retrieval"));
    let mut progress = Progress::new("retry");
    progress.attributes.set("attempt", 2);
    retrieval.progress(progress);
    retrieval.fail(Failure::new("timeout").message("a secret"));
    turn.open(Custom::new("approval")).suspend();
    turn.open(Custom::new("guardrail")).cancel();
    let mut last = Custom::new("noted");
    last.attributes.set("at.start", "a");
    let mut outcome = CustomOutcome::default();
    outcome.attributes.set("at.end", vec![Str::from("b")]);
    turn.open(last).complete(outcome);
    turn.complete(TurnOutcome::default());

    let spans = memory.spans();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(named("handoff.billing").status, Status::Unset);
    let retrieval = named("retrieval");
    assert_eq!(retrieval.status, Status::error(""), "never the text");
    assert_eq!(attribute(retrieval, "error.type"), Some("timeout".into()));
    assert_eq!(retrieval.events.events[0].name, "retry");
    assert_eq!(named("approval").status, Status::Unset);
    assert_eq!(
        attribute(named("approval"), "kaos.suspended"),
        Some(true.into())
    );
    assert_eq!(named("guardrail").status, Status::error(""));
    assert_eq!(
        attribute(named("guardrail"), "error.type"),
        Some("cancelled".into())
    );
    assert_eq!(attribute(named("noted"), "at.start"), Some("a".into()));
    assert!(attribute(named("noted"), "at.end").is_some());
    assert!(
        spans
            .iter()
            .all(|span| !format!("{span:?}").contains("a secret"))
    );
}

/// In the order in which spans end: a call before its turn, a sub-agent before its caller.
#[test]
fn a_model_call_says_what_it_cost_and_its_turn_the_sum_of_its_own() {
    kaos_tests::subscribed();
    let prices = [
        ("large", Price::new(2.5, 10.0)),
        ("free", Price::new(0.0, 0.0)),
    ];
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry.with_prices(Prices::new(prices).unwrap());
    let hooks = Hooks::new(telemetry.hooks());
    let call = |step: &Scope<Step>, model: &'static str, millions| {
        let usage = Some(Usage::new(millions * 1_000_000, 0));
        step.open(LlmCall::new("openai", model))
            .complete(LlmOutcome {
                usage,
                ..LlmOutcome::default()
            });
    };
    let mut seen = 0;
    let mut check = |turn: Scope<Turn>, calls: &[(&'static str, u64)], expected: &[_]| {
        let step = turn.open(Step::new(1));
        for &(model, millions) in calls {
            call(&step, model, millions);
        }
        step.complete(StepOutcome::default());
        turn.complete(TurnOutcome::default());
        let spans = memory.spans();
        let (named, others): (Vec<_>, Vec<_>) = spans[seen..]
            .iter()
            .partition(|span| ["model.inference", "agent.turn"].contains(&&*span.name));
        let cost = |span| attribute(span, "kaos.cost_usd");
        let costs: Vec<_> = named.into_iter().map(cost).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|cost: &Option<f64>| cost.map(Value::F64))
            .collect();
        assert_eq!(costs, expected, "{calls:?}");
        assert!(others.into_iter().all(|span| cost(span).is_none()));
        seen = spans.len();
    };
    let turn = || hooks.turn(Turn::new("assistant"));
    check(turn(), &[("large", 2)], &[Some(5.0), Some(5.0)]);
    let three = [Some(5.0), Some(0.0), Some(2.5), Some(7.5)];
    check(turn(), &[("large", 2), ("free", 1), ("large", 1)], &three);
    check(turn(), &[("free", 1)], &[Some(0.0), Some(0.0)]);
    check(turn(), &[("unknown", 1)], &[None, None]);
    let known = [None, Some(2.5), Some(2.5)];
    check(turn(), &[("unknown", 1), ("large", 1)], &known);
    check(turn(), &[], &[None]);

    let turn = turn();
    let delegation = turn.open(Subagent::new("researcher"));
    let inner = delegation.turn(Turn::new("researcher"));
    check(inner, &[("large", 4)], &[Some(10.0), Some(10.0)]);
    delegation.complete(SubagentOutcome::default());
    check(turn, &[("large", 1)], &[Some(2.5), Some(2.5)]);
}

#[test]
fn name_sets_change_names_and_kinds() {
    #[track_caller]
    fn check(names: SpanNames, expected: &[(&str, SpanKind)]) {
        let (telemetry, memory) = Telemetry::in_memory();
        let telemetry = telemetry.with_names(names);
        reference::turn(&Hooks::new(telemetry.hooks()), &Fixture::default(), false);
        let spans = memory.spans();
        for (name, kind) in expected {
            let found = spans.iter().find(|span| span.name == *name);
            let found = found.unwrap_or_else(|| panic!("{names:?} has no span {name}"));
            assert_eq!(found.span_kind, *kind, "{name}");
        }
    }
    let (client, internal) = (SpanKind::Client, SpanKind::Internal);
    let step = ("agent.step.2", internal.clone());
    check(
        SpanNames::Kaos,
        &[
            ("agent.turn", internal.clone()),
            step.clone(),
            ("model.inference", client.clone()),
            ("tool.calculator", internal.clone()),
        ],
    );
    check(
        SpanNames::GenAi,
        &[
            ("invoke_agent assistant", internal.clone()),
            step.clone(),
            ("chat gpt-4o-mini", client.clone()),
            ("execute_tool calculator", internal.clone()),
        ],
    );
    check(
        SpanNames::Operator,
        &[
            ("agent.agentic_loop", internal),
            step,
            ("model.inference", client.clone()),
            ("tool.calculator", client),
        ],
    );
}

/// Two hundred names that a model makes up are one span name and one label; the name is content.
#[test]
fn a_name_that_a_model_made_up_is_content() {
    #[track_caller]
    fn check(names: SpanNames, capture: Capture, span_name: &str, asked: Option<&str>) {
        let (telemetry, memory) = Telemetry::in_memory();
        let telemetry = telemetry
            .with_names(names)
            .with_content(ContentSettings::new(capture));
        let turn = Hooks::new(telemetry.hooks()).turn(Turn::new("assistant"));
        for number in 0..200 {
            turn.open(ToolCall::unknown(format!("to jane@example.com {number}")))
                .fail(Failure::new("unknown_tool"));
        }
        turn.complete(TurnOutcome::default());
        let spans = memory.spans();
        for span in &spans[..200] {
            assert_eq!(span.name, span_name);
            assert_eq!(attribute(span, "gen_ai.tool.name"), Some("_OTHER".into()));
            assert_eq!(attribute(span, "tool.name"), Some("_OTHER".into()));
            let said = attribute(span, "kaos.tool.asked_name").map(|said| said.to_string());
            assert_eq!(said.is_some(), asked.is_some());
            let begins = |said: &String| said.starts_with(asked.unwrap());
            assert!(said.as_ref().is_none_or(begins), "{said:?}");
            assert!(!format!("{span:?}").contains("jane@example.com"));
        }
    }
    let (none, all) = (Capture::NoContent, Capture::SpanOnly);
    check(SpanNames::Kaos, none, "tool._OTHER", None);
    check(SpanNames::GenAi, none, "execute_tool _OTHER", None);
    check(
        SpanNames::Operator,
        all,
        "tool._OTHER",
        Some("to <redacted:EMAIL"),
    );
}

#[test]
fn a_foreign_provider_s_spans_carry_the_events_ids_as_an_attribute() {
    let exporter = InMemorySpanExporter::default();
    let provider = provider(&exporter).build();
    let hooks = Hooks::new(OTelHook::with_provider(&provider));
    let turn = hooks.turn(Turn::new("assistant"));
    let (turn_id, step) = (turn.id(), turn.open(Step::new(1)));
    step.complete(StepOutcome::default());
    turn.complete(TurnOutcome::default());
    let spans = exporter.get_finished_spans().unwrap();
    let [step, turn] = &spans[..] else {
        panic!("{} spans", spans.len())
    };
    assert_eq!(step.parent_span_id, turn.span_context.span_id());
    assert_eq!(
        attribute(turn, "kaos.span_id"),
        Some(turn_id.to_string().into())
    );
    assert_ne!(turn.span_context.span_id().to_string(), turn_id.to_string());
}

#[test]
fn a_remote_parent_decides_trace_parent_and_sampling() {
    let (telemetry, memory) = Telemetry::in_memory();
    let hooks = Hooks::new(telemetry.hooks());
    let trace_id: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    let caller: SpanId = "b7ad6b7169203331".parse().unwrap();
    let mut remote = SpanContext::remote(trace_id, caller);
    remote.trace_state = Str::from("vendor=value");
    let turn = hooks.turn(Turn::new("assistant").parent(remote.clone()));
    assert_eq!(turn.trace_id(), trace_id);
    turn.complete(TurnOutcome::default());
    let spans = memory.spans();
    assert_eq!(
        spans[0].span_context.trace_id().to_string(),
        trace_id.to_string()
    );
    assert_eq!(spans[0].parent_span_id.to_string(), caller.to_string());
    assert!(spans[0].parent_span_is_remote);
    assert_eq!(spans[0].span_context.trace_state().header(), "vendor=value");

    remote.flags = 0;
    hooks
        .turn(Turn::new("assistant").parent(remote))
        .complete(TurnOutcome::default());
    assert_eq!(memory.spans().len(), 1, "the caller did not sample");
}

#[test]
fn an_unsampled_run_exports_nothing_and_still_enters_its_ids() {
    use opentelemetry::trace::TraceContextExt as _;

    let exporter = InMemorySpanExporter::default();
    let provider = provider(&exporter)
        .with_sampler(Sampler::AlwaysOff)
        .with_id_generator(EventIds::default())
        .build();
    let hooks = Hooks::new(OTelHook::with_provider(&provider));
    let turn = hooks.turn(Turn::new("assistant"));
    let step = turn.open(Step::new(1));
    let current = futures_util::FutureExt::now_or_never(step.entered(async {
        opentelemetry::Context::current()
            .span()
            .span_context()
            .clone()
    }))
    .unwrap();
    assert_eq!(current.trace_id().to_string(), turn.trace_id().to_string());
    assert_eq!(current.span_id().to_string(), step.id().to_string());
    assert!(!current.is_sampled());
    drop(step);
    turn.complete(TurnOutcome::default());
    assert!(exporter.get_finished_spans().unwrap().is_empty());
}

#[test]
fn a_phase_knows_whether_it_is_an_end() {
    assert!(!Phase::Start.is_end());
    assert!(
        Phase::Cancelled {
            outcome: None,
            duration: std::time::Duration::ZERO
        }
        .is_end()
    );
}
