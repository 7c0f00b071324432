use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::audit::{Placed, Position};
use kaos_hooks::{
    BodyBuf, Decision, EventBuf, OutcomeBuf, PhaseBuf, SpanBuf, SpanId, Subject, TraceId, Usage,
    Value,
};
use serde::{Deserialize, Serialize};

use super::names::{Known, Names, first_of};

/// How many bytes of a question and an answer are kept.
const FIRST_WORDS: usize = 160;

/// How a run, or a piece of work in it, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It has no end in the trail: it is at work, or its process died.
    Open,
    Complete,
    Error,
    Cancelled,
    Suspended,
}

/// What is kept of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// From its first record to behind its last.
    pub(crate) places: Range<Position>,
    /// From the number of its first record to behind that of its last.
    pub(crate) seqs: Range<u64>,
    pub(crate) records: u32,
    pub(crate) trace: TraceId,
    /// Its root's span; of a run without a beginning the first that is known.
    pub(crate) root: Option<SpanId>,
    /// The span outside that it was opened in.
    pub(crate) parent: Option<SpanId>,
    /// Its first records are there.
    pub(crate) has_beginning: bool,
    /// Before one of its records, in that one's file, stands or is missing what makes it another file than was written.
    pub(crate) is_broken: bool,
    pub(crate) agent: Arc<str>,
    pub(crate) session: Option<Arc<str>>,
    /// When it began, in nanoseconds since 1970.
    pub(crate) at: u64,
    /// When its newest record was made.
    pub(crate) seen: u64,
    pub(crate) duration: Option<Duration>,
    pub(crate) state: State,
    pub(crate) error: Option<Arc<str>>,
    pub(crate) question: Box<str>,
    pub(crate) answer: Box<str>,
    pub(crate) usage: Option<Usage>,
    pub(crate) cost: Option<f64>,
    /// Its own summary says what it cost.
    is_priced: bool,
    /// Calls that gates did not let through.
    pub(crate) denied: u32,
    /// What it did, in the order of the ends.
    pub(crate) calls: Vec<Call>,
    /// Spans of other agents' and tools' calls: runs elsewhere may be theirs.
    pub(super) callers: Vec<SpanId>,
}

/// Work that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) kind: CallKind,
    /// The model, the tool, or the agent.
    pub(crate) name: Arc<str>,
    /// Whose work it is.
    pub(crate) agent: Arc<str>,
    pub(crate) state: State,
    pub(crate) took: Duration,
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// In US dollars, where prices are known.
    pub(crate) cost: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallKind {
    Turn,
    Model,
    Tool,
    Agent,
}

impl Run {
    /// Names that many runs have are each there once.
    pub(super) fn share(&mut self, names: &mut Names) {
        self.agent = names.of(&self.agent);
        self.session = self.session.as_deref().map(|it| names.of(it));
        self.error = self.error.as_deref().map(|it| names.of(it));
        for call in &mut self.calls {
            call.name = names.of(&call.name);
            call.agent = names.of(&call.agent);
        }
        self.calls.shrink_to_fit();
    }

