mod note;
mod timeline;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use self::note::Note;
use self::words::{grouped, human, shown};
use kaos_events::{
    BodyBuf, EventBuf, Outcome, Phase, PhaseBuf, SpanBuf, SpanId, SubjectName, Usage,
};

/// The spans of recorded events as a tree, for people.
///
/// Displays as one line a span, with its duration, and a last line that sums the turn up. A span
/// that did not complete says so: `[error: timeout]`, `[cancelled]`, `[suspended]`, `[open]`.
///
/// A line has its bounds, whatever the events say: of a name 80 characters are shown, then `…`, and
/// what is deeper than 32 levels is indented as the 32nd.
///
/// # Example
///
/// ```text
/// agent.turn                        15.2 s
///   agent.intent_classification      0.1 ms
///   agent.step.1                      8.4 s
///     model.inference                 6.1 s
///     tool.search                     2.3 s  [error: timeout]
/// turn 15.2 s · 6 model calls · 3 tools (1 failed) · 2 agents · 4 812 tokens
/// ```
#[derive(Debug, Clone, Default)]
pub struct SpanTree {
    spans: Vec<Node>,
    roots: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Node {
    subject: SubjectName,
    name: String,
    children: Vec<usize>,
    /// When it started, in monotonic nanoseconds.
    since: u64,
    notes: Vec<Note>,
    end: Option<End>,
}

#[derive(Debug, Clone)]
struct End {
    state: String,
    failed: bool,
    duration: Duration,
    usage: Option<Usage>,
}

/// The most levels that are indented.
const MAX_INDENTED: usize = 32;

impl SpanTree {
    /// The tree of these events: one run's, or several runs' one after the other.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e EventBuf>) -> Self {
        let mut tree = Self::default();
        let mut known: HashMap<SpanId, usize> = HashMap::new();
        for event in events {
            let now = event.time.monotonic_nanos;
            let span = match &event.body {
                BodyBuf::Span(span) => span,
                BodyBuf::Value { span, value } => {
                    let node = span.and_then(|span| tree.spans.get_mut(*known.get(&span)?));
                    if let (Some(node), Some(note)) = (node, Note::of(now, value)) {
                        node.notes.push(note);
                    }
                    continue;
                }
                BodyBuf::Unknown(_) => continue,
            };
            match &span.phase {
                PhaseBuf::Start => {
                    let at = tree.spans.len();
                    known.insert(span.id, at);
                    tree.spans.push(Node::of(span, now));
                    let parent = span.parent.and_then(|parent| known.get(&parent).copied());
                    match parent.and_then(|parent| tree.spans.get_mut(parent)) {
                        Some(parent) => parent.children.push(at),
                        None => tree.roots.push(at),
                    }
                }
                PhaseBuf::Progress(_) => {}
                end => {
                    let node = known.get(&span.id).and_then(|at| tree.spans.get_mut(*at));
                    if let Some(node) = node {
                        node.end = End::of(end);
                    }
                }
            }
        }
        tree
    }

    /// How many spans there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Names and states only, one line a span, two spaces a level: what tests compare. In the same
    /// bounds.
    pub fn outline(&self) -> String {
        let mut text = String::new();
        self.walk(|depth, node| {
            text.push_str(&"  ".repeat(depth));
            text.push_str(&node.name);
            text.push_str(&node.state());
            text.push('\n');
        });
        text
    }

