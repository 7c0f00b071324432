//! What is known of whether a trail is as it was written.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use kaos_hooks::audit::{
    Checkpoint, LogId, OwnRecord, RecordContent, Trail, Verification, Verifier, VerifyingKey,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::contradiction;
use crate::output::{Failed, chain};
use crate::runs::Run;
use crate::verification::{self, Against};

/// What trails are compared with, read once: keys do not change; anchors do, and are read each time.
pub(super) struct Expected {
    keys: Vec<VerifyingKey>,
    log: Option<LogId>,
    against: Against,
}

impl Expected {
    pub(super) fn of(against: &Against) -> Result<Self, Failed> {
        let keys: Result<_, Failed> = against
            .key
            .iter()
            .map(|key| verification::key(key))
            .collect();
        let expected = Self {
            keys: keys?,
            log: against.log,
            against: against.clone(),
        };
        expected.anchors()?;
        Ok(expected)
    }

    fn anchors(&self) -> Result<Vec<Checkpoint>, Failed> {
        self.against
            .anchor
            .iter()
            .map(verification::anchor)
            .collect()
    }

    /// Of several trails an anchor is for the one whose log it names.
    fn verifier(&self, trail: &Trail, is_only: bool) -> Result<Verifier, Failed> {
        let mut verifier = trail.verifier();
        for key in &self.keys {
            verifier = verifier.key(key.clone());
        }
        let log = log_of(trail);
        let is_its = |of: LogId| is_only || log.is_none_or(|log| log.trail == of.trail);
        if let Some(log) = self.log.filter(|log| is_its(*log)) {
            verifier = verifier.log(log);
        }
        for anchor in self.anchors()?.into_iter().filter(|it| is_its(it.log)) {
            verifier = verifier.anchor(anchor);
        }
        Ok(verifier)
    }
}

fn log_of(trail: &Trail) -> Option<LogId> {
    let first = trail
        .follow(kaos_hooks::audit::Position::default())
        .ok()?
        .next()?
        .ok()?;
    match first.record.content {
        RecordContent::Own(OwnRecord::Segment(start)) => start.log.parse().ok(),
        _ => None,
    }
}

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// It was not verified yet.
    #[default]
    Unknown,
    Intact,
    /// It was intact, or torn, and one of its files is another since.
    Changed,
    /// Its end was being written when its writer died.
    Torn,
    NotIntact,
    /// It could not be verified.
    Failed,
}

#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) standing: Standing,
    /// When it was found, as text.
    pub(super) at: String,
    pub(super) millis: u64,
    /// The records that no checkpoint covers were added while one looked.
    came_uncovered: bool,
    /// One of the files is another since the verification began.
    is_changed: AtomicBool,
    report: Option<Verification>,
    error: Option<String>,
}

/// What is to be said of a run besides what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Doubt {
    /// Something is wrong with records of its, or between them.
    Damaged,
    /// A file of its trail is another than the one that was verified.
    Changed,
    /// No checkpoint that counts covers all of it yet.
    Unsigned,
}

impl Verdict {
    /// Verifies; `progress` gets how many records are done.
    pub(super) fn of(
        trail: &Trail,
        expected: &Expected,
        is_only: bool,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Self {
        let verifier = expected.verifier(trail, is_only);
        let report = verifier.and_then(|it| Ok(it.progress(progress).run()?));
        let standing = match &report {
            Err(_) => Standing::Failed,
            Ok(report) => match report.exit_code(false) {
                0 => Standing::Intact,
                4 => Standing::Torn,
                _ => Standing::NotIntact,
            },
        };
        let (report, error) = match report {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(chain(&*error))),
        };
        Self {
            standing,
            report,
            error,
            ..Self::default()
        }
    }

    /// Whether it found that something is not as it was written.
    pub(super) fn is_bad(&self) -> bool {
        self.standing == Standing::NotIntact
    }

