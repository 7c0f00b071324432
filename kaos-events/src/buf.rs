mod visit;

use std::time::Duration;

use crate::raw_line::RawLine;
use crate::{
    Body, Event, Failure, Outcome, OutcomeBuf, Phase, PhaseName, Progress, Run, Slot, Span, SpanId,
    Str, Subject, Time, Value,
};

/// An event that owns what it says: for queues, storage and decoding.
#[derive(Debug, Clone, PartialEq)]
pub struct EventBuf {
    /// Position in the stream of the root run.
    pub seq: u64,
    /// When it happened.
    pub time: Time,
    /// The run it belongs to.
    pub run: Run,
    /// What happened.
    pub body: BodyBuf,
}

/// The owned form of [`Body`].
///
/// Closed, as [`Body`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyBuf {
    /// A span started, went on or ended.
    Span(Box<SpanBuf>),
    /// A value was observed.
    Value {
        /// The span it belongs to; a line of Python KAOS does not say.
        span: Option<SpanId>,
        /// The value.
        value: Value,
    },
    /// A line of a type this version does not know; it is written back byte for byte.
    Unknown(RawLine),
}

/// The owned form of [`Span`].
#[derive(Debug, Clone, PartialEq)]
pub struct SpanBuf {
    /// The span.
    pub id: SpanId,
    /// The span it was opened in.
    pub parent: Option<SpanId>,
    /// What the span is about; its content stands in the start only.
    pub subject: Subject,
    /// Where it stands.
    pub phase: PhaseBuf,
}

/// The owned form of [`Phase`].
///
/// Closed, as [`Phase`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum PhaseBuf {
    /// The work begins.
    Start,
    /// The work goes on.
    Progress(Progress),
    /// The work is done.
    Complete(OutcomeBuf, Duration),
    /// The work failed.
    Error(Failure, Option<OutcomeBuf>, Duration),
    /// The work was given up.
    Cancelled(Option<OutcomeBuf>, Duration),
    /// The work pauses.
    Suspended(Option<OutcomeBuf>, Duration),
}

impl PhaseBuf {
    /// Which kind of phase it is.
    pub const fn name(&self) -> PhaseName {
        match self {
            Self::Start => PhaseName::Start,
            Self::Progress(_) => PhaseName::Progress,
            Self::Complete(..) => PhaseName::Complete,
            Self::Error(..) => PhaseName::Error,
            Self::Cancelled(..) => PhaseName::Cancelled,
            Self::Suspended(..) => PhaseName::Suspended,
        }
    }

    /// The borrowed form.
    pub const fn as_phase(&self) -> Phase<'_> {
        match self {
            Self::Start => Phase::Start,
            Self::Progress(progress) => Phase::Progress(progress),
            Self::Complete(outcome, duration) => Phase::Complete {
                outcome: outcome.as_outcome(),
                duration: *duration,
            },
            Self::Error(failure, outcome, duration) => Phase::Error {
                failure,
                outcome: borrowed(outcome.as_ref()),
                duration: *duration,
            },
            Self::Cancelled(outcome, duration) => Phase::Cancelled {
                outcome: borrowed(outcome.as_ref()),
                duration: *duration,
            },
            Self::Suspended(outcome, duration) => Phase::Suspended {
                outcome: borrowed(outcome.as_ref()),
                duration: *duration,
            },
        }
    }
}

const fn borrowed(outcome: Option<&OutcomeBuf>) -> Option<Outcome<'_>> {
    match outcome {
        Some(outcome) => Some(outcome.as_outcome()),
        None => None,
    }
}

impl SpanBuf {
    /// The borrowed form; the slot is the caller's to give.
    pub const fn as_span(&self, slot: Slot) -> Span<'_> {
        Span {
            id: self.id,
            parent: self.parent,
            slot,
            subject: &self.subject,
            phase: self.phase.as_phase(),
        }
    }

    /// The span's name under the default name set.
    pub fn name(&self) -> Str {
        self.subject.span_name()
    }
}

impl EventBuf {
    /// The span event in it, if it is one.
    pub fn span(&self) -> Option<&SpanBuf> {
        match &self.body {
            BodyBuf::Span(span) => Some(span),
            BodyBuf::Value { .. } | BodyBuf::Unknown(_) => None,
        }
    }

    /// The value in it, if it is one.
    pub fn value(&self) -> Option<&Value> {
        match &self.body {
            BodyBuf::Value { value, .. } => Some(value),
            BodyBuf::Span(_) | BodyBuf::Unknown(_) => None,
        }
    }
}

impl Event<'_> {
    /// The owned form, for queues and storage.
    pub fn to_buf(&self) -> EventBuf {
        EventBuf::from(self)
    }
}

impl From<&Event<'_>> for EventBuf {
    fn from(event: &Event<'_>) -> Self {
        let body = match event.body {
            Body::Span(span) => BodyBuf::Span(Box::new(SpanBuf::from(&span))),
            Body::Value { span, value } => BodyBuf::Value {
                span: Some(span),
                value: value.clone(),
            },
        };
        Self {
            seq: event.seq,
            time: event.time,
            run: event.run.clone(),
            body,
        }
    }
}

impl From<&Span<'_>> for SpanBuf {
    fn from(span: &Span<'_>) -> Self {
        let phase = PhaseBuf::from(span.phase);
        let subject = match phase {
            PhaseBuf::Start => span.subject.clone(),
            _ => span.subject.without_content(),
        };
        Self {
            id: span.id,
            parent: span.parent,
            subject,
            phase,
        }
    }
}

impl From<Phase<'_>> for PhaseBuf {
    fn from(phase: Phase<'_>) -> Self {
        let owned = |outcome: Option<Outcome<'_>>| outcome.map(Outcome::to_buf);
        match phase {
            Phase::Start => Self::Start,
            Phase::Progress(progress) => Self::Progress(progress.clone()),
            Phase::Complete { outcome, duration } => Self::Complete(outcome.to_buf(), duration),
            Phase::Error {
                failure,
                outcome,
                duration,
            } => Self::Error(failure.clone(), owned(outcome), duration),
            Phase::Cancelled { outcome, duration } => Self::Cancelled(owned(outcome), duration),
            Phase::Suspended { outcome, duration } => Self::Suspended(owned(outcome), duration),
        }
    }
}