    /// The turn in one line: duration, model calls, tools, agents, tokens.
    pub fn summary(&self) -> String {
        let count = |subject| self.of_subject(subject).count();
        let failed = self
            .of_subject(SubjectName::ToolCall)
            .chain(self.of_subject(SubjectName::ServedCall))
            .filter(|node| node.failed())
            .count();
        let longest = self
            .roots
            .iter()
            .filter_map(|at| self.spans.get(*at)?.end.as_ref());
        let duration = longest.map(|end| end.duration).max().unwrap_or_default();
        let mut tokens = Usage::default();
        for node in &self.spans {
            let usage = node.end.as_ref().and_then(|end| end.usage);
            // Of an agent elsewhere, whose turn is here too, they stand there.
            let mut children = node.children.iter().filter_map(|at| self.spans.get(*at));
            if !children.any(|child| child.subject == SubjectName::Turn) {
                tokens += usage.unwrap_or_default();
            }
        }
        let mut parts = vec![format!("turn {}", human(duration))];
        let mut part = |count: usize, one: &str, many: &str, note: String| {
            if count > 0 {
                parts.push(format!(
                    "{count} {}{note}",
                    if count == 1 { one } else { many }
                ));
            }
        };
        let note = if failed > 0 {
            format!(" ({failed} failed)")
        } else {
            String::new()
        };
        part(
            count(SubjectName::LlmCall),
            "model call",
            "model calls",
            String::new(),
        );
        let tools = count(SubjectName::ToolCall) + count(SubjectName::ServedCall);
        part(tools, "tool", "tools", note);
        part(count(SubjectName::Turn), "agent", "agents", String::new());
        if tokens.total() > 0 {
            parts.push(format!("{} tokens", grouped(tokens.total())));
        }
        parts.join(" · ")
    }

    fn of_subject(&self, subject: SubjectName) -> impl Iterator<Item = &Node> {
        self.spans
            .iter()
            .filter(move |node| node.subject == subject)
    }

    /// Visits the spans depth first, each with the depth that it is shown at.
    fn walk(&self, mut visit: impl FnMut(usize, &Node)) {
        let mut waiting: Vec<(usize, usize)> = self.roots.iter().rev().map(|at| (0, *at)).collect();
        while let Some((depth, at)) = waiting.pop() {
            let Some(node) = self.spans.get(at) else {
                continue;
            };
            visit(depth.min(MAX_INDENTED), node);
            waiting.extend(node.children.iter().rev().map(|child| (depth + 1, *child)));
        }
    }
}

impl Node {
    fn of(span: &SpanBuf, since: u64) -> Self {
        Self {
            subject: span.subject.name(),
            name: shown(&span.name()),
            children: Vec::new(),
            since,
            notes: Vec::new(),
            end: None,
        }
    }

    fn state(&self) -> String {
        self.end
            .as_ref()
            .map_or_else(|| " [open]".to_owned(), |end| end.state.clone())
    }

    fn duration(&self) -> String {
        let duration = self.end.as_ref().map(|end| human(end.duration));
        duration.unwrap_or_else(|| "…".to_owned())
    }

    fn failed(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.failed)
    }
}

impl End {
    fn of(phase: &PhaseBuf) -> Option<Self> {
        let phase = phase.as_phase();
        let state = match phase {
            Phase::Error { failure, .. } => format!(" [error: {}]", shown(&failure.kind)),
            Phase::Cancelled { .. } => " [cancelled]".to_owned(),
            Phase::Suspended { .. } => " [suspended]".to_owned(),
            _ => String::new(),
        };
        let usage = match phase.outcome() {
            Some(Outcome::LlmCall(outcome)) => outcome.usage,
            Some(Outcome::Subagent(outcome)) => outcome.usage,
            _ => None,
        };
        let failed = matches!(phase, Phase::Error { .. });
        Some(Self {
            state,
            failed,
            duration: phase.duration()?,
            usage,
        })
    }
}

impl fmt::Display for SpanTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut width = 0;
        self.walk(|depth, node| width = width.max(2 * depth + node.name.chars().count()));
        let mut result = Ok(());
        self.walk(|depth, node| {
            let name = format!("{}{}", "  ".repeat(depth), node.name);
            let duration = node.duration();
            let state = node.state();
            let gap = if state.is_empty() { "" } else { " " };
            if result.is_ok() {
                result = writeln!(f, "{name:width$}  {duration:>9}{gap}{state}");
            }
        });
        result?;
        writeln!(f, "{}", self.summary())
    }
}
