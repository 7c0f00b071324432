//! Findings, certain ones and those that a torn end may explain.

use std::ops::Range;

use crate::audit::problem::{Finding, Problem};

/// The most findings that are kept one by one.
const MAX_FINDINGS: usize = 100;

/// The most that are in doubt at once.
const MAX_DOUBTFUL: usize = 64;

#[derive(Default)]
pub(in crate::audit) struct Findings {
    pub(super) certain: Vec<Finding>,
    /// How many more there are, and the records that they are about.
    pub(super) more: u64,
    pub(super) more_about: Option<Range<u64>>,
    /// Damage that may be a torn end, until a later line says that it was on the disk; and what
    /// came after it.
    doubtful: Vec<Doubtful>,
    /// How many more there are.
    more_doubtful: Option<MoreDoubtful>,
}

/// A finding that is as certain as the damage at this number.
struct Doubtful {
    damage: u64,
    finding: Finding,
}

/// Doubtful findings that are not kept one by one.
struct MoreDoubtful {
    /// The highest number of damage among them.
    damage: u64,
    count: u64,
    about: Range<u64>,
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
    /// Something about a line: after damage that may be a torn end, it is no more certain than that.
    pub(super) fn of_line(&mut self, at: &Place<'_>, problem: Problem) {
        match self.open_damage() {
            Some(damage) => self.in_doubt_with(damage, at.finding(problem)),
            None => self.is_certain(at.finding(problem)),
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

    /// Damage that may be a torn end.
    pub(super) fn doubt(&mut self, at: &Place<'_>, problem: Problem) {
        self.in_doubt_with(at.seq, at.finding(problem));
    }

    fn in_doubt_with(&mut self, damage: u64, finding: Finding) {
        if self.doubtful.len() < MAX_DOUBTFUL {
            self.doubtful.push(Doubtful { damage, finding });
            return;
        }
        let about = finding.records();
        let more = self.more_doubtful.get_or_insert(MoreDoubtful {
            damage,
            count: 0,
            about: about.clone(),
        });
        more.damage = more.damage.max(damage);
        more.count += 1;
        more.about = joined(&more.about, &about);
    }

    /// The number of the last damage that may be a torn end.
    fn open_damage(&self) -> Option<u64> {
        let more = self.more_doubtful.as_ref().map(|more| more.damage);
        more.or_else(|| Some(self.doubtful.last()?.damage))
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.open_damage().is_some()
    }

    pub(super) fn is_certain(&mut self, finding: Finding) {
        if self.certain.len() < MAX_FINDINGS {
            self.certain.push(finding);
        } else {
            self.are_certain(1, &finding.records());
        }
    }

    fn are_certain(&mut self, count: u64, about: &Range<u64>) {
        self.more += count;
        let known = self.more_about.get_or_insert_with(|| about.clone());
        *known = joined(known, about);
    }

    /// A record says what was on the disk: damage up to there was no torn end.
    pub(super) fn was_safe(&mut self, synced: u64) {
        let sure = |doubtful: &mut Doubtful| doubtful.damage <= synced;
        for doubtful in self.doubtful.extract_if(.., sure).collect::<Vec<_>>() {
            self.is_certain(doubtful.finding);
        }
        if let Some(more) = self.more_doubtful.take_if(|more| more.damage <= synced) {
            self.are_certain(more.count, &more.about);
        }
    }

    /// What was a torn end: the first that is wrong with it, if anything is, and whether that is all.
    pub(super) fn torn(&mut self) -> Option<(Finding, bool)> {
        let doubtful = std::mem::take(&mut self.doubtful);
        let is_all = self.more_doubtful.take().is_none() && doubtful.len() == 1;
        let first = doubtful.into_iter().next()?;
        Some((first.finding, is_all))
    }
}

fn joined(a: &Range<u64>, b: &Range<u64>) -> Range<u64> {
    a.start.min(b.start)..a.end.max(b.end)
}
