//! An event as bytes: what all have in common, as far as it differs from the former event, then
//! what happened.

use crate::bytes::{Pack, Packer, Unpack, Unpacker};
use crate::{
    Body, BodyBuf, Event, EventBuf, OutcomeBuf, Phase, PhaseBuf, Run, Span, SpanBuf, SpanId,
    Subject, Time, TraceId, Value,
};

/// How many spans are remembered, each where its id says: a newer one takes an older one's place.
const REMEMBERED: usize = 64;

/// The events before: what an event has in common with them is not said again.
pub(super) struct Former<S> {
    seq: u64,
    time: Time,
    run: Option<Run>,
    /// Spans that have started, and what is to be known of them.
    spans: Vec<Option<(TraceId, SpanId, S)>>,
}

/// Flags of an event: it is the one after the former, so many nanoseconds later.
const NEXT: u8 = 1;
/// It is of the same run as the former.
const SAME_RUN: u8 = 2;
/// It is a value, not a span's.
const VALUE: u8 = 4;
/// Its span's parent and subject are said.
const SPAN: u8 = 8;
/// Its span has a parent.
const PARENT: u8 = 16;

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
            spans: std::iter::repeat_with(|| None).take(REMEMBERED).collect(),
        }
    }
}

impl<S> Former<S> {
    pub(super) fn forget(&mut self) {
        self.run = None; // so that the first event tells its own, and its position and time
        self.spans.fill_with(|| None);
    }

    fn place_of(&mut self, id: SpanId) -> Option<&mut Option<(TraceId, SpanId, S)>> {
        let [.., last] = id.to_bytes();
        self.spans.get_mut(usize::from(last) % REMEMBERED)
    }

    fn remember(&mut self, trace: TraceId, id: SpanId, what: S) {
        if let Some(place) = self.place_of(id) {
            *place = Some((trace, id, what));
        }
    }

    fn remembered(&mut self, trace: TraceId, id: SpanId) -> Option<&mut S> {
        let (of, known, what) = self.place_of(id)?.as_mut()?;
        (*of == trace && *known == id).then_some(what)
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
    /// What is said of a span: its parent and subject, unless its start told them.
    fn flags_of(&mut self, trace: TraceId, span: &Span<'_>) -> u8 {
        if matches!(span.phase, Phase::Start) {
            self.remember(trace, span.id, ());
        } else if self.remembered(trace, span.id).is_some() {
            return 0;
        }
        SPAN | if span.parent.is_some() { PARENT } else { 0 }
    }
}

fn span(span: &Span<'_>, flags: u8, to: &mut Packer) {
    let Span {
        id: _,
        parent,
        slot: _,
        subject,
        phase,
    } = span;
    if flags & SPAN != 0 {
        if let Some(parent) = parent {
            parent.pack(to);
        }
        to.without_content = !matches!(phase, Phase::Start);
        subject.pack(to);
        to.without_content = false;
    }
    self::phase(*phase, to);
}

const START: u8 = 0;
const PROGRESS: u8 = 1;
const COMPLETE: u8 = 2;
const ERROR: u8 = 3;
const CANCELLED: u8 = 4;
const SUSPENDED: u8 = 5;

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

/// What a span's start told of it.
#[derive(Clone)]
pub(super) struct SpanStart {
    parent: Option<SpanId>,
    subject: Subject,
}

/// The next event.
pub(super) fn unpack(former: &mut Former<SpanStart>, from: &mut Unpacker<'_>) -> EventBuf {
    let [flags] = from.take();
    let is = |flag| flags & flag != 0;
    if is(NEXT) {
        let later = u64::from(u32::from_ne_bytes(from.take()));
        former.seq = former.seq.wrapping_add(1);
        former.time = Time {
            unix_nanos: former.time.unix_nanos.wrapping_add(later),
            monotonic_nanos: former.time.monotonic_nanos.wrapping_add(later),
        };
    } else {
        former.seq = u64::from_ne_bytes(from.take());
        former.time = Time {
            unix_nanos: u64::from_ne_bytes(from.take()),
            monotonic_nanos: u64::from_ne_bytes(from.take()),
        };
    }
    if !is(SAME_RUN) {
        former.run = Some(Run::unpack(from));
    }
    let run = former.run.clone().expect("the first event tells its run");
    let id = SpanId::unpack(from);
    let body = if is(VALUE) {
        BodyBuf::Value {
            span: Some(id),
            value: Value::unpack(from),
        }
    } else {
        let start = is(SPAN).then(|| SpanStart {
            parent: is(PARENT).then(|| SpanId::unpack(from)),
            subject: Subject::unpack(from),
        });
        BodyBuf::Span(Box::new(unpack_span(start, run.trace_id, id, former, from)))
    };
    EventBuf {
        seq: former.seq,
        time: former.time,
        run,
        body,
    }
}

fn unpack_span(
    start: Option<SpanStart>,
    trace: TraceId,
    id: SpanId,
    former: &mut Former<SpanStart>,
    from: &mut Unpacker<'_>,
) -> SpanBuf {
    let phase = PhaseBuf::unpack(from);
    let starts = matches!(phase, PhaseBuf::Start);
    let start = start.unwrap_or_else(|| {
        let start = former.remembered(trace, id);
        start.expect("a span whose start told of it").clone()
    });
    if starts {
        former.remember(
            trace,
            id,
            SpanStart {
                parent: start.parent,
                subject: start.subject.without_content(),
            },
        );
    }
    SpanBuf {
        id,
        parent: start.parent,
        subject: start.subject,
        phase,
    }
}

impl Unpack for PhaseBuf {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        match u8::unpack(from) {
            PROGRESS => Self::Progress(Unpack::unpack(from)),
            COMPLETE => {
                let outcome = OutcomeBuf::unpack(from);
                Self::Complete(outcome, Unpack::unpack(from))
            }
            ERROR => {
                let failure = Unpack::unpack(from);
                let outcome = Option::unpack(from);
                Self::Error(failure, outcome, Unpack::unpack(from))
            }
            CANCELLED => {
                let outcome = Option::unpack(from);
                Self::Cancelled(outcome, Unpack::unpack(from))
            }
            SUSPENDED => {
                let outcome = Option::unpack(from);
                Self::Suspended(outcome, Unpack::unpack(from))
            }
            _start => Self::Start,
        }
    }
}
