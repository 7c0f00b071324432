//! The observer that measures one run.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{
    Body, Event, LlmCall, LlmOutcome, Observer, Outcome, Phase, Run, Span, SpanId, Subagent,
    Subject, Time, ToolCall, Turn, Value,
};
use smallvec::SmallVec;

use super::Inner;
use super::instruments::Pair;
use super::labels::{Ending, Labels};
use crate::semconv;

pub(super) struct Measuring {
    hook: Arc<Inner>,
    /// What is kept about the open spans, by slot.
    open: SmallVec<[Open; 4]>,
}

#[derive(Default)]
struct Open {
    /// The slot of the turn that the span belongs to.
    turn: u32,
    /// Of a turn: its own calls that have ended.
    inference_calls: u64,
    tool_calls: u64,
    /// Of a streamed model call.
    streamed: Option<Box<Streamed>>,
}

struct Streamed {
    id: SpanId,
    started: Time,
    /// When the latest chunk came.
    latest: Option<Time>,
    /// From the start to the first chunk.
    to_first: Option<Duration>,
    labels: Labels,
}

impl Measuring {
    pub(super) fn new(hook: Arc<Inner>) -> Self {
        Self {
            hook,
            open: SmallVec::new(),
        }
    }

    fn at(&mut self, slot: u32) -> Option<&mut Open> {
        self.open.get_mut(slot as usize)
    }

    fn start(&mut self, span: &Span<'_>, time: Time) {
        let own = span.slot.own;
        let turn = match (span.subject, span.slot.parent) {
            (Subject::Turn(_), _) | (_, None) => own,
            (_, Some(parent)) => self.at(parent).map_or(own, |parent| parent.turn),
        };
        let streamed = match span.subject {
            Subject::LlmCall(call) if call.stream => Some(Box::new(Streamed {
                id: span.id,
                started: time,
                latest: None,
                to_first: None,
                labels: Labels::model_call(call),
            })),
            _ => None,
        };
        if self.open.len() <= own as usize {
            self.open.resize_with(own as usize + 1, Open::default);
        }
        if let Some(place) = self.at(own) {
            *place = Open {
                turn,
                streamed,
                ..Open::default()
            };
        }
    }

    /// A chunk of a streamed response.
    fn chunk(&mut self, span: SpanId, time: Time) {
        let streamed = self
            .open
            .iter_mut()
            .filter_map(|it| it.streamed.as_deref_mut());
        let Some(call) = streamed.into_iter().find(|call| call.id == span) else {
            return;
        };
        match call.latest.replace(time) {
            None => call.to_first = Some(time.since(call.started)),
            Some(before) => self
                .hook
                .instruments
                .time_per_output_chunk
                .record(time.since(before).as_secs_f64(), &call.labels),
        }
    }

    fn end(&mut self, span: &Span<'_>, run: &Run) {
        let slot = span.slot.own;
        let streamed = self.at(slot).and_then(|place| place.streamed.take());
        let (Some(ending), Some(duration)) = (Ending::of(&span.phase), span.phase.duration())
        else {
            return;
        };
        let turn = self.at(slot).map_or(slot, |place| place.turn);
        let end = End {
            run,
            ending,
            duration,
            hook: &self.hook,
        };
        match span.subject {
            Subject::Turn(turn) => end.turn(turn, self.open.get(slot as usize)),
            Subject::LlmCall(call) => {
                let outcome = match span.phase.outcome() {
                    Some(Outcome::LlmCall(outcome)) => Some(outcome),
                    _ => None,
                };
                end.model_call(call, outcome, streamed.as_deref());
                if let Some(turn) = self.at(turn) {
                    turn.inference_calls += 1;
                }
            }
            Subject::ToolCall(call) => {
                end.tool_call(call);
                if let Some(turn) = self.at(turn) {
                    turn.tool_calls += 1;
                }
            }
            Subject::Subagent(subagent) => end.subagent(subagent),
            Subject::IntentClassification(_)
            | Subject::Step(_)
            | Subject::Handoff(_)
            | Subject::Custom(_) => {}
        }
    }
}

/// An operation that has ended.
struct End<'a> {
    run: &'a Run,
    ending: Ending<'a>,
    duration: Duration,
    hook: &'a Inner,
}

