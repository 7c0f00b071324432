//! An event from its bytes: owned, or as an observer is told it.

use super::former::{
    CANCELLED, COMPLETE, ERROR, Former, NEXT, PARENT, PROGRESS, SAME_RUN, SPAN, SUSPENDED, VALUE,
};
use crate::bytes::{Unpack, Unpacker};
use crate::texts::Fields as _;
use crate::{
    Body, BodyBuf, Event, EventBuf, OutcomeBuf, PhaseBuf, Run, Slot, Span, SpanBuf, SpanId,
    Subject, Time, Value,
};

/// What a span's start told of it.
#[derive(Clone)]
pub(super) struct SpanStart {
    parent: Option<SpanId>,
    slot: Slot,
    subject: Subject,
}

/// Which span an event is about, and whether it is a value of it.
struct About {
    id: SpanId,
    is_value: bool,
}

/// The next event's position, time and run, which the former has then, and what it is about; what it
/// says of a span is remembered.
fn about(former: &mut Former<SpanStart>, from: &mut Unpacker<'_>) -> About {
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
    let id = SpanId::unpack(from);
    if is(SPAN) {
        let start = SpanStart {
            parent: is(PARENT).then(|| SpanId::unpack(from)),
            slot: Slot {
                own: u32::unpack(from),
                parent: u32::unpack(from).checked_sub(1),
            },
            subject: Subject::unpack(from),
        };
        former.remember(former.run().trace_id, id, start);
    }
    About {
        id,
        is_value: is(VALUE),
    }
}

impl Former<SpanStart> {
    fn run(&self) -> &Run {
        self.run.as_ref().expect("the first event tells its run")
    }

    /// What was said of a span.
    fn said(&self, id: SpanId) -> &SpanStart {
        let start = self.remembered(self.run().trace_id, id);
        start.expect("a span of which an event before has said what it is")
    }

    /// Only a span's start tells its content.
    fn forget_content(&mut self, id: SpanId) {
        let trace = self.run().trace_id;
        if let Some(start) = self.remembered_mut(trace, id) {
            start.subject.forget_start();
        }
    }
}

/// The next event.
pub(super) fn unpack(former: &mut Former<SpanStart>, from: &mut Unpacker<'_>) -> EventBuf {
    let About { id, is_value } = about(former, from);
    let body = if is_value {
        BodyBuf::Value {
            span: Some(id),
            value: Value::unpack(from),
        }
    } else {
        let phase = PhaseBuf::unpack(from);
        let starts = matches!(phase, PhaseBuf::Start);
        let SpanStart {
            parent, subject, ..
        } = former.said(id).clone();
        if starts {
            former.forget_content(id);
        }
        BodyBuf::Span(Box::new(SpanBuf {
            id,
            parent,
            subject,
            phase,
        }))
    };
    EventBuf {
        seq: former.seq,
        time: former.time,
        run: former.run().clone(),
        body,
    }
}

/// Tells the next event, as it was told when it was packed.
pub(super) fn replay(
    former: &mut Former<SpanStart>,
    from: &mut Unpacker<'_>,
    tell: &mut impl FnMut(&Event<'_>),
) {
    let About { id, is_value } = about(former, from);
    let mut event = |body: Body<'_>| {
        tell(&Event {
            seq: former.seq,
            time: former.time,
            run: former.run(),
            body,
        });
    };
    if is_value {
        let value = &Value::unpack(from);
        return event(Body::Value { span: id, value });
    }
    let phase = PhaseBuf::unpack(from);
    let SpanStart {
        parent,
        slot,
        subject,
    } = former.said(id);
    event(Body::Span(Span {
        id,
        parent: *parent,
        slot: *slot,
        subject,
        phase: phase.as_phase(),
    }));
    if matches!(phase, PhaseBuf::Start) {
        former.forget_content(id);
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
