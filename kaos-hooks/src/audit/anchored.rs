//! Whether a trail holds what checkpoints cover that were kept elsewhere. An opening asks the same.

use std::collections::HashMap;

use kaos_events::TraceId;

use super::head::Head;
use super::problem::Problem;
use super::{Checkpoint, LogId};

/// Checkpoints that were kept elsewhere, and what became of them.
#[derive(Default)]
pub(super) struct Anchored {
    anchors: Vec<(Checkpoint, Met)>,
    /// How far the log that is read, and each before it, was read: the number after its last record.
    reads: Option<(LogId, u64)>,
    reached: HashMap<LogId, u64>,
    /// Records after the newest anchor that fits.
    after: Option<u64>,
}

/// What became of an anchor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    NotYet,
    Fits,
    /// The log has so many records, and they are others.
    Differs,
}

impl Anchored {
    pub(super) fn new(anchors: impl IntoIterator<Item = Checkpoint>) -> Self {
        let anchors = anchors.into_iter().map(|anchor| (anchor, Met::NotYet));
        Self {
            anchors: anchors.collect(),
            ..Self::default()
        }
    }

    /// A log stands here: after a record, or before a segment's first.
    pub(super) fn stands(&mut self, head: &Head, is_record: bool) {
        if let Some((log, next)) = self.reads.replace((head.log, head.next))
            && log != head.log
        {
            self.reached.insert(log, next);
        }
        if let Some(after) = self.after.as_mut().filter(|_| is_record) {
            *after += 1;
        }
        for (anchor, met) in &mut self.anchors {
            if *met != Met::Fits && anchor.log == head.log && anchor.size == head.tree.size() {
                if anchor.root == head.tree.root() {
                    *met = Met::Fits;
                    self.after = Some(0);
                } else {
                    *met = Met::Differs;
                }
            }
        }
    }

    /// Whether each fits what was read.
    pub(super) fn all_fit(&self) -> bool {
        self.anchors.iter().all(|(_, met)| *met == Met::Fits)
    }

    /// Records after the newest anchor that fits, if one does.
    pub(super) const fn after(&self) -> Option<u64> {
        self.after
    }

    /// The number after the last one that an anchor covers.
    pub(super) fn end(&self) -> u64 {
        self.anchors
            .iter()
            .map(|(anchor, _)| anchor.end())
            .max()
            .unwrap_or(0)
    }

    /// What is wrong with each that does not fit this trail; `None` where nothing says which it is.
    pub(super) fn problems(&self, trail: Option<TraceId>) -> Vec<Problem> {
        let wrong = |(anchor, met): &(Checkpoint, Met)| match met {
            _ if trail.is_some_and(|trail| trail != anchor.log.trail) => Some(Problem::OtherTrail),
            Met::Fits => None,
            Met::Differs => Some(Problem::OtherRecords {
                from: anchor.log.base,
                to: anchor.end(),
            }),
            Met::NotYet => {
                let reads = self.reads.filter(|(log, _)| *log == anchor.log);
                let reached = reads.map(|(_, next)| next);
                let reached = reached.or_else(|| self.reached.get(&anchor.log).copied());
                let (base, to) = (anchor.log.base, anchor.end());
                // Where it was passed by, something before it could not be read.
                let from = reached.filter(|next| *next < to).unwrap_or(base);
                Some(Problem::Missing { from, to })
            }
        };
        self.anchors.iter().filter_map(wrong).collect()
    }

    pub(super) fn checkpoints(&self) -> impl Iterator<Item = &Checkpoint> {
        self.anchors.iter().map(|(anchor, _)| anchor)
    }
}
