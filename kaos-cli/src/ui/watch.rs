//! The thread that reads trails as they grow, and notices what else happens to their files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kaos_hooks::audit::{Placed, Position, SegmentFile, Trail, TrailFiles};

use super::change::Change;
use super::shared::Shared;
use super::verdict::Verdict;
use super::watched::{Watched, place};
use crate::output::chain;
use crate::runs::{Kept, Unchanged};

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(200);
const OTHERS: &str = "its files are not what was read: it is read anew";

/// How often new trails are looked for.
const FIND: Duration = Duration::from_secs(1);

/// How many of the files that cannot be read are named.
const MAX_NAMED: usize = 8;

/// How many records are put into the index at once.
const BATCH: usize = 512;

pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let watch = move || {
        let mut known: Vec<Known> = Vec::new();
        let mut found: Option<Instant> = None;
        loop {
            if found.is_none_or(|it| it.elapsed() >= FIND) {
                find(&shared);
                found = Some(Instant::now());
            }
            let trails = shared.trails();
            known.resize_with(trails.len(), Known::default);
            for (watched, known) in trails.iter().zip(&mut known) {
                known.look(&shared, watched);
            }
            thread::sleep(LOOK);
        }
    };
    thread::Builder::new()
        .name("read".to_owned())
        .spawn(watch)?;
    Ok(())
}

/// Reads and verifies what is there now.
pub(super) fn once(shared: &Shared) {
    find(shared);
    let trails = shared.trails();
    for watched in &trails {
        Known::default().look(shared, watched);
        watched.begin();
        let mut verdict = Verdict::of(
            &watched.trail,
            &shared.expected,
            trails.len() == 1,
            |_records| (),
        );
        verdict.at = Timestamp::now().to_string();
        watched.judge(verdict);
    }
}

/// Takes trails that are new.
fn find(shared: &Shared) {
    let mut known = shared.trails();
    for (name, path) in shared.sources.trails() {
        let place = place(&path);
        if known.iter().any(|it| it.path == path || it.place == place) {
            continue;
        }
        let Ok(trail) = Trail::open_read(&path) else {
            continue; // it is not there yet
        };
        shared.add_trail(&name, path, trail);
        // The next one may be the same, or have its name.
        known = shared.trails();
        shared.changed();
    }
}

/// What is known of a trail's files.
#[derive(Default)]
struct Known {
    segments: Vec<SegmentFile>,
    position: Position,
    /// They were not there the last time.
    is_gone: bool,
    /// One of them could not be read the last time: it is tried again.
    is_stuck: bool,
    /// Names of files that were passed over, as they could not be opened.
    passed_over: Vec<String>,
    /// How many lines were no records.
    no_records: u64,
}

impl Known {
    fn look(&mut self, shared: &Shared, watched: &Watched) {
        let TrailFiles {
            segments: now,
            unreadable,
        } = match watched.trail.files() {
            Ok(files) => files,
            Err(error) => {
                self.is_gone = true;
                let why = chain(&error);
                if watched.happened(format!("its directory cannot be read: {why}")) {
                    shared.changed();
                }
                return;
            }
        };
        let writes = watched.trail.has_writer();
        if watched.has_writer.swap(writes, Ordering::Relaxed) != writes {
            shared.changed();
        }
        if std::mem::take(&mut self.is_gone) {
            watched.happened("its directory is there again");
        }
        for file in unreadable.iter().take(MAX_NAMED) {
            let (name, why) = (&file.name, &file.why);
            if watched.happened_since(&format!("{name} cannot be read: {why}; the others are")) {
                shared.changed();
            }
        }
        let is_unreadable = |name: &String| unreadable.iter().any(|it| it.name == *name);
        let can_be_read = !self.passed_over.iter().all(is_unreadable);
        // What was read behind the beginning of a segment, before that was there, is superseded by it.
        let is_superseded =
            |it: &SegmentFile| it.first > self.position.segment && it.first < self.position.seq;
        let is_superseded = now.iter().any(is_superseded);
        let stale = watched.stale.swap(false, Ordering::Relaxed) || can_be_read || is_superseded;
        let change = Change::between(&self.segments, &now);
        if let Change::Pruned(first) = change {
            watched.happened(format!(
                "records before {first} were removed: only what is left is shown"
            ));
        }
        match change {
            _ if stale => self.anew(shared, watched, OTHERS),
            Change::None if now == self.segments && !self.is_stuck => return,
            Change::None => {}
            Change::Pruned(first) => {
                shared.change_index().forget_before(watched.number, first);
            }
            Change::Replaced(why) => self.anew(shared, watched, why),
        }
        // Only of what is read from its beginning, and at once, it can be told that it was the same all the time.
        let is_whole = self.position == Position::default() && shared.index().keeps();
        let sealed = now
            .split_last()
            .map_or(&[] as &[_], |(_last, sealed)| sealed);
        let unchanged = if is_whole {
            Unchanged::since_now(&watched.path, sealed)
        } else {
            None
        };
        if is_whole && self.segments.is_empty() {
            self.take_kept(shared, watched, &now);
        }
        watched
            .bytes
            .store(now.iter().map(|it| it.bytes).sum(), Ordering::Relaxed);
        self.segments = now;
        self.read(shared, watched, unchanged);
        shared.changed();
    }

