//! The third part: what may be believed of a trail that is whole, for somebody who knows some keys,
//! some anchors, or the log's name.

use std::ops::Range;

use kaos_events::codec::{self, DecodeErrorKind};

use super::Expected;
use super::accounts::Accounts;
use super::anchored::Anchored;
use super::chain::{Begins, Chain, Judge};
use super::coverage::Coverage;
use super::findings::{Findings, Place};
use super::lineage::Lineage;
use super::roots::Roots;
use crate::audit::head::Head;
use crate::audit::line::Line;
use crate::audit::own::{Cause, CheckpointNote, Found, OwnRecord};
use crate::audit::problem::Problem;
use crate::audit::report::Verification;
use crate::audit::{Checkpoint, VerifyingKey, writer};

pub(super) struct Policy<'e> {
    expected: &'e Expected,
    lineage: Lineage,
    coverage: Coverage,
    anchored: Anchored,
    accounts: Accounts,
    /// What may still stand in the segment.
    stage: Stage,
    /// The version of its events' format.
    schema: u32,
    report: Verification,
}

/// How far a segment has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It owes the checkpoint that it begins with.
    Opening,
    Open,
    Sealed,
}

impl<'e> Policy<'e> {
    pub(super) fn new(expected: &'e Expected) -> Self {
        Self {
            expected,
            lineage: Lineage::default(),
            coverage: Coverage::default(),
            anchored: Anchored::new(expected.anchors.iter().cloned()),
            accounts: Accounts::default(),
            stage: Stage::Open,
            schema: 0,
            report: Verification {
                key_given: !expected.keys.is_empty(),
                ..Verification::default()
            },
        }
    }

    /// What was accepted, as far as it is read.
    pub(super) fn accepted(&self) -> Vec<Range<u64>> {
        self.accounts.accepted().collect()
    }

    /// Whether it is a checkpoint that counts.
    fn own(&mut self, at: &Place<'_>, line: &Line<'_>, before: &Head, to: &mut Findings) -> bool {
        let epoch = self.lineage.epoch();
        match OwnRecord::read(&line.record()) {
            Ok(OwnRecord::Checkpoint(note)) => return self.checkpoint(at, &note, before, to),
            Ok(OwnRecord::Recovery(recovery)) => {
                if recovery.found == Found::Loss {
                    to.of_line(at, Problem::Loss);
                }
                self.report.recoveries.push(recovery);
            }
            Ok(OwnRecord::Gap(gap)) => {
                if gap.lost > 0 {
                    to.of_line(at, Problem::Gap { lost: gap.lost });
                }
                self.report.gaps.push(gap);
            }
            Ok(OwnRecord::Key(record)) => {
                if let Some(problem) = self.lineage.announces(&record) {
                    to.of_line(at, problem);
                }
            }
            Ok(OwnRecord::Accept(record)) => self.accounts.accepts(at.seq, epoch, record),
            Ok(OwnRecord::Retention(record)) => self.accounts.removes(at.seq, epoch, record),
            Ok(OwnRecord::Segment(_)) => {
                if at.offset > 0 {
                    to.of_line(at, Problem::Misplaced);
                }
            }
            Err(error) if error.to_string().starts_with("unknown variant") => {}
            Err(error) => to.of_line(at, Problem::Malformed(error.to_string())),
        }
        false
    }

