//! The thread that verifies trails, again and again as they change.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kaos_hooks::audit::TrailFiles;

use super::shared::Shared;
use super::verdict::{Standing, Verdict};
use super::watched::Watched;
use crate::runs::{Kept, Same, stamps};

/// How often it is looked whether there is something to verify.
const LOOK: Duration = Duration::from_millis(200);

/// A trail rests after it was verified for so many times as long as that took, and for a moment at least.
const REST: u32 = 9;
const LEAST: Duration = Duration::from_secs(1);

/// One that does not change is verified anew after so long: a bit may have flipped.
const ANEW: Duration = Duration::from_secs(60);

pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let verify = move || {
        let mut all: Vec<Verified> = Vec::new();
        loop {
            let trails = shared.trails();
            all.resize_with(trails.len(), Verified::default);
            let is_only = trails.len() == 1;
            for (watched, verified) in trails.iter().zip(&mut all) {
                verified.look(&shared, watched, is_only);
            }
            thread::sleep(LOOK);
        }
    };
    thread::Builder::new()
        .name("verify".to_owned())
        .spawn(verify)?;
    Ok(())
}

#[derive(Default)]
struct Verified {
    files: Option<Seen>,
    at: Option<Instant>,
    took: Duration,
}

/// The files as they were before they were verified: changed in place, they are others.
#[derive(PartialEq)]
struct Seen {
    files: TrailFiles,
    stamps: Option<Vec<Same>>,
}

impl Seen {
    fn of(watched: &Watched) -> Option<Self> {
        let files = watched.trail.files().ok()?;
        let stamps = stamps(&watched.path, &files.segments);
        Some(Self { files, stamps })
    }
}

impl Verified {
    fn look(&mut self, shared: &Shared, watched: &Arc<Watched>, is_only: bool) {
        let rest = (self.took * REST).max(LEAST);
        if self.at.is_some_and(|at| at.elapsed() < rest) {
            return;
        }
        let files = Seen::of(watched);
        let old = self.at.is_none_or(|at| at.elapsed() >= ANEW.max(rest));
        if files == self.files && !old {
            return;
        }
        let began = Instant::now();
        let telling = Arc::clone(watched);
        let progress = move |records| telling.verified.store(records, Ordering::Relaxed);
        let mut verdict = Verdict::of(&watched.trail, &shared.expected, is_only, progress);
        self.took = began.elapsed();
        self.at = Some(Instant::now());
        self.files = files;
        verdict.at = Timestamp::now().to_string();
        verdict.millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        watched.verified.store(0, Ordering::Relaxed);
        let before = watched.verdict();
        if before.standing != Standing::Unknown && !before.agrees_with(&verdict) {
            // What was read before may have been changed since.
            watched.stale.store(true, Ordering::Relaxed);
        }
        let is_bad = verdict.is_bad();
        watched.judge(verdict);
        if is_bad {
            Kept::forget(&watched.path);
            // What was kept may be of other files than these.
            let is_from_kept = watched.is_from_kept.swap(false, Ordering::Relaxed);
            watched.stale.fetch_or(is_from_kept, Ordering::Relaxed);
        }
        shared.changed();
    }
}
