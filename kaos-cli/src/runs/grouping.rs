use std::collections::HashMap;

use kaos_hooks::{BodyBuf, EventBuf, Phase, RunId, SpanId, TraceId};
use serde::{Deserialize, Serialize};

/// Tells which records are of one run, by the spans that they are about: two runs may have one trace.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grouping {
    #[serde(with = "pairs")]
    by_span: HashMap<(TraceId, SpanId), u64>,
    /// How many spans of each run are open.
    open: HashMap<u64, usize>,
    known: u64,
    /// Records of spans whose start is not among those that were read: removed, lost, or filtered out.
    #[serde(with = "pairs")]
    cut: HashMap<(TraceId, String), u64>,
}

/// Where a record belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Belongs {
    /// The run's number, from 1 in the order of their beginnings.
    pub(crate) run: u64,
    /// It is the last of the run.
    pub(crate) ends: bool,
}

/// What is taken of a span of a kind that this version does not know.
#[derive(Deserialize)]
struct NewerSpan {
    phase: String,
    span_id: SpanId,
    parent_span_id: Option<SpanId>,
}

impl Grouping {
    /// None of an event that this version does not know: it makes no run, and is shown in none.
    pub(crate) fn place(&mut self, event: &EventBuf) -> Option<Belongs> {
        let trace = event.run.trace_id;
        let (span, around, phase) = match &event.body {
            BodyBuf::Span(span) => (Some(span.id), span.parent, Some(span.phase.as_phase())),
            BodyBuf::Value { span, .. } => (*span, None, None),
            BodyBuf::Unknown(line) => {
                self.pass(trace, line.as_str());
                return None;
            }
        };
        let starts = matches!(phase, Some(Phase::Start));
        let ends = phase.is_some_and(|phase| phase.is_end());
        let of = if starts { around } else { span };
        let of = of.and_then(|span| self.by_span.get(&(trace, span)).copied());
        let is_root =
            starts && event.seq == 0 && event.span().is_some_and(|span| span.subject.is_root());
        let run = match of.filter(|_| !is_root) {
            Some(of) => of,
            None if starts => self.next(),
            None => {
                let run = self.cut(trace, &event.run.id);
                return Some(Belongs { run, ends: false });
            }
        };
        let open = self.open.entry(run).or_default();
        if let Some(span) = span.filter(|_| starts) {
            self.by_span.insert((trace, span), run);
            *open += 1;
        }
        if let Some(span) = span.filter(|_| ends) {
            self.by_span.remove(&(trace, span));
            *open = open.saturating_sub(1);
        }
        let ends = *open == 0;
        if ends {
            self.open.remove(&run);
        }
        Some(Belongs { run, ends })
    }

    /// What is within such a span belongs to the run that this is in.
    fn pass(&mut self, trace: TraceId, line: &str) {
        let Ok(span) = serde_json::from_str::<NewerSpan>(line) else {
            return;
        };
        let around = span.parent_span_id.map(|around| (trace, around));
        let run = around.and_then(|around| self.by_span.get(&around).copied());
        let id = (trace, span.span_id);
        match (&*span.phase, run) {
            ("start", Some(run)) => {
                self.by_span.entry(id).or_insert(run);
            }
            // Such an end of a span that is known would be known itself.
            ("complete" | "error" | "cancelled" | "suspended", _) => {
                self.by_span.remove(&id);
            }
            _ => {}
        }
    }

    fn next(&mut self) -> u64 {
        self.known += 1;
        self.known
    }

    fn cut(&mut self, trace: TraceId, run: &RunId) -> u64 {
        let of = (trace, run.to_string());
        if let Some(known) = self.cut.get(&of) {
            return *known;
        }
        let new = self.next();
        self.cut.insert(of, new);
        new
    }
}

/// A map whose keys are no texts, as a list.
mod pairs {
    use std::collections::HashMap;
    use std::hash::Hash;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, S: Serializer>(
        map: &HashMap<K, u64>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Eq + Hash, D: Deserializer<'de>>(
        from: D,
    ) -> Result<HashMap<K, u64>, D::Error> {
        let pairs = Vec::<(K, u64)>::deserialize(from)?;
        Ok(pairs.into_iter().collect())
    }
}
