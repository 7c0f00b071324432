//! Old segments: which may go, and how a trail says that they went.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::log::Log;
use super::own::{OwnRecord, Retention};
use super::reader::beginning;
use super::segment::{self, Lines};
use super::{Finding, Storage, Verification, Verifier};

/// How much of a trail is kept; without a limit, all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Keep {
    pub(super) age: Option<Duration>,
    pub(super) bytes: Option<u64>,
}

impl Keep {
    pub(super) fn all(&self) -> bool {
        *self == Self::default()
    }
}

/// What may be removed.
pub(super) struct Plan {
    segments: Vec<String>,
    /// What goes are these records, from the first that is there.
    from: u64,
    to: u64,
    statement: Retention,
}

impl Plan {
    /// The segments whose last record is older than this time, or which are too much; none whose
    /// successor cannot be read.
    pub(super) fn of(
        storage: &Arc<dyn Storage>,
        before: Option<u64>,
        bytes: Option<u64>,
        now: u64,
    ) -> io::Result<Option<Self>> {
        let segments = segment::among(storage.list()?);
        let mut left = 0;
        if bytes.is_some() {
            for (_, name) in &segments {
                left += storage.length(name)?;
            }
        }
        let mut plan = None;
        let mut gone = Vec::new();
        for pair in segments.windows(2) {
            let [(_, name), (_, next)] = pair else { break };
            let mut lines = Lines::new(storage.read(next)?);
            let Some((start, head)) = lines.next()?.as_ref().and_then(beginning) else {
                break;
            };
            let begun: u64 = start.time_unix_nano.parse().unwrap_or(u64::MAX);
            let is_old = before.is_some_and(|before| begun <= before);
            if !is_old && bytes.is_none_or(|bytes| left <= bytes) {
                break;
            }
            if bytes.is_some() {
                left -= storage.length(name)?;
            }
            gone.push(name.clone());
            let statement = Retention {
                time_unix_nano: now.to_string(),
                to: head.next,
                log: head.log.to_string(),
                root: head.tree.root(),
                segments: gone.len() as u64,
            };
            plan = Some(Self {
                segments: gone.clone(),
                from: segments.first().map_or(0, |(first, _)| *first),
                to: head.next,
                statement,
            });
        }
        Ok(plan)
    }

    /// Whether something is wrong with what would go: then it stays, for it is evidence.
    pub(super) fn is_evidence(&self, report: &Verification) -> bool {
        // What is missing before the first record was accounted for when it went, or never; it is
        // not here, to be kept.
        let goes = self.from..self.to;
        let mut findings = report.findings.iter().map(Finding::records);
        report.more_findings > 0 || findings.any(|it| goes.contains(&it.start))
    }

    /// Says in the trail that the segments go, and when that is on the disk, removes them, the
    /// oldest first: whenever this ends, all that is missing is accounted for.
    pub(super) fn carry_out(self, log: &mut Log) -> io::Result<Retention> {
        let said = log.append(&OwnRecord::Retention(self.statement.clone()).body());
        if let Err(error) = said.and_then(|()| log.checkpoint(false)) {
            log.give_up();
            return Err(error);
        }
        log.commit()?;
        let storage = log.storage();
        for name in &self.segments {
            storage.remove(name)?;
        }
        storage.sync_directory()?;
        Ok(self.statement)
    }
}

/// Removes what need not be kept, if nothing is wrong with it. A trail that cannot do so goes on.
pub(super) fn apply(log: &mut Log, keep: Keep, now: u64) {
    if keep.all() {
        return;
    }
    if let Err(error) = try_apply(log, keep, now) {
        tracing::error!(%error, "old segments of the audit trail cannot be removed");
    }
}

fn try_apply(log: &mut Log, keep: Keep, now: u64) -> io::Result<()> {
    let storage = Arc::clone(log.storage());
    let age = keep
        .age
        .map(|age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
    let before = age.and_then(|age| now.checked_sub(age));
    let Some(plan) = Plan::of(&storage, before, keep.bytes, now)? else {
        return Ok(());
    };
    let report = Verifier::new(storage, false).only_before(plan.to).run()?;
    if plan.is_evidence(&report) {
        let message = "something is wrong with them; `kaos audit verify` tells what";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    plan.carry_out(log).map(drop)
}
