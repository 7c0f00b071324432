//! The observer that measures one run.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{
    Body, Event, LlmCall, LlmOutcome, Observer, Outcome, Phase, Run, Span, SpanId, Str, Subagent,
    Subject, Time, ToolKind, Turn, Value,
};
use smallvec::SmallVec;

use super::labels::{Ending, Labels};
use super::mcp::{McpKey, McpSeries};
use super::series::{
    DelegationKey, DelegationSeries, ModelKey, ModelSeries, RemoteKey, ToolKey, ToolSeries,
    TurnKey, TurnSeries,
};
use super::series_cache::Latest;
use super::shared::Inner;
use crate::attributes::operation::is_inference;

pub(super) struct Measuring {
    hook: Arc<Inner>,
    /// What is kept about the open spans, by slot.
    open: SmallVec<[OpenWork; 4]>,
    model_call: Latest<ModelKey, ModelSeries>,
    tool_call: Latest<ToolKey, ToolSeries>,
}

#[derive(Default)]
struct OpenWork {
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
            model_call: Latest::default(),
            tool_call: Latest::default(),
        }
    }

    fn at(&mut self, slot: u32) -> Option<&mut OpenWork> {
        self.open.get_mut(slot as usize)
    }

    fn start(&mut self, span: &Span<'_>, time: Time) {
        let own = span.slot.own;
        let turn = match (span.subject, span.slot.parent) {
            (root, _) if root.is_root() => own,
            (_, None) => own,
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
            self.open.resize_with(own as usize + 1, OpenWork::default);
        }
        if let Some(place) = self.at(own) {
            *place = OpenWork {
                turn,
                streamed,
                ..OpenWork::default()
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
        match span.subject {
            Subject::Turn(turn) => self.end_turn(run, turn, slot, ending, duration),
            Subject::LlmCall(call) => {
                let outcome = match span.phase.outcome() {
                    Some(Outcome::LlmCall(outcome)) => Some(outcome),
                    _ => None,
                };
                if let Some(streamed) = streamed {
                    self.end_streamed(&streamed, outcome);
                }
                self.end_model_call(run, call, outcome, ending, duration);
                if is_inference(call) {
                    self.of_turn(slot, |turn| turn.inference_calls += 1);
                }
            }
            Subject::ToolCall(call) => {
                if let Some(Outcome::ToolCall(outcome)) = span.phase.outcome()
                    && let Some(mcp) = outcome.mcp.as_deref()
                    && let Some(duration) = mcp.duration
                {
                    let tool = ending.tool_name(&call.name);
                    self.mcp_request(&McpKey::new(mcp, Some(tool), ending.clone()), duration);
                }
                let tool = (&call.name, call.kind);
                self.end_tool_call(run, tool, ending, duration);
                self.of_turn(slot, |turn| turn.tool_calls += 1);
            }
            Subject::Subagent(subagent) => self.end_delegation(run, subagent, ending, duration),
            Subject::McpRequest(request) => {
                let key = McpKey::of_request(request, span.phase.outcome(), ending);
                self.mcp_request(&key, duration);
            }
            Subject::ServedCall(call) => {
                if let Some(key) = McpKey::of_served(call, span.phase.outcome(), &ending) {
                    self.mcp_request(&key, duration);
                }
                let tool = (&call.name, call.kind);
                self.end_tool_call(run, tool, ending, duration);
            }
            Subject::IntentClassification(_)
            | Subject::Step(_)
            | Subject::Handoff(_)
            | Subject::Custom(_) => {}
        }
    }

    fn mcp_request(&self, key: &McpKey, duration: Duration) {
        let Inner {
            instruments: to,
            series,
            ..
        } = &*self.hook;
        let series = series.mcp.find(key, |key| McpSeries::new(to, key));
        series.record(duration);
    }

    /// Changes what is kept about the turn that the span in this slot belongs to.
    fn of_turn(&mut self, slot: u32, change: impl FnOnce(&mut OpenWork)) {
        if let Some(turn) = self
            .at(slot)
            .map(|place| place.turn)
            .and_then(|turn| self.at(turn))
        {
            change(turn);
        }
    }

    fn end_turn(&mut self, run: &Run, turn: &Turn, slot: u32, ending: Ending, duration: Duration) {
        let (inference_calls, tool_calls) = self
            .at(slot)
            .map_or((0, 0), |place| (place.inference_calls, place.tool_calls));
        let key = TurnKey {
            agent: run.agent.clone(),
            model: turn.model.clone(),
            ending,
        };
        let to = &self.hook.instruments;
        let series = self
            .hook
            .series
            .turns
            .find(&key, |key| TurnSeries::new(to, key));
        series.record(duration, inference_calls, tool_calls);
    }

    fn end_streamed(&self, streamed: &Streamed, outcome: Option<&LlmOutcome>) {
        let to_first = outcome.and_then(|outcome| outcome.time_to_first_chunk);
        if let Some(to_first) = to_first.or(streamed.to_first) {
            self.hook
                .instruments
                .time_to_first_chunk
                .record(to_first.as_secs_f64(), &streamed.labels);
        }
    }

    fn end_model_call(
        &mut self,
        run: &Run,
        call: &LlmCall,
        outcome: Option<&LlmOutcome>,
        ending: Ending,
        duration: Duration,
    ) {
        let Inner {
            instruments: to,
            series: series_cache,
            prices,
        } = &*self.hook;
        let response_model = outcome.and_then(|outcome| outcome.response_model.as_ref());
        let key = ModelKey::new(&run.agent, call, response_model, ending);
        let make = |key: &ModelKey| ModelSeries::new(to, call, key);
        let series = self.model_call.find(key, &series_cache.model_calls, make);
        series.record(duration);
        if let Some(usage) = outcome.and_then(|outcome| outcome.usage) {
            series.record_tokens(to, usage);
        }
        let priced = prices.as_ref().zip(outcome);
        if let Some(cost) = priced.and_then(|(prices, outcome)| prices.of_call(call, outcome)) {
            series.record_cost(to, &run.agent, &call.model, cost);
        }
    }

    fn end_tool_call(
        &mut self,
        run: &Run,
        (name, kind): (&Str, ToolKind),
        ending: Ending,
        duration: Duration,
    ) {
        let to = &self.hook.instruments;
        let key = ToolKey {
            agent: run.agent.clone(),
            tool: ending.tool_name(name),
            kind,
            ending,
        };
        let make = |key: &ToolKey| ToolSeries::new(to, key);
        self.tool_call
            .find(key, &self.hook.series.tool_calls, make)
            .record(duration);
    }

    fn end_delegation(&self, run: &Run, subagent: &Subagent, ending: Ending, duration: Duration) {
        let key = DelegationKey {
            agent: run.agent.clone(),
            target: subagent.agent.clone(),
            remote: subagent.remote.as_deref().map(RemoteKey::from),
            ending,
        };
        let to = &self.hook.instruments;
        let make = |key: &DelegationKey| DelegationSeries::new(to, key);
        self.hook
            .series
            .delegations
            .find(&key, make)
            .record(duration);
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
                value: Value::TextDelta(_) | Value::ThinkingDelta(_) | Value::ToolCallArgsDelta(_),
            } => self.chunk(*span, event.time),
            Body::Value { .. } => {}
        }
    }
}
