//! Whether files are still the ones that were read, without reading them again.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use kaos_hooks::audit::SegmentFile;
use kaos_hooks::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

/// Two changes of a file that are so far apart have two times, on every file system whose times are as fine as its kernel's clock: 4 or 10
/// milliseconds.
pub(crate) const MOMENT: Duration = Duration::from_millis(20);

/// What is no more the same once a file was replaced, or anything in it was changed: who writes to it may set its length and the time of its
/// last writing, but the time of the last change of all is the system's alone to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Same {
    name: String,
    bytes: u64,
    inode: u64,
    /// Seconds since 1970, and nanoseconds.
    changed: (i64, i64),
}

/// What became of a file between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    Same,
    Longer,
    /// It is as long as it was, and was changed.
    Touched,
    /// It was replaced, or cut.
    Other,
}

/// Segments of a trail as they were at a time before they were read.
#[derive(Debug)]
pub(crate) struct Unchanged {
    trail: PathBuf,
    segments: Vec<SegmentFile>,
    same: Vec<Same>,
}

impl Unchanged {
    /// None where there are no segments, or it cannot be told. A file that was changed this very moment is waited for, as it could change
    /// once more in the same.
    pub(crate) fn since_now(trail: &Path, segments: &[SegmentFile]) -> Option<Self> {
        let found = same(trail, segments).ok()?;
        thread::sleep(young(&found)?);
        Some(Self {
            trail: trail.to_owned(),
            segments: segments.to_vec(),
            same: found,
        })
    }

    pub(super) fn trail(&self) -> &Path {
        &self.trail
    }

    /// What they were and are; none if one of them is another by now.
    pub(super) fn until_now(&self) -> Option<&[Same]> {
        let now = same(&self.trail, &self.segments).ok()?;
        (now == self.same).then_some(&self.same)
    }
}

/// What can be told of files without reading them: what is another once one of them was changed, also in place. None if
/// one of them is gone by now; where it cannot be told, nothing of any.
pub(crate) fn stamps(trail: &Path, segments: &[SegmentFile]) -> Option<Vec<Same>> {
    if cfg!(unix) {
        same(trail, segments).ok()
    } else {
        Some(Vec::new())
    }
}

/// How long to wait until a further change of these files has another time than the newest has; none where they have none,
/// or it cannot be told.
pub(crate) fn young(files: &[Same]) -> Option<Duration> {
    let newest = files.iter().map(Same::at).max()?;
    let now = Duration::from_nanos(SystemClock.unix_nanos());
    // Behind the clock, or before it: another machine's file.
    let young = newest.saturating_add(MOMENT).saturating_sub(now);
    (young <= MOMENT).then_some(young)
}

impl Same {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How it is another now, if it is.
    pub(crate) fn became(&self, now: &Self) -> Became {
        if self == now {
            Became::Same
        } else if self.inode != now.inode || now.bytes < self.bytes {
            Became::Other
        } else if now.bytes > self.bytes {
            Became::Longer
        } else {
            Became::Touched
        }
    }

    /// When it was changed last, since 1970.
    pub(crate) fn at(&self) -> Duration {
        let (seconds, nanos) = self.changed;
        let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        seconds.saturating_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
    }
}

/// What these files are now.
#[cfg(unix)]
pub(super) fn same(trail: &Path, segments: &[SegmentFile]) -> io::Result<Vec<Same>> {
    use std::os::unix::fs::MetadataExt as _;
    let of = |it: &SegmentFile| {
        let found = std::fs::symlink_metadata(trail.join(&it.name))?;
        Ok(Same {
            name: it.name.clone(),
            bytes: found.len(),
            inode: found.ino(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    };
    segments.iter().map(of).collect()
}

/// Elsewhere such a time cannot be asked for: nothing is kept there.
#[cfg(not(unix))]
pub(super) fn same(_trail: &Path, _segments: &[SegmentFile]) -> io::Result<Vec<Same>> {
    Err(io::ErrorKind::Unsupported.into())
}
