//! The second part: whether each line follows from the one before it, and each segment from its
//! neighbour. It knows of no keys, and of no record but a segment's first.

use std::io;

use kaos_events::TraceId;

use super::findings::{Findings, Place};
use super::judge::{Begins, Judge};
use crate::audit::head::Head;
use crate::audit::line::Line;
use crate::audit::own::{Cause, FORMAT, SegmentStart};
use crate::audit::problem::Problem;
use crate::audit::reader::{Numbering, OpenSegment, Standing};
use crate::audit::report::Torn;
use crate::audit::scan::newer;
use crate::audit::segment;
use crate::audit::{Hash, LogId};

/// How far the reading has come.
pub(super) struct Chain {
    /// The trail that is expected, or that the first segment is of.
    pub(super) trail: Option<TraceId>,
    has_writer: bool,
    /// After the last record; `None` before the first segment that can be read.
    head: Option<Head>,
    /// The number that is expected where the next line stands.
    numbering: Numbering,
    /// The number after the last line that has a form: what the next segment is measured by, since
    /// junk is no record.
    pub(super) after: u64,
    format: u32,
    pub(super) log: Option<LogId>,
    pub(super) segments: u64,
    pub(super) records: u64,
    pub(super) torn: Option<Torn>,
}

impl Chain {
    /// `trail`: the only one that is expected.
    pub(super) fn new(trail: Option<TraceId>, has_writer: bool) -> Self {
        Self {
            trail,
            has_writer,
            head: None,
            numbering: Numbering::default(),
            after: 0,
            format: 0,
            log: None,
            segments: 0,
            records: 0,
            torn: None,
        }
    }

    /// One more file.
    pub(super) fn next(
        &mut self,
        segment: Result<OpenSegment, (String, io::Error)>,
        judge: &mut dyn Judge,
        findings: &mut Findings,
        progress: &mut dyn FnMut(u64),
    ) {
        match segment {
            Ok(segment) => self.segment(segment, judge, findings, progress),
            Err((name, error)) => {
                let first = segment::first_of(&name);
                findings.of_file(&name, first, Problem::Unreadable(error.to_string()));
            }
        }
    }

    fn segment(
        &mut self,
        mut segment: OpenSegment,
        judge: &mut dyn Judge,
        findings: &mut Findings,
        progress: &mut dyn FnMut(u64),
    ) {
        self.segments += 1;
        let (name, first) = (segment.name.clone(), segment.first);
        let (mut is_first, mut end) = (true, 0);
        // The stored hash of the line before, whatever came of it.
        let mut before: Option<Hash> = None;
        loop {
            let standing = match segment.next(&mut self.numbering) {
                Ok(Some(standing)) => standing,
                Ok(None) => break,
                Err(error) => {
                    let problem = Problem::Unreadable(error.to_string());
                    findings.of_file(&name, Some(self.numbering.next), problem);
                    break;
                }
            };
            end = standing.piece.offset + standing.piece.stored;
            if std::mem::take(&mut is_first) {
                self.begin(&name, first, &standing, judge, findings);
            }
            self.line(&name, &standing, before, judge, findings);
            before = standing.line.map(|line| line.h);
            if self.records.is_multiple_of(4096) {
                progress(self.records);
            }
        }
        if is_first {
            self.numbering.begins(first, None);
            self.without_beginning(&name, first, Problem::NoBeginning, findings);
        }
        let at = Place {
            segment: &name,
            offset: end,
            seq: self.numbering.next,
        };
        judge.ends(&at, findings);
        self.doubts(&name, end, segment.is_last, findings);
    }

    /// Compares what a segment's first line says with where the log stands.
    fn begin(
        &mut self,
        name: &str,
        first: u64,
        standing: &Standing<'_>,
        judge: &mut dyn Judge,
        findings: &mut Findings,
    ) {
        let piece = &standing.piece;
        let Some((start, stated)) = standing.first.clone().flatten() else {
            let problem = match piece.line().as_ref().and_then(newer) {
                Some(format) => Problem::NewerFormat(format),
                None if piece.whole && is_crlf(piece.bytes) => Problem::LineEnd,
                None => Problem::NoBeginning,
            };
            return self.without_beginning(name, first, problem, findings);
        };
        let number = stated.next;
        let mut find = |problem| findings.of_file(name, Some(number), problem);
        if start.format > FORMAT {
            find(Problem::NewerFormat(start.format));
        } else if start.format < self.format {
            find(Problem::OlderFormat(start.format));
        }
        self.format = self.format.max(start.format);
        if number != first {
            find(Problem::Renamed);
        }
        if *self.trail.get_or_insert(stated.log.trail) != stated.log.trail {
            find(Problem::OtherTrail);
        }
        if let Some(problem) = self.compare(&start, &stated) {
            let seq = problem.first().unwrap_or(number);
            findings.of_file(name, Some(seq), problem);
        }
        let begins = Begins {
            start: &start,
            head: &stated,
            is_first: self.log.is_none(),
        };
        let at = Place {
            segment: name,
            offset: 0,
            seq: stated.next,
        };
        judge.begins(&at, &begins, findings);
        self.log = Some(stated.log);
        self.after = number;
        self.head = Some(stated);
    }