    pub(super) fn callers(&self) -> impl Iterator<Item = (TraceId, SpanId)> + '_ {
        self.callers.iter().map(|span| (self.trace, *span))
    }

    /// A run of which this is the first record that is known.
    pub(super) fn of(placed: &Placed, event: &EventBuf, names: &mut Names) -> Self {
        let root = event.span();
        let has_beginning = root.is_some_and(|it| {
            it.subject.is_root() && matches!(it.phase, PhaseBuf::Start) && event.seq == 0
        });
        let question = root.and_then(|it| it.subject.content());
        Self {
            places: placed.at..placed.at,
            seqs: placed.record.seq..placed.record.seq,
            records: 0,
            trace: event.run.trace_id,
            root: about(event),
            parent: root.filter(|_| has_beginning).and_then(|it| it.parent),
            has_beginning,
            is_broken: false,
            agent: names.of(&event.run.agent),
            session: event.run.session.name().map(|it| names.of(it)),
            at: event.time.unix_nanos,
            seen: event.time.unix_nanos,
            duration: None,
            state: State::Open,
            error: None,
            question: first_of(question.map_or("", |it| it), FIRST_WORDS).into(),
            answer: Box::default(),
            usage: None,
            cost: None,
            is_priced: false,
            denied: 0,
            calls: Vec::new(),
            callers: Vec::new(),
        }
    }

    /// Takes one more record; `ends`: it is the last.
    pub(super) fn add(&mut self, placed: &Placed, event: &EventBuf, ends: bool, known: &mut Known) {
        self.places.end = placed.behind;
        self.is_broken |= placed.at.is_broken;
        self.seqs.end = placed.record.seq.saturating_add(1);
        self.records += 1;
        self.seen = self.seen.max(event.time.unix_nanos);
        if let Some(span) = event.span() {
            self.span(span, event, ends, known);
        }
        match event.value() {
            Some(Value::TurnSummary(summary)) if about(event) == self.root => {
                self.usage = summary.usage.or(self.usage);
                self.is_priced = summary.cost_usd.is_some();
                self.cost = summary.cost_usd.or(self.cost);
                self.answer = first_of(&summary.text, FIRST_WORDS).into();
            }
            Some(Value::GateDecided(decided)) => {
                let denied = matches!(decided.decision, Decision::Deny | Decision::Skip);
                self.denied += u32::from(denied);
            }
            _ => {}
        }
    }

    fn span(&mut self, span: &SpanBuf, event: &EventBuf, ends: bool, known: &mut Known) {
        if matches!(span.phase, PhaseBuf::Start) {
            if matches!(span.subject, Subject::Subagent(_) | Subject::ToolCall(_)) {
                self.callers.push(span.id);
            }
            return;
        }
        let (state, failure, outcome) = match &span.phase {
            PhaseBuf::Start | PhaseBuf::Progress(_) => return,
            PhaseBuf::Complete(outcome, _) => (State::Complete, None, Some(outcome)),
            PhaseBuf::Error(failure, outcome, _) => (State::Error, Some(failure), outcome.as_ref()),
            PhaseBuf::Cancelled(outcome, _) => (State::Cancelled, None, outcome.as_ref()),
            PhaseBuf::Suspended(outcome, _) => (State::Suspended, None, outcome.as_ref()),
        };
        let took = span.phase.as_phase().duration().unwrap_or_default();
        let usage = match outcome {
            Some(OutcomeBuf::LlmCall(it)) => it.usage,
            _ => None,
        };
        let kind = match &span.subject {
            Subject::Turn(_) => Some((CallKind::Turn, &event.run.agent)),
            Subject::LlmCall(call) => Some((CallKind::Model, &call.model)),
            Subject::ToolCall(call) => Some((CallKind::Tool, &call.name)),
            Subject::ServedCall(call) => Some((CallKind::Tool, &call.name)),
            Subject::Subagent(call) => Some((CallKind::Agent, &call.agent)),
            _ => None,
        };
        let cost = match (&span.subject, outcome) {
            (Subject::LlmCall(call), Some(OutcomeBuf::LlmCall(it))) => known.cost(call, it),
            _ => None,
        };
        if let Some(cost) = cost.filter(|_| !self.is_priced) {
            self.cost = Some(self.cost.unwrap_or(0.0) + cost);
        }
        if let Some((kind, name)) = kind {
            self.calls.push(Call {
                kind,
                cost,
                name: known.names.of(name),
                agent: known.names.of(&event.run.agent),
                state,
                took,
                input: usage.map_or(0, |it| it.input_tokens),
                output: usage.map_or(0, |it| it.output_tokens),
            });
        }
        if Some(span.id) != self.root || !ends {
            return;
        }
        self.state = state;
        self.duration = Some(took);
        self.error = failure.map(|it| known.names.of(&it.kind));
        self.calls.shrink_to_fit();
        if let Some(OutcomeBuf::Turn(turn)) = outcome {
            self.usage = self.usage.or(turn.usage);
            if let Some(text) = turn.text.as_ref().filter(|_| self.answer.is_empty()) {
                self.answer = first_of(text, FIRST_WORDS).into();
            }
        }
    }

    /// How many calls of tools and agents there were, and how many of them failed.
    pub(crate) fn called(&self) -> (usize, usize) {
        let is_call = |it: &&Call| matches!(it.kind, CallKind::Tool | CallKind::Agent);
        let calls = || self.calls.iter().filter(is_call);
        let failed = calls().filter(|it| it.state == State::Error).count();
        (calls().count(), failed)
    }
}

/// The span that an event is about, or of.
pub(crate) fn about(event: &EventBuf) -> Option<SpanId> {
    match &event.body {
        BodyBuf::Span(span) => Some(span.id),
        BodyBuf::Value { span, .. } => *span,
        BodyBuf::Unknown(_) => None,
    }
}
