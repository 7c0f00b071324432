//! The third part: what may be believed of a trail that is whole, for somebody who knows some keys,
//! some anchors, or the log's name.

use std::ops::Range;

use kaos_events::codec;

use super::accounts::Accounts;
use super::chain::Chain;
use super::coverage::Coverage;
use super::expected::Expected;
use super::findings::{Findings, Place};
use super::judge::{Begins, Judge};
use super::lineage::Lineage;
use super::roots::Roots;
use crate::audit::anchored::Anchored;
use crate::audit::head::Head;
use crate::audit::line::Line;
use crate::audit::own::{Cause, CheckpointNote, Found, OwnRecord};
use crate::audit::problem::Problem;
use crate::audit::report::Verification;
use crate::audit::{Checkpoint, LogId, json, turn_end};

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
        match OwnRecord::read(line) {
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
            Ok(OwnRecord::Retention(record)) if record.log.parse::<LogId>().is_err() => {
                to.of_line(at, Problem::Malformed("its log has no name".into()));
            }
            Ok(OwnRecord::Retention(record)) => self.accounts.removes(at.seq, epoch, record),
            Ok(OwnRecord::Segment(start)) => {
                if at.offset > 0 {
                    to.of_line(at, Problem::Misplaced);
                } else if !start.has_form() {
                    to.of_line(at, Problem::Malformed("a field has no form".into()));
                }
            }
            Err(error) if OwnRecord::is_newer(&error) => {}
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
                    to: at.seq.max(from.min(at.seq) + 1),
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
        self.stage = match self.stage {
            Stage::Opening | Stage::Open if !note.seal => Stage::Open,
            _ => Stage::Sealed,
        };
        let counts = covers && signed;
        if counts {
            self.coverage.covered(to);
            self.lineage.signed(note.seal);
            self.accounts.signed();
            self.report.newest = Some(checkpoint);
        }
        counts
    }

    /// Whether the record may stand where it does in its segment.
    fn stage(&mut self, at: &Place<'_>, line: &Line<'_>, to: &mut Findings) {
        match self.stage {
            Stage::Sealed => to.of_line(at, Problem::AfterSeal),
            // While damage is open, its end tells.
            Stage::Opening if !OwnRecord::is_in(line.body) && !to.in_doubt() => {
                self.stage = Stage::Open;
                to.of_line(at, Problem::NoCheckpoint);
            }
            Stage::Opening | Stage::Open => {}
        }
    }

    /// Whether it is the end of a turn, as far as it can be read.
    fn event(&mut self, at: &Place<'_>, line: &Line<'_>, to: &mut Findings) -> bool {
        let (why, for_nobody) = match json::check(line.bytes) {
            Ok(()) => match codec::decode(&line.record()) {
                Ok(event) => return turn_end::ends_turn(&event),
                Err(error) => (error.kind().to_string(), false),
            },
            Err(error) => (error.to_string(), error.is_data()),
        };
        // What a newer version writes may be well-formed for it; a key that stands twice is so for
        // nobody.
        if self.schema > codec::SCHEMA && !for_nobody {
            self.report.unread += 1;
        } else {
            to.of_line(at, Problem::Malformed(why));
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
        for problem in self.lineage.problems(&trusted, chain.after) {
            findings.of_file("trail", problem.first(), problem);
        }
        if !given.is_empty() && trusted.is_empty() {
            findings.of_file("trail", None, Problem::NotSigned);
        }
        for problem in self.anchored.problems(chain.trail) {
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
    fn begins(&mut self, at: &Place<'_>, segment: &Begins<'_>, _to: &mut Findings) {
        let start = segment.start;
        let key = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        let (named, former) = (key(&start.key), key(&start.former));
        self.lineage.begins(named, former.as_ref(), at.seq);
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
        self.accounts.ends_segment();
        self.lineage.ends_segment();
        // It has its name only since its checkpoint is on the disk: no crash leaves it so.
        self.report.open = self.stage != Stage::Sealed;
        if std::mem::replace(&mut self.stage, Stage::Open) == Stage::Opening {
            to.is_certain(at.finding(Problem::NoCheckpoint));
        }
    }
}
