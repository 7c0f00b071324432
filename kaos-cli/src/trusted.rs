//! Which `kaos.toml` of a current directory may be taken.
//!
//! Such a file says where keys go and which programs run, and whoever wrote the directory wrote it. What
//! was trusted is remembered by its path and the hash of its content, so it is nobody's affair who may
//! write the file: a changed one is another one.

mod store;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use self::store::Verdict;
pub(crate) use self::store::{Store, state_home};
use crate::output::Failed;

/// The largest `kaos.toml`.
const MAX_BYTES: u64 = 1024 * 1024;

/// Whether this content of a file that nobody named may be taken.
pub(crate) fn check(file: &Path, content: &[u8]) -> Result<(), Failed> {
    let name = file.display();
    let hint = format!(
        "it may say where keys go and which programs run; read it, then run `kaos trust`, or name it: `--config {name}`"
    );
    let judged = Store::of_the_user().and_then(|store| store.judge(&place(file)?, content));
    match judged {
        Ok(Verdict::Trusted) => Ok(()),
        Ok(Verdict::Unknown) => Err(format!("{name} is not trusted: {hint}").into()),
        Ok(Verdict::Changed) => {
            Err(format!("{name} was changed since it was trusted: {hint}").into())
        }
        Err(why) => Err(format!("{name} is not trusted ({why}): {hint}").into()),
    }
}

/// The file's directory without links, and its name: what a link in somebody's directory points to is
/// not trusted there since it is elsewhere.
pub(crate) fn place(file: &Path) -> Result<PathBuf, Failed> {
    let name = file.file_name().ok_or("a file, please")?;
    let around = file
        .parent()
        .filter(|around| !around.as_os_str().is_empty());
    let around = around.unwrap_or_else(|| Path::new("."));
    let around = around
        .canonicalize()
        .map_err(|error| unreadable(around, &error))?;
    Ok(around.join(name))
}

/// A settings file that was found: what is no file, or is too large for one, is none.
pub(crate) fn read(file: &Path) -> io::Result<Vec<u8>> {
    let opened = open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    bounded(opened)
}

/// One that was named, which may be a pipe or `/dev/null`, too.
pub(crate) fn read_named(file: &Path) -> io::Result<Vec<u8>> {
    bounded(File::open(file)?)
}

fn bounded(opened: File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    opened.take(MAX_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(content)
}

pub(crate) fn unreadable(file: &Path, error: &io::Error) -> Failed {
    format!("{} cannot be read: {error}", file.display()).into()
}

/// Without waiting for a writer, should it be a pipe.
fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    options.open(file)
}
