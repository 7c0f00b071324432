//! The open spans of one stream.

use smallvec::SmallVec;

use crate::{Run, Slot, SpanId, Subject, Time};

/// Which open span is meant: its place, and its id, since places are given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) id: SpanId,
}

impl Key {
    /// The place of a span whose start still waits for the current event to be delivered.
    pub(crate) const LATER: u32 = u32::MAX;
}

/// The open spans of one stream, as a tree: each knows its newest child and its older sibling, so
/// that opening, ending and finding the innermost descendant cost the same at any depth.
#[derive(Debug, Default)]
pub(crate) struct Table {
    places: SmallVec<[Place; 4]>,
    free: Option<u32>,
}

/// A place for an open span. Filled and emptied where it stands: a subject is large to move.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: SpanId,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) slot: Slot,
    pub(crate) started: Time,
    /// `None` when the place is free.
    subject: Option<Subject>,
    /// A sub-agent's run; on its turn span only.
    run: Option<Box<Run>>,
    /// The place of the turn span whose run this span belongs to; `None` for the root's.
    run_at: Option<u32>,
    newest_child: Option<u32>,
    older: Option<u32>,
    newer: Option<u32>,
    next_free: Option<u32>,
}

impl Place {
    pub(crate) fn key(&self) -> Key {
        Key {
            slot: self.slot.own,
            id: self.id,
        }
    }

    pub(crate) fn has_children(&self) -> bool {
        self.newest_child.is_some()
    }
}

impl Table {
    /// The open span that is meant, and its subject.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<(&Place, &Subject)> {
        let place = match self.places.get(key.slot as usize) {
            Some(place) => place,
            None if key.slot == Key::LATER => self
                .places
                .iter()
                .find(|place| place.id == key.id && place.subject.is_some())?,
            None => return None,
        };
        let subject = place.subject.as_ref().filter(|_| place.id == key.id)?;
        Some((place, subject))
    }

    /// Where the open span that is meant really stands.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<Key> {
        self.get(key).map(|(place, _)| place.key())
    }

    fn at(&self, slot: Option<u32>) -> Option<&Place> {
        self.places.get(slot? as usize)
    }

    /// The sub-agent's run that an open span belongs to; `None` for the root's.
    pub(crate) fn run_of(&self, place: &Place) -> Option<&Run> {
        self.at(place.run_at)?.run.as_deref()
    }

    /// Opens a span and takes its subject; the caller has checked that `parent` is open.
    pub(crate) fn insert(
        &mut self,
        id: SpanId,
        parent: Option<Key>,
        outer_parent: Option<SpanId>,
        subject: &mut Option<Subject>,
        run: Option<Box<Run>>,
        started: Time,
    ) -> Key {
        let own = self.take_place(id, started);
        let places = self.places.as_mut_slice();
        let (mut parent_id, mut older, mut run_at) = (outer_parent, None, None);
        if let Some(around) = parent.and_then(|key| places.get_mut(key.slot as usize)) {
            parent_id = Some(around.id);
            run_at = around.run_at;
            older = around.newest_child.replace(own);
        }
        if let Some(older) = older.and_then(|slot| places.get_mut(slot as usize)) {
            older.newer = Some(own);
        }
        if let Some(place) = places.get_mut(own as usize) {
            place.id = id;
            place.parent_id = parent_id;
            place.slot = Slot {
                own,
                parent: parent.map(|key| key.slot),
            };
            place.started = started;
            place.run_at = if run.is_some() { Some(own) } else { run_at };
            place.run = run;
            place.newest_child = None;
            place.older = older;
            place.newer = None;
            // The place was free: the subject moves into it, and nothing has to be dropped.
            std::mem::swap(&mut place.subject, subject);
        }
        Key { slot: own, id }
    }

    fn take_place(&mut self, id: SpanId, started: Time) -> u32 {
        if let Some(own) = self.free {
            self.free = self.at(Some(own)).and_then(|place| place.next_free);
            return own;
        }
        let own = u32::try_from(self.places.len()).expect("fewer than 2^32 spans are open at once");
        self.places.push(Place {
            id,
            parent_id: None,
            slot: Slot::default(),
            started,
            subject: None,
            run: None,
            run_at: None,
            newest_child: None,
            older: None,
            newer: None,
            next_free: None,
        });
        own
    }

    /// The newest innermost open span at or beneath `key`, which has to end first, and the span
    /// around it.
    pub(crate) fn innermost(&self, key: Key) -> Option<(Key, Option<Key>)> {
        let (mut place, _) = self.get(key)?;
        while let Some(child) = self.at(place.newest_child) {
            place = child;
        }
        Some((place.key(), self.at(place.slot.parent).map(Place::key)))
    }

    /// Empties the place of an ended span; it has no open children.
    pub(crate) fn remove(&mut self, slot: u32) {
        let places = self.places.as_mut_slice();
        let Some(place) = places.get_mut(slot as usize) else {
            return;
        };
        place.subject = None;
        if place.run.is_some() {
            place.run = None;
        }
        place.next_free = self.free.replace(slot);
        let (older, newer, parent) = (place.older, place.newer, place.slot.parent);
        if let Some(newer) = newer.and_then(|slot| places.get_mut(slot as usize)) {
            newer.older = older;
        } else if let Some(parent) = parent.and_then(|slot| places.get_mut(slot as usize)) {
            parent.newest_child = older;
        }
        if let Some(older) = older.and_then(|slot| places.get_mut(slot as usize)) {
            older.newer = newer;
        }
    }
}
