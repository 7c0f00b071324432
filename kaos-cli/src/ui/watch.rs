//! The thread that reads trails as they grow, and notices what else happens to their files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use kaos_hooks::audit::{Placed, Position, SegmentFile, Trail};

use super::shared::Shared;
use super::verdict::Verdict;
use super::watched::Watched;
use crate::output::chain;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How often new trails are looked for.
const FIND: Duration = Duration::from_secs(1);

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
            for (number, (watched, known)) in trails.iter().zip(&mut known).enumerate() {
                known.look(&shared, number, watched);
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
    for (number, watched) in trails.iter().enumerate() {
        Known::default().look(shared, number, watched);
        let verdict = Verdict::of(
            &watched.trail,
            &shared.expected,
            trails.len() == 1,
            |_records| (),
        );
        watched.judge(verdict);
    }
}

/// Takes trails that are new.
fn find(shared: &Shared) {
    let known = shared.trails();
    for (name, path) in shared.sources.trails() {
        if known.iter().any(|it| it.path == path) {
            continue;
        }
        let Ok(trail) = Trail::open_read(&path) else {
            continue; // it is not there yet
        };
        let same = known
            .iter()
            .filter(|it| it.name == name || it.name.starts_with(&format!("{name} (")))
            .count();
        let name = if same == 0 {
            name
        } else {
            format!("{name} ({})", same + 1)
        };
        shared.add_trail(Watched::new(name, path, trail));
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
}

impl Known {
    fn look(&mut self, shared: &Shared, number: usize, watched: &Watched) {
        let now = match watched.trail.segments() {
            Ok(now) => now,
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
        let stale = watched.stale.swap(false, Ordering::Relaxed);
        match self.compare(&now) {
            _ if stale => self.anew(
                shared,
                number,
                watched,
                "its files are not what was read: it is read anew",
            ),
            Change::None if now == self.segments && !self.is_stuck => return,
            Change::None => {}
            Change::Pruned(first) => {
                shared.change_index().forget_before(number, first);
                watched.happened(format!(
                    "records before {first} were removed: only what is left is shown"
                ));
            }
            Change::Replaced(why) => self.anew(shared, number, watched, why),
        }
        if self.segments.is_empty() && self.position == Position::default() {
            let mut index = shared.change_index();
            let kept = index.take_kept(number, &watched.path, &now);
            self.position = kept.unwrap_or_default();
        }
        watched
            .bytes
            .store(now.iter().map(|it| it.bytes).sum(), Ordering::Relaxed);
        self.segments = now;
        self.read(shared, number, watched);
        shared.changed();
    }

    fn compare(&self, now: &[SegmentFile]) -> Change {
        let before = &self.segments;
        let Some(first) = now.first() else {
            return if before.is_empty() {
                Change::None
            } else {
                Change::Replaced("its files were removed")
            };
        };
        for old in before.iter().filter(|old| old.first >= first.first) {
            let grows = old.first == self.position.segment;
            match now.iter().find(|it| it.first == old.first) {
                None => return Change::Replaced("one of its files was removed: it is read anew"),
                Some(new) if new.bytes < old.bytes => {
                    return Change::Replaced("one of its files was cut: it is read anew");
                }
                Some(new) if new.bytes > old.bytes && !grows => {
                    return Change::Replaced("one of its older files has changed: it is read anew");
                }
                Some(_) => {}
            }
        }
        match before.first() {
            Some(old) if old.first < first.first => Change::Pruned(first.first),
            Some(old) if old.first > first.first => {
                Change::Replaced("older files have come: it is read anew")
            }
            _ => Change::None,
        }
    }

    fn anew(&mut self, shared: &Shared, number: usize, watched: &Watched, why: &str) {
        shared.change_index().forget(number);
        watched.indexed.store(0, Ordering::Relaxed);
        self.position = Position::default();
        watched.happened(why);
    }

    fn read(&mut self, shared: &Shared, number: usize, watched: &Watched) {
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
            for placed in follow.by_ref() {
                match placed {
                    Ok(placed) => {
                        self.keep_before(&placed, &mut batch, shared, number, watched);
                        batch.push(placed);
                    }
                    Err(error) => {
                        self.is_stuck = true;
                        watched.happened(format!("a file cannot be read: {}", chain(&error)));
                    }
                }
                if batch.len() == BATCH {
                    over = false;
                    break;
                }
            }
            {
                let mut index = shared.change_index();
                for placed in &batch {
                    index.add(number, placed);
                }
            }
            self.position = follow.position();
            watched.indexed.store(self.before(), Ordering::Relaxed);
            if over {
                return;
            }
            if shown.elapsed() > FIND {
                shown = Instant::now();
                shared.changed();
            }
        }
    }

    /// Before the first record of the last segment: the others are sealed, and are kept for the next start.
    fn keep_before(
        &self,
        placed: &Placed,
        batch: &mut Vec<Placed>,
        shared: &Shared,
        number: usize,
        watched: &Watched,
    ) {
        let Some((last, sealed)) = self.segments.split_last() else {
            return;
        };
        let begins = placed.at.segment == last.first && placed.at.offset == 0;
        if !begins || sealed.is_empty() || self.position == placed.at {
            return;
        }
        {
            let mut index = shared.change_index();
            for placed in batch.drain(..) {
                index.add(number, &placed);
            }
        }
        shared.index().keep(number, &watched.path, sealed);
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

enum Change {
    None,
    /// The files before the one of this number are gone, the others are as they were.
    Pruned(u64),
    Replaced(&'static str),
}
