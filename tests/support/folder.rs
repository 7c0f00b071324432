//! Folders of the temporary directory.

use std::ops::Deref;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// A folder that one test has for itself, whatever others are called; it goes with this.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// One whose name begins with `kaos-` and this, for people who look for it.
    ///
    /// # Panics
    ///
    /// Without room for it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let prefix = format!("kaos-{name}-");
        Self(Builder::new().prefix(&prefix).tempdir().unwrap())
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}
