//! What an AI agent did, as a totally ordered stream of typed events.
//!
//! The nouns, in reading order:
//!
//! - [`Event`] is one thing that happened; [`EventBuf`] is its owned form.
//! - [`Span`] is an event about a piece of work with a beginning and an end: a [`Subject`] (what
//!   the work is) in a [`Phase`] (where it stands). [`Value`] is an event that just is.
//! - [`Scope`] is the owned handle of an open span. It is typed by its subject, and it cannot be
//!   lost: ended once by value, or ended as *cancelled* (or *panic*) when dropped.
//! - [`Emitter`] opens the root scope of a run; an [`Observer`] sees the run's events.
//! - [`codec`] reads and writes events as JSON Lines.
//!
//! This crate knows no runtime, no exporter and does no I/O. Time and ids come through [`Clock`]
//! and [`IdSource`], so tests own both.
//!
//! # Example
//!
//! ```
//! use kaos_events::{Emitter, Event, LlmCall, LlmOutcome, Step, Turn, TurnOutcome, Usage};
//!
//! let print = |event: &Event<'_>| println!("{}", kaos_events::codec::encode(event));
//! let turn = Emitter::new().turn(Turn::new("assistant").session("session-1"), |_run| print);
//! let step = turn.open(Step::new(1));
//! let call = step.open(LlmCall::new("openai", "gpt-4o"));
//! call.complete(LlmOutcome { usage: Some(Usage::new(12, 30)), ..LlmOutcome::default() });
//! drop(step); // not ended by hand, so: cancelled
//! turn.complete(TurnOutcome::default());
//! ```

mod attribute_value;
mod attributes;
mod buf;
mod bytes;
mod call_summary;
mod callee;
mod clock;
pub mod codec;
mod content_kind;
mod decimal;
mod emitter;
mod enter;
mod entered;
mod event;
mod fields;
mod handle;
mod id;
mod id_source;
mod observer;
mod packed;
mod raw_line;
mod refused;
mod run;
mod scope;
mod settled;
mod span_context;
mod str;
mod stream;
mod subject;
mod table;
mod texts;
mod usage;
mod value;

pub use attribute_value::AttributeValue;
pub use attributes::Attributes;
pub use buf::{BodyBuf, EventBuf, PhaseBuf, SpanBuf};
pub use call_summary::ToolCallSummary;
pub use callee::{Callable, Callee};
pub use clock::{Clock, ManualClock, SystemClock, Time};
pub use content_kind::ContentKind;
pub use emitter::Emitter;
pub use enter::{Enter, Entry, Guard};
pub use entered::Entered;
pub use event::{Body, Event, Failure, Phase, PhaseName, Progress, Slot, Span, Thrown};
pub use handle::Handle;
pub use id::{InvalidId, RunId, SpanId, TraceId};
pub use id_source::{IdSource, RandomIds, SeededIds};
pub use observer::{Observer, Ready};
pub use packed::{PackedEvents, Replaying};
pub use refused::Refused;
pub use run::{Run, Session};
pub use scope::Scope;
pub use settled::{Keeper, Kept, NotDurable, NotDurableKind, Settled};
pub use span_context::{Incoming, SpanContext};
pub use str::{LazyStr, Str};
pub use subject::{
    Briefing, Custom, CustomOutcome, Handoff, HandoffOutcome, Intent, IntentClassification,
    IntentOutcome, LlmCall, LlmOutcome, LlmParams, McpCall, McpOutcome, McpRequest, Nested,
    Outcome, OutcomeBuf, OutcomeType, RemoteAgent, Root, ServedCall, ServedOutcome, Server, Step,
    StepOutcome, Subagent, SubagentOutcome, Subject, SubjectName, SubjectType, ToolCall, ToolKind,
    ToolOutcome, Turn, TurnOutcome,
};
pub use texts::TextVisitor;
pub use usage::Usage;
pub use value::{
    ApprovalRequired, Budget, BudgetExceeded, Decision, GateDecided, HistoryTrimmed,
    IntentClassified, TextDelta, ThinkingDelta, ToolCallArgsDelta, TurnSummary, UsageObserved,
    Value,
};
