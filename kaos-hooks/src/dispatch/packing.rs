//! What queues hold.

use kaos_events::{Event, PackedEvents};

use crate::dispatch::queue::Packing;

/// Room for a batch of common events, in bytes; and the most that is kept of one.
const ROOM: usize = 96 * 1024;
const MAX_ROOM: usize = 256 * 1024;

impl Packing for PackedEvents {
    type Item<'i> = &'i Event<'i>;

    fn empty() -> Self {
        Self::with_capacity(ROOM)
    }

    #[inline]
    fn add(&mut self, event: &Event<'_>) {
        self.push(event);
    }

    #[inline]
    fn items(&self) -> u64 {
        self.len() as u64
    }

    #[inline]
    fn bytes(&self) -> usize {
        self.memory()
    }

    fn recycle(&mut self) -> bool {
        self.clear();
        self.capacity() <= MAX_ROOM
    }
}

impl<T: Send + 'static> Packing for Vec<T> {
    type Item<'i> = T;

    fn empty() -> Self {
        Self::new()
    }

    fn add(&mut self, item: T) {
        self.push(item);
    }

    fn items(&self) -> u64 {
        self.len() as u64
    }

    /// Not looked at: a list is bounded by its items.
    fn bytes(&self) -> usize {
        0
    }
}
