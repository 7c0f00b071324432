//! The reference turn: what all performance figures are about.
//!
//! One turn; one intent classification; four steps, each with a model call; steps 1 to 3 also with
//! a tool call. 13 spans, 26 span events and 8 values.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use kaos_hooks::{
    Hooks, Intent, IntentClassification, IntentClassified, IntentOutcome, LlmCall, LlmOutcome,
    Scope, Step, StepOutcome, Str, SubjectType, TextDelta, ToolCall, ToolOutcome, Turn,
    TurnOutcome, TurnSummary, Usage, UsageObserved,
};
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer};
use opentelemetry::{Context as OtelContext, KeyValue, StringValue};

/// How many spans the reference turn has.
pub const SPANS: usize = 13;

/// How many events it has.
pub const EVENTS: u64 = 34;

/// What an agent has at hand before the turn: its configuration, and what models and tools give.
#[derive(Debug, Clone)]
pub struct Fixture {
    agent: Str,
    session: Str,
    model: Str,
    tool: Str,
    call_ids: [Str; 3],
    arguments: Str,
    result: Str,
    chunk: Str,
}

impl Default for Fixture {
    fn default() -> Self {
        let shared = |text: String| Str::from(text);
        Self {
            agent: shared("assistant".to_owned()),
            session: shared("session-1".to_owned()),
            model: shared("gpt-4o-mini".to_owned()),
            tool: shared("calculator".to_owned()),
            call_ids: [1, 2, 3].map(|n| shared(format!("call_{n:024}"))),
            arguments: shared(format!("{{\"expression\":\"{}\"}}", "6*7+".repeat(45))),
            result: shared("42 ".repeat(100)),
            chunk: shared("The answer is ".to_owned()),
        }
    }
}

/// Runs the reference turn through the hooks. With `entered`, its seven model and tool futures are
/// polled twice each with their span current.
pub fn turn(hooks: &Hooks, fixture: &Fixture, entered: bool) {
    let turn = begin(hooks, fixture, fixture.session.clone());
    for number in 1..=4 {
        step(&turn, fixture, number, entered);
    }
    end(turn, fixture);
}

/// So many events a turn of this many steps has.
pub const fn events(steps: u32) -> u64 {
    6 + 7 * steps as u64
}

/// What comes before the steps of the reference turn.
pub fn begin(hooks: &Hooks, fixture: &Fixture, session: Str) -> Scope<Turn> {
    let mut begin = Turn::new(fixture.agent.clone()).session(session);
    begin.max_steps = Some(10);
    begin.number = Some(1);
    let turn = hooks.turn(begin);

    let intent = turn.open(IntentClassification::new("rules"));
    turn.emit(IntentClassified {
        intent: Intent::ToolUse,
        confidence: Some(0.9),
        reasoning: Str::from("a calculation"),
    });
    intent.complete(IntentOutcome {
        intent: Some(Intent::ToolUse),
        confidence: Some(0.9),
        ..IntentOutcome::default()
    });
    turn
}

/// A step of it. Every fourth one answers; the others call the tool.
pub fn step(turn: &Scope<Turn>, fixture: &Fixture, number: u32, entered: bool) {
    let step = turn.open(Step {
        max_steps: Some(10),
        ..Step::new(number)
    });
    let call = step.open(LlmCall::new("openai", fixture.model.clone()));
    work(&call, entered);
    let usage = Some(Usage::new(1200, 80));
    call.emit(UsageObserved {
        usage,
        cost_usd: None,
        source: Str::from("response"),
    });
    let call_id = fixture.call_ids.get((number as usize - 1) % 4);
    if call_id.is_none() {
        call.emit(TextDelta {
            content: fixture.chunk.clone(),
        });
        call.emit(TextDelta {
            content: fixture.chunk.clone(),
        });
    }
    call.complete(LlmOutcome {
        usage,
        ..LlmOutcome::default()
    });
    if let Some(call_id) = call_id {
        let tool = step.open(ToolCall {
            call_id: Some(call_id.clone()),
            arguments: Some(fixture.arguments.clone()),
            ..ToolCall::new(fixture.tool.clone())
        });
        work(&tool, entered);
        tool.complete(ToolOutcome {
            result: Some(fixture.result.clone()),
            ..ToolOutcome::default()
        });
    }
    step.complete(StepOutcome::default());
}

