use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::regular::read_text;
use super::{Checkpoint, InvalidCheckpoint, Refused};
use crate::dispatch::isolate::isolated;

/// The most bytes of a checkpoint's file.
const MAX_BYTES: u64 = 64 * 1024;

/// A place outside the trail that holds its newest checkpoint.
///
/// A log that was cut back to an earlier checkpoint looks whole by itself. Who holds a later
/// checkpoint sees the cut: put it where whoever can write the trail cannot.
///
/// A closure over the checkpoint's text is an anchor. One that panics has failed.
///
/// # Example
///
/// A second service keeps the newest checkpoint, and gives it back when the trail is opened:
///
/// ```
/// use std::io;
/// use kaos_hooks::audit::{Anchor, AuditHook};
///
/// # struct Client;
/// # impl Client {
/// #     fn put(&self, _: &str, _: &str) -> io::Result<()> { Ok(()) }
/// #     fn get(&self, _: &str) -> io::Result<Option<String>> { Ok(None) }
/// # }
/// struct Witness(Client); // of yours, with a time limit
///
/// impl Anchor for Witness {
///     fn publish(&mut self, checkpoint: &str) -> io::Result<()> {
///         self.0.put("trails/acme-prod", checkpoint)
///     }
///
///     fn newest(&self) -> io::Result<Option<String>> {
///         self.0.get("trails/acme-prod")
///     }
/// }
///
/// let builder = AuditHook::builder("trail").anchor(Witness(Client));
/// ```
pub trait Anchor: Send + 'static {
    /// Takes the newest checkpoint, as text. Called from the trail's writer, so it should not take
    /// long.
    ///
    /// # Errors
    ///
    /// Why it could not be kept. The trail goes on; the failure is counted and logged once.
    fn publish(&mut self, checkpoint: &str) -> io::Result<()>;

    /// The checkpoint that was published last, where it can be read back: a trail that does not hold
    /// what it covers is not opened.
    ///
    /// # Errors
    ///
    /// Why it cannot be read. The trail is not opened: who could make the anchor unreadable could
    /// also have cut the trail back.
    fn newest(&self) -> io::Result<Option<String>> {
        Ok(None)
    }
}

impl<F: FnMut(&str) -> io::Result<()> + Send + 'static> Anchor for F {
    fn publish(&mut self, checkpoint: &str) -> io::Result<()> {
        self(checkpoint)
    }
}

/// A file that holds the newest checkpoint: on another disk, or where only this process may write.
///
/// A regular file of at most 64 KiB: a pipe or a device is refused. It never goes back: a checkpoint of another trail, one over fewer records, or one over as many
/// others is refused. It is replaced at once, and is on the disk when [`publish`](Anchor::publish)
/// returns.
#[derive(Debug, Clone)]
pub struct AnchorFile(PathBuf);

impl AnchorFile {
    /// The file at this path; it is replaced at each checkpoint.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn held(&self) -> io::Result<Option<Checkpoint>> {
        let Some(text) = self.newest()? else {
            return Ok(None);
        };
        let held = text.parse::<Checkpoint>();
        held.map(Some)
            .map_err(|error| invalid(&format!("what it holds is {error}")))
    }
}

impl Anchor for AnchorFile {
    fn publish(&mut self, checkpoint: &str) -> io::Result<()> {
        let new: Checkpoint = checkpoint
            .parse()
            .map_err(|error: InvalidCheckpoint| invalid(&format!("{error}")))?;
        if self.held()?.is_some_and(|held| !new.may_follow(&held)) {
            return Err(invalid(
                "it holds a checkpoint that this one does not continue",
            ));
        }
        // Never half of one: the file is replaced at once.
        let mut unfinished = self.0.clone().into_os_string();
        unfinished.push(".tmp");
        // What is there is left over, or a link to somewhere else: it is not written through.
        let _absent = std::fs::remove_file(&unfinished);
        let mut file = File::create_new(&unfinished)?;
        file.write_all(checkpoint.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &self.0)?;
        sync_name(&self.0)
    }

    fn newest(&self) -> io::Result<Option<String>> {
        match read_text(&self.0, MAX_BYTES) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let message = format!("anchor {}: {error}", self.0.display());
                Err(io::Error::new(error.kind(), message))
            }
        }
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Waits until a file's name is on the disk.
fn sync_name(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if cfg!(unix) {
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// The anchors of a trail.
#[derive(Default)]
pub(super) struct Anchors {
    pub(super) all: Vec<Box<dyn Anchor>>,
    failed: u64,
}

impl Anchors {
    pub(super) fn new(all: Vec<Box<dyn Anchor>>) -> Self {
        Self { all, failed: 0 }
    }

    /// What they hold.
    pub(super) fn newest(&self) -> Result<Vec<Checkpoint>, Refused> {
        let mut held = Vec::new();
        for anchor in &self.all {
            let unreadable = |why: String| Refused::Anchor { why };
            if let Some(text) = isolated(|| anchor.newest())
                .unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
                .map_err(|error| unreadable(error.to_string()))?
            {
                held.push(
                    text.parse::<Checkpoint>()
                        .map_err(|error| unreadable(error.to_string()))?,
                );
            }
        }
        Ok(held)
    }

    pub(super) fn publish(&mut self, checkpoint: &str) {
        for anchor in &mut self.all {
            let published = isolated(|| anchor.publish(checkpoint));
            if let Err(error) = published.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                self.failed += 1;
                if self.failed == 1 {
                    tracing::warn!(%error, "a checkpoint of the audit trail could not be anchored");
                }
            }
        }
    }
}
