//! Whether an open file still is the one of its name.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Whether this is the one file of this name, linked nowhere else.
#[cfg(unix)]
pub(super) fn check(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let of = |metadata: &Metadata| (metadata.dev(), metadata.ino(), metadata.nlink());
    let ours = of(&file.metadata()?);
    let named = fs::symlink_metadata(path).as_ref().map(of).ok();
    match (named, ours) {
        (Some(named), ours) if named == ours && ours.2 == 1 => Ok(()),
        (_, (_, _, 0)) => Err(gone(path, "removed")),
        (Some(named), ours) if named == ours => Err(gone(path, "linked elsewhere, too")),
        _ => Err(gone(path, "replaced or moved")),
    }
}

#[cfg(not(unix))]
pub(super) fn check(_file: &File, path: &Path) -> io::Result<()> {
    // An open file can be neither removed nor replaced there.
    fs::symlink_metadata(path).map(drop)
}

fn gone(path: &Path, what: &str) -> io::Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    io::Error::other(format!("its file `{name}` was {what} while it was open"))
}
