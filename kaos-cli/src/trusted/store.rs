//! What is trusted: a file for each path, in a directory of the user's own.

use std::env;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::output::Failed;

/// The longest entry: a hash and a path.
const MAX_BYTES: u64 = 16 * 1024;

/// Where the user's state is: `$XDG_STATE_HOME`, by default `~/.local/state` (XDG Base Directory Specification 0.8: a path that is not
/// absolute is none).
pub(crate) fn state_home() -> Result<PathBuf, Failed> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    state.ok_or_else(|| "neither XDG_STATE_HOME nor HOME says where that is remembered".into())
}

/// What is known of a file.
pub(crate) enum Verdict {
    Trusted,
    /// It was trusted with another content.
    Changed,
    Unknown,
}

/// The directory of entries. It and they belong to the user, and nobody else may write them, or they
/// say nothing.
pub(crate) struct Store(PathBuf);

impl Store {
    /// `$XDG_STATE_HOME/kaos/trust`, by default `~/.local/state/kaos/trust` (XDG Base Directory
    /// Specification 0.8: a path that is not absolute is none).
    pub(crate) fn of_the_user() -> Result<Self, Failed> {
        let state = state_home()?;
        Ok(Self(state.join("kaos/trust")))
    }

    pub(crate) fn judge(&self, place: &Path, content: &[u8]) -> Result<Verdict, Failed> {
        let Some(remembered) = self.entry(place)? else {
            return Ok(Verdict::Unknown);
        };
        let known = remembered == entry(place, content);
        Ok(if known {
            Verdict::Trusted
        } else {
            Verdict::Changed
        })
    }

    pub(crate) fn remember(&self, place: &Path, content: &[u8]) -> Result<(), Failed> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.0)
            .map_err(|error| self.failed(&error))?;
        self.is_the_user_s()?;
        // It is there whole or not at all.
        let name = self.name(place);
        let new = name.with_extension(format!("{}.tmp", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&new)
            .and_then(|mut file| file.write_all(entry(place, content).as_bytes()))
            .and_then(|()| fs::rename(&new, &name));
        written.map_err(|error| {
            let _removed = fs::remove_file(&new).is_ok();
            self.failed(&error)
        })
    }

    /// Whether it was known.
    pub(crate) fn forget(&self, place: &Path) -> Result<bool, Failed> {
        match fs::remove_file(self.name(place)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn entry(&self, place: &Path) -> Result<Option<String>, Failed> {
        let mut text = String::new();
        let read = open_itself(&self.name(place)).and_then(|file| {
            let about = file.metadata()?;
            file.take(MAX_BYTES).read_to_string(&mut text)?;
            Ok(about)
        });
        match read {
            Ok(about) if about.is_file() && is_private(&about) => {}
            Ok(_) => return Err(self.shared()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(&error)),
        }
        self.is_the_user_s()?;
        Ok(Some(text))
    }

    fn is_the_user_s(&self) -> Result<(), Failed> {
        let about = fs::symlink_metadata(&self.0).map_err(|error| self.failed(&error))?;
        if about.is_dir() && is_private(&about) {
            return Ok(());
        }
        Err(self.shared())
    }

    fn shared(&self) -> Failed {
        let store = self.0.display();
        format!("{store} is not the user's alone to write").into()
    }

    fn failed(&self, error: &io::Error) -> Failed {
        format!("{}: {error}", self.0.display()).into()
    }

    fn name(&self, place: &Path) -> PathBuf {
        self.0.join(hash(place.as_os_str().as_encoded_bytes()))
    }
}

/// As `sha256sum` prints it.
fn entry(place: &Path, content: &[u8]) -> String {
    format!("{}  {}\n", hash(content), place.display())
}

fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in Sha256::digest(bytes) {
        // A string takes everything.
        let _written = write!(hex, "{byte:02x}").is_ok();
    }
    hex
}

/// Never what a link points to.
fn open_itself(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    options.open(path)
}

#[cfg(unix)]
fn is_private(about: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_private(_about: &Metadata) -> bool {
    true
}
