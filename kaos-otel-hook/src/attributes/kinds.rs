//! Which tables a span has: by this users' names are told from ours, room is reserved, and
//! `docs/attributes.md` is checked.

use kaos_hooks::Subject;

use super::content::{
    AnswerContent, ModelCallContent, RemoteContent, ResultContent, ToolCallContent, TurnContent,
};
use super::end::{
    Cost, Ends, InferenceEnd, IntentEnd, McpRequestEnd, OtherCallEnd, OwnId, ServedCallEnd,
    SubagentEnd, ToolCallEnd, TurnEnd,
};
use super::start::{
    McpRequestStart, ModelCallStart, PlanStart, ServedCallStart, StepStart, SubagentStart,
    ToolCallStart, TurnStart,
};
use super::table::Names;

/// What spans of one kind say.
pub(super) struct Kind {
    /// As the documentation calls it.
    #[cfg(test)]
    pub(super) name: &'static str,
    /// From its start on.
    #[cfg(test)]
    pub(super) start: Names,
    /// Later.
    pub(super) end: Names,
    /// Where content is captured.
    pub(super) content: Names,
    /// How many attributes that is at most, with those of any span.
    most: usize,
}

macro_rules! kinds {
    ($($kind:ident $name:literal: $start:expr, $end:expr, $content:expr;)+) => {
        $(pub(super) const $kind: Kind = Kind {
            #[cfg(test)]
            name: $name,
            #[cfg(test)]
            start: $start,
            end: $end,
            content: $content,
            most: $start.most() + $end.most() + $content.most() + ANY.most(),
        };)+

        pub(super) const ALL: &[&Kind] = &[$(&$kind),+];
    };
}

const NONE: Names = Names::NONE;

/// What two tables say.
const fn both(tables: &'static [&'static Names]) -> Names {
    Names {
        own: &[],
        also: tables,
    }
}

kinds! {
    TURN "turn": TurnStart::NAMES, TurnEnd::NAMES,
        both(&[&TurnContent::NAMES, &AnswerContent::NAMES]);
    INTENT "intent": NONE, IntentEnd::NAMES, NONE;
    STEP "step": StepStart::NAMES, NONE, NONE;
    MODEL_CALL "model call": ModelCallStart::NAMES,
        both(&[&InferenceEnd::NAMES, &OtherCallEnd::NAMES]),
        both(&[&ModelCallContent::NAMES, &AnswerContent::NAMES]);
    TOOL_CALL "tool call": ToolCallStart::NAMES, ToolCallEnd::NAMES,
        both(&[&ToolCallContent::NAMES, &ResultContent::NAMES]);
    SUBAGENT "sub-agent": SubagentStart::NAMES, SubagentEnd::NAMES,
        both(&[&RemoteContent::NAMES, &AnswerContent::NAMES]);
    MCP_REQUEST "MCP request": McpRequestStart::NAMES, McpRequestEnd::NAMES, NONE;
    SERVED_CALL "served tool call": ServedCallStart::NAMES, ServedCallEnd::NAMES,
        both(&[&ToolCallContent::NAMES, &ResultContent::NAMES]);
    HANDOFF "handoff": NONE, NONE, NONE;
    CUSTOM "custom": NONE, NONE, NONE;
    PLAN "plan": PlanStart::NAMES, NONE, NONE;
}

/// What any span can say.
pub(super) const ANY: Names = both(&[&Ends::NAMES, &Cost::NAMES, &OwnId::NAMES]);

fn of(subject: &Subject) -> &'static Kind {
    match subject {
        Subject::Turn(_) => &TURN,
        Subject::IntentClassification(_) => &INTENT,
        Subject::Step(_) => &STEP,
        Subject::LlmCall(_) => &MODEL_CALL,
        Subject::ToolCall(_) => &TOOL_CALL,
        Subject::Subagent(_) => &SUBAGENT,
        Subject::McpRequest(_) => &MCP_REQUEST,
        Subject::ServedCall(_) => &SERVED_CALL,
        Subject::Handoff(_) => &HANDOFF,
        Subject::Custom(custom) if custom.name == "plan" => &PLAN,
        Subject::Custom(_) => &CUSTOM,
    }
}

/// Whether we may say it of such a span after its attributes of the start.
pub(super) fn is_said_later(subject: &Subject, key: &str) -> bool {
    let kind = of(subject);
    kind.end.has(key) || kind.content.has(key) || ANY.has(key)
}

/// How many attributes of ours a span has at most.
pub(crate) const MAX_ATTRIBUTES: usize = {
    let (mut most, mut left) = (0, ALL);
    while let [kind, others @ ..] = left {
        if kind.most > most {
            most = kind.most;
        }
        left = others;
    }
    most
};

/// How many of a span's attributes may be users' from its start on, if it holds so many.
pub(super) fn room(subject: &Subject, holds: usize) -> usize {
    holds.saturating_sub(of(subject).most)
}