/// What comes after them.
pub fn end(turn: Scope<Turn>, fixture: &Fixture) {
    let usage = Some(Usage::new(4800, 320));
    turn.emit(TurnSummary {
        text: fixture.chunk.clone(),
        intent: Intent::ToolUse,
        usage,
        ..TurnSummary::default()
    });
    turn.complete(TurnOutcome {
        text: Some(fixture.chunk.clone()),
        usage,
        tool_calls: Some(3),
        ..TurnOutcome::default()
    });
}

/// A future that is ready at its second poll, as one that waited is.
fn work<S: SubjectType>(scope: &Scope<S>, entered: bool) {
    if entered {
        poll_twice(scope.entered(twice()));
    }
}

async fn twice() {
    tokio::task::yield_now().await;
}

fn poll_twice(future: impl Future<Output = ()>) {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    for _ in 0..2 {
        let _polled: Poll<()> = future.as_mut().poll(&mut context);
    }
}

/// The reference turn made by hand with the SDK, with exactly the attributes that `OTelHook` sets.
#[derive(Debug)]
pub struct ByHand<T> {
    tracer: T,
    agent: Arc<str>,
    session: Arc<str>,
    model: Arc<str>,
    tool: Arc<str>,
    call_ids: [Arc<str>; 3],
    run_id: String,
}

impl<T: Tracer> ByHand<T>
where
    T::Span: Send + Sync + 'static,
{
    /// By hand, with this tracer.
    pub fn new(tracer: T) -> Self {
        let fixture = Fixture::default();
        Self {
            tracer,
            agent: fixture.agent.into_shared(),
            session: fixture.session.into_shared(),
            model: fixture.model.into_shared(),
            tool: fixture.tool.into_shared(),
            call_ids: fixture.call_ids.map(Str::into_shared),
            run_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        }
    }

    /// Runs the turn.
    pub fn turn(&self) {
        let share = |text: &Arc<str>| StringValue::from(Arc::clone(text));
        let mut turn = Vec::with_capacity(12);
        turn.push(KeyValue::new("gen_ai.operation.name", "invoke_agent"));
        turn.push(KeyValue::new("gen_ai.agent.name", share(&self.agent)));
        turn.push(KeyValue::new("agent.name", share(&self.agent)));
        turn.push(KeyValue::new(
            "gen_ai.conversation.id",
            share(&self.session),
        ));
        turn.push(KeyValue::new("session.id", share(&self.session)));
        turn.push(KeyValue::new("stream", false));
        turn.push(KeyValue::new("kaos.run_id", self.run_id.clone()));
        turn.push(KeyValue::new("agent.max_steps", 10));
        turn.push(KeyValue::new("kaos.turn_number", 1));
        let root = OtelContext::new();
        let turn = self.start(&root, "agent.turn", SpanKind::Internal, turn);
        let turn = root.with_span(turn);

        let attributes = Vec::with_capacity(12);
        let mut intent = self.start(
            &turn,
            "agent.intent_classification",
            SpanKind::Internal,
            attributes,
        );
        intent.set_attribute(KeyValue::new("kaos.intent", "tool_use"));
        intent.set_attribute(KeyValue::new("kaos.confidence", 0.9));
        intent.end();

        let names = [
            "agent.step.1",
            "agent.step.2",
            "agent.step.3",
            "agent.step.4",
        ];
        let call_ids = self.call_ids.iter().map(Some).chain([None]);
        for ((number, name), call_id) in (1..).zip(names).zip(call_ids) {
            let mut step = Vec::with_capacity(12);
            step.push(KeyValue::new("step", number));
            step.push(KeyValue::new("max_steps", 10));
            let step = turn.with_span(self.start(&turn, name, SpanKind::Internal, step));

            let mut call = Vec::with_capacity(12);
            call.push(KeyValue::new("gen_ai.operation.name", "chat"));
            call.push(KeyValue::new("gen_ai.provider.name", "openai"));
            call.push(KeyValue::new("gen_ai.request.model", share(&self.model)));
            call.push(KeyValue::new(
                "gen_ai.conversation.id",
                share(&self.session),
            ));
            let mut call = self.start(&step, "model.inference", SpanKind::Client, call);
            call.set_attribute(KeyValue::new("gen_ai.usage.input_tokens", 1200));
            call.set_attribute(KeyValue::new("gen_ai.usage.output_tokens", 80));
            call.end();

            if let Some(call_id) = call_id {
                let mut tool = Vec::with_capacity(12);
                tool.push(KeyValue::new("gen_ai.operation.name", "execute_tool"));
                tool.push(KeyValue::new("gen_ai.tool.name", share(&self.tool)));
                tool.push(KeyValue::new("tool.name", share(&self.tool)));
                tool.push(KeyValue::new("gen_ai.tool.type", "function"));
                tool.push(KeyValue::new("gen_ai.tool.call.id", share(call_id)));
                tool.push(KeyValue::new("gen_ai.agent.name", share(&self.agent)));
                tool.push(KeyValue::new("agent.name", share(&self.agent)));
                let name = ["tool.", &self.tool].concat();
                self.start(&step, name, SpanKind::Internal, tool).end();
            }
            step.span().end();
        }
        turn.span()
            .set_attribute(KeyValue::new("gen_ai.usage.input_tokens", 4800));
        turn.span()
            .set_attribute(KeyValue::new("gen_ai.usage.output_tokens", 320));
        turn.span()
            .set_attribute(KeyValue::new("kaos.tool_call_count", 3));
        turn.span().end();
    }

    /// Runs the turn with eight attributes on every span, whatever they say.
    pub fn turn_of_eight(&self) {
        let eight = || -> Vec<KeyValue> {
            let keys = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"];
            keys.into_iter().map(|key| KeyValue::new(key, 1)).collect()
        };
        let root = OtelContext::new();
        let turn = root.with_span(self.start(&root, "agent.turn", SpanKind::Internal, eight()));
        self.start(
            &turn,
            "agent.intent_classification",
            SpanKind::Internal,
            eight(),
        )
        .end();
        for number in 1..=4 {
            let step = self.start(&turn, "agent.step", SpanKind::Internal, eight());
            let step = turn.with_span(step);
            self.start(&step, "model.inference", SpanKind::Client, eight())
                .end();
            if number < 4 {
                self.start(&step, "tool.calculator", SpanKind::Internal, eight())
                    .end();
            }
            step.span().end();
        }
        turn.span().end();
    }

    fn start(
        &self,
        parent: &OtelContext,
        name: impl Into<std::borrow::Cow<'static, str>>,
        kind: SpanKind,
        attributes: Vec<KeyValue>,
    ) -> T::Span {
        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_attributes(attributes);
        self.tracer.build_with_context(builder, parent)
    }
}

