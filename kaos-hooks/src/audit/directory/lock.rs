//! The lock that keeps a directory to one writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::names::opened;
use crate::audit::StorageLock;
use crate::audit::same_file::check;

const LOCK: &str = "lock";

/// How long another's lock is waited for: a reader holds it for a moment, to ask whether there is a
/// writer.
const LOCK_PATIENCE: Duration = Duration::from_millis(200);

/// Whether a writer holds it. Readers who ask at once do not keep each other out.
pub(super) fn is_held(directory: &Path) -> bool {
    let held = |file: io::Result<File>| {
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    held(opened(OpenOptions::new().read(true), &directory.join(LOCK)))
        || (cfg!(unix) && held(File::open(directory)))
}

/// Takes the lock of a directory, which keeps out every other writer.
pub(super) fn taken(directory: &Path) -> io::Result<Locked> {
    let path = directory.join(LOCK);
    let since = Instant::now();
    loop {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = opened(options, &path)?;
        match held(directory, &file) {
            // It may have been removed before it was locked: then it keeps nobody out.
            Ok(held) if check(&file, &path).is_ok() => {
                file.set_len(0)?;
                write!(&file, "{}", std::process::id())?;
                return Ok(Locked {
                    file,
                    path,
                    _directory: held,
                });
            }
            Err(TryLockError::Error(error)) => return Err(error),
            Ok(_) if since.elapsed() > LOCK_PATIENCE => {
                let message = "its file `lock` is removed, or linked elsewhere, again and again";
                return Err(io::Error::other(message));
            }
            Err(TryLockError::WouldBlock) if since.elapsed() > LOCK_PATIENCE => {
                return Err(other_writer(file));
            }
            Ok(_) | Err(TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Locks the file, which says who it is, and the directory, which nobody can remove while it holds
/// the trail.
fn held(directory: &Path, file: &File) -> Result<Option<File>, TryLockError> {
    file.try_lock()?;
    if cfg!(not(unix)) {
        return Ok(None);
    }
    let directory = File::open(directory).map_err(TryLockError::Error)?;
    match directory.try_lock() {
        Ok(()) => Ok(Some(directory)),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        // A network's file system may lock files only.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn other_writer(mut lock: File) -> io::Error {
    let mut who = String::new();
    let read = (&mut lock).take(64).read_to_string(&mut who);
    let who = read.ok().and_then(|_| who.trim().parse::<u32>().ok());
    let who = who.map_or_else(String::new, |pid| format!(", process {pid}"));
    let message = format!("another writer{who} has it open");
    io::Error::new(io::ErrorKind::WouldBlock, message)
}

/// Holds the lock until it is dropped.
pub(super) struct Locked {
    file: File,
    path: PathBuf,
    _directory: Option<File>,
}

impl StorageLock for Locked {
    fn check(&self) -> io::Result<()> {
        check(&self.file, &self.path)
    }
}
