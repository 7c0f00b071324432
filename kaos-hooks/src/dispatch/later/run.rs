//! What is known of a run, beside its events, by those who read them later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use kaos_events::{Event, Observer, PackedEvents, Replaying, SpanId};
use smallvec::SmallVec;

use super::chunk::Part;
use super::filling::Filling;
use super::handed_over::HandedOver;
use super::mark::HandsOver;
use super::part::{OfRun, Owner, Room};
use super::pool::{Pool, Reuse};
use super::readers::{Readers, Which};
use crate::dispatch::queue::{Ticket, Upstream};
use crate::dispatch::to_later::Declined;

/// What the runs of a set use one after the other.
#[derive(Default)]
pub(crate) struct Pools {
    rooms: Pool<Box<Room>>,
    parts: Pool<Arc<OfRun>>,
    runs: Pool<Arc<LateRun>>,
}

/// A run, as its readers share it.
pub(super) struct LateRun {
    readers: Arc<Readers>,
    /// Not while the set is gone; the pools hold runs.
    pools: Weak<Pools>,
    filling: Mutex<Filling>,
    state: Mutex<State>,
    /// For each reader: the observer of the hooks that it stands for.
    late: SmallVec<[Mutex<Late>; 2]>,
}

#[derive(Default)]
struct State {
    /// Hooks that want nothing of this run.
    declined: SmallVec<[usize; 2]>,
    /// Its first event has come: nothing is declined any more.
    begun: bool,
    handed_over: SmallVec<[HandedOver; 2]>,
}

/// An observer that hears of the run later.
#[derive(Default)]
enum Late {
    /// Of nothing yet.
    #[default]
    New,
    Hears(Box<dyn Observer>),
    /// A part is missing: of nothing any more.
    Over,
}

