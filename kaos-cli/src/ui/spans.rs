//! A run's spans, put together from its events.

use std::collections::HashMap;

use kaos_hooks::{
    BodyBuf, Decision, EventBuf, IntentClassified, OutcomeBuf, PhaseBuf, SpanBuf, SpanId, Subject,
    Usage, Value,
};
use serde::Serialize;

use super::listed::millis;
use super::watched::Watched;
use crate::output::cut;

/// The most rows: spans of an answer.
const MAX_ROWS: usize = 20_000;

/// The longest text of a row, in characters.
const MAX_CHARS: usize = 200;

/// The most marks of a span.
const MAX_MARKS: usize = 100;

#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    parent: Option<String>,
    trail: String,
    /// What the span is about, as on the wire.
    kind: &'static str,
    name: String,
    /// What it is the work of: model, tool, agent.
    what: String,
    agent: String,
    /// Milliseconds since 1970.
    at: f64,
    ms: Option<f64>,
    state: &'static str,
    error: Option<String>,
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
    cost: Option<f64>,
    /// To the first chunk of a streamed answer.
    first_ms: Option<f64>,
    bytes: Option<u64>,
    marks: Vec<Mark>,
}

/// Something that happened within a span.
#[derive(Debug, Serialize)]
struct Mark {
    at: f64,
    kind: &'static str,
    text: String,
    /// It kept something from happening.
    bad: bool,
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
    /// By the trail's number, and the span.
    by_id: HashMap<(usize, SpanId), usize>,
}

impl Rows {
    pub(super) fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// Takes the next event of a run; not of a span for which no room is left.
    pub(super) fn add(&mut self, trail: &Watched, event: &EventBuf) -> bool {
        let at = millis(event.time.unix_nanos);
        match &event.body {
            BodyBuf::Span(span) => {
                let id = (trail.number, span.id);
                if !self.by_id.contains_key(&id) {
                    if self.rows.len() >= MAX_ROWS {
                        return false;
                    }
                    self.by_id.insert(id, self.rows.len());
                    self.rows.push(Row::of(&trail.name, event, span, at));
                }
                if let Some(row) = self.row(id) {
                    row.phase(span, at);
                }
            }
            BodyBuf::Value {
                span: Some(span),
                value,
            } => {
                if let Some(row) = self.row((trail.number, *span)) {
                    row.value(value, at);
                }
            }
            BodyBuf::Value { .. } | BodyBuf::Unknown(_) => {}
        }
        true
    }

    fn row(&mut self, id: (usize, SpanId)) -> Option<&mut Row> {
        self.rows.get_mut(*self.by_id.get(&id)?)
    }
}

impl Row {
    fn of(trail: &str, event: &EventBuf, span: &SpanBuf, at: f64) -> Self {
        let took = span.phase.as_phase().duration();
        Self {
            id: span.id.to_string(),
            parent: span.parent.map(|it| it.to_string()),
            trail: trail.to_owned(),
            kind: span.subject.name().as_str(),
            name: short(&span.name()),
            what: short(what(&span.subject, event)),
            agent: short(&event.run.agent),
            // Of one whose start is missing.
            at: at - took.map_or(0.0, |it| it.as_secs_f64() * 1000.0),
            ms: None,
            state: "open",
            error: None,
            input: None,
            output: None,
            cached: None,
            cost: None,
            first_ms: None,
            bytes: None,
            marks: Vec::new(),
        }
    }

    fn phase(&mut self, span: &SpanBuf, at: f64) {
        let (state, outcome) = match &span.phase {
            PhaseBuf::Start => return,
            PhaseBuf::Progress(progress) => {
                return self.mark(at, "progress", short(&progress.note), false);
            }
            PhaseBuf::Complete(outcome, _) => ("complete", Some(outcome)),
            PhaseBuf::Error(failure, outcome, _) => {
                self.error = Some(short(&failure.kind));
                ("error", outcome.as_ref())
            }
            PhaseBuf::Cancelled(outcome, _) => ("cancelled", outcome.as_ref()),
            PhaseBuf::Suspended(outcome, _) => ("suspended", outcome.as_ref()),
        };
        self.state = state;
        self.ms = span
            .phase
            .as_phase()
            .duration()
            .map(|it| it.as_secs_f64() * 1000.0);
        match outcome {
            Some(OutcomeBuf::Turn(it)) => self.used(it.usage),
            Some(OutcomeBuf::LlmCall(it)) => {
                self.used(it.usage);
                self.first_ms = it.time_to_first_chunk.map(|it| it.as_secs_f64() * 1000.0);
            }
            Some(OutcomeBuf::Subagent(it)) => {
                self.used(it.usage);
                self.skipped(it.skipped);
            }
            Some(OutcomeBuf::ToolCall(it)) => {
                self.bytes = it.result_bytes;
                self.skipped(it.skipped);
            }
            _ => {}
        }
    }

    fn used(&mut self, usage: Option<Usage>) {
        if let Some(usage) = usage {
            self.input = Some(usage.input_tokens);
            self.output = Some(usage.output_tokens);
            self.cached = usage.cache_read_tokens;
        }
    }

    fn skipped(&mut self, skipped: bool) {
        if skipped {
            self.state = "skipped";
        }
    }

    fn value(&mut self, value: &Value, at: f64) {
        match value {
            Value::UsageObserved(it) => self.cost = it.cost_usd.or(self.cost),
            Value::TurnSummary(it) => {
                self.used(it.usage);
                self.cost = it.cost_usd.or(self.cost);
            }
            Value::GateDecided(it) => {
                let (gate, decision) = (&it.gate, it.decision.as_str());
                let failed = it
                    .failure
                    .as_ref()
                    .map_or(String::new(), |it| format!(" ({it})"));
                let bad = !matches!(it.decision, Decision::Allow | Decision::Rewrite);
                self.mark(
                    at,
                    "gate",
                    short(&format!("{gate}: {decision}{failed}")),
                    bad,
                );
            }
            Value::ApprovalRequired(_) => {
                self.mark(at, "approval", "a person decides".to_owned(), false);
            }
            Value::BudgetExceeded(it) => {
                let what = it.budget.as_str();
                self.mark(at, "limit", format!("limit of {what}"), true);
            }
            Value::HistoryTrimmed(_) => {
                self.mark(at, "history", "the conversation was cut".to_owned(), false);
            }
            Value::IntentClassified(IntentClassified { intent, .. }) => {
                self.what = short(intent.as_str());
            }
            _ => {}
        }
    }

    fn mark(&mut self, at: f64, kind: &'static str, text: String, bad: bool) {
        if self.marks.len() < MAX_MARKS {
            self.marks.push(Mark {
                at,
                kind,
                text,
                bad,
            });
        }
    }
}

fn what<'e>(subject: &'e Subject, event: &'e EventBuf) -> &'e str {
    match subject {
        Subject::Turn(_) => &event.run.agent,
        Subject::LlmCall(call) => &call.model,
        Subject::ToolCall(call) => &call.name,
        Subject::ServedCall(call) => &call.name,
        Subject::Subagent(call) => &call.agent,
        Subject::Handoff(call) => &call.agent,
        _ => "",
    }
}

fn short(text: &str) -> String {
    cut(text, MAX_CHARS)
}
