//! Events that have been handed over: from then on they are only read, by whoever has them.

use std::sync::Arc;

use kaos_events::{PackedEvents, Replaying};

use super::chunk::Part;
use super::pool::Reuse;
use super::readers::Readers;
use crate::dispatch::queue::Ticket;

/// The room for events that one begins with, and the most that is kept of it for others.
const ROOM: usize = 1024;
const MAX_ROOM: usize = 64 * 1024;
/// What a part of few events takes, with its run and its room.
pub(super) const SMALLEST: usize = 2 * 1024;

/// Whose events they are.
pub(super) trait Owner: Send + Sync {
    fn readers(&self) -> &Readers;

    /// A reader has got the part of this number; `None` if it had no room for it.
    fn handed_over(&self, reader: usize, number: u64, ticket: Option<Ticket>, what: &PackedEvents);

    /// So many events that this reader wanted do not get to it.
    fn misses(&self, reader: usize, items: u64);

    /// Delivers to the observers behind this reader; whether that could be done.
    fn deliver(&self, reader: usize, events: &PackedEvents, with: &mut Replaying) -> bool;

    /// Lets go of it, and of a part of it.
    fn give_back(self: Arc<Self>, part: Arc<OfRun>);
}

/// A part of one run's events.
#[derive(Default)]
pub(super) struct OfRun {
    /// Nothing while it waits to be used, as below.
    pub(super) events: Option<Box<Room>>,
    pub(super) run: Option<Arc<dyn Owner>>,
}

/// Where events are packed.
pub(super) struct Room(pub(super) PackedEvents);

impl Default for Room {
    fn default() -> Self {
        Self(PackedEvents::with_capacity(ROOM))
    }
}

impl Part for OfRun {
    fn events(&self) -> Option<&PackedEvents> {
        self.events.as_ref().map(|room| &room.0)
    }

    fn deliver(&self, reader: usize, items: u64, with: &mut Replaying) -> bool {
        let Some((run, events)) = self.run.as_ref().zip(self.events()) else {
            return false;
        };
        let delivered = run.deliver(reader, events, with);
        if !delivered {
            run.misses(reader, items);
        }
        delivered
    }

    fn give_back(self: Arc<Self>) {
        if let Some(run) = self.run.clone() {
            run.give_back(self);
        }
    }
}

impl Reuse for OfRun {
    fn reset(&mut self) -> bool {
        self.run = None;
        self.events = None;
        true
    }
}

impl Reuse for Room {
    fn reset(&mut self) -> bool {
        self.0.clear();
        self.0.capacity() <= MAX_ROOM
    }
}