    /// One of the files is not what was verified any more; whether that is news.
    pub(super) fn outdate(&self) -> bool {
        !self.is_changed.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_changed(&self) -> bool {
        self.is_changed.load(Ordering::Relaxed)
    }

    /// As it is shown. What was found stays found, whoever touches the files afterwards.
    fn shown(&self) -> Standing {
        match self.standing {
            Standing::Intact | Standing::Torn if self.is_changed() => Standing::Changed,
            standing => standing,
        }
    }

    /// Whether records that were there at the time of the one before must be others by now.
    pub(super) fn contradicts(&self, before: &Self) -> bool {
        match (&self.report, &before.report) {
            (Some(now), Some(then)) => contradiction::between(then, now, before.came_uncovered),
            (None, None) => false,
            // It could not be told meanwhile.
            _ => before.standing != Standing::Unknown,
        }
    }

    /// It follows one that it does not contradict.
    pub(super) fn follow(&mut self, before: &Self) {
        let report = before.report.as_ref();
        let was_uncovered = report.is_some_and(|it| contradiction::uncovered(it).is_some());
        self.came_uncovered = before.came_uncovered || (report.is_some() && !was_uncovered);
    }

    fn wrong(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let report = self.report.iter();
        report.flat_map(|report| {
            let findings = report
                .findings
                .iter()
                .map(kaos_hooks::audit::Finding::records);
            let torn = report.torn.iter().map(|torn| torn.from_seq..u64::MAX);
            findings.chain(torn).chain(report.more_about())
        })
    }

    /// What is wrong with records between the first and the last of a run. What is wrong with the whole trail is not
    /// this run's.
    pub(super) fn doubt(&self, run: &Run) -> Option<Doubt> {
        if run.is_broken {
            return Some(Doubt::Damaged);
        }
        let end = match run.duration {
            Some(_) => run.seqs.end,
            // Its end may be what is damaged.
            None => u64::MAX,
        };
        let whole = 0..u64::MAX;
        let mut wrong = self.wrong().filter(|it| *it != whole);
        if wrong.any(|it| it.start < end && it.end > run.seqs.start) {
            return Some(Doubt::Damaged);
        }
        if self.is_changed() && self.standing != Standing::Unknown {
            return Some(Doubt::Changed);
        }
        let report = self.report.as_ref()?;
        (run.seqs.end > report.unsigned_from()).then_some(Doubt::Unsigned)
    }

    /// The findings about these records, in words.
    pub(super) fn about(&self, run: &Run) -> Vec<String> {
        let findings = self.report.iter().flat_map(|it| &it.findings);
        let end = run.duration.map_or(u64::MAX, |_| run.seqs.end);
        let about = findings.filter(|it| {
            let records = it.records();
            records.start < end && records.end > run.seqs.start
        });
        about.map(ToString::to_string).collect()
    }

    pub(super) fn as_json(&self) -> Value {
        let report = self.report.as_ref();
        json!({
            "standing": self.shown(),
            "at": self.at,
            "ms": self.millis,
            "error": self.error,
            "text": report.map(ToString::to_string),
            "findings": report.map(|it| it.findings.iter().map(|it| json!({
                "seq": it.seq, "text": it.to_string(),
            })).collect::<Vec<_>>()),
            "report": report.map(|it| verification::as_json(it, false)),
        })
    }

    /// What stands at the head of each page.
    pub(super) fn summary(&self) -> Value {
        let report = self.report.as_ref();
        json!({
            "standing": self.shown(),
            "records": report.map(|it| it.records),
            "findings": report.map(|it| it.findings.len() as u64 + it.more_findings),
            "unsigned": report.map(|it| it.unsigned_tail),
            "signed": report.is_some_and(|it| !it.signers.is_empty()),
            "key_given": report.is_some_and(|it| it.key_given),
            "error": self.error,
            "at": self.at,
            "anchored": report.is_some_and(|it| it.after_anchor.is_some()),
            "open": report.is_some_and(|it| it.open),
        })
    }
}
