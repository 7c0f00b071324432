//! A trail that is shown, and what became of it meanwhile.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use kaos_hooks::audit::Trail;

use super::altered::{Files, Seen};
use super::verdict::Verdict;

/// How much news of a trail is kept.
const MAX_NEWS: usize = 20;

pub(super) struct Watched {
    /// Which it is in the index. No other has it, whatever they are called.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The directory that the path led to.
    pub(super) place: PathBuf,
    pub(super) trail: Trail,
    /// Whether somebody writes it.
    pub(super) has_writer: AtomicBool,
    /// Bytes of its files, and how many of them the index has.
    pub(super) bytes: AtomicU64,
    pub(super) indexed: AtomicU64,
    /// The index is made anew: the files are not what it was made of.
    pub(super) stale: AtomicBool,
    /// The index has what was kept of them, and has not read them itself.
    pub(super) is_from_kept: AtomicBool,
    /// Records that are verified, while that goes on.
    pub(super) verified: AtomicU64,
    /// One of its files was changed in place, or replaced, since the index was last made: it is made anew beside the next
    /// verification.
    pub(super) is_rewritten: AtomicBool,
    files: Mutex<Files>,
    verdict: Mutex<Arc<Verdict>>,
    news: Mutex<VecDeque<News>>,
}

/// Something that happened to its files.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct News {
    at: String,
    what: String,
}

impl Watched {
    pub(super) fn new(number: usize, name: String, path: PathBuf, trail: Trail) -> Self {
        let new = Self {
            number,
            name,
            place: place(&path),
            path,
            trail,
            has_writer: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            indexed: AtomicU64::new(0),
            stale: AtomicBool::new(false),
            is_from_kept: AtomicBool::new(false),
            verified: AtomicU64::new(0),
            is_rewritten: AtomicBool::new(false),
            files: Mutex::default(),
            verdict: Mutex::default(),
            news: Mutex::default(),
        };
        // Before anybody reads them.
        new.look();
        new
    }

    pub(super) fn is_written(&self) -> bool {
        self.has_writer.load(Ordering::Relaxed)
    }

    pub(super) fn verdict(&self) -> Arc<Verdict> {
        Arc::clone(&lock(&self.verdict))
    }

    /// Looks whether its files are still those that were verified; whether there is something to show.
    pub(super) fn look(&self) -> bool {
        let mut files = lock(&self.files);
        files.look(self) && self.verdict().outdate()
    }

    /// The files as they were when they were looked at last; none if that could not be done.
    pub(super) fn seen(&self) -> Option<Arc<Seen>> {
        lock(&self.files).latest()
    }

    /// It is verified from now on: the files as they are now.
    pub(super) fn begin(&self) -> Option<Arc<Seen>> {
        let mut files = lock(&self.files);
        if files.begin(self) {
            self.verdict().outdate();
        }
        files.latest()
    }

    /// What was found by the verification that was begun last.
    pub(super) fn judge(&self, verdict: Verdict) {
        let mut files = lock(&self.files);
        files.look(self);
        if files.are_other() {
            verdict.outdate();
        }
        *lock(&self.verdict) = Arc::new(verdict);
    }

    /// Remembers what happened, unless it is what happened last. What goes on by turns is there once, as of the last time.
    pub(super) fn happened(&self, what: impl Into<String>) -> bool {
        let what = what.into();
        let mut news = lock(&self.news);
        if news.back().is_some_and(|last| last.what == what) {
            return false;
        }
        news.retain(|it| it.what != what);
        let at = Timestamp::now().to_string();
        news.push_back(News { at, what });
        if news.len() > MAX_NEWS {
            news.pop_front();
        }
        true
    }

    /// Remembers what goes on happening, once.
    pub(super) fn happened_since(&self, what: &str) -> bool {
        let is_known = lock(&self.news).iter().any(|it| it.what == what);
        !is_known && self.happened(what)
    }

    pub(super) fn news(&self) -> Vec<News> {
        lock(&self.news).iter().cloned().collect()
    }
}

/// The directory that a path leads to.
pub(super) fn place(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_gone| path.to_owned())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
