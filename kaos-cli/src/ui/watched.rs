//! A trail that is shown, and what became of it meanwhile.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use jiff::Timestamp;
use kaos_hooks::audit::Trail;

use super::altered::{Altered, Files, Seen};
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
        self.look_at(&mut files) && self.verdict().outdate()
    }

    /// The files as they were when they were looked at last; none if that could not be done.
    pub(super) fn seen(&self) -> Option<Arc<Seen>> {
        lock(&self.files).latest()
    }

    /// It is verified from now on: the files as they are now.
    pub(super) fn begin(&self) -> Option<Arc<Seen>> {
        let mut files = lock(&self.files);
        let mut is_other = self.look_at(&mut files);
        if let Some(wait) = files.young() {
            thread::sleep(wait);
            is_other |= self.look_at(&mut files);
        }
        if is_other {
            self.verdict().outdate();
        }
        files.begin();
        files.latest()
    }

    /// Whether something happened to them that is no growth.
    fn look_at(&self, files: &mut Files) -> bool {
        let altered = files.look(&self.trail, &self.path);
        if let Some(Altered::Rewritten(name)) = &altered {
            self.is_rewritten.store(true, Ordering::Relaxed);
            self.happened(format!(
                "{name} was changed in place, or replaced: the trail is verified anew"
            ));
        }
        altered.is_some()
    }

    /// What was found by the verification that was begun last.
    pub(super) fn judge(&self, verdict: Verdict) {
        let mut files = lock(&self.files);
        self.look_at(&mut files);
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::output::Failed;
    use crate::ui::verdict::Standing;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0).is_ok();
        }
    }

    fn file(of: &Path, first: u64) -> PathBuf {
        of.join(format!("seg-{first:020}.jsonl"))
    }

    /// Of two files, of which the first is sealed.
    fn trail(name: &str) -> Result<(Folder, Watched), Failed> {
        let path = std::env::temp_dir().join(format!("kaos-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        fs::write(file(&path, 0), "one\n")?;
        fs::write(file(&path, 5), "two\n")?;
        let trail = Trail::open_read(&path)?;
        let watched = Watched::new(0, String::new(), path.clone(), trail);
        Ok((Folder(path), watched))
    }

    /// In place, as long as before, and at another time than it had.
    fn rewrite(file: &Path) -> Result<(), Failed> {
        let text = fs::read(file)?;
        let at = |file| fs::metadata(file).map(|it| (it.ctime(), it.ctime_nsec()));
        let before = at(file)?;
        while at(file)? == before {
            OpenOptions::new()
                .write(true)
                .open(file)?
                .write_all(&text)?;
        }
        Ok(())
    }

    fn append(file: &Path) -> Result<(), Failed> {
        OpenOptions::new()
            .append(true)
            .open(file)?
            .write_all(b"more\n")?;
        Ok(())
    }

    fn verified(watched: &Watched, standing: Standing) {
        let mut verdict = Verdict::default();
        verdict.standing = standing;
        watched.judge(verdict);
    }

    fn standing(watched: &Watched) -> serde_json::Value {
        let summary = watched.verdict().summary();
        summary.get("standing").cloned().unwrap_or_default()
    }

    #[test]
    fn growth_is_no_change_and_what_is_sealed_is_changed_by_any() -> Result<(), Failed> {
        let (folder, watched) = trail("altered")?;
        watched.begin();
        verified(&watched, Standing::Intact);
        append(&file(&folder.0, 5))?;
        assert!(!watched.look(), "it only grew");
        // Whoever wrote it gives back what it had reserved, while the next file is there already.
        fs::write(file(&folder.0, 9), "three\n")?;
        rewrite(&file(&folder.0, 5))?;
        assert!(!watched.look());
        assert_eq!(standing(&watched), "intact");
        rewrite(&file(&folder.0, 0))?;
        assert!(watched.look());
        assert_eq!(standing(&watched), "changed");
        assert!(!watched.look(), "it is known");
        assert!(watched.is_rewritten.load(Ordering::Relaxed));
        assert_eq!(watched.news().len(), 1);
        // Verified anew.
        watched.begin();
        verified(&watched, Standing::Intact);
        assert_eq!(standing(&watched), "intact");
        fs::remove_file(file(&folder.0, 0))?;
        assert!(watched.look());
        assert_eq!(standing(&watched), "changed");
        Ok(())
    }

    #[test]
    fn what_is_changed_while_it_is_verified_is_not_intact_afterwards() -> Result<(), Failed> {
        let (folder, watched) = trail("altered-meanwhile")?;
        for first in [0, 5] {
            watched.begin();
            rewrite(&file(&folder.0, first))?;
            // Nobody has looked meanwhile.
            verified(&watched, Standing::Intact);
            assert_eq!(standing(&watched), "changed", "{first}");
            watched.begin();
            assert_eq!(standing(&watched), "changed", "until it is verified");
            verified(&watched, Standing::Torn);
            assert_eq!(standing(&watched), "torn");
        }
        Ok(())
    }

    #[test]
    fn what_was_found_stays_found_whoever_touches_the_files() -> Result<(), Failed> {
        let (folder, watched) = trail("altered-found")?;
        watched.begin();
        verified(&watched, Standing::NotIntact);
        rewrite(&file(&folder.0, 0))?;
        watched.look();
        assert_eq!(standing(&watched), "not_intact");
        assert!(watched.verdict().is_changed());
        Ok(())
    }
}
