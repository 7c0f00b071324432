//! Whether a trail's files are still those that were verified: told by looking at them, not into them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use kaos_hooks::audit::TrailFiles;

use super::watched::Watched;
use crate::runs::{Became, MOMENT, Same, stamps, young};

/// So long after a file grew whoever wrote it may still give back the space behind its end, which makes it no longer.
const SETTLES: Duration = Duration::from_secs(1);

/// Files as they were at one time: changed in place, they are others.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    files: TrailFiles,
    stamps: Vec<Same>,
}

/// What happened to files that is no growth.
#[derive(Debug, PartialEq, Eq)]
enum Altered {
    /// Its last file is as long as it was, and was written to: perhaps one is about to make it longer.
    Perhaps,
    /// One of them was removed, or came between them.
    Listing,
    /// The file of this name was changed in place, or replaced.
    Rewritten(String),
}

impl Seen {
    fn of(watched: &Watched) -> Option<Self> {
        let files = watched.trail.files().ok()?;
        let stamps = stamps(&watched.path, &files.segments)?;
        Some(Self { files, stamps })
    }

    /// What is other now than that the last file grew, and others came behind it.
    fn until(&self, now: &Self, grown: &[Grown]) -> Option<Altered> {
        let last = self.stamps.last()?.name();
        let mut found = None;
        for old in &self.stamps {
            let at = now.stamps.binary_search_by(|it| it.name().cmp(old.name()));
            let new = at.ok().and_then(|at| now.stamps.get(at));
            match new.map(|new| old.became(new)) {
                Some(Became::Same) => {}
                Some(Became::Touched) if new.is_some_and(|it| settles(it, grown)) => {}
                Some(Became::Longer) if old.name() == last => {}
                Some(Became::Touched) if old.name() == last => found = Some(Altered::Perhaps),
                Some(_) => return Some(Altered::Rewritten(old.name().to_owned())),
                None => found = Some(Altered::Listing),
            }
        }
        let up_to_last = |of: &Self| of.stamps.iter().filter(|it| it.name() <= last).count();
        let odd: HashSet<_> = self.files.unreadable.iter().map(|it| &it.name).collect();
        let mut now_odd = now.files.unreadable.iter().map(|it| &it.name);
        if up_to_last(now) > self.stamps.len() || now_odd.any(|it| !odd.contains(it)) {
            found = Some(Altered::Listing);
        }
        found
    }
}

/// A file that was seen to grow, and when it did.
type Grown = (String, Duration);

fn settles(file: &Same, grown: &[Grown]) -> bool {
    let mut grown = grown.iter();
    grown.any(|(name, at)| name == file.name() && file.at() < at.saturating_add(SETTLES))
}

/// A trail's files, looked at again and again.
#[derive(Debug, Default)]
pub(super) struct Files {
    before: Option<Arc<Seen>>,
    /// Those that grew a moment ago.
    grown: Vec<Grown>,
    /// The last time they could not be looked at.
    are_gone: bool,
    /// One of them is other than when the last verification began.
    are_other: bool,
}

impl Files {
    pub(super) fn latest(&self) -> Option<Arc<Seen>> {
        self.before.clone().filter(|_| !self.are_gone)
    }

    pub(super) const fn are_other(&self) -> bool {
        self.are_other
    }

    /// Looks at them; whether something happened to them that is no growth.
    pub(super) fn look(&mut self, watched: &Watched) -> bool {
        let now = Seen::of(watched);
        self.are_gone = now.is_none();
        let Some(mut now) = now else {
            return false;
        };
        let mut altered = self.until(&now);
        if altered == Some(Altered::Perhaps) {
            // Its time is set first, and then its length: a moment later both are.
            thread::sleep(MOMENT);
            now = Seen::of(watched).unwrap_or(now);
            altered = self.until(&now);
        }
        let name = match &altered {
            None | Some(Altered::Listing) => None,
            Some(Altered::Rewritten(name)) => Some(name.as_str()),
            Some(Altered::Perhaps) => now.stamps.last().map(Same::name),
        };
        if let Some(name) = name {
            watched.is_rewritten.store(true, Ordering::Relaxed);
            watched.happened(format!(
                "{name} was changed in place, or replaced: the trail is verified anew"
            ));
        }
        self.are_other |= altered.is_some();
        self.grow(&now);
        self.before = Some(Arc::new(now));
        altered.is_some()
    }

    /// What is read from now on is what they are now; whether they were others when they were looked at last.
    pub(super) fn begin(&mut self, watched: &Watched) -> bool {
        let mut is_other = self.look(watched);
        let sealed = self.before.as_ref().and_then(|it| it.stamps.split_last());
        let wait = sealed.and_then(|(_last, sealed)| young(sealed));
        if let Some(wait) = wait.filter(|it| !it.is_zero()) {
            thread::sleep(wait);
            is_other |= self.look(watched);
        }
        self.are_other = false;
        is_other
    }

    fn until(&self, now: &Seen) -> Option<Altered> {
        self.before.as_ref()?.until(now, &self.grown)
    }

    /// Remembers what grew until now: the last file, or one behind it.
    fn grow(&mut self, now: &Seen) {
        let before = self.before.as_ref().and_then(|it| it.stamps.last());
        let Some(from) = before.map(Same::name) else {
            return;
        };
        let new = now.stamps.iter().rev().take_while(|it| it.name() >= from);
        let new = new.filter(|new| match before {
            Some(old) if old.name() == new.name() => old.became(new) == Became::Longer,
            _ => true,
        });
        let new: Vec<Grown> = new.map(|it| (it.name().to_owned(), it.at())).collect();
        let newest = new.iter().map(|it| it.1).max();
        if let Some(newest) = newest {
            self.grown
                .retain(|it| it.1.saturating_add(SETTLES) > newest);
        }
        for new in new {
            self.grown.retain(|it| it.0 != new.0);
            self.grown.push(new);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Path, PathBuf};

    use kaos_hooks::audit::Trail;

    use super::*;
    use crate::output::Failed;
    use crate::ui::verdict::{Standing, Verdict};

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
