//! Verifying: every line against the one before it, every checkpoint against the lines, every
//! signature against the key.

use std::io;
use std::sync::Arc;

use kaos_events::codec;

use super::line::Line;
use super::log::Head;
use super::own::{Cause, CheckpointNote, FORMAT, OwnRecord, SegmentStart};
use super::reader::{OpenSegment, Reader, beginning};
use super::report::{Finding, Problem, Torn, Verification};
use super::segment::{self, Piece};
use super::{Checkpoint, Hash, LogId, Storage, VerifyingKey};

/// Verifies a trail.
#[must_use = "nothing is verified before `run`"]
pub struct Verifier {
    storage: Arc<dyn Storage>,
    has_writer: bool,
    key: Option<VerifyingKey>,
    anchors: Vec<Checkpoint>,
    progress: Box<dyn FnMut(u64) + Send>,
}

impl Verifier {
    pub(super) fn new(storage: Arc<dyn Storage>, has_writer: bool) -> Self {
        Self {
            storage,
            has_writer,
            key: None,
            anchors: Vec::new(),
            progress: Box::new(|_records| ()),
        }
    }

    /// Every checkpoint must be signed by this key. Without it, signatures are compared with the
    /// key that the trail itself names, which proves no more than that it is whole.
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.key = Some(key);
        self
    }

    /// The trail must hold what this checkpoint, kept elsewhere, covers; may be given more than
    /// once.
    pub fn anchor(mut self, anchor: Checkpoint) -> Self {
        self.anchors.push(anchor);
        self
    }

    /// Told now and then how many records are done.
    pub fn progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Reads the whole trail.
    ///
    /// # Errors
    ///
    /// The files cannot be listed.
    pub fn run(mut self) -> io::Result<Verification> {
        let mut reader = Reader::new(Arc::clone(&self.storage))?;
        let mut walk = Walk::new(self.key.as_ref(), &self.anchors, self.has_writer);
        while let Some(segment) = reader.next_segment() {
            match segment {
                Ok(segment) => walk.segment(segment, &mut self.progress),
                Err((name, error)) => {
                    let first = segment::first_of(&name);
                    walk.find(&name, 0, first, Problem::Unreadable(error.to_string()));
                }
            }
        }
        Ok(walk.end())
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("key", &self.key)
            .field("anchors", &self.anchors.len())
            .finish_non_exhaustive()
    }
}

/// How far a verification has come.
struct Walk<'v> {
    key: Option<&'v VerifyingKey>,
    anchors: Vec<(&'v Checkpoint, bool)>,
    has_writer: bool,
    /// After the last record; `None` before the first.
    head: Option<Head>,
    /// The key that the current segment names.
    named: Option<VerifyingKey>,
    /// Damage that may be a torn end, until a later line says that it was on the disk.
    doubtful: Vec<Finding>,
    report: Verification,
}

impl<'v> Walk<'v> {
    fn new(key: Option<&'v VerifyingKey>, anchors: &'v [Checkpoint], has_writer: bool) -> Self {
        Self {
            key,
            anchors: anchors.iter().map(|anchor| (anchor, false)).collect(),
            has_writer,
            head: None,
            named: None,
            doubtful: Vec::new(),
            report: Verification {
                key_given: key.is_some(),
                ..Verification::default()
            },
        }
    }

    fn find(&mut self, segment: &str, offset: u64, seq: Option<u64>, problem: Problem) {
        // After damage that may be a torn end, what a line says is in doubt, too.
        let of_line = offset > 0 && !matches!(problem, Problem::Unreadable(_));
        let finding = Finding {
            segment: segment.to_owned(),
            offset,
            seq,
            problem,
        };
        if of_line && !self.doubtful.is_empty() {
            self.doubtful.push(finding);
        } else {
            self.report.find(finding);
        }
    }

