use std::io;

use kaos_events::EventBuf;

use super::Recovery;
use super::ready::Ready;
use super::writer::Batch;

/// A trail without a thread: each write is made by the caller. For tests of what a disk can do; a
/// program wants an [`AuditHook`](super::AuditHook).
///
/// Dropping it is a crash: nothing is written or sealed.
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{AuditHook, ByHand, Recovery, Trail};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-by-hand-doc-{}", std::process::id()));
/// let mut trail: ByHand = AuditHook::builder(&dir).open_by_hand()?;
/// trail.write_redacted(vec![br#"{"type":"unknown to us"}"#.to_vec()])?;
/// drop(trail); // as if the process had been killed: no seal
///
/// let mut again = AuditHook::builder(&dir).open_by_hand()?;
/// let found: &[Recovery] = again.recoveries();
/// assert!(!found.is_empty());
/// again.seal()?;
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ByHand(Ready);

impl ByHand {
    pub(super) const fn new(ready: Ready) -> Self {
        Self(ready)
    }

    /// What was found when the trail was opened.
    pub fn recoveries(&self) -> &[Recovery] {
        &self.0.recoveries
    }

    /// Writes events at once, as the writer's thread does; they are safe when it returns.
    ///
    /// # Errors
    ///
    /// Why they could not be written. None of them counts as written, and the next write begins a
    /// new segment.
    pub fn write(&mut self, events: Vec<EventBuf>) -> io::Result<()> {
        let mut batch = Batch::default();
        self.0.writer.add(events.into_iter(), &mut batch);
        self.0.writer.write(&batch)
    }

    /// Writes lines that are redacted already: what is left of the writer's work is its hash, tree,
    /// signature and write.
    ///
    /// # Errors
    ///
    /// As of [`write`](Self::write).
    pub fn write_redacted(&mut self, records: Vec<Vec<u8>>) -> io::Result<()> {
        let batch = Batch {
            records,
            checkpoint: false,
        };
        self.0.writer.write(&batch)
    }

    /// Seals and closes the trail.
    ///
    /// # Errors
    ///
    /// Why the last checkpoint could not be written.
    pub fn seal(&mut self) -> io::Result<()> {
        self.0.writer.log.seal()
    }
}

impl std::fmt::Debug for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByHand").finish_non_exhaustive()
    }
}
