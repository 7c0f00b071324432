//! Events in little memory, for queues.

mod former;
mod parts;
mod unpacked;

use std::fmt;

use self::former::Former;
use self::unpacked::SpanStart;
use crate::bytes::{Packer, Unpacker};
use crate::{Event, EventBuf};

/// Events in the order they came, for a queue between the runs and a thread that works on them.
///
/// An [`EventBuf`] takes 750 bytes in two places, and an atomic count for each of its names. Here
/// an event of common size takes about 100 bytes, in a row with its neighbours, and adding it
/// allocates nothing while there is room: little is written by one core and read by another. Long
/// texts are shared, not copied. The bytes are no format: only this process reads them.
///
/// # Example
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use kaos_events::{Emitter, Event, Observer, PackedEvents, Turn, TurnOutcome};
///
/// #[derive(Clone, Default)]
/// struct Queue(Arc<Mutex<PackedEvents>>);
///
/// impl Observer for Queue {
///     fn on_event(&mut self, event: &Event<'_>) {
///         self.0.lock().unwrap().push(event);
///     }
/// }
///
/// let queue = Queue::default();
/// let turn = Emitter::default().turn(Turn::new("assistant"), |_run| queue.clone());
/// turn.complete(TurnOutcome::default());
///
/// let events: Vec<_> = queue.0.lock().unwrap().iter().collect();
/// assert_eq!(events.len(), 2);
/// assert_eq!(events[1].run.agent, "assistant");
/// ```
#[derive(Default)]
pub struct PackedEvents {
    packer: Packer,
    len: usize,
    newest: Former<()>,
}

impl PackedEvents {
    /// None yet, and room for so many bytes of them.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            packer: Packer::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// How many events there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes they take, the texts that they share with others included.
    pub const fn bytes(&self) -> usize {
        self.packer.bytes()
    }

    /// How much memory they take: those bytes, and what points to literals and to shared texts.
    pub const fn memory(&self) -> usize {
        self.packer.bytes() + self.packer.pointers()
    }

    /// How many bytes there is room for; shared texts take none of it.
    pub const fn capacity(&self) -> usize {
        self.packer.capacity()
    }

    /// Adds an event, as an [`Observer`](crate::Observer) is told it: all of a span's events say the
    /// same parent and subject.
    pub fn push(&mut self, event: &Event<'_>) {
        if self.is_empty() {
            // Not in `clear`, which another core may call: this one works on it.
            self.newest.forget();
        }
        former::pack(event, &mut self.newest, &mut self.packer);
        self.len += 1;
    }

    /// The events, each as [`Event::to_buf`] makes it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EventBuf> {
        let mut from = Unpacker::new(&self.packer);
        let mut former = Former::default();
        (0..self.len).map(move |_| unpacked::unpack(&mut former, &mut from))
    }

    /// As [`iter`](Self::iter), with what one who reads many has for all of them.
    pub fn iter_with<'a>(&'a self, with: &'a mut Replaying) -> impl Iterator<Item = EventBuf> + 'a {
        let mut from = Unpacker::new(&self.packer);
        with.former.forget();
        (0..self.len).map(move |_| unpacked::unpack(&mut with.former, &mut from))
    }

    /// Tells the events in their order, as an [`Observer`](crate::Observer) was told them when they
    /// were packed, with two differences: only a span's start tells the content of its subject, and
    /// texts are copies. `with` is what one who replays many has for all of them.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Event, Observer, PackedEvents, Replaying};
    ///
    /// fn later(events: &PackedEvents, observer: &mut dyn Observer) {
    ///     events.replay(&mut Replaying::default(), |event: &Event<'_>| observer.on_event(event));
    /// }
    /// ```
    pub fn replay(&self, with: &mut Replaying, mut tell: impl FnMut(&Event<'_>)) {
        let mut from = Unpacker::new(&self.packer);
        with.former.forget();
        for _ in 0..self.len {
            unpacked::replay(&mut with.former, &mut from, &mut tell);
        }
    }

    /// Takes all events out; the room for them stays.
    pub fn clear(&mut self) {
        self.packer.clear();
        self.len = 0;
    }
}

/// Memory for [`PackedEvents::replay`] and [`PackedEvents::iter_with`], used again and again.
#[derive(Default)]
pub struct Replaying {
    former: Former<SpanStart>,
}

impl fmt::Debug for Replaying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaying").finish_non_exhaustive()
    }
}

impl fmt::Debug for PackedEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedEvents")
            .field("len", &self.len)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
