use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// A place outside the trail that holds its newest checkpoint.
///
/// A log that was cut back to an earlier checkpoint looks whole by itself. Who holds a later
/// checkpoint sees the cut: put it where whoever can write the trail cannot.
///
/// A closure over the checkpoint's text is an anchor.
pub trait Anchor: Send + 'static {
    /// Takes the newest checkpoint, as text. Called from the trail's writer, so it should not take
    /// long.
    ///
    /// # Errors
    ///
    /// Why it could not be kept. The trail goes on; the failure is counted and logged once.
    fn publish(&mut self, checkpoint: &str) -> io::Result<()>;

    /// The checkpoint that was published last, where it can be read back: a trail with fewer
    /// records when it is opened has lost some.
    fn newest(&self) -> Option<String> {
        None
    }
}

impl<F: FnMut(&str) -> io::Result<()> + Send + 'static> Anchor for F {
    fn publish(&mut self, checkpoint: &str) -> io::Result<()> {
        self(checkpoint)
    }
}

/// A file that holds the newest checkpoint: on another disk, or where only this process may write.
#[derive(Debug, Clone)]
pub struct AnchorFile(PathBuf);

impl AnchorFile {
    /// The file at this path; it is replaced at each checkpoint.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Anchor for AnchorFile {
    fn publish(&mut self, checkpoint: &str) -> io::Result<()> {
        // Never half of one: the file is replaced at once.
        let mut unfinished = self.0.clone().into_os_string();
        unfinished.push(".tmp");
        // What is there is left over, or a link to somewhere else: it is not written through.
        let _absent = std::fs::remove_file(&unfinished);
        let mut file = File::create_new(&unfinished)?;
        file.write_all(checkpoint.as_bytes())?;
        std::fs::rename(&unfinished, &self.0)
    }

    fn newest(&self) -> Option<String> {
        std::fs::read_to_string(&self.0).ok()
    }
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

    pub(super) fn publish(&mut self, checkpoint: &str) {
        for anchor in &mut self.all {
            if let Err(error) = anchor.publish(checkpoint) {
                self.failed += 1;
                if self.failed == 1 {
                    tracing::warn!(%error, "a checkpoint of the audit trail could not be anchored");
                }
            }
        }
    }
}