impl LateRun {
    /// Another run of this set.
    pub(super) fn begin(readers: &Arc<Readers>, pools: &Arc<Pools>) -> Arc<Self> {
        pools.runs.take().unwrap_or_else(|| {
            Arc::new(Self {
                readers: Arc::clone(readers),
                pools: Arc::downgrade(pools),
                filling: Mutex::default(),
                state: Mutex::default(),
                late: readers.all().map(|_| Mutex::default()).collect(),
            })
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing more comes: what is there is handed over.
    pub(super) fn end(self: Arc<Self>) {
        Arc::clone(&self).hand_over();
        if let Some(pools) = self.pools.upgrade() {
            pools.runs.give_back(self);
        }
    }

    /// Who wants something of it.
    pub(super) fn wanted(&self) -> Which {
        let mut state = self.state();
        state.begun = true;
        self.readers.wanted(&state.declined)
    }

    fn filling(&self) -> MutexGuard<'_, Filling> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where events go.
    fn room(&self) -> Box<Room> {
        let pools = self.pools.upgrade();
        let room = pools.and_then(|pools| pools.rooms.take());
        room.unwrap_or_default()
    }

    /// These events, as they are handed over.
    fn part(self: &Arc<Self>, events: Box<Room>) -> Arc<OfRun> {
        let pools = self.pools.upgrade();
        let mut part = pools
            .and_then(|pools| pools.parts.take())
            .unwrap_or_default();
        if let Some(part) = Arc::get_mut(&mut part) {
            part.events = Some(events);
            part.run = Some(Arc::<Self>::clone(self));
        }
        part
    }

    /// Adds an event for these of those who want something of the run: which of its parts it is in.
    #[inline]
    pub(super) fn add(self: &Arc<Self>, event: &Event<'_>, (wants, all): (Which, Which)) -> u64 {
        let mut filling = self.filling();
        let number = filling.number;
        if !filling.is_known_to(wants) {
            return self.add_for(filling, event, (wants, all));
        }
        let full = filling.add(event);
        drop(filling);
        if full {
            Arc::clone(self).hand_over();
        }
        number
    }

    /// The first event of a part, or one that not all want.
    #[cold]
    fn add_for(
        self: &Arc<Self>,
        mut filling: MutexGuard<'_, Filling>,
        event: &Event<'_>,
        (wants, all): (Which, Which),
    ) -> u64 {
        filling.wants = all;
        if filling.events.is_none() {
            filling.events = Some(self.room());
        }
        let number = filling.number;
        let run: Arc<dyn Upstream> = Arc::<Self>::clone(self);
        let (full, wakes) = filling.add_for(wants, event, &self.readers, &run);
        drop(filling);
        wakes.into_iter().for_each(Waker::wake);
        if full {
            run.hand_over();
        }
        number
    }

    fn misses_some(&self, reader: usize) -> bool {
        let state = self.state();
        let of = state.handed_over.get(reader);
        of.is_some_and(|of| of.misses_some)
    }

    fn keeps(&self, reader: usize) -> bool {
        self.readers
            .get(reader)
            .is_some_and(|reader| reader.keeps())
    }
}

impl Declined for LateRun {
    fn decline(&self, hook: usize) {
        let mut state = self.state();
        if !state.begun {
            state.declined.push(hook);
        }
    }
}

impl Owner for LateRun {
    fn readers(&self) -> &Readers {
        &self.readers
    }

    fn handed_over(&self, reader: usize, number: u64, ticket: Option<Ticket>, what: &PackedEvents) {
        let keeps = self.keeps(reader);
        if !keeps && ticket.is_some() {
            return;
        }
        let mut state = self.state();
        if state.handed_over.len() <= reader {
            let readers = self.readers.len();
            state.handed_over.resize_with(readers, HandedOver::default);
        }
        let Some(of) = state.handed_over.get_mut(reader) else {
            return;
        };
        match ticket {
            Some(ticket) => of.took(number, ticket),
            None => of.misses_some = true,
        }
        if keeps && ticket.is_none() {
            of.lost(what);
        }
    }

    fn misses(&self, reader: usize, items: u64) {
        self.readers.misses(reader, items);
    }

    fn deliver(&self, reader: usize, events: &PackedEvents, with: &mut Replaying) -> bool {
        let Some(late) = self.late.get(reader) else {
            return false;
        };
        let mut late = late.lock().unwrap_or_else(PoisonError::into_inner);
        if self.misses_some(reader) {
            *late = Late::Over;
            return false;
        }
        events.replay(with, |event| {
            if matches!(*late, Late::New) {
                let declined = self.state().declined.clone();
                *late = Late::Hears(self.readers.observer(reader, &declined, event.run));
            }
            if let Late::Hears(observer) = &mut *late {
                observer.on_event(event);
            }
        });
        true
    }

    fn give_back(self: Arc<Self>, mut part: Arc<OfRun>) {
        if let Some(pools) = self.pools.upgrade() {
            if let Some(room) = Arc::get_mut(&mut part).and_then(|part| part.events.take()) {
                pools.rooms.give_back(room);
            }
            pools.parts.give_back(part);
            pools.runs.give_back(self);
        }
    }
}

impl Upstream for LateRun {
    fn hand_over(self: Arc<Self>) {
        let mut filling = self.filling();
        let Some(events) = filling.events.take() else {
            return;
        };
        let part = self.part(events);
        let shared: Arc<dyn Part> = Arc::<OfRun>::clone(&part);
        let events = part.events.as_ref();
        let wakes = events.map(|events| filling.hand_over(&shared, &events.0, &*self));
        drop(filling);
        drop(shared);
        wakes.into_iter().flatten().for_each(Waker::wake);
        self.give_back(part);
    }
}

impl HandsOver for LateRun {
    fn ticket(&self, reader: usize, span: SpanId, part: u64) -> Option<Ticket> {
        let state = self.state();
        let of = state.handed_over.get(reader);
        of.map_or(Some(0), |of| of.ticket(span, part))
    }

    fn hand_over_up_to(self: Arc<Self>, part: u64) {
        let is_filling = self.filling().number <= part;
        if is_filling {
            self.hand_over();
        }
    }
}

impl Reuse for LateRun {
    fn reset(&mut self) -> bool {
        let filling = self.filling.get_mut();
        filling.unwrap_or_else(PoisonError::into_inner).reset();
        let state = self.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        state.declined.clear();
        state.begun = false;
        state.handed_over.iter_mut().for_each(HandedOver::reset);
        for late in &mut self.late {
            *late.get_mut().unwrap_or_else(PoisonError::into_inner) = Late::New;
        }
        true
    }
}
