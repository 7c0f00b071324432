use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use kaos_events::{EventBuf, RunId, SpanId, TraceId, Value, codec};

use super::directory::Directory;
use super::line::Line;
use super::own::OwnRecord;
use super::reader::{OpenSegment, Reader};
use super::{
    AuditError, Checkpoint, ConsistencyProof, InclusionProof, Storage, Verification, Verifier,
    prove,
};

/// An audit trail that is read; a writer may be at work in it.
///
/// # Example
///
/// ```no_run
/// use kaos_hooks::audit::{Content, Filter, Trail};
///
/// let trail = Trail::open_read("trail")?;
/// let of_session = Filter { session: Some("session-1".into()), ..Filter::default() };
/// for record in trail.records(of_session)? {
///     if let Content::Event(event) = record?.content {
///         println!("{}", event.to_line());
///     }
/// }
/// println!("{}", trail.verify()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Trail {
    storage: Arc<dyn Storage>,
    directory: Option<Directory>,
}

impl Trail {
    /// The trail in this directory.
    ///
    /// # Errors
    ///
    /// There is no such directory, it cannot be read, or there is no trail in it.
    pub fn open_read(directory: impl Into<PathBuf>) -> Result<Self, AuditError> {
        let path = directory.into();
        let failed = |error| AuditError::new(path.display().to_string(), error);
        let directory = Directory::existing(&path).map_err(failed)?;
        let trail = Self {
            storage: Arc::new(directory.clone()),
            directory: Some(directory),
        };
        trail.not_empty().map_err(failed)?;
        Ok(trail)
    }

    /// The trail in this storage.
    ///
    /// # Errors
    ///
    /// As of [`open_read`](Self::open_read).
    pub fn on(storage: impl Storage) -> Result<Self, AuditError> {
        let place = storage.place();
        let trail = Self {
            storage: Arc::new(storage),
            directory: None,
        };
        match trail.not_empty() {
            Ok(()) => Ok(trail),
            Err(error) => Err(AuditError::new(place, error)),
        }
    }

    fn not_empty(&self) -> io::Result<()> {
        if super::segment::among(self.storage.list()?).is_empty() {
            let message = "there is no trail in it: no seg-….jsonl";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(())
    }

    /// The records that `filter` lets through, in order. What does not parse is left out, and so
    /// is a last line that is being written: whether all is as it was written, only
    /// [`verify`](Self::verify) tells.
    ///
    /// # Errors
    ///
    /// The files cannot be listed; later, in the iterator, one cannot be read, which is said once,
    /// before the records of the next file.
    pub fn records(&self, filter: Filter) -> io::Result<Records> {
        Ok(Records {
            reader: Reader::new(Arc::clone(&self.storage), None)?,
            segment: None,
            filter,
        })
    }

    /// Verifies chain, tree and signatures, without a key and without anchors.
    ///
    /// # Errors
    ///
    /// The files cannot be listed. What is wrong with the trail is no error but part of the report.
    pub fn verify(&self) -> io::Result<Verification> {
        self.verifier().run()
    }

    /// A proof that a record is in the log, under the newest checkpoint over it, for somebody who
    /// has the key and not the trail.
    ///
    /// # Errors
    ///
    /// The files cannot be listed; there is no such record, it is damaged, or no checkpoint covers
    /// it.
    pub fn prove_inclusion(&self, record: u64) -> io::Result<InclusionProof> {
        prove::inclusion(&self.storage, record)
    }

    /// A proof that the newest checkpoint covers what an older one of the same log covers.
    ///
    /// # Errors
    ///
    /// The files cannot be listed; the trail does not hold what the older one covers, or so many of
    /// its records were removed that it cannot be shown.
    pub fn prove_consistency(&self, old: &Checkpoint) -> io::Result<ConsistencyProof> {
        prove::consistency(&self.storage, old)
    }

    /// Verifies with a key, with anchors, with a progress display.
    pub fn verifier(&self) -> Verifier {
        let directory = self.directory.as_ref();
        let has_writer = directory.is_some_and(Directory::has_writer);
        Verifier::new(Arc::clone(&self.storage), has_writer)
    }
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trail").field(&self.storage.place()).finish()
    }
}

