use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, hash_map};
use std::hash::{BuildHasher as _, Hash};

use kaos_hooks::audit::{Placed, Position, RecordContent};
use kaos_hooks::{SpanId, TraceId};
use kaos_otel_hook::Prices;

use super::kept::{self, Kept};
use super::names::Known;
use super::of_trail::OfTrail;
use super::run::Run;
use super::unchanged::Unchanged;

/// The runs of several trails.
#[derive(Debug, Default)]
pub(crate) struct Index {
    trails: Vec<OfTrail>,
    known: Known,
    by_trace: HashMap<TraceId, Vec<RunKey>>,
    /// How many runs that are here say that they called from there.
    callers: HashMap<(TraceId, SpanId), u32>,
    /// How many say that they are the run of a trace and its root, by the hash of these: there is one for each run, and nobody
    /// knows what the hash of another is.
    claims: HashMap<u64, u32>,
}

/// Which run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunKey {
    pub(crate) trail: usize,
    number: u64,
}

/// A run and what it is called here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'i> {
    pub(crate) key: RunKey,
    pub(crate) run: &'i Run,
    /// Whether a run of these trails called it.
    pub(crate) is_nested: bool,
    /// How many runs have its trace and its root, itself among them: where it is not the only one, nobody can tell which is meant.
    pub(crate) claims: usize,
    /// Its trace and its root lead to it, and to no other.
    is_sole: bool,
}

impl Entry<'_> {
    /// What it is asked for by, beside its trace: its root; where that is not enough, also its first record and its trail.
    pub(crate) fn id(&self, trail: &str) -> String {
        let root = self
            .run
            .root
            .map_or_else(|| "-".to_owned(), |it| it.to_string());
        if self.is_sole {
            return root;
        }
        format!("{root}.{}.{trail}", self.run.seqs.start)
    }
}

impl Index {
    /// An empty one, which knows what models cost.
    pub(crate) fn new(prices: Option<Prices>) -> Self {
        Self {
            known: Known::with(prices),
            ..Self::default()
        }
    }

    /// One more trail; gives its number.
    pub(crate) fn add_trail(&mut self) -> usize {
        self.trails.push(OfTrail::default());
        self.trails.len() - 1
    }

    /// Takes one more record of a trail.
    pub(crate) fn add(&mut self, trail: usize, placed: &Placed) {
        let (RecordContent::Event(event), Some(of)) =
            (&placed.record.content, self.trails.get_mut(trail))
        else {
            return;
        };
        let Some(belongs) = of.grouping.place(event) else {
            return;
        };
        let number = belongs.run;
        let known = &mut self.known;
        let run = of.runs.entry(number).or_insert_with(|| {
            let run = Run::of(placed, event, &mut known.names);
            let key = RunKey { trail, number };
            self.by_trace.entry(run.trace).or_insert_with(one).push(key);
            let claim = self.claims.hasher().hash_one((run.trace, run.root));
            count(&mut self.claims, claim);
            run
        });
        let before = run.callers.len();
        run.add(placed, event, belongs.ends, &mut self.known);
        for caller in run.callers().skip(before) {
            count(&mut self.callers, caller);
        }
    }

    /// Forgets all of a trail, which is read anew.
    pub(crate) fn forget(&mut self, trail: usize) {
        if let Some(of) = self.trails.get_mut(trail) {
            let OfTrail { runs, .. } = std::mem::take(of);
            self.without(trail, &runs);
        }
    }

    /// Forgets runs that ended before this segment; of those that reach into it the beginning is missing now.
    pub(crate) fn forget_before(&mut self, trail: usize, segment: u64) {
        let Some(of) = self.trails.get_mut(trail) else {
            return;
        };
        let runs = std::mem::take(&mut of.runs).into_iter();
        let gone;
        (gone, of.runs) = runs.partition(|(_number, run)| run.places.end.segment < segment);
        let cut = of.runs.values_mut();
        for run in cut.filter(|run| run.places.start.segment < segment) {
            run.has_beginning = false;
            run.places.start = Position::beginning(segment);
        }
        self.without(trail, &gone);
    }

    /// Looks nothing up in these runs any more.
    fn without(&mut self, trail: usize, gone: &BTreeMap<u64, Run>) {
        for run in gone.values() {
            let claim = self.claims.hasher().hash_one((run.trace, run.root));
            uncount(&mut self.claims, &claim);
            for caller in run.callers() {
                uncount(&mut self.callers, &caller);
            }
        }
        let traces: HashSet<TraceId> = gone.values().map(|run| run.trace).collect();
        for trace in traces {
            if let hash_map::Entry::Occupied(mut keys) = self.by_trace.entry(trace) {
                let is_gone = |key: &RunKey| key.trail == trail && gone.contains_key(&key.number);
                keys.get_mut().retain(|key| !is_gone(key));
                if keys.get().is_empty() {
                    keys.remove();
                }
            }
        }
    }

