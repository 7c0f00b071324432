//! A folder that is the user's own, and files in it that nobody else could have written: what they say is believed.

use std::fs::File;
use std::io;
use std::path::Path;

/// It stays the one that was opened, whatever its path leads to later.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Folder(File);

/// Elsewhere it cannot be told whose a folder is.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) enum Folder {}

#[cfg(unix)]
mod own {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{AtFlags, Mode, OFlags, open, openat, renameat, unlinkat};

    use super::{File, Folder, Path, io};

    /// Rights of the group and of all others.
    const OTHERS: u32 = 0o077;

    const AS_IT_IS: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW);

    /// Whether it is this user's, with no rights for others.
    fn is_own(file: &File) -> io::Result<bool> {
        let found = file.metadata()?;
        let mine = rustix::process::geteuid().as_raw();
        Ok(found.uid() == mine && found.mode() & OTHERS == 0)
    }

    fn not_own(what: &str) -> io::Error {
        let why = format!("{what} is somebody else's, or others have rights to it");
        io::Error::new(io::ErrorKind::PermissionDenied, why)
    }

    impl Folder {
        /// Opens it, if it is a folder of the user's own, and no link to one.
        pub(in crate::runs) fn open(path: &Path) -> io::Result<Self> {
            let folder = open(path, AS_IT_IS | OFlags::DIRECTORY, Mode::empty())?;
            let folder = File::from(folder);
            if is_own(&folder)? {
                Ok(Self(folder))
            } else {
                Err(not_own("the folder"))
            }
        }

        /// A file to read, if it is a regular one of the user's own, and no link; a pipe is not waited for.
        pub(in crate::runs) fn read(&self, name: &str) -> io::Result<File> {
            let flags = AS_IT_IS | OFlags::NONBLOCK;
            let file = File::from(openat(&self.0, name, flags, Mode::empty())?);
            if !file.metadata()?.is_file() {
                Err(io::Error::other("it is no file"))
            } else if is_own(&file)? {
                Ok(file)
            } else {
                Err(not_own("the file"))
            }
        }

        /// A file that was not there, to be written.
        pub(in crate::runs) fn create(&self, name: &str) -> io::Result<File> {
            let flags = AS_IT_IS | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
            let file = openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR)?;
            Ok(File::from(file))
        }

        pub(in crate::runs) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            Ok(renameat(&self.0, from, &self.0, to)?)
        }

        pub(in crate::runs) fn remove(&self, name: &str) -> io::Result<()> {
            Ok(unlinkat(&self.0, name, AtFlags::empty())?)
        }
    }
}

#[cfg(not(unix))]
impl Folder {
    pub(super) fn open(_path: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::NotFound.into())
    }

    pub(super) fn read(&self, _name: &str) -> io::Result<File> {
        match *self {}
    }

    pub(super) fn create(&self, _name: &str) -> io::Result<File> {
        match *self {}
    }

    pub(super) fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn remove(&self, _name: &str) -> io::Result<()> {
        match *self {}
    }
}
