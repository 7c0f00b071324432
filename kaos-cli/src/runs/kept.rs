//! An index between two starts: of the segments that are sealed, in the user's cache folder. It saves reading them again, may be
//! removed at will, and nobody believes it: whether a trail is as it was written is told by its files alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use kaos_hooks::audit::{Position, SegmentFile};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Raised when what is kept has another form, or means something else.
const VERSION: u32 = 1;

/// So many bytes at the end of a segment tell that it is the same one: its last line's hash is among them.
const END: u64 = 128;

/// What was read, and of which files.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<T> {
    version: u32,
    program: String,
    /// Name, length, and the last bytes' hash of each segment that was read to its end.
    segments: Vec<(String, u64, String)>,
    pub(super) of: T,
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

/// The last bytes of a segment.
fn end_of(trail: &Path, segment: &SegmentFile) -> io::Result<String> {
    let mut file = File::open(trail.join(&segment.name))?;
    file.seek(SeekFrom::Start(segment.bytes.saturating_sub(END)))?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end)?;
    Ok(format!("{:x?}", Sha256::digest(&end)))
}

/// Keeps what was made of these segments. What cannot be kept is read again.
pub(super) fn keep<T: Serialize>(trail: &Path, segments: &[SegmentFile], of: &T) -> io::Result<()> {
    let Some(file) = file_of(trail) else {
        return Ok(());
    };
    let of_each = segments
        .iter()
        .map(|it| Ok((it.name.clone(), it.bytes, end_of(trail, it)?)));
    let kept = Kept {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        segments: of_each.collect::<io::Result<_>>()?,
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
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut to = BufWriter::new(options.open(&new)?);
    let written = serde_json::to_writer(&mut to, &kept).map_err(io::Error::other);
    let written = written
        .and_then(|()| to.flush())
        .and_then(|()| fs::rename(&new, &file));
    if written.is_err() {
        let _gone = fs::remove_file(&new).is_ok();
    }
    written
}

/// What is kept of a trail whose first segments are still the same, and where to read on.
pub(super) fn kept<T: for<'de> Deserialize<'de>>(
    trail: &Path,
    now: &[SegmentFile],
) -> Option<(T, Position)> {
    let file = File::open(file_of(trail)?).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let kept: Kept<T> = serde_json::from_reader(BufReader::new(file)).ok()?;
    let ours = kept.version == VERSION && kept.program == env!("CARGO_PKG_VERSION");
    // What follows the last of them is read; so it must have been sealed, and another one be there.
    let next = now.get(kept.segments.len())?;
    let same = kept
        .segments
        .iter()
        .zip(now)
        .all(|((name, bytes, end), it)| {
            *name == it.name && *bytes == it.bytes && end_of(trail, it).is_ok_and(|it| it == *end)
        });
    let at = Position {
        segment: next.first,
        offset: 0,
    };
    (ours && same && !kept.segments.is_empty()).then_some((kept.of, at))
}
