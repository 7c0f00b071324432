//! An index between two starts: of the segments that are sealed, in the user's cache folder. It saves reading them again, may be
//! removed at will. It is taken if nobody but the user could have written it; whether a trail is as it was written is told by its files alone.

use std::fs::{self, DirBuilder};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Once;

use kaos_hooks::audit::{Position, SegmentFile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::folder::Folder;
use super::of_trail::OfTrail;
use super::unchanged::{Same, Unchanged, same};
use crate::output;

/// Raised when what is kept has another form, or means something else.
const VERSION: u32 = 4;

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

/// The folder, and the name of the file for a trail in it; none where there is no home for it.
fn place_of(trail: &Path) -> Option<(PathBuf, String)> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").filter(|it| it.is_absolute());
    let cache = cache.or_else(|| Some(set("HOME")?.join(".cache")))?;
    let trail = fs::canonicalize(trail).ok()?;
    let hash = Sha256::digest(trail.as_os_str().as_encoded_bytes());
    let (number, _rest) = hash.split_first_chunk::<16>()?;
    let name = format!("{:032x}.json", u128::from_be_bytes(*number));
    Some((cache.join("kaos/runs"), name))
}

/// What is there and cannot be believed is said, once.
fn believed<T>(at: &Path, found: io::Result<T>) -> Option<T> {
    static SAID: Once = Once::new();
    let error = match found {
        Ok(found) => return Some(found),
        Err(error) => error,
    };
    if error.kind() != io::ErrorKind::NotFound {
        SAID.call_once(|| {
            let (at, why) = (at.display(), output::chain(&error));
            output::say(&format!(
                "kaos: {at}: {why}; what is kept there is not taken, and trails are read anew"
            ));
        });
    }
    None
}

/// Keeps what was made of these segments, if nobody has touched them since. What cannot be kept is read again.
pub(super) fn keep(unchanged: &Unchanged, of: &OfTrail) -> io::Result<()> {
    let Some((path, name)) = place_of(unchanged.trail()) else {
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
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path)?;
    let Some(folder) = believed(&path, Folder::open(&path)) else {
        return Ok(());
    };
    let new = format!("{name}.{}.new", std::process::id());
    // What a process of the same number has left there, if it has, whatever that is.
    let _gone = folder.remove(&new).is_ok();
    let mut to = BufWriter::new(folder.create(&new)?);
    let written = serde_json::to_writer(&mut to, &stored).map_err(io::Error::other);
    let written = written
        .and_then(|()| to.flush())
        .and_then(|()| folder.rename(&new, &name));
    if written.is_err() {
        let _gone = folder.remove(&new).is_ok();
    }
    written
}

/// What is kept of a trail.
fn stored<T: DeserializeOwned>(trail: &Path) -> Option<Stored<T>> {
    let (path, name) = place_of(trail)?;
    let folder = believed(&path, Folder::open(&path))?;
    let file = believed(&path.join(&name), folder.read(&name))?;
    serde_json::from_reader(BufReader::new(file)).ok()
}

impl Kept {
    /// What is kept of a trail that has these segments, of which the first are still the same.
    pub(crate) fn read(trail: &Path, now: &[SegmentFile]) -> Option<Self> {
        let stored: Stored<OfTrail> = stored(trail)?;
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
        let Some((path, name)) = place_of(trail) else {
            return;
        };
        let folder = believed(&path, Folder::open(&path));
        let _gone = folder.is_some_and(|it| it.remove(&name).is_ok());
    }
}
