use std::io::{self, Read};

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
