//! From the events of a run to those that are remembered.

use std::sync::Arc;

use kaos_events::{
    AttributeValue, Body, Event, Failure, Observer, Outcome, Phase, Run, RunId, Span, Str,
    Subagent, Subject, ToolCall, Turn,
};

use super::bounds::MemoryBounds;
use super::entry::{Entry, Why};
use super::kept::Kept;
use super::store::Store;

/// What marks a turn that another agent asked for; its value is true.
pub(super) const DELEGATED: &str = "kaos.delegated";

/// Sees one run.
pub(super) struct Remembering {
    store: Arc<Store>,
    bounds: MemoryBounds,
    /// The run that was asked for; others are its sub-agents'.
    root: RunId,
    session: Str,
}

impl Remembering {
    pub(super) fn new(store: Arc<Store>, bounds: MemoryBounds, run: &Run) -> Self {
        let session = run.session.shared().cloned();
        Self {
            store,
            bounds,
            root: run.id.clone(),
            session: session.unwrap_or_else(|| unnamed(&run.id)),
        }
    }
}

/// What a conversation that nobody named is called.
fn unnamed(run: &RunId) -> Str {
    let digits: Vec<char> = run.to_string().chars().filter(|it| *it != '-').collect();
    let last = digits.iter().rev().take(12).rev();
    format!("session_{}", last.collect::<String>()).into()
}

impl Observer for Remembering {
    fn on_event(&mut self, event: &Event<'_>) {
        let Body::Span(span) = &event.body else {
            return;
        };
        let is_sub = event.run.id != self.root;
        let entry = match span.subject {
            Subject::Turn(turn) => of_turn(turn, span, is_sub),
            Subject::ToolCall(call) => of_tool(call, span),
            Subject::Subagent(agent) => of_agent(agent, span),
            _ => None,
        };
        let Some(entry) = entry else {
            return;
        };
        let agent = is_sub.then(|| event.run.agent.clone());
        let ids = (event.run.trace_id, span.id);
        let kept = Kept::new(event.time, entry, ids, agent);
        self.store.put(&self.session, kept, self.bounds);
    }
}

fn of_turn(turn: &Turn, span: &Span<'_>, is_sub: bool) -> Option<Entry> {
    match span.phase {
        Phase::Start => {
            let asked = turn.input.clone()?;
            let mark = turn.attributes.get(DELEGATED);
            let delegated = is_sub || mark == Some(&AttributeValue::Bool(true));
            Some(if delegated {
                Entry::TaskDelegationReceived(asked)
            } else {
                Entry::UserMessage(asked)
            })
        }
        Phase::Complete { outcome, .. } => match outcome {
            Outcome::Turn(answer) => answer.text.clone().map(Entry::AgentResponse),
            _ => None,
        },
        _ => why(span).map(Entry::Error),
    }
}

fn of_tool(call: &ToolCall, span: &Span<'_>) -> Option<Entry> {
    let tool = call.name.clone();
    match span.phase {
        Phase::Start => {
            let arguments = call.arguments.clone().unwrap_or_default();
            Some(Entry::ToolCall { tool, arguments })
        }
        Phase::Complete { outcome, .. } => match outcome {
            Outcome::ToolCall(done) if done.skipped => {
                let why = skipped();
                Some(Entry::ToolFailed { tool, why })
            }
            Outcome::ToolCall(done) => {
                let result = done.result.clone().unwrap_or_default();
                Some(Entry::ToolResult { tool, result })
            }
            _ => None,
        },
        _ => why(span).map(|why| Entry::ToolFailed { tool, why }),
    }
}

fn of_agent(delegated: &Subagent, span: &Span<'_>) -> Option<Entry> {
    let agent = delegated.agent.clone();
    match span.phase {
        Phase::Start => {
            let task = delegated.task.clone().unwrap_or_default();
            Some(Entry::DelegationRequest { agent, task })
        }
        Phase::Complete { outcome, .. } => match outcome {
            Outcome::Subagent(done) if done.skipped => {
                let why = skipped();
                Some(Entry::DelegationError { agent, why })
            }
            Outcome::Subagent(done) => {
                let response = done.result.clone().unwrap_or_default();
                Some(Entry::DelegationResponse { agent, response })
            }
            _ => None,
        },
        _ => why(span).map(|why| Entry::DelegationError { agent, why }),
    }
}

/// Why the span has no result; `None` while it may still have one.
fn why(span: &Span<'_>) -> Option<Why> {
    match span.phase {
        Phase::Error { failure, .. } => {
            let Failure { kind, message, .. } = failure.clone();
            Some(Why { kind, message })
        }
        Phase::Cancelled { .. } => Some(Why {
            kind: Str::Static("cancelled"),
            message: None,
        }),
        _ => None,
    }
}

fn skipped() -> Why {
    Why {
        kind: Str::Static("skipped"),
        message: None,
    }
}