/// One line of a trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its number in the trail, from 0 without a gap.
    pub seq: u64,
    /// The highest number that was known to be on the disk when it was written.
    pub synced: Option<u64>,
    /// What it says.
    pub content: Content,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An event of a run, redacted.
    Event(Box<EventBuf>),
    /// Something about the trail itself.
    Own(OwnRecord),
}

/// Which records are wanted; a field that is `None` lets all through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Of this session.
    pub session: Option<String>,
    /// Of this run: a turn, or a sub-agent's.
    pub run: Option<RunId>,
    /// Of this trace.
    pub trace: Option<TraceId>,
    /// About this span.
    pub span: Option<SpanId>,
    /// About calls of this tool.
    pub tool: Option<String>,
    /// Not before this time, in nanoseconds since 1970.
    pub since: Option<u64>,
    /// Before this time, in nanoseconds since 1970.
    pub until: Option<u64>,
    /// Also what the trail says about itself.
    pub own: bool,
}

impl Filter {
    fn wants(&self, content: &Content) -> bool {
        match content {
            Content::Event(event) => self.matches(event),
            Content::Own(_) => self.own,
        }
    }

    /// Whether an event is let through.
    pub fn matches(&self, event: &EventBuf) -> bool {
        fn is<T: PartialEq<U>, U>(wanted: Option<&T>, found: Option<&U>) -> bool {
            wanted.is_none_or(|wanted| found.is_some_and(|found| wanted == found))
        }
        let run = &event.run;
        let at = event.time.unix_nanos;
        is(
            self.session.as_deref().as_ref(),
            run.session.name().as_ref(),
        ) && is(self.run.as_ref(), Some(&run.id))
            && is(self.trace.as_ref(), Some(&run.trace_id))
            && is(self.span.as_ref(), span_of(event).as_ref())
            && is(self.tool.as_deref().as_ref(), tool_of(event).as_ref())
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
}

fn span_of(event: &EventBuf) -> Option<SpanId> {
    match &event.body {
        kaos_events::BodyBuf::Span(span) => Some(span.id),
        kaos_events::BodyBuf::Value { span, .. } => *span,
        kaos_events::BodyBuf::Unknown(_) => None,
    }
}

fn tool_of(event: &EventBuf) -> Option<&str> {
    let tool = event.span().and_then(|span| span.subject.tool());
    match (tool, event.value()) {
        (Some(tool), _) => Some(tool),
        (_, Some(Value::GateDecided(decided))) => Some(&decided.tool),
        (_, Some(Value::ApprovalRequired(required))) => Some(&required.tool),
        _ => None,
    }
}

/// The records of a trail; see [`Trail::records`].
pub struct Records {
    reader: Reader,
    segment: Option<OpenSegment>,
    filter: Filter,
}

impl Records {
    fn try_next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let segment = match &mut self.segment {
                Some(segment) => segment,
                none => match self.reader.next_segment() {
                    None => return Ok(None),
                    Some(Ok(next)) => none.insert(next),
                    Some(Err((name, error))) => {
                        let message = format!("{name} cannot be read: {error}");
                        return Err(io::Error::new(error.kind(), message));
                    }
                },
            };
            let until = segment.until;
            let piece = match segment.next() {
                Ok(Some(piece)) => piece,
                // An error is said once: the rest of that file is passed over.
                over => {
                    let error = over.err();
                    self.segment = None;
                    match error {
                        Some(error) => return Err(error),
                        None => continue,
                    }
                }
            };
            let line = piece.line();
            let Some(line) = line.filter(|line| until.is_none_or(|until| line.seq < until)) else {
                continue;
            };
            if let Some(content) = content_of(&line)
                && self.filter.wants(&content)
            {
                return Ok(Some(Record {
                    seq: line.seq,
                    synced: line.synced,
                    content,
                }));
            }
        }
    }
}

/// What a line says; `None` when it says nothing that can be read.
fn content_of(line: &Line<'_>) -> Option<Content> {
    if OwnRecord::is_in(line.body) {
        return OwnRecord::read(line).ok().map(Content::Own);
    }
    let event = codec::decode(&line.record()).ok()?;
    Some(Content::Event(Box::new(event)))
}

impl Iterator for Records {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<io::Result<Record>> {
        self.try_next().transpose()
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records")
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}