    fn take_kept(&mut self, shared: &Shared, watched: &Watched, now: &[SegmentFile]) {
        // It may be large: nobody waits for the index meanwhile.
        if let Some(kept) = Kept::read(&watched.path, now) {
            watched.is_from_kept.store(true, Ordering::Relaxed);
            self.position = shared.change_index().take_kept(watched.number, kept);
        }
    }

    fn anew(&mut self, shared: &Shared, watched: &Watched, why: &str) {
        shared.change_index().forget(watched.number);
        self.passed_over.clear();
        self.no_records = 0;
        watched.indexed.store(0, Ordering::Relaxed);
        watched.is_from_kept.store(false, Ordering::Relaxed);
        self.position = Position::default();
        watched.happened(why);
    }

    fn read(&mut self, shared: &Shared, watched: &Watched, mut unchanged: Option<Unchanged>) {
        self.is_stuck = true;
        let mut follow = match watched.trail.follow(self.position) {
            Ok(follow) => follow,
            Err(error) => {
                watched.happened(format!("it cannot be read: {}", chain(&error)));
                return;
            }
        };
        self.is_stuck = false;
        let mut shown = Instant::now();
        loop {
            let mut batch: Vec<Placed> = Vec::with_capacity(BATCH);
            let mut over = true;
            while let Some(placed) = follow.next() {
                match placed {
                    Ok(placed) => {
                        if self.is_last_begun(&placed)
                            && let Some(unchanged) = unchanged.take()
                        {
                            add(shared, watched, &mut batch);
                            keep(shared, watched, &unchanged);
                        }
                        batch.push(placed);
                    }
                    Err(error) => {
                        if let Some(name) = follow.pass_over_file() {
                            // It is told by each look, as long as it is so.
                            if !self.passed_over.contains(&name) {
                                self.passed_over.push(name);
                            }
                            continue;
                        }
                        self.is_stuck = true;
                        watched.happened(format!("a file cannot be read: {}", chain(&error)));
                    }
                }
                if batch.len() == BATCH {
                    over = false;
                    break;
                }
            }
            add(shared, watched, &mut batch);
            self.position = follow.position();
            watched.indexed.store(self.before(), Ordering::Relaxed);
            if over {
                self.tell_no_records(watched, follow.passed_over());
                return;
            }
            if shown.elapsed() > FIND {
                shown = Instant::now();
                shared.changed();
            }
        }
    }

    fn tell_no_records(&mut self, watched: &Watched, more: u64) {
        self.no_records += more;
        if more > 0 {
            let lines = self.no_records;
            watched.happened(format!(
                "{lines} lines of its files are no records of the trail, and are not shown"
            ));
        }
    }

    /// Whether it is the first record of the last segment, and others were read: they are sealed, and are kept for the
    /// next start.
    fn is_last_begun(&self, placed: &Placed) -> bool {
        let last = self.segments.last();
        let begins = last.is_some_and(|it| it.first == placed.at.segment) && placed.at.offset == 0;
        begins && self.position != placed.at
    }

    /// How many bytes stand before the position.
    fn before(&self) -> u64 {
        let before = self
            .segments
            .iter()
            .filter(|it| it.first < self.position.segment);
        before.map(|it| it.bytes).sum::<u64>() + self.position.offset
    }
}

fn add(shared: &Shared, watched: &Watched, batch: &mut Vec<Placed>) {
    let mut index = shared.change_index();
    for placed in batch.drain(..) {
        index.add(watched.number, &placed);
    }
}

/// Keeps what the index has of a trail; of one that is not as it was written, nothing.
fn keep(shared: &Shared, watched: &Watched, unchanged: &Unchanged) {
    if watched.verdict().is_bad() {
        return;
    }
    shared.index().keep(watched.number, unchanged);
    // Whoever judges it meanwhile forgets it, or is seen here.
    if watched.verdict().is_bad() {
        Kept::forget(&watched.path);
    }
}
