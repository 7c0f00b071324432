//! What is known of a team beyond the process that runs it: a folder of the user's own.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::output::Failed;

/// A team that runs, or ran.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The process of `kaos up`.
    pub(crate) pid: u32,
    /// When it was started.
    pub(crate) since: String,
    /// `starting`, `ready`, `failed` or `stopped`.
    pub(crate) state: String,
    pub(crate) components: Vec<Component>,
    /// Where its agents' trails are, each in a directory of its own.
    #[serde(default)]
    pub(crate) trail: Option<PathBuf>,
}

/// One program of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Component {
    /// Such as `agent-analyst`.
    pub(crate) name: String,
    /// Such as `Agent`.
    pub(crate) kind: String,
    /// The resource's name, such as `analyst`.
    pub(crate) resource: String,
    pub(crate) port: u16,
    pub(crate) stage: String,
    pub(crate) pid: Option<u32>,
    /// When that process was started.
    pub(crate) since: Option<String>,
    pub(crate) restarts: u32,
    pub(crate) why: Option<String>,
    /// What has to be shown to ask it.
    pub(crate) token: Option<String>,
}

/// The folder of one team.
pub(crate) struct Place(PathBuf);

/// Held while a team runs.
pub(crate) struct Held(File);

impl Place {
    /// `$XDG_STATE_HOME/kaos/up/NAME`, by default in `~/.local/state` (XDG Base Directory Specification 0.8).
    pub(crate) fn of(name: &str) -> Result<Self, Failed> {
        let ours = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
        if name.is_empty() || name.len() > 63 || !name.chars().all(ours) {
            return Err("--name: expected at most 63 letters, digits, - and _".into());
        }
        let state = crate::trusted::state_home()?;
        Ok(Self(state.join("kaos/up").join(name)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes away the lines of the team before.
    #[cfg(unix)]
    pub(crate) fn forget_lines(&self) -> io::Result<()> {
        fs::remove_dir_all(self.0.join("logs"))?;
        let mut builder = DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.0.join("logs"))
    }

    pub(crate) fn log(&self, component: &str) -> PathBuf {
        self.0.join("logs").join(format!("{component}.log"))
    }

    /// Takes the team's name; none if a team of that name runs.
    pub(crate) fn hold(&self) -> io::Result<Option<Held>> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.0.join("logs")).map_err(|error| {
            let folder = self.0.display();
            io::Error::new(error.kind(), format!("{folder}: {error}"))
        })?;
        own(&self.0)?;
        own(&self.0.join("logs"))?;
        let lock = private()
            .create(true)
            .truncate(false)
            .open(self.0.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Held(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether a team of this name runs, by whoever holds its name.
    pub(crate) fn runs(&self) -> bool {
        let Ok(lock) = File::open(self.0.join("lock")) else {
            return false;
        };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// What is written there; none if nothing is.
    pub(crate) fn read(&self) -> Result<Option<Record>, Failed> {
        match fs::read(self.0.join("state.json")) {
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes);
                read.map(Some)
                    .map_err(|error| format!("{}: {error}", self.0.display()).into())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes it, whole or not at all.
    pub(crate) fn write(&self, record: &Record) -> io::Result<()> {
        self.file("state.json", &serde_json::to_vec_pretty(record)?)
    }

    /// Writes a file that the user alone reads.
    pub(crate) fn file(&self, name: impl AsRef<Path>, content: &[u8]) -> io::Result<()> {
        let path = self.0.join(name);
        let new = path.with_extension("new");
        let mut file = private().create(true).truncate(true).open(&new)?;
        file.write_all(content)?;
        fs::rename(&new, &path)
    }

    /// The team that runs, or why there is none.
    pub(crate) fn running(&self, name: &str) -> Result<Record, Failed> {
        if self.0.exists() {
            own(&self.0)?;
        }
        let record = if self.runs() { self.read()? } else { None };
        record
            .ok_or_else(|| format!("no team called {name} runs: kaos up -f FILE starts one").into())
    }
}

impl Held {
    /// Lets go of the name.
    pub(crate) fn release(self) {
        drop(self.0);
    }
}

/// Makes sure that a folder is the user's own, and nobody else's to write or read: what it says is believed.
#[cfg(unix)]
fn own(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = fs::symlink_metadata(folder)?;
    let mine = rustix::process::geteuid().as_raw();
    if !found.is_dir() || found.uid() != mine {
        let at = folder.display();
        let why = format!("{at} is a link, no folder, or somebody else's; remove it");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn own(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that the user alone reads, to be written; not through a link.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW.bits();
        options.mode(0o600);
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    options
}

impl Record {
    /// The agent of this name.
    pub(crate) fn agent(&self, name: &str) -> Result<&Component, Failed> {
        let agents = || self.components.iter().filter(|it| it.kind == "Agent");
        let found = agents().find(|it| it.resource == name || it.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = agents().map(|it| it.resource.as_str()).collect();
            format!("there is no agent {name}; there are {}", names.join(", ")).into()
        })
    }
}
