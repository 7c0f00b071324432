//! The tree with times, tokens and what gates decided, for those who ask what an agent did.

use std::fmt::Write as _;
use std::time::Duration;

use kaos_events::{Usage, Value};

use super::{Node, SpanTree, grouped, human, shown};

/// Something that was said in a span, other than its beginning and end.
#[derive(Debug, Clone)]
pub(super) struct Note {
    at: u64,
    text: String,
}

impl Note {
    /// What a value event says to people, if it is of their interest.
    pub(super) fn of(at: u64, value: &Value) -> Option<Self> {
        let text = match value {
            Value::GateDecided(decided) => {
                let (gate, decision) = (shown(&decided.gate), decided.decision.as_str());
                let took = human(decided.took);
                match &decided.failure {
                    Some(failure) => {
                        let failure = shown(failure);
                        format!("gate {gate}: {decision} after {took} ({failure})")
                    }
                    None => format!("gate {gate}: {decision} after {took}"),
                }
            }
            Value::ApprovalRequired(required) => {
                format!("gate {} asks a person", shown(&required.gate))
            }
            Value::IntentClassified(classified) => {
                format!("intent: {}", shown(classified.intent.as_str()))
            }
            Value::BudgetExceeded(exceeded) => {
                let (budget, limit) = (exceeded.budget.as_str(), grouped(exceeded.limit));
                format!("over the limit of {limit} for {budget}")
            }
            Value::HistoryTrimmed(trimmed) => {
                let (turns, results) = (trimmed.turns, trimmed.results);
                format!("without {turns} earlier turns and {results} results, so that it fits")
            }
            _ => return None,
        };
        Some(Self { at, text })
    }
}

impl SpanTree {
    /// The tree with the time of each line since the beginning, durations, tokens, and what gates
    /// decided.
    ///
    /// # Example
    ///
    /// ```text
    ///    +0.0 µs  agent.turn                    15.2 s
    ///  +120.0 µs    agent.step.1                 8.4 s
    ///  +130.0 µs      model.inference            6.1 s   812 + 40 tokens
    ///     +6.1 s      tool.search                2.3 s  [error: timeout]
    ///     +6.1 s        · gate audit: allow after 310.0 µs
    /// turn 15.2 s · 1 model call · 1 tool (1 failed) · 1 agent · 852 tokens
    /// ```
    pub fn timeline(&self) -> String {
        let mut width = 0;
        self.walk(|depth, node| width = width.max(2 * depth + node.name.chars().count()));
        let began = self.roots.iter().filter_map(|at| self.spans.get(*at));
        let began = began.map(|root| root.since).min().unwrap_or_default();
        let since = |at: u64| format!("+{}", human(Duration::from_nanos(at.saturating_sub(began))));
        let mut text = String::new();
        self.walk(|depth, node| {
            let indent = "  ".repeat(depth);
            let name = format!("{indent}{}", node.name);
            let (since_start, duration) = (since(node.since), node.duration());
            let rest = format!("{}{}", node.tokens(), node.state());
            let line = format!("{since_start:>10}  {name:width$}  {duration:>9}{rest}");
            // Writing to memory does not fail.
            let _written = writeln!(text, "{}", line.trim_end());
            for note in &node.notes {
                let _written = writeln!(text, "{:>10}  {indent}  · {}", since(note.at), note.text);
            }
        });
        let _written = writeln!(text, "{}", self.summary());
        text
    }
}

impl Node {
    fn tokens(&self) -> String {
        let usage = self.end.as_ref().and_then(|end| end.usage);
        usage.map_or_else(String::new, |usage: Usage| {
            let (input, output) = (grouped(usage.input_tokens), grouped(usage.output_tokens));
            format!("  {input} + {output} tokens")
        })
    }
}