impl End<'_> {
    fn kaos(&self, pair: &Pair, what: Option<(&'static str, &kaos_hooks::Str)>) {
        let labels = Labels::kaos(self.run, what, self.ending);
        pair.count.add(1, &labels);
        pair.duration
            .record(self.duration.as_secs_f64() * 1000.0, &labels);
    }

    fn turn(&self, turn: &Turn, calls: Option<&Open>) {
        let to = &self.hook.instruments;
        self.kaos(&to.requests, None);
        let mut labels = Labels::default();
        labels.text(semconv::GEN_AI_AGENT_NAME, &self.run.agent);
        if let Some(calls) = calls {
            to.invoke_agent_inference_calls
                .record(calls.inference_calls, &labels);
            to.invoke_agent_tool_calls.record(calls.tool_calls, &labels);
        }
        if let Some(model) = &turn.model {
            labels.text(semconv::GEN_AI_REQUEST_MODEL, model);
        }
        labels.ending(self.ending);
        to.invoke_agent_duration
            .record(self.duration.as_secs_f64(), &labels);
    }

    fn model_call(
        &self,
        call: &LlmCall,
        outcome: Option<&LlmOutcome>,
        streamed: Option<&Streamed>,
    ) {
        let to = &self.hook.instruments;
        self.kaos(&to.model_calls, Some((semconv::MODEL, &call.model)));
        if let Some(streamed) = streamed {
            let to_first = outcome.and_then(|outcome| outcome.time_to_first_chunk);
            if let Some(to_first) = to_first.or(streamed.to_first) {
                to.time_to_first_chunk
                    .record(to_first.as_secs_f64(), &streamed.labels);
            }
        }

        let mut labels = Labels::model_call(call);
        if let Some(model) = outcome.and_then(|outcome| outcome.response_model.as_ref()) {
            labels.text(semconv::GEN_AI_RESPONSE_MODEL, model);
        }
        let usage = outcome.and_then(|outcome| outcome.usage);
        if let Some(usage) = usage {
            labels.word(semconv::GEN_AI_TOKEN_TYPE, "input");
            to.token_usage.record(usage.input_tokens, &labels);
            labels.pop();
            labels.word(semconv::GEN_AI_TOKEN_TYPE, "output");
            to.token_usage.record(usage.output_tokens, &labels);
            labels.pop();
        }
        labels.ending(self.ending);
        to.operation_duration
            .record(self.duration.as_secs_f64(), &labels);

        let prices = self.hook.prices.as_ref();
        if let Some(cost) = prices
            .zip(outcome)
            .and_then(|(prices, outcome)| prices.of_call(call, outcome))
        {
            let mut labels = Labels::default();
            labels.text(semconv::AGENT_NAME, &self.run.agent);
            labels.text(semconv::MODEL, &call.model);
            to.cost_usd.add(cost, &labels);
        }
    }

    fn tool_call(&self, call: &ToolCall) {
        let to = &self.hook.instruments;
        let name = self.ending.tool_name(call);
        self.kaos(&to.tool_calls, Some((semconv::TOOL, &name)));
        let mut labels = Labels::default();
        labels.text(semconv::GEN_AI_TOOL_NAME, &name);
        labels.word(semconv::GEN_AI_TOOL_TYPE, call.kind.as_str());
        labels.text(semconv::GEN_AI_AGENT_NAME, &self.run.agent);
        labels.ending(self.ending);
        to.execute_tool_duration
            .record(self.duration.as_secs_f64(), &labels);
    }

    /// A remote agent's invocation is seen here only; a local one is its own turn.
    fn subagent(&self, subagent: &Subagent) {
        let to = &self.hook.instruments;
        self.kaos(&to.delegations, Some((semconv::TARGET, &subagent.agent)));
        let Some(remote) = &subagent.remote else {
            return;
        };
        let mut labels = Labels::default();
        labels.text(semconv::GEN_AI_AGENT_NAME, &subagent.agent);
        if let Some(model) = &remote.model {
            labels.text(semconv::GEN_AI_REQUEST_MODEL, model);
        }
        labels.ending(self.ending);
        to.invoke_agent_duration
            .record(self.duration.as_secs_f64(), &labels);
    }
}

impl Observer for Measuring {
    fn on_event(&mut self, event: &Event<'_>) {
        match &event.body {
            Body::Span(span) => match span.phase {
                Phase::Start => self.start(span, event.time),
                Phase::Progress(_) => {}
                _ => self.end(span, event.run),
            },
            Body::Value {
                span,
                value: Value::TextDelta(_),
            } => self.chunk(*span, event.time),
            Body::Value { .. } => {}
        }
    }
}