    /// A segment whose first record cannot be read: its lines stand where its name says.
    fn without_beginning(
        &mut self,
        name: &str,
        first: u64,
        problem: Problem,
        findings: &mut Findings,
    ) {
        findings.of_file(name, Some(first), problem);
        if self.head.is_some() && self.after < first {
            let (from, to) = (self.after, first);
            findings.of_file(name, Some(from), Problem::Missing { from, to });
        }
        self.after = self.after.max(first);
    }

    /// Whether the segment goes on where the one before it ended.
    fn compare(&self, start: &SegmentStart, stated: &Head) -> Option<Problem> {
        let (from, to) = (self.after, stated.next);
        let anew = stated.tree.size() == 0 && stated.prev == Hash::default();
        match &self.head {
            Some(head) if head.log == stated.log => {
                let continues = from == to && head.prev == stated.prev && head.tree == stated.tree;
                if from < to {
                    Some(Problem::Missing { from, to })
                } else {
                    (!continues).then_some(Problem::DoesNotContinue)
                }
            }
            Some(_) if start.cause == Cause::Restarted && anew && from <= to => {
                Some(Problem::Restarted { from, to })
            }
            Some(_) => Some(Problem::DoesNotContinue),
            // Where records were missing when it was opened, a new log begins after them.
            None if anew && from == to => None,
            None => Some(Problem::Missing { from: 0, to }),
        }
    }

    fn line(
        &mut self,
        name: &str,
        standing: &Standing<'_>,
        before: Option<Hash>,
        judge: &mut dyn Judge,
        findings: &mut Findings,
    ) {
        let Standing {
            piece,
            expected,
            line,
            ..
        } = standing;
        let (expected, line) = (*expected, line.as_ref());
        let at = Place {
            segment: name,
            offset: piece.offset,
            seq: expected,
        };
        judge.piece(&at, piece.bytes);
        let Some(head) = &mut self.head else {
            self.after = self.numbering.next;
            return;
        };
        // A later line may say that what is in doubt was on the disk.
        let follows_stored = |line: &&Line<'_>| before.is_none_or(|prev| line.follows(&prev));
        if let Some(synced) = line.filter(follows_stored).and_then(|line| line.synced) {
            findings.was_safe(synced);
        }
        let problem = match line {
            None if piece.is_cut_off() => Some(Problem::CutOff),
            None if is_crlf(piece.bytes) => Some(Problem::LineEnd),
            None => Some(Problem::NoLine),
            Some(line) if line.seq != expected => Some(Problem::WrongNumber {
                found: line.seq,
                expected,
            }),
            Some(line) if !line.follows(&head.prev) => Some(Problem::BrokenChain),
            Some(_) => None,
        };
        let follows = problem.is_none();
        if let Some(problem) = problem {
            findings.doubt(&at, problem);
        }
        let Some(line) = line else {
            return;
        };
        self.records += 1;
        if follows {
            judge.record(&at, line, head, findings);
        }
        head.tree.push(line.bytes);
        head.prev = line.h;
        head.next = line.seq + 1;
        self.after = head.next;
        judge.grown(head, findings);
    }

    /// What is still doubtful when a segment ends.
    fn doubts(&mut self, name: &str, end: u64, is_last: bool, findings: &mut Findings) {
        if !is_last {
            return findings.was_safe(u64::MAX);
        }
        let Some((first, is_all)) = findings.torn() else {
            return;
        };
        if self.has_writer && is_all && first.problem == Problem::CutOff {
            return; // it is being written
        }
        self.torn = Some(Torn {
            segment: name.to_owned(),
            from_seq: first.seq.unwrap_or_default(),
            offset: first.offset,
            bytes: end.saturating_sub(first.offset),
        });
    }
}

/// Whether it would be a line, but for the byte before its line break.
fn is_crlf(bytes: &[u8]) -> bool {
    bytes
        .strip_suffix(b"\r")
        .is_some_and(|line| Line::parse(line).is_some())
}
