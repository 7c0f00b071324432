//! An event as bytes: what all have in common, as far as it differs from the former event, then
//! what happened.

use crate::bytes::{Pack, Packer};
use crate::{Body, Event, Phase, Run, Span, SpanId, Time, TraceId};

/// How many spans are remembered, each where its id says: a newer one takes an older one's place.
const REMEMBERED: usize = 64;

/// The events before: what an event has in common with them is not said again.
pub(super) struct Former<S> {
    pub(super) seq: u64,
    pub(super) time: Time,
    pub(super) run: Option<Run>,
    /// Spans that have started, and what is to be known of them.
    spans: Vec<(TraceId, SpanId, S)>,
    /// Which of them stands where an id says, and one more; 0 where none does.
    places: [u8; REMEMBERED],
}

/// Flags of an event: it is the one after the former, so many nanoseconds later.
pub(super) const NEXT: u8 = 1;
/// It is of the same run as the former.
pub(super) const SAME_RUN: u8 = 2;
/// It is a value, not a span's.
pub(super) const VALUE: u8 = 4;
/// Its span's parent and subject are said.
pub(super) const SPAN: u8 = 8;
/// Its span has a parent.
pub(super) const PARENT: u8 = 16;

/// Packs an event.
pub(super) fn pack(event: &Event<'_>, former: &mut Former<()>, to: &mut Packer) {
    let Event {
        seq,
        time,
        run,
        body,
    } = *event;
    let later = former.later(seq, time);
    let same_run = former.run.as_ref() == Some(run);
    let (kind, id) = match &body {
        Body::Span(span) => (former.flags_of(run.trace_id, span), span.id),
        Body::Value { span, .. } => (VALUE, *span),
    };
    if let Some(later) = later.filter(|_| same_run) {
        // Nearly every event: one write.
        let [t0, t1, t2, t3] = later.to_ne_bytes();
        let [i0, i1, i2, i3, i4, i5, i6, i7] = id.to_bytes();
        let flags = NEXT | SAME_RUN | kind;
        to.put([flags, t0, t1, t2, t3, i0, i1, i2, i3, i4, i5, i6, i7]);
    } else {
        let next = if later.is_some() { NEXT } else { 0 };
        let of_run = if same_run { SAME_RUN } else { 0 };
        to.put([next | of_run | kind]);
        if let Some(later) = later {
            to.put(later.to_ne_bytes());
        } else {
            to.put(seq.to_ne_bytes());
            to.put(time.unix_nanos.to_ne_bytes());
            to.put(time.monotonic_nanos.to_ne_bytes());
        }
        if !same_run {
            run.pack(to);
            former.run = Some(run.clone());
        }
        id.pack(to);
    }
    (former.seq, former.time) = (seq, time);
    match body {
        Body::Span(span) => self::span(&span, kind, to),
        Body::Value { span: _, value } => value.pack(to),
    }
}

impl<S> Default for Former<S> {
    fn default() -> Self {
        Self {
            seq: 0,
            time: Time::default(),
            run: None,
            spans: Vec::new(),
            places: [0; REMEMBERED],
        }
    }
}

impl<S> Former<S> {
    pub(super) fn forget(&mut self) {
        self.run = None; // so that the first event tells its own, and its position and time
        self.spans.clear();
        self.places = [0; REMEMBERED];
    }

    fn place_of(id: SpanId) -> usize {
        let [.., last] = id.to_bytes();
        usize::from(last) % REMEMBERED
    }

    pub(super) fn remember(&mut self, trace: TraceId, id: SpanId, what: S) {
        let next = u8::try_from(self.spans.len() + 1).unwrap_or_default();
        let Some(place) = self.places.get_mut(Self::place_of(id)) else {
            return;
        };
        let at = *place;
        if at == 0 {
            *place = next;
            self.spans.push((trace, id, what));
        } else if let Some(known) = self.spans.get_mut(usize::from(at) - 1) {
            *known = (trace, id, what);
        }
    }

    /// Where it stands among those that are remembered.
    fn position(&self, trace: TraceId, id: SpanId) -> Option<usize> {
        let at = usize::from(*self.places.get(Self::place_of(id))?).checked_sub(1)?;
        let (of, known, _) = self.spans.get(at)?;
        (*of == trace && *known == id).then_some(at)
    }

    pub(super) fn remembered(&self, trace: TraceId, id: SpanId) -> Option<&S> {
        let (.., what) = self.spans.get(self.position(trace, id)?)?;
        Some(what)
    }

    pub(super) fn remembered_mut(&mut self, trace: TraceId, id: SpanId) -> Option<&mut S> {
        let at = self.position(trace, id)?;
        let (.., what) = self.spans.get_mut(at)?;
        Some(what)
    }

    /// How many nanoseconds later this is, if it is what usually follows.
    fn later(&self, seq: u64, time: Time) -> Option<u32> {
        self.run.as_ref()?;
        let later = time.monotonic_nanos.wrapping_sub(self.time.monotonic_nanos);
        let unix_later = time.unix_nanos.wrapping_sub(self.time.unix_nanos);
        let next = seq.wrapping_sub(self.seq) == 1 && later == unix_later;
        u32::try_from(later).ok().filter(|_| next)
    }
}

impl Former<()> {
    /// What is said of a span: its parent and subject, unless an event before told them.
    fn flags_of(&mut self, trace: TraceId, span: &Span<'_>) -> u8 {
        let starts = matches!(span.phase, Phase::Start);
        if !starts && self.position(trace, span.id).is_some() {
            return 0;
        }
        self.remember(trace, span.id, ());
        SPAN | if span.parent.is_some() { PARENT } else { 0 }
    }
}

fn span(span: &Span<'_>, flags: u8, to: &mut Packer) {
    let Span {
        id: _,
        parent,
        slot,
        subject,
        phase,
    } = span;
    if flags & SPAN != 0 {
        if let Some(parent) = parent {
            parent.pack(to);
        }
        slot.own.pack(to);
        slot.parent
            .map_or(0, |parent| u64::from(parent) + 1)
            .pack(to);
        to.without_content = !matches!(phase, Phase::Start);
        subject.pack(to);
        to.without_content = false;
    }
    self::phase(*phase, to);
}

/// A phase's byte.
const START: u8 = 0;
pub(super) const PROGRESS: u8 = 1;
pub(super) const COMPLETE: u8 = 2;
pub(super) const ERROR: u8 = 3;
pub(super) const CANCELLED: u8 = 4;
pub(super) const SUSPENDED: u8 = 5;

fn phase(phase: Phase<'_>, to: &mut Packer) {
    match phase {
        Phase::Start => START.pack(to),
        Phase::Progress(progress) => {
            PROGRESS.pack(to);
            progress.pack(to);
        }
        Phase::Complete { outcome, duration } => {
            COMPLETE.pack(to);
            outcome.pack(to);
            duration.pack(to);
        }
        Phase::Error {
            failure,
            outcome,
            duration,
        } => {
            ERROR.pack(to);
            failure.pack(to);
            outcome.pack(to);
            duration.pack(to);
        }
        Phase::Cancelled { outcome, duration } => {
            CANCELLED.pack(to);
            outcome.pack(to);
            duration.pack(to);
        }
        Phase::Suspended { outcome, duration } => {
            SUSPENDED.pack(to);
            outcome.pack(to);
            duration.pack(to);
        }
    }
}