    fn checkpoint(
        &mut self,
        at: &Place<'_>,
        note: &CheckpointNote,
        before: &Head,
        to: &mut Findings,
    ) -> bool {
        let checkpoint: Checkpoint = match note.note.parse() {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                to.of_line(at, Problem::Malformed(format!("{error}")));
                return false;
            }
        };
        let there = Checkpoint::of(before.log, &before.tree);
        let covers = (checkpoint.log, checkpoint.size, checkpoint.root)
            == (there.log, there.size, there.root);
        let signed = match self.lineage.key() {
            Some(key) => checkpoint.is_signed_by(key),
            None => !checkpoint.is_signed(),
        };
        // After what may be a torn end it is no more certain than the records that it covers.
        if !covers && !to.in_doubt() {
            let newest = self
                .report
                .newest
                .as_ref()
                .filter(|newest| newest.log == before.log);
            let from = before
                .log
                .base
                .saturating_add(newest.map_or(0, |newest| newest.size));
            to.of_line(
                at,
                Problem::OtherRecords {
                    from: from.min(at.seq),
                    to: at.seq,
                },
            );
        }
        if !signed {
            to.of_line(at, Problem::NotSigned);
        }
        if to.in_doubt() {
            return false;
        }
        self.report.checkpoints += 1;
        self.stage = if note.seal {
            Stage::Sealed
        } else {
            Stage::Open
        };
        let counts = covers && signed;
        if counts {
            self.coverage.covered(to);
            self.lineage.signed(at.seq);
            self.accounts.signed();
            self.report.newest = Some(checkpoint);
        }
        counts
    }

    /// Whether the record may stand where it does in its segment.
    fn stage(&mut self, at: &Place<'_>, line: &Line<'_>, to: &mut Findings) {
        match self.stage {
            Stage::Sealed => to.of_line(at, Problem::AfterSeal),
            Stage::Opening if at.offset > 0 && !OwnRecord::is_in(line.body) => {
                self.stage = Stage::Open;
                to.of_line(at, Problem::NoCheckpoint);
            }
            Stage::Opening | Stage::Open => {}
        }
    }

    /// Whether it is the end of a turn, as far as it can be read.
    fn event(&mut self, at: &Place<'_>, line: &Line<'_>, to: &mut Findings) -> bool {
        let error = match codec::decode(line.record().as_bytes()) {
            Ok(event) => return writer::ends_turn(&event),
            Err(error) => error,
        };
        // What a newer version writes may be well-formed for it; a field that stands twice is so
        // for nobody.
        let is_newer = self.schema > codec::SCHEMA;
        if is_newer && !matches!(error.kind(), DecodeErrorKind::DuplicateField(_)) {
            self.report.unread += 1;
        } else {
            to.of_line(at, Problem::Malformed(error.kind().to_string()));
        }
        false
    }

    /// All that there is to say.
    pub(super) fn verdict(
        mut self,
        chain: &Chain,
        mut findings: Findings,
        roots: &Roots,
    ) -> Verification {
        self.report.unsigned_tail = self.coverage.end(&mut findings);
        let given = &self.expected.keys;
        let trusted = self.lineage.trusted(given);
        let end = chain.head.as_ref().map_or(0, |head| head.next);
        for problem in self.lineage.problems(&trusted, end) {
            findings.of_file("trail", problem.first(), problem);
        }
        if !given.is_empty() && trusted.is_empty() {
            findings.of_file("trail", None, Problem::NotSigned);
        }
        for problem in self.anchored.problems(chain.log) {
            findings.of_file("anchor", problem.first(), problem);
        }
        let keys = self.lineage.keys(&trusted);
        let is_signed = |anchor: &Checkpoint| keys.iter().any(|key| anchor.is_signed_by(key));
        if !given.is_empty() && !self.anchored.checkpoints().all(is_signed) {
            findings.of_file("anchor", None, Problem::NotSigned);
        }
        let mut report = self.report;
        report.accounted = self.accounts.settle(&mut findings.certain, &trusted, roots);
        let is_covered = |about| self.accounts.covers(about, &trusted, roots);
        if findings.more_about.as_ref().is_some_and(is_covered) {
            report.more_accounted = findings.more;
        } else {
            report.more_findings = findings.more;
            report.more_about.clone_from(&findings.more_about);
        }
        report.idle_acceptances = self.accounts.idle(&trusted, roots);
        findings.certain.sort_by_key(|finding| finding.seq);
        report.findings = findings.certain;
        report.signers = self.lineage.signers(&trusted);
        report.named_key = self.lineage.key().map(ToString::to_string);
        report.after_anchor = self.anchored.after();
        report.log = chain.log;
        report.records = chain.records;
        report.segments = chain.segments;
        report.torn.clone_from(&chain.torn);
        report
    }
}

impl Judge for Policy<'_> {
    fn begins(&mut self, at: &Place<'_>, segment: &Begins<'_>, to: &mut Findings) {
        let start = segment.start;
        let named = start.key.as_ref().map(|key| key.parse::<VerifyingKey>());
        if let Some(Err(_)) = &named {
            to.of_line(at, Problem::Malformed("its key is none".into()));
        }
        let former = start.former.as_ref().and_then(|key| key.parse().ok());
        self.lineage
            .begins(named.and_then(Result::ok), former.as_ref(), at.seq);
        self.accounts.begins_segment();
        self.schema = start.schema;
        self.report.newer_schema |= start.schema > codec::SCHEMA;
        let opens = matches!(
            start.cause,
            Cause::Created | Cause::Opened | Cause::Restarted
        );
        self.stage = if opens || start.format >= 2 {
            Stage::Opening
        } else {
            Stage::Open
        };
        if segment.is_first {
            self.accounts
                .begin(at.seq, segment.head.log, segment.head.tree.root());
        }
        self.anchored.stands(segment.head, false);
    }

    fn record(&mut self, at: &Place<'_>, line: &Line<'_>, before: &Head, to: &mut Findings) {
        self.stage(at, line, to);
        let is_own = OwnRecord::is_in(line.body);
        if is_own && self.own(at, line, before, to) {
            return; // a checkpoint: all before it is covered
        }
        let ends_turn = !is_own && self.event(at, line, to);
        self.coverage.record(at, ends_turn);
    }

    fn grown(&mut self, head: &Head, _to: &mut Findings) {
        self.anchored.stands(head, true);
    }

    fn ends(&mut self, at: &Place<'_>, to: &mut Findings) {
        // It has its name only since its checkpoint is on the disk: no crash leaves it so.
        if std::mem::replace(&mut self.stage, Stage::Open) == Stage::Opening {
            to.is_certain(at.finding(Problem::NoCheckpoint));
        }
    }
}