    /// Whether something of it is kept between two starts. Costs are not: prices change.
    pub(crate) const fn keeps(&self) -> bool {
        !self.known.has_prices()
    }

    /// Keeps what these segments, all of them sealed, hold of a trail, for the next start.
    pub(crate) fn keep(&self, trail: usize, segments: &Unchanged) {
        let of = self.trails.get(trail).filter(|_| self.keeps());
        // What cannot be kept is read again.
        let _kept = of.is_some_and(|of| kept::keep(segments, of).is_ok());
    }

    /// Takes what is kept of a trail; gives the place to read on at.
    pub(crate) fn take_kept(&mut self, trail: usize, kept: Kept) -> Position {
        let Kept { mut of, at } = kept;
        for (number, run) in &mut of.runs {
            run.share(&mut self.known.names);
            let key = RunKey {
                trail,
                number: *number,
            };
            self.by_trace.entry(run.trace).or_insert_with(one).push(key);
            let claim = self.claims.hasher().hash_one((run.trace, run.root));
            count(&mut self.claims, claim);
            for caller in run.callers() {
                count(&mut self.callers, caller);
            }
        }
        if let Some(known) = self.trails.get_mut(trail) {
            *known = of;
        }
        at
    }

    /// How many runs there are.
    pub(crate) fn len(&self) -> usize {
        self.trails.iter().map(|of| of.runs.len()).sum()
    }

    pub(crate) fn run(&self, key: RunKey) -> Option<&Run> {
        self.trails.get(key.trail)?.runs.get(&key.number)
    }

    /// All runs, trail by trail.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.trails.iter().enumerate().flat_map(move |(trail, of)| {
            of.runs.iter().map(move |(number, run)| {
                let number = *number;
                self.entry(RunKey { trail, number }, run)
            })
        })
    }

    fn entry<'i>(&'i self, key: RunKey, run: &'i Run) -> Entry<'i> {
        let called = |span| self.callers.contains_key(&(run.trace, span));
        let claim = self.claims.hasher().hash_one((run.trace, run.root));
        let claims = self.claims.get(&claim).map_or(1, |it| *it as usize);
        let of_trace = || self.by_trace.get(&run.trace).map_or(1, Vec::len);
        Entry {
            key,
            run,
            is_nested: run.parent.is_some_and(called),
            claims,
            is_sole: claims == 1 && (run.root.is_some() || of_trace() == 1),
        }
    }

    /// The runs of one trace, in all trails.
    pub(crate) fn of_trace(&self, trace: TraceId) -> Vec<Entry<'_>> {
        let keys = self.by_trace.get(&trace).map_or(&[] as &[_], |it| it);
        let entry = |key: &RunKey| Some(self.entry(*key, self.run(*key)?));
        keys.iter().filter_map(entry).collect()
    }

    /// A run, and those that it called, and those that they called. Of several that claim the same ids, it is the one of the same trail
    /// as this run, or else the newest.
    pub(crate) fn with_nested<'i>(&'i self, first: Entry<'i>) -> Vec<Entry<'i>> {
        let mut waiting = self.of_trace(first.run.trace);
        waiting.sort_by_key(|it| {
            (
                it.key.trail != first.key.trail,
                Reverse((it.run.at, it.key)),
            )
        });
        let mut roots: HashSet<Option<SpanId>> = HashSet::from([first.run.root]);
        let mut spans: HashSet<SpanId> = first.run.callers.iter().copied().collect();
        let mut found = vec![first];
        waiting.retain(|it| it.run.root.is_some());
        loop {
            let is_called =
                |it: &Entry<'_>| it.run.parent.is_some_and(|span| spans.contains(&span));
            let (mut new, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_called);
            new.retain(|it| roots.insert(it.run.root));
            if new.is_empty() {
                return found;
            }
            new.sort_by_key(|it| it.key);
            spans.extend(new.iter().flat_map(|it| it.run.callers.iter().copied()));
            found.extend(new);
            waiting = rest;
        }
    }
}

/// Room for one: most traces have no more.
fn one() -> Vec<RunKey> {
    Vec::with_capacity(1)
}

fn count<K: Eq + Hash>(counts: &mut HashMap<K, u32>, of: K) {
    let count = counts.entry(of).or_default();
    *count = count.saturating_add(1);
}

fn uncount<K: Eq + Hash>(counts: &mut HashMap<K, u32>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(of);
        }
    }
}
