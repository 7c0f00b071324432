use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a trail's files are: a directory of a disk, or of a test's imagination.
///
/// The trail's promises rest on these: what [`StorageFile::sync`] has returned for is on the disk,
/// and what [`sync_directory`](Self::sync_directory) has returned for has its name there.
pub trait Storage: Send + Sync + 'static {
    /// Where it is, for messages.
    fn place(&self) -> String;

    /// The names of its files, in any order.
    ///
    /// # Errors
    ///
    /// What the operating system says; so everywhere here.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Reads a file from its beginning. A symbolic link is refused.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;

    /// Makes an empty file in the place of any of that name.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;

    /// Opens a file to append to it.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;

    /// Gives a file another name, at once or not at all.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Waits until names that were made, changed and removed are on the disk.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn sync_directory(&self) -> io::Result<()>;

    /// Keeps every other writer out until what it gives is dropped.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`], with who it is, when there is another writer.
    fn lock(&self) -> io::Result<Box<dyn Send>>;
}

/// A file that is appended to.
pub trait StorageFile: Send {
    /// Appends some of these bytes, at least one, and says how many.
    ///
    /// # Errors
    ///
    /// What the operating system says; so everywhere here.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file to this length.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Waits until what was written is on the disk.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the file system.
#[derive(Debug, Clone)]
pub(super) struct Directory(PathBuf);

/// How much space is reserved ahead of the writer.
#[cfg(target_os = "linux")]
const RESERVED_AHEAD: u64 = 1024 * 1024;

/// How long another's lock is waited for: a reader holds it for a moment, to ask whether there is a
/// writer.
const LOCK_PATIENCE: Duration = Duration::from_millis(200);

impl Directory {
    /// A directory, made with its parents where it is missing.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path.join("quarantine"))?;
        Ok(Self(path.to_owned()))
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

    /// Whether a writer has the trail open.
    pub(super) fn has_writer(&self) -> bool {
        File::open(self.path("lock"))
            .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
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
        let path = self.path(name);
        if fs::symlink_metadata(&path)?.is_symlink() {
            return Err(io::Error::other("it is a symbolic link"));
        }
        Ok(Box::new(File::open(path)?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let file = options.open(self.path(name))?;
        file.set_len(0)?;
        Ok(Box::new(Appended::new(file, 0)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let file = OpenOptions::new().append(true).open(self.path(name))?;
        let length = file.metadata()?.len();
        Ok(Box::new(Appended::new(file, length)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    #[cfg(unix)]
    fn sync_directory(&self) -> io::Result<()> {
        File::open(self.path("quarantine"))?.sync_all()?;
        File::open(&self.0)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_directory(&self) -> io::Result<()> {
        Ok(()) // names are journalled, and a directory cannot be opened
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(self.path("lock"))?;
        let since = std::time::Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if since.elapsed() > LOCK_PATIENCE => {
                    let mut who = String::new();
                    let read = lock.read_to_string(&mut who);
                    let who = read.ok().and_then(|_| who.trim().parse::<u32>().ok());
                    let who = who.map_or_else(String::new, |pid| format!(", process {pid}"));
                    let message = format!("another writer{who} has it open");
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        lock.set_len(0)?;
        write!(lock, "{}", std::process::id())?;
        Ok(Box::new(lock))
    }
}

struct Appended {
    file: File,
    length: u64,
    /// Up to where the file system has space put aside.
    #[cfg(target_os = "linux")]
    reserved: u64,
}

impl Appended {
    const fn new(file: File, length: u64) -> Self {
        Self {
            file,
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
            let _best_effort = self.file.set_len(self.length);
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
        self.file.set_len(length)?;
        self.length = length;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
