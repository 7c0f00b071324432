use std::io::{self, Read};

/// Where a trail's files are: a directory of a disk, or of a test's imagination.
///
/// The trail's promises rest on these: what [`StorageFile::sync`] has returned for is on the disk,
/// and what [`sync_directory`](Self::sync_directory) has returned for has its name there.
///
/// # Example
///
/// Files in memory, for tests of what reads a trail:
///
/// ```
/// use std::collections::BTreeMap;
/// use std::io::{Cursor, Error, ErrorKind, Read, Result};
/// use std::sync::{Arc, Mutex};
/// use kaos_hooks::audit::{AuditHook, Storage, StorageFile, StorageLock, Trail};
///
/// type Bytes = Arc<Mutex<Vec<u8>>>;
///
/// #[derive(Clone, Default)]
/// struct InMemory(Arc<Mutex<BTreeMap<String, Bytes>>>);
/// struct File(Bytes);
///
/// impl InMemory {
///     fn at(&self, name: &str) -> Result<Bytes> {
///         self.0.lock().unwrap().get(name).cloned().ok_or(Error::from(ErrorKind::NotFound))
///     }
/// }
///
/// impl Storage for InMemory {
///     fn place(&self) -> String { "memory".to_owned() }
///     fn list(&self) -> Result<Vec<String>> { Ok(self.0.lock().unwrap().keys().cloned().collect()) }
///     fn read(&self, name: &str) -> Result<Box<dyn Read + Send>> {
///         let bytes = self.at(name)?.lock().unwrap().clone();
///         Ok(Box::new(Cursor::new(bytes)))
///     }
///     fn create(&self, name: &str) -> Result<Box<dyn StorageFile>> {
///         self.0.lock().unwrap().insert(name.to_owned(), Bytes::default());
///         self.open(name)
///     }
///     fn open(&self, name: &str) -> Result<Box<dyn StorageFile>> { Ok(Box::new(File(self.at(name)?))) }
///     fn rename(&self, from: &str, to: &str) -> Result<()> {
///         let file = self.0.lock().unwrap().remove(from).ok_or(Error::from(ErrorKind::NotFound))?;
///         self.0.lock().unwrap().insert(to.to_owned(), file);
///         Ok(())
///     }
///     fn remove(&self, name: &str) -> Result<()> { self.0.lock().unwrap().remove(name); Ok(()) }
///     fn sync_directory(&self) -> Result<()> { Ok(()) }
///     fn lock(&self) -> Result<Box<dyn StorageLock>> { Ok(Box::new(())) } // one writer only
/// }
///
/// impl StorageFile for File {
///     fn write(&mut self, bytes: &[u8]) -> Result<usize> {
///         self.0.lock().unwrap().extend_from_slice(bytes);
///         Ok(bytes.len())
///     }
///     fn truncate(&mut self, length: u64) -> Result<()> {
///         self.0.lock().unwrap().truncate(length as usize);
///         Ok(())
///     }
///     fn sync(&mut self) -> Result<()> { Ok(()) }
/// }
///
/// let files = InMemory::default();
/// drop(AuditHook::builder("").storage(files.clone()).open()?);
/// assert!(Trail::on(files)?.verify()?.is_intact());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Storage: Send + Sync + 'static {
    /// Where it is, for messages.
    fn place(&self) -> String;

    /// The names of its files, in any order.
    ///
    /// # Errors
    ///
    /// What the operating system says; so everywhere here.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Reads a regular file from its beginning. Anything else of that name is refused: a symbolic
    /// link, a pipe, a directory.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;

    /// Reads a regular file from this byte on; from its end, if it is not so long.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = self.read(name)?;
        io::copy(&mut (&mut file).take(offset), &mut io::sink())?;
        Ok(file)
    }

    /// How many bytes a file has.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn length(&self, name: &str) -> io::Result<u64> {
        io::copy(&mut self.read(name)?, &mut io::sink())
    }

    /// Makes an empty file in the place of any of that name; never writes through a link.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;

    /// Opens a file to append to it.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;

    /// Gives a file another name, at once or not at all.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Gives a file a name that nothing should have: what has it all the same is put aside, and not
    /// replaced. Where nobody else makes files, it is a [`rename`](Self::rename).
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn rename_to_new(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename(from, to)
    }

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
    fn lock(&self) -> io::Result<Box<dyn StorageLock>>;
}

/// Keeps other writers out of a storage while it is there.
pub trait StorageLock: Send {
    /// Whether it still does. Asked before anything counts as written.
    ///
    /// # Errors
    ///
    /// It was taken away: a file that somebody removed or replaced, a lease that ran out.
    fn check(&self) -> io::Result<()>;
}

/// Of a storage that has no other writers.
impl StorageLock for () {
    fn check(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is appended to.
pub trait StorageFile: Send {
    /// Appends some of these bytes, at least one, and says how many.
    ///
    /// # Errors
    ///
    /// What the operating system says; so everywhere here.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file to this length; one that is shorter stays as it is.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Waits until what was written is on the disk.
    #[expect(clippy::missing_errors_doc, reason = "as above")]
    fn sync(&mut self) -> io::Result<()>;

    /// Whether it is still the file of this name, of the length that was written. Asked after each
    /// [`sync`](Self::sync): what is in a file that somebody removed, replaced or cut is lost.
    ///
    /// # Errors
    ///
    /// It is not.
    fn check(&self, name: &str) -> io::Result<()> {
        let _ = name;
        Ok(())
    }
}

/// Writes all bytes, however many the file takes at once.
pub(super) fn write_all(file: &mut dyn StorageFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}
