//! The tree with times, tokens and what gates decided, for those who ask what an agent did.

use std::fmt::Write as _;
use std::time::Duration;

use kaos_events::Usage;

use super::words::{grouped, human};
use super::{Node, SpanTree};

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
