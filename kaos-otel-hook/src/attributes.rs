//! What an event says about its span, as OpenTelemetry attributes.
//!
//! Each is a row of a table: `start.rs` and `end.rs` have those of the start and of the end,
//! `content.rs` those of content, and `kinds.rs` says which tables a span of each kind has.

mod added;
mod content;
mod end;
pub(crate) mod http;
mod kinds;
pub(crate) mod operation;
mod start;
mod table;
mod write;

use kaos_hooks::{Run, Subject};
use opentelemetry::KeyValue;

pub(crate) use self::added::{at_end as added_at_end, at_start as added_at_start};
pub(crate) use self::content::{
    at_end as content_at_end, at_start as content_at_start, instructions,
    output as output_messages, tools,
};
pub(crate) use self::end::{Ended, at_end, cost, ends, own_id};
pub(crate) use self::kinds::MAX_ATTRIBUTES;
use self::start::{
    McpRequestStart, ModelCallStart, PlanStart, ServedCallStart, StepStart, SubagentStart,
    ToolCallStart, TurnStart,
};
use self::write::{List, Put};
pub(crate) use self::write::{To, string};
use crate::Conventions;

/// More than most subjects set, so that a span's attributes are allocated once.
const ROOM: usize = 12;

/// What we say of a span from its start on.
pub(crate) fn at_start(
    subject: &Subject,
    run: &Run,
    limit: Option<usize>,
    names: Conventions,
) -> Vec<KeyValue> {
    let mut to = To::new(limit, List(Vec::with_capacity(ROOM)));
    match subject {
        Subject::Turn(turn) => TurnStart::put(&mut to, (turn, run)),
        Subject::LlmCall(call) => ModelCallStart::put(&mut to, (call, run)),
        Subject::ToolCall(call) => ToolCallStart::put(&mut to, (call, run, names)),
        Subject::Step(step) => StepStart::put(&mut to, step),
        Subject::Subagent(sub) => SubagentStart::put(&mut to, (sub, run)),
        Subject::McpRequest(request) => McpRequestStart::put(&mut to, request),
        Subject::ServedCall(call) => ServedCallStart::put(&mut to, (call, run)),
        Subject::Custom(custom) if custom.name == "plan" => PlanStart::put(&mut to, run),
        Subject::IntentClassification(_) | Subject::Handoff(_) | Subject::Custom(_) => {}
    }
    let List(list) = to.into_inner();
    list
}

#[cfg(test)]
mod tests;
