//! What the queue of a reader holds.

use std::sync::Arc;

#[cfg(feature = "audit")]
use kaos_events::EventBuf;
use kaos_events::{PackedEvents, Replaying};

use crate::dispatch::queue::Packing;

/// A part of one run's events, which its readers share.
pub(super) trait Part: Send + Sync {
    /// The events, those that a reader does not want included.
    fn events(&self) -> Option<&PackedEvents>;

    /// Delivers them to the observers behind this reader, which wants so many of them; whether that
    /// could be done.
    fn deliver(&self, reader: usize, items: u64, with: &mut Replaying) -> bool;

    /// Lets go of it; the last one makes room for another.
    fn give_back(self: Arc<Self>);
}

/// A part of a run's events in the queue of one of its readers.
pub(crate) struct Chunk {
    /// `None` only while it is being dropped.
    part: Option<Arc<dyn Part>>,
    reader: usize,
    items: u64,
    bytes: usize,
}

impl Chunk {
    /// So many of these events are for this reader; all of them take so many bytes.
    pub(super) const fn new(part: Arc<dyn Part>, reader: usize, items: u64, bytes: usize) -> Self {
        Self {
            part: Some(part),
            reader,
            items,
            bytes,
        }
    }

    /// The events, those that this reader does not want included.
    #[cfg(feature = "audit")]
    pub(crate) fn events<'a>(
        &'a self,
        with: &'a mut Replaying,
    ) -> impl Iterator<Item = EventBuf> + 'a {
        let events = self.part.as_ref().and_then(|part| part.events());
        events
            .map(|events| events.iter_with(with))
            .into_iter()
            .flatten()
    }

    pub(super) fn deliver(&self, with: &mut Replaying) -> bool {
        self.part
            .as_ref()
            .is_some_and(|part| part.deliver(self.reader, self.items, with))
    }

    pub(super) const fn items(&self) -> u64 {
        self.items
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            part.give_back();
        }
    }
}

/// Chunks in the order they came.
#[derive(Default)]
pub(crate) struct Chunks {
    all: Vec<Chunk>,
    items: u64,
    bytes: usize,
}

impl Chunks {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Chunk> {
        self.all.iter()
    }
}

impl Packing for Chunks {
    type Item<'i> = Chunk;

    fn empty() -> Self {
        Self::default()
    }

    fn add(&mut self, chunk: Chunk) {
        self.items += chunk.items;
        self.bytes += chunk.bytes;
        self.all.push(chunk);
    }

    fn counts(chunk: &Chunk) -> u64 {
        chunk.items
    }

    fn items(&self) -> u64 {
        self.items
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn recycle(&mut self) -> bool {
        self.all.clear();
        (self.items, self.bytes) = (0, 0);
        true
    }
}
