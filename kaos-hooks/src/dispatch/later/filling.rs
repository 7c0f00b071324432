//! Events of a run that have not been handed over yet.

use std::sync::Arc;
use std::task::Waker;

use kaos_events::{Event, PackedEvents};
use smallvec::SmallVec;

use super::chunk::{Chunk, Part};
use super::part::{Owner, Room, SMALLEST};
use super::readers::{Readers, Which};
use crate::dispatch::queue::{Upstream, UpstreamAt};

/// So many bytes or events are handed over: nobody has as many that are not.
pub(crate) const FULL_BYTES: usize = 16 * 1024;
const FULL_EVENTS: usize = 256;

/// Whom it wakes that something has come.
pub(super) type Wakes = SmallVec<[Waker; 2]>;

/// What is being filled. A run that waits holds no room for events.
#[derive(Default)]
pub(super) struct Filling {
    pub(super) events: Option<Box<Room>>,
    /// Which of the run's parts it is.
    pub(super) number: u64,
    /// Who wants something of the run, and how many events they all want.
    pub(super) wants: Which,
    common: u64,
    /// Those of them who know of it.
    open: Which,
    readers: SmallVec<[OfReader; 2]>,
}

/// What there is for one reader.
#[derive(Default, Clone, Copy)]
struct OfReader {
    /// Besides what all want.
    items: u64,
    /// Where the run stands upstream of it.
    place: UpstreamAt,
}

impl Filling {
    /// Whether an event for these is added without anybody being told that something has come.
    #[inline]
    pub(super) fn is_known_to(&self, wants: Which) -> bool {
        self.open.has_all(wants) && wants == self.wants
    }

    /// Adds an event that all want; whether that is enough.
    #[inline]
    pub(super) fn add(&mut self, event: &Event<'_>) -> bool {
        self.common += 1;
        self.push(event)
    }

    #[inline]
    fn push(&mut self, event: &Event<'_>) -> bool {
        self.events.as_mut().is_some_and(|room| {
            let events = &mut room.0;
            events.push(event);
            events.memory() >= FULL_BYTES || events.len() >= FULL_EVENTS
        })
    }

    /// Adds an event for these, and makes it known to those who did not know that there is something.
    pub(super) fn add_for(
        &mut self,
        wants: Which,
        event: &Event<'_>,
        readers: &Readers,
        run: &Arc<dyn Upstream>,
    ) -> (bool, Wakes) {
        let mut wakes = Wakes::new();
        self.readers.resize(readers.len(), OfReader::default());
        for (at, reader) in readers.all() {
            if let Some(of) = self.readers.get_mut(at).filter(|_| wants.has(at)) {
                if !self.open.has(at) {
                    let (place, wake) = reader.queue().open(Arc::clone(run));
                    of.place = place;
                    self.open = self.open.with(at);
                    wakes.extend(wake);
                }
                of.items += u64::from(wants != self.wants);
            }
        }
        self.common += u64::from(wants == self.wants);
        (self.push(event), wakes)
    }

    /// Gives what there is to all who want something of it.
    pub(super) fn hand_over(
        &mut self,
        part: &Arc<dyn Part>,
        events: &PackedEvents,
        run: &dyn Owner,
    ) -> Wakes {
        let mut wakes = Wakes::new();
        for (at, reader) in run.readers().all() {
            let Some(of) = self.readers.get_mut(at).filter(|_| self.open.has(at)) else {
                continue;
            };
            let items = self.common + std::mem::take(&mut of.items);
            let chunk = Chunk::new(Arc::clone(part), at, items, events.memory().max(SMALLEST));
            let (ticket, wake) = reader.queue().take_over(of.place, chunk);
            if ticket.is_none() {
                run.misses(at, items);
            }
            run.handed_over(at, self.number, ticket, events);
            wakes.extend(wake);
        }
        self.number += 1;
        self.common = 0;
        self.open = Which::default();
        wakes
    }

    /// Makes it that of another run.
    pub(super) fn reset(&mut self) {
        *self = Self {
            readers: std::mem::take(&mut self.readers),
            ..Self::default()
        };
        self.readers.clear();
    }
}
