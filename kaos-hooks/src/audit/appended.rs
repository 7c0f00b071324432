//! A file of a directory that is appended to.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::StorageFile;
use super::same_file::check;

/// How much space is reserved ahead of the writer.
#[cfg(target_os = "linux")]
const RESERVED_AHEAD: u64 = 1024 * 1024;

pub(super) struct Appended {
    file: File,
    /// Where it was opened.
    directory: PathBuf,
    length: u64,
    /// Up to where the file system has space put aside.
    #[cfg(target_os = "linux")]
    reserved: u64,
}

impl Appended {
    pub(super) const fn new(file: File, directory: PathBuf, length: u64) -> Self {
        Self {
            file,
            directory,
            length,
            #[cfg(target_os = "linux")]
            reserved: length,
        }
    }

    /// Puts space aside, so that a full disk is met early. A file system that cannot is written to
    /// all the same, and says in the write that it is full.
    #[cfg(target_os = "linux")]
    fn reserve(&mut self, more: usize) {
        let needed = self.length.saturating_add(more as u64);
        if needed > self.reserved {
            self.reserved = needed + RESERVED_AHEAD;
            let keep = rustix::fs::FallocateFlags::KEEP_SIZE;
            let _best_effort = rustix::fs::fallocate(&self.file, keep, 0, self.reserved);
        }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Appended {
    /// Gives back the space that was put aside and not used.
    fn drop(&mut self) {
        if self.reserved > self.length {
            // Whoever cut it, or appended to it, left what is to be seen.
            let length = self.file.metadata().map(|now| now.len());
            let _best_effort = length.and_then(|length| self.file.set_len(length));
        }
    }
}

impl StorageFile for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        self.reserve(bytes.len());
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let now = self.file.metadata()?.len();
        if now > length {
            self.file.set_len(length)?;
        }
        self.length = now.min(length);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn check(&self, name: &str) -> io::Result<()> {
        check(&self.file, &self.directory.join(name))?;
        if self.file.metadata()?.len() == self.length {
            Ok(())
        } else {
            let message = format!("its file `{name}` was cut or appended to while it was open");
            Err(io::Error::other(message))
        }
    }
}
