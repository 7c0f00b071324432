//! What the programs of a team report of their spans: how much each was asked, and each question's trace as a tree.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kaos_hooks::{SpanId, TraceId};

use crate::reports::{Begun, Ended, Report, Short};

/// Spans that are kept, of traces that go on; with more, the oldest trace is given up. What is kept of each is bounded, too:
/// ids are numbers, a name and an error are [`Short`].
const SPANS: usize = 20_000;

/// Spans of a tree that are shown.
const SHOWN: usize = 200;

/// A trace is over when none of its spans has been open for so long: what another process tells may come a little later.
const SETTLED: Duration = Duration::from_millis(150);

/// Levels that are indented.
const INDENTED: usize = 16;

/// How much a component was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) requests: u64,
    /// Those that failed or were cancelled.
    pub(super) errors: u64,
}

#[derive(Default)]
pub(super) struct Traces {
    asked: HashMap<String, Asked>,
    open: HashMap<TraceId, Trace>,
    /// Their ids, the oldest first.
    order: VecDeque<TraceId>,
    spans: usize,
}

#[derive(Default)]
struct Trace {
    spans: Vec<Span>,
    by_id: HashMap<SpanId, usize>,
    unfinished: usize,
    /// Since when none is open.
    quiet: Option<Instant>,
}

struct Span {
    component: String,
    begun: Begun,
    took: Option<u64>,
    error: Option<Short>,
}

/// A line of a tree: the component whose span it is, and the rest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) component: String,
    pub(super) text: String,
    pub(super) failed: bool,
}

/// A trace that is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) trace: TraceId,
    pub(super) branches: Vec<Branch>,
}

impl Traces {
    /// How much it was asked so far.
    pub(super) fn asked(&self, component: &str) -> Asked {
        self.asked.get(component).copied().unwrap_or_default()
    }

    /// Takes what a component reports.
    pub(super) fn take(&mut self, component: &str, report: Report) {
        match report {
            Report::Begun(begun) => self.begun(component, begun),
            Report::Ended(ended) => self.ended(component, ended),
            Report::LeftOut(_) => {}
        }
    }

    fn begun(&mut self, component: &str, begun: Begun) {
        if begun.asked {
            let asked = self.asked.entry(component.to_owned()).or_default();
            asked.requests += 1;
        }
        while self.spans >= SPANS {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.forget(oldest);
        }
        let trace = self.open.entry(begun.trace).or_insert_with(|| {
            self.order.push_back(begun.trace);
            Trace::default()
        });
        self.spans += 1;
        trace.unfinished += 1;
        trace.quiet = None;
        trace.by_id.insert(begun.span, trace.spans.len());
        trace.spans.push(Span {
            component: component.to_owned(),
            begun,
            took: None,
            error: None,
        });
    }

    fn ended(&mut self, component: &str, ended: Ended) {
        let Some(trace) = self.open.get_mut(&ended.trace) else {
            return;
        };
        let at = trace.by_id.get(&ended.span);
        let span = at.and_then(|at| trace.spans.get_mut(*at));
        // Each speaks for itself alone.
        let Some(span) = span.filter(|it| it.component == component && it.took.is_none()) else {
            return;
        };
        if span.begun.asked && ended.error.is_some() {
            let asked = self.asked.entry(component.to_owned()).or_default();
            asked.errors += 1;
        }
        span.took = Some(ended.took);
        span.error = ended.error;
        trace.ended();
    }

    /// The component's process has ended: it tells no more of what was open.
    pub(super) fn gone(&mut self, component: &str) {
        for trace in self.open.values_mut() {
            let open = |it: &&mut Span| it.component == component && it.took.is_none();
            let mut lost = 0;
            for span in trace.spans.iter_mut().filter(open) {
                span.took = Some(0);
                span.error = Some("its process has ended".into());
                if span.begun.asked {
                    let asked = self.asked.entry(component.to_owned()).or_default();
                    asked.errors += 1;
                }
                lost += 1;
            }
            for _ in 0..lost {
                trace.ended();
            }
        }
    }

    /// Trees of questions that are over by now.
    pub(super) fn over(&mut self, now: Instant) -> Vec<Tree> {
        let is_over = |it: &Trace| {
            let quiet = it.quiet.map(|since| now.saturating_duration_since(since));
            quiet.is_some_and(|it| it >= SETTLED)
        };
        let ended = self
            .order
            .iter()
            .filter(|id| self.open.get(*id).is_some_and(is_over));
        let ids: Vec<TraceId> = ended.copied().collect();
        self.order.retain(|id| !ids.contains(id));
        let trees = ids.into_iter().filter_map(|id| {
            let trace = self.forget(id)?;
            let asked = trace.spans.iter().any(|it| it.begun.asked);
            asked.then(|| Tree {
                branches: trace.branches(),
                trace: id,
            })
        });
        trees.collect()
    }

    fn forget(&mut self, id: TraceId) -> Option<Trace> {
        let trace = self.open.remove(&id)?;
        self.spans -= trace.spans.len();
        Some(trace)
    }
}

impl Trace {
    fn ended(&mut self) {
        self.unfinished -= 1;
        if self.unfinished == 0 {
            self.quiet = Some(Instant::now());
        }
    }

    /// Depth first, each below its parent, in the order in which they began; what has no parent here is at the top.
    fn branches(&self) -> Vec<Branch> {
        let mut below: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        for (at, span) in self.spans.iter().enumerate() {
            let parent = span.begun.parent.as_ref();
            let parent = parent.and_then(|it| self.by_id.get(it).copied());
            below
                .entry(parent.filter(|it| *it != at))
                .or_default()
                .push(at);
        }
        for these in below.values_mut() {
            these.sort_by_key(|at| self.spans.get(*at).map(|it| std::cmp::Reverse(it.begun.at)));
        }
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        let children = |at: Option<usize>, depth: usize| {
            let these = below.get(&at).map_or(&[] as &[_], |it| it);
            these.iter().map(move |it| (depth, *it))
        };
        waiting.extend(children(None, 0));
        let mut lines = Vec::new();
        while let Some((depth, at)) = waiting.pop() {
            if let Some(span) = self.spans.get(at) {
                let indent = "  ".repeat(depth.min(INDENTED));
                lines.push((format!("{indent}{}", span.begun.name), span));
            }
            waiting.extend(children(Some(at), depth + 1));
        }
        let more = lines.len().saturating_sub(SHOWN);
        lines.truncate(SHOWN);
        let wide = lines.iter().map(|(name, _)| name.chars().count()).max();
        let wide = wide.unwrap_or(0);
        let mut branches: Vec<Branch> = lines
            .into_iter()
            .map(|(name, span)| Branch {
                component: span.component.clone(),
                text: ended(&name, wide, span),
                failed: span.error.is_some(),
            })
            .collect();
        if let Some(last) = branches.last_mut().filter(|_| more > 0) {
            let _more = write!(last.text, "  (and {more} more)");
        }
        branches
    }
}

fn ended(name: &str, wide: usize, span: &Span) -> String {
    let took = human(span.took.unwrap_or_default());
    let text = format!("{name:wide$} {took:>9}");
    match &span.error {
        Some(error) => format!("{text}  [{error}]"),
        None => text,
    }
}

/// A duration in the unit in which it is easily read.
fn human(nanos: u64) -> String {
    let seconds = Duration::from_nanos(nanos).as_secs_f64();
    match nanos {
        0..1_000_000 => format!("{:.0} µs", seconds * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

#[cfg(test)]
mod tests;
