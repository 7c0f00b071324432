//! Files and folders by their names: made, opened and renamed, and never through a link.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a directory that only its owner and group may read, with its parents; the names of those
/// that were missing are on the disk then. One that is there stays as it is.
pub(super) fn make(path: &Path) -> io::Result<()> {
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
pub(super) fn sync_names(directory: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    options.read(true).open(directory)?.sync_all()
}

/// Gives a file a name that nothing has.
pub(super) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
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

#[cfg(not(unix))]
pub(super) fn sync_names(_directory: &Path) -> io::Result<()> {
    Ok(()) // names are journalled, and a directory cannot be opened
}

/// Opens a regular file: never through a link, and without waiting for whoever writes a pipe.
pub(super) fn opened(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
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
