//! The thread that verifies trails, again and again as they change.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::altered::Seen;
use super::shared::Shared;
use super::verdict::Verdict;
use super::watched::Watched;
use crate::runs::Kept;

/// How often it is looked whether there is something to verify, and whether files are still what was verified.
const LOOK: Duration = Duration::from_millis(200);

/// A trail rests after it was verified for so many times as long as that took, and for a moment at least.
const REST: u32 = 9;
const LEAST: Duration = Duration::from_secs(1);

/// One that does not change is verified anew after so long: a bit may have flipped.
const ANEW: Duration = Duration::from_secs(60);

pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let (shared, looked) = (Arc::clone(shared), Arc::clone(shared));
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
    let look = move || {
        loop {
            if looked.trails().iter().filter(|it| it.look()).count() > 0 {
                looked.changed();
            }
            thread::sleep(LOOK);
        }
    };
    thread::Builder::new()
        .name("verify".to_owned())
        .spawn(verify)?;
    // A verification may take minutes: others look meanwhile.
    thread::Builder::new().name("look".to_owned()).spawn(look)?;
    Ok(())
}

#[derive(Default)]
struct Verified {
    files: Option<Arc<Seen>>,
    at: Option<Instant>,
    took: Duration,
    /// When it did not rest, the last time.
    hurried: Option<Instant>,
}

impl Verified {
    fn look(&mut self, shared: &Shared, watched: &Arc<Watched>, is_only: bool) {
        let rest = (self.took * REST).max(LEAST);
        let within_rest = |of: Option<Instant>| of.is_some_and(|at| at.elapsed() < rest);
        let rests = within_rest(self.at);
        // Files that are sealed are hardly ever changed: that is verified at once. Who does it again and again waits.
        let hurries = rests && watched.verdict().is_changed() && !within_rest(self.hurried);
        if rests && !hurries {
            return;
        }
        let old = self.at.is_none_or(|at| at.elapsed() >= ANEW.max(rest));
        if watched.seen() == self.files && !old {
            return;
        }
        let began = Instant::now();
        if hurries {
            self.hurried = Some(began);
        }
        let files = watched.begin();
        // Whatever the index has of it was read before, or when it was another.
        let is_rewritten = watched.is_rewritten.swap(false, Ordering::Relaxed);
        watched.stale.fetch_or(is_rewritten, Ordering::Relaxed);
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
        if verdict.contradicts(&before) {
            // What was read before may have been changed since.
            watched.stale.store(true, Ordering::Relaxed);
        } else {
            verdict.follow(&before);
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
