//! Reading small files that somebody names: regular ones, and no more of them than they may have.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::Path;

/// The text of a regular file, or of one that a link leads to. A pipe or a device is refused unread:
/// it may keep a reader waiting for good.
pub(super) fn read_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        let flags = i32::try_from(flags).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    if file.take(most_bytes + 1).read_to_string(&mut text)? as u64 > most_bytes {
        let message = format!("it is longer than {most_bytes} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(text)
}
