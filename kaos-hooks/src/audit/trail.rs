mod filter;
mod follow;
mod placing;
mod records;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::directory::Directory;
use super::position::Position;
use super::{
    AuditError, Checkpoint, ConsistencyProof, InclusionProof, Storage, Verification, Verifier,
    prove,
};
pub use filter::Filter;
pub use follow::{Follow, SegmentFile, TrailFiles, UnreadableFile};
pub use placing::Placed;
pub use records::Records;

/// An audit trail that is read; a writer may be at work in it.
///
/// # Example
///
/// ```no_run
/// use kaos_hooks::audit::{Filter, Record, RecordContent, Records, Trail};
///
/// let trail = Trail::open_read("trail")?;
/// let of_session = Filter { session: Some("session-1".into()), ..Filter::default() };
/// let records: Records = trail.records(of_session)?;
/// for record in records {
///     let Record { seq, content, .. } = record?;
///     if let RecordContent::Event(event) = content {
///         println!("{seq}: {}", event.to_line());
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

    /// The records that `filter` lets through, in order. A record's number is that of its place: a line that claims
    /// another one is no record, whatever it says. It is left out and [counted](Records::passed_over), as is what does not parse;
    /// what a later segment supersedes is not there, and so
    /// is a last line that is being written: whether all is as it was written, only
    /// [`verify`](Self::verify) tells.
    ///
    /// # Errors
    ///
    /// The files cannot be listed; later, in the iterator, one cannot be read, which is said once,
    /// before the records of the next file.
    pub fn records(&self, filter: Filter) -> io::Result<Records> {
        Records::of(&self.storage, filter)
    }

    /// The records from this place on, each with its own: for an index, and for reading on where the
    /// former reading ended ([`Follow::position`]). As in [`records`](Self::records), what does not parse
    /// is left out; a last line that is being written is there the next time.
    ///
    /// A place whose segment was removed is the beginning of the next one. That a file was cut or
    /// replaced is not noticed here; [`segments`](Self::segments) tells.
    ///
    /// # Errors
    ///
    /// As of [`records`](Self::records).
    pub fn follow(&self, from: Position) -> io::Result<Follow> {
        Follow::of(&self.storage, from)
    }

    /// The trail's files, in the order of reading. One that is removed meanwhile is not among them; nor is one
    /// that cannot be read, which [`files`](Self::files) tells.
    ///
    /// # Errors
    ///
    /// The files cannot be listed.
    pub fn segments(&self) -> io::Result<Vec<SegmentFile>> {
        Ok(self.files()?.segments)
    }

    /// The trail's files, and what has the name of one and cannot be read.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use kaos_hooks::audit::{Trail, TrailFiles, UnreadableFile};
    ///
    /// let TrailFiles { segments, unreadable } = Trail::open_read("trail")?.files()?;
    /// for UnreadableFile { name, why } in unreadable {
    ///     eprintln!("{name} is not read: {why}; {} others are", segments.len());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The files cannot be listed.
    pub fn files(&self) -> io::Result<TrailFiles> {
        let mut files = TrailFiles::default();
        for (first, name) in super::segment::among(self.storage.list()?) {
            match self.storage.length(&name) {
                Ok(bytes) => files.segments.push(SegmentFile { name, first, bytes }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let why = error.to_string();
                    files.unreadable.push(UnreadableFile { name, why });
                }
            }
        }
        Ok(files)
    }

    /// Whether a writer has the trail open.
    pub fn has_writer(&self) -> bool {
        self.directory.as_ref().is_some_and(Directory::has_writer)
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

    /// The same of several records, reading the trail once. All are to be of one log, that of the first of
    /// them in the trail: one of a later log is refused.
    ///
    /// # Errors
    ///
    /// As of [`prove_inclusion`](Self::prove_inclusion), for the first record that cannot be proved.
    pub fn prove_inclusions(&self, records: &[u64]) -> io::Result<Vec<InclusionProof>> {
        prove::inclusions(&self.storage, records)
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
        Verifier::new(Arc::clone(&self.storage), self.has_writer())
    }
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trail").field(&self.storage.place()).finish()
    }
}
