//! What a run does, as it happens: a live tree on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar};
use kaos_hooks::{
    Body, Event, EventBuf, Outcome, Phase, RunId, Span, SpanId, SpanTree, Value, plain,
};
use kaos_runner::Reply;

use super::answer::AnswerPrinter;
use crate::output::{self, Failed};
use crate::terminal::{self, style};

/// How often a live tree is drawn again.
const TICK: Duration = Duration::from_millis(100);

/// The display of one run. Cheap to clone: the hook and its owner share it.
#[derive(Clone)]
pub(super) struct Display(Arc<Mutex<Shown>>);

struct Shown {
    tree: Tree,
    answer: AnswerPrinter,
    root: Option<RunId>,
    events: Vec<EventBuf>,
}

enum Tree {
    /// Nobody wants one.
    None,
    /// One line for each span that ends.
    Lines(HashMap<SpanId, usize>),
    /// A line for each span, while it is open and after.
    Live {
        bars: MultiProgress,
        spans: Vec<Row>,
        /// Whether the answer goes to the same terminal.
        shares: bool,
    },
}

/// A span's line.
struct Row {
    id: SpanId,
    depth: usize,
    bar: ProgressBar,
}

impl Display {
    pub(super) fn new(wanted: bool) -> Self {
        let tree = if !wanted {
            Tree::None
        } else if let Some(bars) = terminal::bars() {
            Tree::Live {
                bars,
                spans: Vec::new(),
                shares: terminal::shares_terminal(),
            }
        } else {
            Tree::Lines(HashMap::new())
        };
        Self(Arc::new(Mutex::new(Shown {
            tree,
            answer: AnswerPrinter::new(),
            root: None,
            events: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is drawn live, if anything: other lines go above it.
    pub(super) fn bars(&self) -> Option<MultiProgress> {
        match &self.lock().tree {
            Tree::Live { bars, .. } => Some(bars.clone()),
            Tree::None | Tree::Lines(_) => None,
        }
    }

    /// The hook that feeds it.
    pub(super) fn hook(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static + use<> {
        let display = self.clone();
        move |event| display.lock().event(event)
    }

    /// Prints what is left of the answer, and the run in one line.
    pub(super) fn end(&self, reply: Option<&Reply>) -> Result<(), Failed> {
        let mut shown = self.lock();
        let Shown {
            tree,
            answer,
            events,
            ..
        } = &mut *shown;
        if let Some(reply) = reply.filter(|_| !answer.begun()) {
            answer.piece(reply.text(), tree.above());
        }
        answer.end(tree.above());
        tree.end();
        if !matches!(tree, Tree::None) {
            let summary = SpanTree::of(&*events).summary();
            output::say(&summary);
        }
        match answer.failure() {
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(error.into()),
            Some(error) => Err(format!("the answer cannot be written: {error}").into()),
            None => Ok(()),
        }
    }
}

impl Shown {
    fn event(&mut self, event: &Event<'_>) {
        let root = self.root.get_or_insert_with(|| event.run.id.clone());
        match event.body {
            Body::Value {
                value: Value::TextDelta(delta),
                ..
            } => {
                // A sub-agent's text is its result, not the answer.
                if *root == event.run.id {
                    self.answer.piece(&delta.content, self.tree.above());
                }
            }
            Body::Value { .. } => {}
            Body::Span(span) => {
                self.tree.span(&span);
                self.events.push(event.to_buf());
            }
        }
    }
}

impl Tree {
    /// What the answer's lines must be printed above.
    fn above(&self) -> Option<&MultiProgress> {
        match self {
            Self::Live { bars, shares, .. } => shares.then_some(bars),
            Self::None | Self::Lines(_) => None,
        }
    }

    /// Nothing changes any more: all lines are there to be read, also those that the terminal is too
    /// small for at once.
    fn end(&mut self) {
        let Self::Live { bars, spans, .. } = self else {
            return;
        };
        // What cannot be cleared stands there twice.
        let _cleared = bars.clear();
        for Row { bar, .. } in spans.drain(..) {
            bars.remove(&bar);
            output::say(&format!("{}{}", bar.prefix(), bar.message()));
        }
    }

    fn span(&mut self, span: &Span<'_>) {
        match self {
            Self::None => {}
            Self::Lines(depths) => match span.phase {
                Phase::Start => {
                    let around = span.parent.and_then(|parent| depths.get(&parent));
                    let depth = around.map_or(0, |depth| depth + 1);
                    depths.insert(span.id, depth);
                }
                Phase::Progress(_) => {}
                _ => {
                    let depth = depths.remove(&span.id).unwrap_or_default();
                    let (name, ended) = (name(span), ended(span));
                    let indent = "  ".repeat(depth);
                    output::say(&format!("{indent}{name}  {ended}"));
                }
            },
            Self::Live { bars, spans, .. } => match span.phase {
                Phase::Start => {
                    let (at, depth) = place(spans, span.parent);
                    let bar = terminal::bar("{prefix}{spinner} {msg}  {elapsed}");
                    let bar = bars.insert(at, bar);
                    bar.set_prefix("  ".repeat(depth));
                    bar.set_message(name(span));
                    bar.enable_steady_tick(TICK);
                    let id = span.id;
                    spans.insert(at, Row { id, depth, bar });
                }
                Phase::Progress(progress) => {
                    if let Some(Row { bar, .. }) = spans.iter().find(|row| row.id == span.id) {
                        let note = plain(&progress.note);
                        bar.set_message(format!("{} ({note})", name(span)));
                    }
                }
                _ => {
                    if let Some(Row { bar, .. }) = spans.iter().find(|row| row.id == span.id) {
                        bar.set_style(style("{prefix}{msg}"));
                        bar.finish_with_message(format!("{}  {}", name(span), ended(span)));
                    }
                }
            },
        }
    }
}

/// Where a new span's row goes, and how deep: after all that its parent holds.
fn place(rows: &[Row], parent: Option<SpanId>) -> (usize, usize) {
    let Some(around) = rows.iter().position(|row| Some(row.id) == parent) else {
        return (rows.len(), 0);
    };
    let depth = rows.get(around).map_or(0, |row| row.depth);
    let inside = rows.iter().skip(around + 1);
    let inside = inside.take_while(|row| row.depth > depth).count();
    (around + 1 + inside, depth + 1)
}

fn name(span: &Span<'_>) -> String {
    plain(&span.subject.span_name())
}

/// How long it took, what it used, and how it ended if not well.
fn ended(span: &Span<'_>) -> String {
    let seconds = span.phase.duration().unwrap_or_default().as_secs_f64();
    let mut text = format!("{seconds:.2} s");
    if let Some(Outcome::LlmCall(outcome)) = span.phase.outcome()
        && let Some(usage) = outcome.usage
    {
        let (input, output) = (usage.input_tokens, usage.output_tokens);
        text = format!("{text}  {input} + {output} tokens");
    }
    match span.phase {
        Phase::Error { failure, .. } => format!("{text}  [error: {}]", plain(&failure.kind)),
        Phase::Cancelled { .. } => format!("{text}  [cancelled]"),
        Phase::Suspended { .. } => format!("{text}  [suspended]"),
        Phase::Start | Phase::Progress(_) | Phase::Complete { .. } => text,
    }
}
