//! What somebody with the key has said about what is wrong: accepted losses, removed segments.

use std::ops::Range;

use super::roots::Roots;
use crate::audit::own::{Acceptance, Retention};
use crate::audit::problem::{Finding, Problem};
use crate::audit::report::Accounted;
use crate::audit::{Hash, LogId};

/// Such a record, and where it stands.
struct Statement<T> {
    seq: u64,
    /// Which key's stretch it is in.
    epoch: usize,
    /// Whether a checkpoint of that key covers it, in its own segment: at the next opening its writer
    /// signs whatever it finds.
    is_signed: bool,
    what: T,
}

#[derive(Default)]
pub(super) struct Accounts {
    acceptances: Vec<Statement<Acceptance>>,
    retentions: Vec<Statement<Retention>>,
    /// How many of them stand in earlier segments.
    earlier: (usize, usize),
    /// Of the first segment that is there: the number of its first record, and the log before it.
    begins: Option<(u64, LogId, Hash)>,
}

impl Accounts {
    /// A segment ends, also one whose first record cannot be read: what is not signed yet never is.
    pub(super) const fn ends_segment(&mut self) {
        self.earlier = (self.acceptances.len(), self.retentions.len());
    }

    /// The first segment that is there.
    pub(super) fn begin(&mut self, first: u64, log: LogId, root: Hash) {
        self.begins = Some((first, log, root));
    }

    pub(super) fn accepts(&mut self, seq: u64, epoch: usize, what: Acceptance) {
        self.acceptances.push(Statement {
            seq,
            epoch,
            is_signed: false,
            what,
        });
    }

    pub(super) fn removes(&mut self, seq: u64, epoch: usize, what: Retention) {
        self.retentions.push(Statement {
            seq,
            epoch,
            is_signed: false,
            what,
        });
    }

    /// A checkpoint covers all so far.
    pub(super) fn signed(&mut self) {
        let (acceptances, retentions) = self.earlier;
        for statement in self.acceptances.iter_mut().skip(acceptances) {
            statement.is_signed = true;
        }
        for statement in self.retentions.iter_mut().skip(retentions) {
            statement.is_signed = true;
        }
    }

    /// What was accepted, by whoever signs there.
    pub(super) fn accepted(&self) -> impl Iterator<Item = Range<u64>> {
        let signed = self
            .acceptances
            .iter()
            .filter(|statement| statement.is_signed);
        signed.map(|statement| statement.what.from..statement.what.to)
    }

    /// Whether what is wrong with these records is accounted for, and by which record.
    fn accepts_all(
        &self,
        records: &Range<u64>,
        trusted: &[bool],
        roots: &Roots,
    ) -> Option<&Statement<Acceptance>> {
        self.acceptances.iter().find(|statement| {
            let range = statement.what.from..statement.what.to;
            statement.counts(trusted)
                && range.start <= records.start
                && records.end <= range.end
                && roots.of(&range) == Some(statement.what.root)
        })
    }

    /// Whether records before this number are known to be removed.
    fn removed(&self, to: u64, trusted: &[bool]) -> Option<&Statement<Retention>> {
        let (begins, log, root) = self.begins.as_ref()?;
        self.retentions.iter().find(|statement| {
            let fits = statement.what.to != *begins
                || (statement.what.log == log.to_string() && statement.what.root == *root);
            statement.counts(trusted) && fits && to <= statement.what.to && to <= *begins
        })
    }

    /// Takes the findings that are accounted for out of them.
    pub(super) fn settle(
        &self,
        findings: &mut Vec<Finding>,
        trusted: &[bool],
        roots: &Roots,
    ) -> Vec<Accounted> {
        let mut accounted = Vec::new();
        findings.retain(|finding| {
            let by = match finding.problem {
                Problem::Missing { to, .. } => self.removed(to, trusted).map(Statement::retention),
                _ => None,
            };
            let by = by.or_else(|| {
                let can_be = finding.problem.can_be_accepted();
                let records = Some(finding.records()).filter(|_| can_be)?;
                self.accepts_all(&records, trusted, roots)
                    .map(Statement::acceptance)
            });
            let Some((seq, why)) = by else { return true };
            accounted.push(Accounted {
                finding: finding.clone(),
                by: seq,
                why,
            });
            false
        });
        accounted
    }

    /// Whether every one of these records is accepted as it is.
    pub(super) fn covers(&self, records: &Range<u64>, trusted: &[bool], roots: &Roots) -> bool {
        self.accepts_all(records, trusted, roots).is_some()
    }

    /// Acceptances that count for nothing: another key's, or what they are about is different now.
    pub(super) fn idle(&self, trusted: &[bool], roots: &Roots) -> Vec<(u64, Acceptance)> {
        let idle = self.acceptances.iter().filter(|statement| {
            let range = statement.what.from..statement.what.to;
            !statement.counts(trusted) || roots.of(&range) != Some(statement.what.root)
        });
        idle.map(|statement| (statement.seq, statement.what.clone()))
            .collect()
    }
}

impl<T> Statement<T> {
    fn counts(&self, trusted: &[bool]) -> bool {
        self.is_signed && trusted.get(self.epoch).copied().unwrap_or(false)
    }
}

impl Statement<Acceptance> {
    fn acceptance(&self) -> (u64, String) {
        let (who, reason) = (&self.what.who, &self.what.reason);
        (self.seq, format!("accepted by {who}: {reason}"))
    }
}

impl Statement<Retention> {
    fn retention(&self) -> (u64, String) {
        let (to, segments) = (self.what.to, self.what.segments);
        (
            self.seq,
            format!("removed on purpose: {segments} segments, up to record {to}"),
        )
    }
}
