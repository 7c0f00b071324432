use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Attributes, Outcome, Run, SpanId, Str, Subject, Time, Value};

/// One thing that happened, borrowed from the run it happened in.
///
/// `Copy`, so handing it to many observers costs nothing; [`Event::to_buf`] makes the owned form.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Position in the stream of the root run: 0, 1, 2, … without a gap.
    pub seq: u64,
    /// When it happened.
    pub time: Time,
    /// The run it belongs to: the root run, or a sub-agent's.
    pub run: &'a Run,
    /// What happened.
    pub body: Body<'a>,
}

/// What happened.
///
/// Closed: an event is about a span, or is not.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// A span started, went on or ended.
    Span(Span<'a>),
    /// A value was observed.
    Value {
        /// The span it belongs to.
        span: SpanId,
        /// The value.
        value: &'a Value,
    },
}

/// A span started, went on or ended.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// The span.
    pub id: SpanId,
    /// The span it was opened in; for the root, the parent outside the run, if any.
    pub parent: Option<SpanId>,
    /// Where the span and its parent stand among the open spans of the stream.
    pub slot: Slot,
    /// What the span is about.
    pub subject: &'a Subject,
    /// Where it stands.
    pub phase: Phase<'a>,
}

/// A dense number for a span while it is open: an index for observers that keep state per span.
///
/// The smallest free number is taken when a span starts and given back when it ends, so a table
/// indexed by it stays as small as the number of spans open at once. The root has number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// The span's own number.
    pub own: u32,
    /// Its parent's number; `None` for the root.
    pub parent: Option<u32>,
}

/// Where a span stands.
///
/// Closed: an observer must know each way in which a span ends.
#[derive(Debug, Clone, Copy)]
pub enum Phase<'a> {
    /// The work begins.
    Start,
    /// The work goes on, and this is worth saying.
    Progress(&'a Progress),
    /// The work is done.
    Complete {
        /// What came of it.
        outcome: Outcome<'a>,
        /// From start to now, on the monotonic clock.
        duration: Duration,
    },
    /// The work failed.
    Error {
        /// Why.
        failure: &'a Failure,
        /// What was known when it failed.
        outcome: Option<Outcome<'a>>,
        /// From start to now, on the monotonic clock.
        duration: Duration,
    },
    /// The work was given up: its scope was dropped, or a span around it ended.
    Cancelled {
        /// What was known by then.
        outcome: Option<Outcome<'a>>,
        /// From start to now, on the monotonic clock.
        duration: Duration,
    },
    /// The work pauses, for example for a person's approval; a later run takes it up.
    Suspended {
        /// What was known by then.
        outcome: Option<Outcome<'a>>,
        /// From start to now, on the monotonic clock.
        duration: Duration,
    },
}

/// The kinds of phase, without their fields.
///
/// Closed, as [`Phase`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhaseName {
    /// The work begins.
    Start,
    /// The work goes on.
    Progress,
    /// The work is done.
    Complete,
    /// The work failed.
    Error,
    /// The work was given up.
    Cancelled,
    /// The work pauses.
    Suspended,
}

fields! {
    /// Why something failed.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Failure, Thrown};
    ///
    /// let mut failure = Failure::new("timeout").message("no answer within 60 s");
    /// assert_eq!(failure.kind, "timeout");
    /// // What failed was Python:
    /// failure.thrown = Some(Box::new(Thrown { class: "TimeoutError".into(), stacktrace: None }));
    /// ```
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Failure {
        /// `error.type`: one of few values, for example `timeout` or `rate_limited`.
        pub kind: Str as name,
        /// What happened, in words. Content.
        pub message: Option<Str> as content(Error),
        /// What was thrown, where the language of what failed throws.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub thrown: Option<Box<Thrown>> as fields,
    }
}

fields! {
    /// An exception.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Thrown {
        /// `exception.type`: its type, for example `ValueError`.
        #[serde(rename = "type")]
        pub class: Str as name,
        /// `exception.stacktrace`: where it was thrown, as its language prints it. Content.
        pub stacktrace: Option<Str> as content(Error),
    }
}

fields! {
    /// Something worth saying about work that goes on.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Progress {
        /// What happened, for example `retry`: one of few values.
        pub note: Str as name,
        /// Details.
        pub attributes: Attributes as attributes,
    }
}

impl Event<'_> {
    /// The span event in it, if it is one.
    pub fn span(&self) -> Option<&Span<'_>> {
        match &self.body {
            Body::Span(span) => Some(span),
            Body::Value { .. } => None,
        }
    }
}

impl Phase<'_> {
    /// Which kind of phase it is.
    pub const fn name(&self) -> PhaseName {
        match self {
            Self::Start => PhaseName::Start,
            Self::Progress(_) => PhaseName::Progress,
            Self::Complete { .. } => PhaseName::Complete,
            Self::Error { .. } => PhaseName::Error,
            Self::Cancelled { .. } => PhaseName::Cancelled,
            Self::Suspended { .. } => PhaseName::Suspended,
        }
    }

    /// Whether the span ends with it.
    pub const fn is_end(&self) -> bool {
        !matches!(self, Self::Start | Self::Progress(_))
    }

    /// From start to end; `None` while the span is open.
    pub const fn duration(&self) -> Option<Duration> {
        match self {
            Self::Start | Self::Progress(_) => None,
            Self::Complete { duration, .. }
            | Self::Error { duration, .. }
            | Self::Cancelled { duration, .. }
            | Self::Suspended { duration, .. } => Some(*duration),
        }
    }
}

impl<'a> Phase<'a> {
    /// What came of the work, as far as it is known.
    pub const fn outcome(&self) -> Option<Outcome<'a>> {
        match self {
            Self::Start | Self::Progress(_) => None,
            Self::Complete { outcome, .. } => Some(*outcome),
            Self::Error { outcome, .. }
            | Self::Cancelled { outcome, .. }
            | Self::Suspended { outcome, .. } => *outcome,
        }
    }
}

impl PhaseName {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Start,
        Self::Progress,
        Self::Complete,
        Self::Error,
        Self::Cancelled,
        Self::Suspended,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Progress => "progress",
            Self::Complete => "complete",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Suspended => "suspended",
        }
    }
}

impl fmt::Display for PhaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Failure {
    /// A failure of this kind: `error.type`, one of few values.
    pub fn new(kind: impl Into<Str>) -> Self {
        Self {
            kind: kind.into(),
            message: None,
            thrown: None,
        }
    }

    /// Says what happened, in words. Content.
    #[must_use]
    pub fn message(mut self, message: impl Into<Str>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Says what was thrown.
    #[must_use]
    pub fn thrown(mut self, thrown: Thrown) -> Self {
        self.thrown = Some(Box::new(thrown));
        self
    }
}

impl Progress {
    /// Something of this kind happened.
    pub fn new(note: impl Into<Str>) -> Self {
        Self {
            note: note.into(),
            ..Self::default()
        }
    }
}
