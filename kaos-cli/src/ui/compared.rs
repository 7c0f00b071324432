//! What a run did, step by step, to be laid beside another.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use kaos_hooks::{EventBuf, OutcomeBuf, PhaseBuf, SpanId, Subject, Value};
use serde::Serialize;
use serde_json::json;

use super::answer::{Answer, json_of, reading};
use super::detail::{RunId, read};
use super::shared::Shared;
use crate::output::cut;

/// The most steps, and the longest text of one, in characters.
const MAX_STEPS: usize = 2000;
const MAX_CHARS: usize = 4000;

#[derive(Default, Serialize)]
struct Step {
    kind: &'static str,
    span: String,
    name: String,
    agent: String,
    /// What was asked: arguments, a task, a question.
    asked: String,
    /// What came of it.
    answered: String,
    state: &'static str,
    error: Option<String>,
    ms: Option<f64>,
    input: Option<u64>,
    output: Option<u64>,
}

pub(super) async fn steps(State(shared): State<Arc<Shared>>, Path(asked): RunId) -> Answer {
    let steps = reading(move || {
        let mut steps = Steps::default();
        let mut run = read(&shared, &asked, |watched, recorded| {
            steps.add(watched.number, &recorded.event);
        })?;
        if let Some(run) = run.as_object_mut() {
            run.insert("steps".to_owned(), json!(steps.list));
        }
        Ok(run)
    });
    Ok(json_of(&steps.await?))
}

#[derive(Default)]
struct Steps {
    list: Vec<Step>,
    /// By the trail's number, and the span.
    by_span: HashMap<(usize, SpanId), usize>,
}

impl Steps {
    fn add(&mut self, trail: usize, event: &EventBuf) {
        if let (
            Some(Value::TurnSummary(summary)),
            kaos_hooks::BodyBuf::Value {
                span: Some(span), ..
            },
        ) = (event.value(), &event.body)
        {
            if let Some(step) = self.of(trail, *span) {
                step.input = summary.usage.map(|it| it.input_tokens).or(step.input);
                step.output = summary.usage.map(|it| it.output_tokens).or(step.output);
                step.answered = short(&summary.text);
            }
            return;
        }
        let Some(span) = event.span() else {
            return;
        };
        let (kind, name) = match &span.subject {
            Subject::Turn(_) => ("turn", &event.run.agent),
            Subject::LlmCall(it) => ("model", &it.model),
            Subject::ToolCall(it) => ("tool", &it.name),
            Subject::ServedCall(it) => ("tool", &it.name),
            Subject::Subagent(it) => ("agent", &it.agent),
            _ => return,
        };
        if matches!(span.phase, PhaseBuf::Start) {
            if self.list.len() == MAX_STEPS {
                return;
            }
            // What a model is sent is all that went before; it is compared already.
            let asked = span.subject.content().filter(|_| kind != "model");
            self.by_span.insert((trail, span.id), self.list.len());
            self.list.push(Step {
                kind,
                span: span.id.to_string(),
                name: short(name),
                agent: short(&event.run.agent),
                asked: asked.map_or_else(String::new, |it| short(it)),
                state: "open",
                ..Step::default()
            });
            return;
        }
        let Some(step) = self.of(trail, span.id) else {
            return;
        };
        let outcome = match &span.phase {
            PhaseBuf::Complete(outcome, _) => Some(outcome),
            PhaseBuf::Error(failure, outcome, _) => {
                step.error = Some(short(&failure.kind));
                outcome.as_ref()
            }
            PhaseBuf::Cancelled(outcome, _) | PhaseBuf::Suspended(outcome, _) => outcome.as_ref(),
            PhaseBuf::Start | PhaseBuf::Progress(_) => return,
        };
        step.state = span.phase.name().as_str();
        step.ms = span
            .phase
            .as_phase()
            .duration()
            .map(|it| it.as_secs_f64() * 1000.0);
        let (answered, usage) = match outcome {
            Some(OutcomeBuf::Turn(it)) => (it.text.as_ref(), it.usage),
            Some(OutcomeBuf::LlmCall(it)) => (it.output.as_ref(), it.usage),
            Some(OutcomeBuf::ToolCall(it)) => (it.result.as_ref(), None),
            Some(OutcomeBuf::ServedCall(it)) => (it.result.as_ref(), None),
            Some(OutcomeBuf::Subagent(it)) => (it.result.as_ref(), it.usage),
            _ => (None, None),
        };
        if let Some(answered) = answered {
            step.answered = short(answered);
        }
        step.input = usage.map(|it| it.input_tokens).or(step.input);
        step.output = usage.map(|it| it.output_tokens).or(step.output);
    }

    fn of(&mut self, trail: usize, span: SpanId) -> Option<&mut Step> {
        self.list.get_mut(*self.by_span.get(&(trail, span))?)
    }
}

fn short(text: &str) -> String {
    cut(text, MAX_CHARS)
}
