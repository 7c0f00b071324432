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

#[derive(Debug)]
enum Place {
    Free { next: Option<u32> },
    Open(Open),
}

/// An open span.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: SpanId,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) slot: Slot,
    pub(crate) started: Time,
    pub(crate) subject: Subject,
    /// A sub-agent's run; on its turn span only.
    pub(crate) run: Option<Box<Run>>,
    /// The place of the turn span whose run this span belongs to; `None` for the root's.
    run_at: Option<u32>,
    newest_child: Option<u32>,
    older: Option<u32>,
    newer: Option<u32>,
}

impl Open {
    pub(crate) fn key(&self) -> Key {
        Key { slot: self.slot.own, id: self.id }
    }
}

impl Table {
    pub(crate) fn get(&self, key: Key) -> Option<&Open> {
        let found = match self.places.get(key.slot as usize) {
            Some(Place::Open(open)) => Some(open),
            _ if key.slot == Key::LATER => {
                self.open().find(|open| open.id == key.id)
            }
            _ => None,
        };
        found.filter(|open| open.id == key.id)
    }

    fn at(&self, slot: Option<u32>) -> Option<&Open> {
        match self.places.get(slot? as usize) {
            Some(Place::Open(open)) => Some(open),
            _ => None,
        }
    }

    fn at_mut(&mut self, slot: Option<u32>) -> Option<&mut Open> {
        match self.places.get_mut(slot? as usize) {
            Some(Place::Open(open)) => Some(open),
            _ => None,
        }
    }

    fn open(&self) -> impl Iterator<Item = &Open> {
        self.places.iter().filter_map(|place| match place {
            Place::Open(open) => Some(open),
            Place::Free { .. } => None,
        })
    }

    /// The sub-agent's run that the span at `key` belongs to; `None` for the root's.
    pub(crate) fn run_of<'t>(&'t self, open: &'t Open) -> Option<&'t Run> {
        self.at(open.run_at)?.run.as_deref()
    }

    /// Opens a span; the caller has checked that `parent` is open.
    pub(crate) fn insert(
        &mut self,
        id: SpanId,
        parent: Option<Key>,
        outer_parent: Option<SpanId>,
        subject: Subject,
        run: Option<Box<Run>>,
        started: Time,
    ) -> &Open {
        let around = parent.and_then(|key| self.get(key));
        let parent_slot = around.map(|open| open.slot.own);
        let older = around.and_then(|open| open.newest_child);
        let inherited = around.and_then(|open| open.run_at);
        let parent_id = around.map(|open| open.id).or(outer_parent);

        let own = self.take_place();
        if let Some(parent) = self.at_mut(parent_slot) {
            parent.newest_child = Some(own);
        }
        if let Some(older) = self.at_mut(older) {
            older.newer = Some(own);
        }
        let open = Open {
            id,
            parent_id,
            slot: Slot { own, parent: parent_slot },
            started,
            subject,
            run_at: if run.is_some() { Some(own) } else { inherited },
            run,
            newest_child: None,
            older,
            newer: None,
        };
        let place = self.places.get_mut(own as usize).expect("the place was just taken");
        *place = Place::Open(open);
        match place {
            Place::Open(open) => open,
            Place::Free { .. } => unreachable!("the place was just filled"),
        }
    }

    fn take_place(&mut self) -> u32 {
        if let Some(own) = self.free {
            if let Some(Place::Free { next }) = self.places.get(own as usize) {
                self.free = *next;
            }
            return own;
        }
        let own = u32::try_from(self.places.len()).expect("fewer than 2^32 spans are open at once");
        self.places.push(Place::Free { next: None });
        own
    }

    /// The newest innermost open span at or beneath `key`, which has to end first, and the span
    /// around it.
    pub(crate) fn innermost(&self, key: Key) -> Option<(Key, Option<Key>)> {
        let mut open = self.get(key)?;
        while let Some(child) = self.at(open.newest_child) {
            open = child;
        }
        Some((open.key(), self.at(open.slot.parent).map(Open::key)))
    }

    /// Takes an ended span out; it has no open children.
    pub(crate) fn remove(&mut self, slot: u32) {
        let Some(place) = self.places.get_mut(slot as usize) else { return };
        let free = Place::Free { next: self.free };
        let Place::Open(ended) = std::mem::replace(place, free) else { return };
        self.free = Some(slot);
        if let Some(newer) = self.at_mut(ended.newer) {
            newer.older = ended.older;
        } else if let Some(parent) = self.at_mut(ended.slot.parent) {
            parent.newest_child = ended.older;
        }
        if let Some(older) = self.at_mut(ended.older) {
            older.newer = ended.newer;
        }
    }
}
