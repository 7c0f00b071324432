mod tally;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Intent, Str, Usage};
use tally::Tally;

/// An event that is not about a span's life: it belongs to one, and carries a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// What the message asks for.
    IntentClassified(IntentClassified),
    /// Tokens and cost of a model call.
    UsageObserved(UsageObserved),
    /// A piece of the answer, as it is made.
    TextDelta(TextDelta),
    /// A piece of the model's reasoning, as it is made.
    ThinkingDelta(ThinkingDelta),
    /// A piece of a tool call's arguments, as they are made.
    ToolCallArgsDelta(ToolCallArgsDelta),
    /// A gate wants a person to decide.
    ApprovalRequired(ApprovalRequired),
    /// What a gate decided.
    GateDecided(GateDecided),
    /// A limit ended the turn.
    BudgetExceeded(BudgetExceeded),
    /// The turn in one line.
    TurnSummary(TurnSummary),
}

macro_rules! values {
    ($($value:ident = $wire:literal;)+) => {
        impl Value {
            /// The `type` of every value event.
            pub const NAMES: &[&'static str] = &[$($wire),+];

            /// The event's `type` on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$value(_) => $wire),+ }
            }

            pub(crate) fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$value(fields) => fields.serialize(to)),+ }
            }

            /// Reads the fields of the event with this `type`; `None` for a type of another kind.
            pub(crate) fn read(name: &str, json: &str) -> Option<serde_json::Result<Self>> {
                match name {
                    $($wire => Some(serde_json::from_str(json).map(Self::$value)),)+
                    _ => None,
                }
            }
        }

        $(impl From<$value> for Value {
            fn from(fields: $value) -> Self {
                Self::$value(fields)
            }
        })+
    };
}

values! {
    IntentClassified = "intent_classified";
    UsageObserved = "usage_observed";
    TextDelta = "text_delta";
    ThinkingDelta = "thinking_delta";
    ToolCallArgsDelta = "tool_call_args_delta";
    ApprovalRequired = "tool_call_approval_required";
    GateDecided = "gate_decided";
    BudgetExceeded = "budget_exceeded";
    TurnSummary = "turn_summary";
}

/// What the message asks for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IntentClassified {
    /// The intent.
    pub intent: Intent,
    /// How sure the classifier is, 0 to 1.
    pub confidence: Option<f64>,
    /// Why, in the classifier's words; empty when it gave none. Content.
    pub reasoning: Str,
}

/// Tokens and cost of a model call.
///
/// For budgets and live displays. The call's own outcome carries the same tokens: count one of
/// the two.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "Tally", from = "Tally")]
pub struct UsageObserved {
    /// The tokens; `None` when the provider did not say.
    pub usage: Option<Usage>,
    /// The cost in US dollars; `None` when no price is known.
    pub cost_usd: Option<f64>,
    /// Where the figures come from, for example `response`.
    pub source: Str,
}

/// A piece of the answer, as it is made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TextDelta {
    /// The piece. Content.
    pub content: Str,
}

/// A piece of the model's reasoning, as it is made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThinkingDelta {
    /// The piece. Content.
    pub content: Str,
}

/// A piece of the arguments of a tool call that the model asks for, as they are made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolCallArgsDelta {
    /// The id the model gave to this call.
    pub call_id: Str,
    /// The piece of the JSON text. Content.
    pub content: Str,
}

/// A gate wants a person to decide whether a tool may run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApprovalRequired {
    /// The tool.
    pub tool: Str,
    /// The id the model gave to this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Str>,
    /// The gate that asks.
    pub gate: Str,
}

/// What a gate decided about a tool call, before the tool ran or did not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GateDecided {
    /// The gate.
    pub gate: Str,
    /// The tool.
    pub tool: Str,
    /// The id the model gave to this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Str>,
    /// The decision.
    pub decision: Decision,
    /// How the gate failed to decide: `error`, `panic`, `timeout` or `no_handler`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Str>,
    /// Why, in the gate's words. Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Str>,
    /// The arguments the gate put in place of the former, as JSON. Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Str>,
    /// How long the gate took.
    pub took: Duration,
}

/// What a gate may say, from the most permissive to the most restrictive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The tool may run.
    #[default]
    Allow,
    /// The tool may run, with other arguments.
    Rewrite,
    /// A person has to decide.
    Ask,
    /// The tool does not run; the agent goes on without its result.
    Skip,
    /// The tool must not run.
    Deny,
}

impl Decision {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Rewrite => "rewrite",
            Self::Ask => "ask",
            Self::Skip => "skip",
            Self::Deny => "deny",
        }
    }
}

/// What a turn has a limited amount of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Steps of the loop.
    #[default]
    Steps,
    /// Milliseconds of wall time.
    Time,
    /// Tokens, input and output.
    Tokens,
    /// Events emitted between two waits for slow hooks.
    Events,
}

impl Budget {
    /// The name on the wire, and the `error.type` of a turn that ends for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Time => "time",
            Self::Tokens => "tokens",
            Self::Events => "events",
        }
    }
}

/// A limit ended the turn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BudgetExceeded {
    /// Which limit.
    pub budget: Budget,
    /// The limit, in the budget's unit.
    pub limit: u64,
    /// How much was used.
    pub used: u64,
}

/// The turn in one line; the last event before the root span's end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "Tally", from = "Tally")]
pub struct TurnSummary {
    /// The answer. Content.
    pub text: Str,
    /// The intent.
    pub intent: Intent,
    /// Names of the tools called, in order.
    pub tool_calls: Vec<Str>,
    /// Tokens of all model calls, sub-agents included; `None` when unknown.
    pub usage: Option<Usage>,
    /// The cost in US dollars; `None` when no price is known.
    pub cost_usd: Option<f64>,
}
