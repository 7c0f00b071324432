//! Whether a trail's files are still those that were verified: told by looking at them, not into them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kaos_hooks::audit::{Trail, TrailFiles};

use crate::runs::{Became, MOMENT, Same, stamps, young};

/// So long after a file grew whoever wrote it may still give back the space behind its end, which makes it no longer.
const SETTLES: Duration = Duration::from_secs(10);

/// Files as they were at one time: changed in place, they are others.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    files: TrailFiles,
    stamps: Vec<Same>,
}

/// What happened to files that is no growth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Altered {
    /// Its last file is as long as it was, and was written to: perhaps one is about to make it longer.
    Perhaps,
    /// One of them was removed, or came between them.
    Listing,
    /// The file of this name was changed in place, or replaced.
    Rewritten(String),
}

impl Seen {
    fn of(trail: &Trail, path: &Path) -> Option<Self> {
        let files = trail.files().ok()?;
        let stamps = stamps(path, &files.segments)?;
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

    /// Looks at them; what happened to them that is no growth.
    pub(super) fn look(&mut self, trail: &Trail, path: &Path) -> Option<Altered> {
        let now = Seen::of(trail, path);
        self.are_gone = now.is_none();
        let mut now = now?;
        let mut altered = self.until(&now);
        if altered == Some(Altered::Perhaps) {
            // Its time is set first, and then its length: a moment later both are.
            thread::sleep(MOMENT);
            now = Seen::of(trail, path).unwrap_or(now);
            altered = self.until(&now);
        }
        if altered == Some(Altered::Perhaps) {
            let last = now.stamps.last();
            altered = last.map(|it| Altered::Rewritten(it.name().to_owned()));
        }
        self.are_other |= altered.is_some();
        self.grow(&now);
        self.before = Some(Arc::new(now));
        altered
    }

    /// How long to wait until a further change of sealed files would be seen.
    pub(super) fn young(&self) -> Option<Duration> {
        let (_last, sealed) = self.before.as_ref()?.stamps.split_last()?;
        young(sealed).filter(|it| !it.is_zero())
    }

    /// What is read from now on is what they were when they were looked at last.
    pub(super) const fn begin(&mut self) {
        self.are_other = false;
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
