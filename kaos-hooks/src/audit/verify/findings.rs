//! Findings, certain ones and those that a torn end may explain.

use std::ops::Range;

use crate::audit::problem::{Finding, Problem};

/// The most findings that are kept one by one.
const MOST_FINDINGS: usize = 100;

/// The most that are in doubt at once.
const MOST_DOUBTFUL: usize = 64;

#[derive(Default)]
pub(in crate::audit) struct Findings {
    pub(super) certain: Vec<Finding>,
    /// How many more there are, and the records that they are about.
    pub(super) more: u64,
    pub(super) more_about: Option<Range<u64>>,
    /// Damage that may be a torn end, until a later line says that it was on the disk; and what
    /// came after it.
    doubtful: Vec<Finding>,
}

/// Where something stands.
#[derive(Clone, Copy)]
pub(in crate::audit) struct Place<'p> {
    pub(in crate::audit) segment: &'p str,
    pub(in crate::audit) offset: u64,
    /// The number of the record that is expected there.
    pub(in crate::audit) seq: u64,
}

impl Place<'_> {
    pub(super) fn finding(&self, problem: Problem) -> Finding {
        Finding {
            segment: self.segment.to_owned(),
            offset: self.offset,
            seq: Some(self.seq),
            problem,
        }
    }
}

impl Findings {
    /// Something about a line: after damage that may be a torn end, what it says is in doubt, too.
    pub(super) fn of_line(&mut self, at: &Place<'_>, problem: Problem) {
        if self.in_doubt() && at.offset > 0 {
            self.doubt(at, problem);
        } else {
            self.is_certain(at.finding(problem));
        }
    }

    /// Something about a whole file, or about none.
    pub(super) fn of_file(&mut self, name: &str, seq: Option<u64>, problem: Problem) {
        self.is_certain(Finding {
            segment: name.to_owned(),
            offset: 0,
            seq,
            problem,
        });
    }

    pub(super) fn doubt(&mut self, at: &Place<'_>, problem: Problem) {
        if self.doubtful.len() < MOST_DOUBTFUL {
            self.doubtful.push(at.finding(problem));
        }
    }

    pub(super) const fn in_doubt(&self) -> bool {
        !self.doubtful.is_empty()
    }

    pub(super) fn is_certain(&mut self, finding: Finding) {
        if self.certain.len() < MOST_FINDINGS {
            self.certain.push(finding);
            return;
        }
        self.more += 1;
        let about = finding.records();
        let known = self.more_about.get_or_insert_with(|| about.clone());
        *known = known.start.min(about.start)..known.end.max(about.end);
    }

    /// A record says what was on the disk: damage up to there was no torn end.
    pub(super) fn was_safe(&mut self, synced: u64) {
        let sure = |finding: &mut Finding| finding.seq.is_some_and(|seq| seq <= synced);
        for finding in self.doubtful.extract_if(.., sure).collect::<Vec<_>>() {
            self.is_certain(finding);
        }
    }

    /// What is still in doubt, which it is no more.
    pub(super) fn take_doubtful(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.doubtful)
    }
}
