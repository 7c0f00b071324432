//! How much of a trail no checkpoint covers. Counts, not clocks: a writer has promised a checkpoint
//! after so many records, and clocks are not to be trusted.

use super::findings::{Findings, Place};
use crate::audit::problem::{Finding, Problem};

/// The most records without a checkpoint.
pub(in crate::audit) const MAX_UNCOVERED: u64 = 1024;

/// The most records without a checkpoint after a turn's end.
pub(in crate::audit) const MAX_AFTER_TURN: u64 = 512;

/// Where the records stand that no checkpoint covers.
#[derive(Default)]
pub(super) struct Coverage {
    /// Since the last checkpoint, its own record not counted, and the first of them.
    records: u64,
    first: Option<u64>,
    after_turn: Option<u64>,
    /// The records that are too many, until a checkpoint covers them.
    open: Option<Finding>,
}

impl Coverage {
    /// One more record.
    pub(super) fn record(&mut self, at: &Place<'_>, ends_turn: bool) {
        self.records += 1;
        let from = *self.first.get_or_insert(at.seq);
        let to = at.seq.saturating_add(1);
        if let Some(Finding {
            problem: Problem::Uncovered { to: end, .. },
            ..
        }) = &mut self.open
        {
            *end = to.max(from);
            return;
        }
        self.after_turn = self.after_turn.map(|after| after + 1);
        if ends_turn && self.after_turn.is_none() {
            self.after_turn = Some(0);
        }
        let after_turn = self.after_turn.unwrap_or(0);
        if self.records > MAX_UNCOVERED || after_turn > MAX_AFTER_TURN {
            let to = to.max(from);
            let finding = at.finding(Problem::Uncovered { from, to });
            self.open = Some(Finding {
                seq: Some(from),
                ..finding
            });
        }
    }

    /// A checkpoint covers all records so far.
    pub(super) fn covered(&mut self, to: &mut Findings) {
        if let Some(finding) = std::mem::take(self).open {
            to.is_certain(finding);
        }
    }

    /// The trail ends; gives how many records no checkpoint covers.
    pub(super) fn end(mut self, to: &mut Findings) -> u64 {
        let records = self.records;
        self.covered(to);
        records
    }
}
