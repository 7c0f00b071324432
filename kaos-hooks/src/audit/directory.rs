//! A directory of the file system: regular files of the trail's own names, and nothing through a link.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::appended::Appended;
use super::same_file::check;
use super::{Storage, StorageFile, StorageLock};

/// What stands in the way of a file of the trail is moved there.
const QUARANTINE: &str = "quarantine";
const LOCK: &str = "lock";

/// How long another's lock is waited for: a reader holds it for a moment, to ask whether there is a
/// writer.
const LOCK_PATIENCE: Duration = Duration::from_millis(200);

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
        let held = |file: io::Result<File>| {
            file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        held(opened(OpenOptions::new().read(true), &self.path(LOCK)))
            || (cfg!(unix) && held(File::open(&self.0)))
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

/// Makes a directory that only its owner and group may read, with its parents; the names of those
/// that were missing are on the disk then. One that is there stays as it is.
fn make(path: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| fs::metadata(path).is_err();
    let missing: Vec<_> = path.ancestors().take_while(is_missing).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(path)?;
    for made in missing {
        if let Some(parent) = made.parent() {
            sync_names(if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            })?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_names(directory: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    options.read(true).open(directory)?.sync_all()
}

/// Gives a file a name that nothing has.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system, or a kernel, that cannot: it is looked first.
            Err(Errno::INVAL | Errno::NOSYS) => {}
            renamed => return Ok(renamed?),
        }
    }
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
        Err(error) => Err(error),
    }
}

fn in_the_way(name: &str, error: &io::Error) -> io::Error {
    let message = format!("what stands at `{name}` cannot be put aside: {error}");
    io::Error::new(error.kind(), message)
}

#[cfg(not(unix))]
fn sync_names(_directory: &Path) -> io::Result<()> {
    Ok(()) // names are journalled, and a directory cannot be opened
}

/// Opens a regular file: never through a link, and without waiting for whoever writes a pipe.
fn opened(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o640);
    }
    let there = fs::symlink_metadata(path);
    if there.is_ok_and(|there| there.is_symlink()) {
        return Err(io::Error::other("it is a symbolic link"));
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
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
        let path = self.path(LOCK);
        let since = Instant::now();
        loop {
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(false);
            let file = opened(options, &path)?;
            match held(&self.0, &file) {
                // It may have been removed before it was locked: then it keeps nobody out.
                Ok(directory) if check(&file, &path).is_ok() => {
                    file.set_len(0)?;
                    write!(&file, "{}", std::process::id())?;
                    return Ok(Box::new(Locked {
                        file,
                        path,
                        _directory: directory,
                    }));
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Ok(_) if since.elapsed() > LOCK_PATIENCE => {
                    let message =
                        "its file `lock` is removed, or linked elsewhere, again and again";
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

struct Locked {
    file: File,
    path: PathBuf,
    _directory: Option<File>,
}

impl StorageLock for Locked {
    fn check(&self) -> io::Result<()> {
        check(&self.file, &self.path)
    }
}