/// The reference turn made by hand with `tracing` macros, for a subscriber with a
/// `tracing-opentelemetry` layer: what a Rust user does today.
pub fn turn_by_tracing(fixture: &Fixture) {
    use tracing::{Span, info_span};

    let turn = info_span!(
        "agent.turn",
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.name = &*fixture.agent,
        agent.name = &*fixture.agent,
        gen_ai.conversation.id = &*fixture.session,
        session.id = &*fixture.session,
        stream = false,
        kaos.run_id = "00000000-0000-4000-8000-000000000000",
        agent.max_steps = 10,
        kaos.turn_number = 1,
        gen_ai.usage.input_tokens = tracing::field::Empty,
        gen_ai.usage.output_tokens = tracing::field::Empty,
        kaos.tool_call_count = tracing::field::Empty,
    );
    drop(info_span!(
        parent: &turn,
        "agent.intent_classification",
        kaos.intent = "tool_use",
        kaos.confidence = 0.9
    ));
    let call_ids = fixture.call_ids.iter().map(Some).chain([None]);
    for (number, call_id) in (1..).zip(call_ids) {
        let name = format!("agent.step.{number}");
        let step = info_span!(parent: &turn, "agent.step", otel.name = name, step = number, max_steps = 10);
        let call: Span = info_span!(
            parent: &step,
            "model.inference",
            otel.kind = "client",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = "openai",
            gen_ai.request.model = &*fixture.model,
            gen_ai.conversation.id = &*fixture.session,
            gen_ai.usage.input_tokens = tracing::field::Empty,
            gen_ai.usage.output_tokens = tracing::field::Empty,
        );
        call.record("gen_ai.usage.input_tokens", 1200);
        call.record("gen_ai.usage.output_tokens", 80);
        drop(call);
        if let Some(call_id) = call_id {
            let name = ["tool.", &fixture.tool].concat();
            drop(info_span!(
                parent: &step,
                "tool",
                otel.name = name,
                gen_ai.operation.name = "execute_tool",
                gen_ai.tool.name = &*fixture.tool,
                tool.name = &*fixture.tool,
                gen_ai.tool.r#type = "function",
                gen_ai.tool.call.id = &**call_id,
                gen_ai.agent.name = &*fixture.agent,
                agent.name = &*fixture.agent,
            ));
        }
    }
    turn.record("gen_ai.usage.input_tokens", 4800);
    turn.record("gen_ai.usage.output_tokens", 320);
    turn.record("kaos.tool_call_count", 3);
}
