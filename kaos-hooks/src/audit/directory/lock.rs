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

/// A locked file, unlocked when this is dropped. To close it is not enough: a process that was started a moment ago has what
/// was open until it becomes another program.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _unlocked = self.0.unlock().is_ok();
    }
}

impl Lock {
    fn of_writer(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }

    fn of_reader(file: File) -> Result<Self, TryLockError> {
        file.try_lock_shared()?;
        Ok(Self(file))
    }
}

/// Whether a writer holds it. Readers who ask at once do not keep each other out.
pub(super) fn is_held(directory: &Path) -> bool {
    let held = |file: io::Result<File>| {
        file.is_ok_and(|it| matches!(Lock::of_reader(it), Err(TryLockError::WouldBlock)))
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
        match held(directory, file) {
            // It may have been removed before it was locked: then it keeps nobody out.
            Ok((lock, held)) if check(&lock.0, &path).is_ok() => {
                lock.0.set_len(0)?;
                write!(&lock.0, "{}", std::process::id())?;
                return Ok(Locked {
                    lock,
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
                return Err(other_writer(&path));
            }
            Ok(_) | Err(TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Locks the file, which says who it is, and the directory, which nobody can remove while it holds
/// the trail.
fn held(directory: &Path, file: File) -> Result<(Lock, Option<Lock>), TryLockError> {
    let lock = Lock::of_writer(file)?;
    if cfg!(not(unix)) {
        return Ok((lock, None));
    }
    let directory = File::open(directory).map_err(TryLockError::Error)?;
    match Lock::of_writer(directory) {
        Ok(held) => Ok((lock, Some(held))),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        // A network's file system may lock files only.
        Err(TryLockError::Error(_)) => Ok((lock, None)),
    }
}

fn other_writer(lock: &Path) -> io::Error {
    let mut who = String::new();
    let file = opened(OpenOptions::new().read(true), lock);
    let read = file.and_then(|it| it.take(64).read_to_string(&mut who));
    let who = read.ok().and_then(|_| who.trim().parse::<u32>().ok());
    let who = who.map_or_else(String::new, |pid| format!(", process {pid}"));
    let message = format!("another writer{who} has it open");
    io::Error::new(io::ErrorKind::WouldBlock, message)
}

/// Holds the lock until it is dropped.
pub(super) struct Locked {
    lock: Lock,
    path: PathBuf,
    _directory: Option<Lock>,
}

impl StorageLock for Locked {
    fn check(&self) -> io::Result<()> {
        check(&self.lock.0, &self.path)
    }
}
