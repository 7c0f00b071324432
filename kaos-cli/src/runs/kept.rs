//! An index between two starts: of the segments that are sealed, in the user's cache folder. It saves reading them again, may be
//! removed at will, and nobody believes it: whether a trail is as it was written is told by its files alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use kaos_hooks::audit::{Position, SegmentFile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::of_trail::OfTrail;
use super::unchanged::{Same, Unchanged, same};
use crate::team::state::private;

/// Raised when what is kept has another form, or means something else.
const VERSION: u32 = 3;

/// What was read of a trail whose first segments are the same since, and where to read on.
pub(crate) struct Kept {
    pub(super) of: OfTrail,
    pub(super) at: Position,
}

/// What was read, and of which files.
#[derive(Serialize, Deserialize)]
struct Stored<T> {
    version: u32,
    program: String,
    /// The segments that were read to their ends.
    segments: Vec<Same>,
    of: T,
}

/// The file for a trail; none where there is no home for it.
fn file_of(trail: &Path) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").filter(|it| it.is_absolute());
    let cache = cache.or_else(|| Some(set("HOME")?.join(".cache")))?;
    let trail = fs::canonicalize(trail).ok()?;
    let hash = Sha256::digest(trail.as_os_str().as_encoded_bytes());
    let (number, _rest) = hash.split_first_chunk::<16>()?;
    let name = format!("{:032x}", u128::from_be_bytes(*number));
    Some(cache.join("kaos/runs").join(format!("{name}.json")))
}

/// Keeps what was made of these segments, if nobody has touched them since. What cannot be kept is read again.
pub(super) fn keep(unchanged: &Unchanged, of: &OfTrail) -> io::Result<()> {
    let Some(file) = file_of(unchanged.trail()) else {
        return Ok(());
    };
    let Some(segments) = unchanged.until_now() else {
        return Ok(());
    };
    let stored = Stored {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        segments: segments.to_vec(),
        of,
    };
    if let Some(folder) = file.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let new = file.with_extension(format!("{}.new", std::process::id()));
    // What a process of the same number has left there, if it has, whatever that is.
    let _gone = fs::remove_file(&new).is_ok();
    let opened = private().create_new(true).open(&new)?;
    let mut to = BufWriter::new(opened);
    let written = serde_json::to_writer(&mut to, &stored).map_err(io::Error::other);
    let written = written
        .and_then(|()| to.flush())
        .and_then(|()| fs::rename(&new, &file));
    if written.is_err() {
        let _gone = fs::remove_file(&new).is_ok();
    }
    written
}

/// What is kept in a file; a pipe is not waited for.
fn stored<T: DeserializeOwned>(file: &Path) -> Option<Stored<T>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    let file: File = options.open(file).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    serde_json::from_reader(BufReader::new(file)).ok()
}

impl Kept {
    /// What is kept of a trail that has these segments, of which the first are still the same.
    pub(crate) fn read(trail: &Path, now: &[SegmentFile]) -> Option<Self> {
        let stored: Stored<OfTrail> = stored(&file_of(trail)?)?;
        let ours = stored.version == VERSION && stored.program == env!("CARGO_PKG_VERSION");
        // What follows the last of them is read; so it must have been sealed, and another one be there.
        let next = now.get(stored.segments.len())?;
        let those = now.get(..stored.segments.len())?;
        let same = same(trail, those).is_ok_and(|it| it == stored.segments);
        let at = Position::beginning(next.first);
        (ours && same && !stored.segments.is_empty()).then_some(Self { of: stored.of, at })
    }

    /// Removes what is kept of a trail.
    pub(crate) fn forget(trail: &Path) {
        let _gone = file_of(trail).is_some_and(|file| fs::remove_file(file).is_ok());
    }
}