    fn segment(&mut self, mut segment: OpenSegment, progress: &mut dyn FnMut(u64)) {
        self.report.segments += 1;
        let (name, first, until) = (segment.name.clone(), segment.first, segment.until);
        let (mut is_first, mut end) = (true, 0);
        // The stored hash of the line before, whatever came of it.
        let mut before: Option<Hash> = None;
        loop {
            let piece = match segment.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    self.find(&name, end, None, Problem::Unreadable(error.to_string()));
                    break;
                }
            };
            if until.is_some_and(|until| self.next() >= until && !is_first) {
                break; // it stands in the next segment again
            }
            end = piece.offset + piece.bytes.len() as u64 + u64::from(piece.whole);
            if std::mem::take(&mut is_first) {
                self.begin(&name, first, &piece);
            }
            let line = Line::parse(piece.bytes).filter(|_| piece.whole);
            self.line(&name, &piece, line.as_ref(), before);
            before = line.map(|line| line.h);
            if self.report.records.is_multiple_of(4096) {
                progress(self.report.records);
            }
        }
        if is_first {
            self.find(&name, 0, Some(first), Problem::NoBeginning);
        }
        self.doubts(&name, end, segment.is_last);
    }

    fn next(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.next)
    }

    /// Compares what a segment's first line says with where the log stands.
    fn begin(&mut self, name: &str, first: u64, piece: &Piece<'_>) {
        let Some((start, stated)) = beginning(piece) else {
            self.find(name, 0, Some(first), Problem::NoBeginning);
            return;
        };
        if start.format > FORMAT {
            self.find(name, 0, Some(first), Problem::NewerFormat(start.format));
        }
        if stated.next != first {
            self.find(name, 0, Some(stated.next), Problem::Renamed);
        }
        let is_other = |log: LogId| log.trail != stated.log.trail;
        if self.report.log.is_some_and(is_other) {
            self.find(name, 0, Some(first), Problem::OtherTrail);
        }
        self.report.log = Some(stated.log);
        self.key_of(name, first, &start);
        let continues = |head: &Head| {
            head.next == stated.next && head.prev == stated.prev && head.tree == stated.tree
        };
        let anew = stated.tree.size() == 0 && stated.prev == Hash::default();
        match &self.head {
            Some(head) if head.log == stated.log => {
                if head.next < stated.next {
                    let (from, to) = (head.next, stated.next);
                    self.find(name, 0, Some(from), Problem::Missing { from, to });
                } else if !continues(head) {
                    self.find(name, 0, Some(first), Problem::DoesNotContinue);
                }
            }
            Some(_) if start.cause == Cause::Restarted && anew => {
                self.find(name, 0, Some(first), Problem::Restarted);
            }
            None if stated.log.base == 0 && anew => {}
            None => {
                let (from, to) = (0, stated.next);
                self.find(name, 0, Some(from), Problem::Missing { from, to });
            }
            Some(_) => self.find(name, 0, Some(first), Problem::DoesNotContinue),
        }
        self.head = Some(stated);
    }

    fn key_of(&mut self, name: &str, first: u64, start: &SegmentStart) {
        let named = start.key.as_ref().map(|key| key.parse());
        if let Some(Err(_)) = &named {
            let problem = Problem::Malformed("its key is none".into());
            self.find(name, 0, Some(first), problem);
        }
        self.named = named.and_then(Result::ok);
        self.report.named_key.clone_from(&start.key);
    }

    fn line(
        &mut self,
        name: &str,
        piece: &Piece<'_>,
        line: Option<&Line<'_>>,
        before: Option<Hash>,
    ) {
        let Some(head) = &mut self.head else { return };
        let problem = match line {
            None if piece.whole => Some(Problem::NoLine),
            None => Some(Problem::CutOff),
            Some(line) if line.seq != head.next => Some(Problem::WrongNumber(line.seq)),
            Some(line) if !line.follows(&head.prev) => Some(Problem::BrokenChain),
            Some(_) => None,
        };
        let follows = problem.is_none();
        if let Some(problem) = problem {
            self.doubtful.push(Finding {
                segment: name.to_owned(),
                offset: piece.offset,
                seq: Some(head.next),
                problem,
            });
            self.doubtful.truncate(64);
        }
        let Some(line) = line else {
            head.next += 1;
            return;
        };
        let said = line
            .synced
            .filter(|_| before.is_none_or(|prev| line.follows(&prev)));
        self.sure(said);
        self.report.records += 1;
        if !follows {
            // What a damaged line says, and whether it can be read, says nothing.
        } else if OwnRecord::is_in(line.body) {
            self.own(name, piece.offset, line);
        } else if let Err(error) = codec::decode(line.record().as_bytes()) {
            let why = format!("{}", error.kind());
            self.find(name, piece.offset, Some(line.seq), Problem::Malformed(why));
        }
        let Some(head) = &mut self.head else { return };
        head.tree.push(line.bytes);
        head.prev = line.h;
        head.next = line.seq.saturating_add(1);
        self.report.after_newest += 1;
        self.anchored();
    }

    /// A record says what was on the disk: damage up to there was no torn end.
    fn sure(&mut self, synced: Option<u64>) {
        let Some(synced) = synced else { return };
        let sure = |finding: &mut Finding| finding.seq.is_some_and(|seq| seq <= synced);
        for finding in self.doubtful.extract_if(.., sure) {
            self.report.find(finding);
        }
    }

    fn own(&mut self, name: &str, offset: u64, line: &Line<'_>) {
        match OwnRecord::read(&line.record()) {
            Ok(OwnRecord::Checkpoint(note)) => self.checkpoint(name, offset, line.seq, &note),
            Ok(OwnRecord::Recovery(recovery)) => self.report.recoveries.push(recovery),
            Ok(OwnRecord::Gap(gap)) => self.report.gaps.push(gap),
            Ok(OwnRecord::Segment(_)) => {}
            Err(error) if error.to_string().starts_with("unknown variant") => {}
            Err(error) => {
                let why = error.to_string();
                self.find(name, offset, Some(line.seq), Problem::Malformed(why));
            }
        }
    }

    fn checkpoint(&mut self, name: &str, offset: u64, seq: u64, note: &CheckpointNote) {
        let Some(head) = &self.head else { return };
        let checkpoint: Checkpoint = match note.note.parse() {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                let why = format!("{error}");
                return self.find(name, offset, Some(seq), Problem::Malformed(why));
            }
        };
        let there = Checkpoint::of(head.log, &head.tree);
        let covers = (checkpoint.log, checkpoint.size, checkpoint.root)
            == (there.log, there.size, there.root);
        let signed = match self.key.or(self.named.as_ref()) {
            Some(key) => checkpoint.is_signed_by(key),
            None => !checkpoint.is_signed(),
        };
        // After what may be a torn end it is no more certain than the records that it covers.
        if !covers && self.doubtful.is_empty() {
            let from = head.log.base + self.report.newest.as_ref().map_or(0, |newest| newest.size);
            let problem = Problem::OtherRecords { from, to: seq };
            self.find(name, offset, Some(seq), problem);
        }
        if !signed {
            self.find(name, offset, Some(seq), Problem::NotSigned);
        }
        if self.doubtful.is_empty() {
            self.report.checkpoints += 1;
            if covers {
                self.report.after_newest = 0;
                self.report.newest = Some(checkpoint);
            }
        }
    }

    /// Compares the tree with the anchors of this size.
    fn anchored(&mut self) {
        let Some(head) = &self.head else { return };
        if let Some(after) = &mut self.report.after_anchor {
            *after += 1;
        }
        let mut other = None;
        for (anchor, seen) in &mut self.anchors {
            if anchor.log == head.log && anchor.size == head.tree.size() {
                *seen = true;
                self.report.after_anchor = Some(0);
                if anchor.root != head.tree.root() {
                    other = Some((head.log.base, head.next));
                }
            }
        }
        if let Some((from, to)) = other {
            self.find("anchor", 0, Some(from), Problem::OtherRecords { from, to });
        }
    }

    /// What is still doubtful when a segment ends.
    fn doubts(&mut self, name: &str, end: u64, torn: bool) {
        let doubtful = std::mem::take(&mut self.doubtful);
        if !torn {
            for finding in doubtful {
                self.report.find(finding);
            }
            return;
        }
        let being_written = |finding: &Finding| finding.problem == Problem::CutOff;
        if self.has_writer && doubtful.iter().all(being_written) {
            return;
        }
        if let Some(first) = doubtful.first() {
            self.report.torn = Some(Torn {
                segment: name.to_owned(),
                from_seq: first.seq.unwrap_or_default(),
                offset: first.offset,
                bytes: end.saturating_sub(first.offset),
            });
        }
    }

    fn end(mut self) -> Verification {
        if self.report.key_given && self.report.checkpoints == 0 {
            self.find("trail", 0, None, Problem::NotSigned);
        }
        self.report.findings.sort_by_key(|finding| finding.seq);
        for (anchor, seen) in std::mem::take(&mut self.anchors) {
            if self.key.is_some_and(|key| !anchor.is_signed_by(key)) {
                self.find("anchor", 0, None, Problem::NotSigned);
            }
            let Some(head) = self.head.as_ref().filter(|head| head.log == anchor.log) else {
                if !seen {
                    self.find("anchor", 0, None, Problem::OtherTrail);
                }
                continue;
            };
            let (from, to) = (head.next, head.log.base + anchor.size);
            if from < to {
                self.find("anchor", 0, Some(from), Problem::Missing { from, to });
            }
        }
        self.report
    }
}
