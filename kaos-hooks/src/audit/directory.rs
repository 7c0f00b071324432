//! A directory of the file system: regular files of the trail's own names, and nothing through a link.

mod lock;
mod names;

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::appended::Appended;
use super::{Storage, StorageFile, StorageLock};
use names::{make, opened, rename_to_new, sync_names};

/// What stands in the way of a file of the trail is moved there.
const QUARANTINE: &str = "quarantine";
/// A directory of the file system.
#[derive(Debug, Clone)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// A directory, made with its parents where it is missing.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        make(path)?;
        let quarantine = path.join(QUARANTINE);
        make(&quarantine)?;
        let directory = Self(path.to_owned());
        directory.quarantine()?;
        Ok(directory)
    }

    /// A directory that is there.
    pub(super) fn existing(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            Ok(Self(path.to_owned()))
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory))
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Whether a writer has the trail open. Readers who ask at once do not keep each other out.
    pub(super) fn has_writer(&self) -> bool {
        lock::is_held(&self.0)
    }

    /// Makes way for a file of ours: one that is left over is removed, and what is no file of ours
    /// is moved into the quarantine.
    fn make_way(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        let there = match fs::symlink_metadata(&path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if there.is_file() {
            return fs::remove_file(path);
        }
        self.put_aside(name)
    }

    /// The quarantine, which is a directory of ours, and no link to another one.
    fn quarantine(&self) -> io::Result<PathBuf> {
        let quarantine = self.path(QUARANTINE);
        make(&quarantine)?;
        if fs::symlink_metadata(&quarantine)?.is_dir() {
            Ok(quarantine)
        } else {
            Err(io::Error::other("its `quarantine` is not a directory"))
        }
    }

    /// Moves what has this name into the quarantine.
    fn put_aside(&self, name: &str) -> io::Result<()> {
        let (path, quarantine) = (self.path(name), self.quarantine()?);
        let file = Path::new(name).file_name().unwrap_or_default();
        let file = file.to_string_lossy();
        for number in 0_u32.. {
            let aside = quarantine.join(format!("{file}-{number}.foreign"));
            match rename_to_new(&path, &aside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                moved => {
                    tracing::warn!(name, "something in the audit trail's way is put aside");
                    return moved.map_err(|error| in_the_way(name, &error));
                }
            }
        }
        Ok(())
    }
}

fn in_the_way(name: &str, error: &io::Error) -> io::Error {
    let message = format!("what stands at `{name}` cannot be put aside: {error}");
    io::Error::new(error.kind(), message)
}

impl Storage for Directory {
    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.0)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let file = opened(OpenOptions::new().read(true), &self.path(name))?;
        Ok(Box::new(file))
    }

    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = opened(OpenOptions::new().read(true), &self.path(name))?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        let file = opened(OpenOptions::new().read(true), &self.path(name))?;
        Ok(file.metadata()?.len())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.make_way(name)?;
        let mut options = OpenOptions::new();
        let file = opened(options.append(true).create_new(true), &self.path(name))?;
        Ok(Box::new(Appended::new(file, self.0.clone(), 0)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let file = opened(OpenOptions::new().append(true), &self.path(name))?;
        let length = file.metadata()?.len();
        Ok(Box::new(Appended::new(file, self.0.clone(), length)))
    }

    fn rename_to_new(&self, from: &str, to: &str) -> io::Result<()> {
        for _ in 0..8 {
            match rename_to_new(&self.path(from), &self.path(to)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.put_aside(to)?,
                renamed => return renamed,
            }
        }
        let again = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(in_the_way(to, &again))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if Path::new(to).starts_with(QUARANTINE) {
            self.quarantine()?;
        }
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::symlink_metadata(self.path(name))?;
        self.make_way(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        match sync_names(&self.path(QUARANTINE)) {
            // Somebody removed it, so there is nothing in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            synced => synced?,
        }
        sync_names(&self.0)
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        Ok(Box::new(lock::taken(&self.0)?))
    }
}
