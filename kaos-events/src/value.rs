mod budget;
mod called;
mod decision;
mod summary;
mod tally;

pub use budget::Budget;
pub use decision::Decision;
pub use summary::TurnSummary;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bytes::enums;
use crate::fields::fields;
use crate::texts::either;
use crate::{Intent, Str, Usage};
use tally::Tally;

/// An event that is not about a span's life: it belongs to one, and carries a value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
    /// Something of the conversation is not shown to the model.
    HistoryTrimmed(HistoryTrimmed),
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

        either! { Value { $($value)+ } }
        enums! { Value / Value { $($value),+ } }

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
    HistoryTrimmed = "history_trimmed";
    TurnSummary = "turn_summary";
}

fields! {
    /// What the message asks for.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct IntentClassified {
        /// The intent.
        pub intent: Intent as name,
        /// How sure the classifier is, 0 to 1.
        pub confidence: Option<f64> as number,
        /// Why, in the classifier's words; empty when it gave none. Content.
        pub reasoning: Str as content(Thinking),
    }
}

fields! {
    /// Tokens and cost of a model call.
    ///
    /// For budgets and live displays. The call's own outcome carries the same tokens: count one of
    /// the two.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(into = "Tally", from = "Tally")]
    pub struct UsageObserved {
        /// The tokens; `None` when the provider did not say.
        pub usage: Option<Usage> as fields,
        /// The cost in US dollars; `None` when no price is known.
        pub cost_usd: Option<f64> as number,
        /// Where the figures come from, for example `response`.
        pub source: Str as name,
    }
}

impl From<UsageObserved> for Tally {
    fn from(observed: UsageObserved) -> Self {
        let mut tally = Self::of(observed.usage, observed.cost_usd);
        tally.total_tokens = Some(observed.usage.map_or(0, |usage| usage.total()));
        tally.source = Some(observed.source);
        tally
    }
}

impl From<Tally> for UsageObserved {
    fn from(tally: Tally) -> Self {
        Self {
            usage: tally.usage(),
            cost_usd: tally.cost_usd(),
            source: tally.source.unwrap_or_default(),
        }
    }
}

fields! {
    /// A piece of the answer, as it is made.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub struct TextDelta {
        /// The piece. Content.
        pub content: Str as content(Output),
    }
}

fields! {
    /// A piece of the model's reasoning, as it is made.
    ///
    /// # Example
    ///
    /// A model's stream, piece by piece:
    ///
    /// ```
    /// use kaos_events::{LlmCall, Scope, TextDelta, ThinkingDelta, ToolCallArgsDelta};
    ///
    /// fn piece(call: &Scope<LlmCall>, kind: &str, content: String) {
    ///     let content = content.into();
    ///     match kind {
    ///         "text" => call.emit(TextDelta { content }),
    ///         "thinking" => call.emit(ThinkingDelta { content }),
    ///         id => call.emit(ToolCallArgsDelta { call_id: id.to_owned().into(), content }),
    ///     }
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub struct ThinkingDelta {
        /// The piece. Content.
        pub content: Str as content(Thinking),
    }
}

fields! {
    /// A piece of the arguments of a tool call that the model asks for, as they are made.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ToolCallArgsDelta {
        /// The id the model gave to this call.
        pub call_id: Str as name,
        /// The piece of the JSON text. Content.
        pub content: Str as content(Arguments),
    }
}

fields! {
    /// A gate wants a person to decide whether a tool may run.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ApprovalRequired {
        /// The tool.
        #[serde(rename = "tool_name", alias = "tool")]
        pub tool: Str as name,
        /// The id the model gave to this call.
        pub call_id: Option<Str> as name,
        /// The gate that asks.
        pub gate: Str as name,
    }
}

fields! {
    /// What a gate decided about a tool call, before the tool ran or did not.
    ///
    /// On the wire gate, tool and decision are always there: a line without one of them is no event.
    ///
    /// # Example
    ///
    /// In a loop without `kaos-hooks`, where a person is asked:
    ///
    /// ```
    /// use kaos_events::{ApprovalRequired, Decision, GateDecided, Scope, ToolCall};
    ///
    /// fn decided(call: &Scope<ToolCall>, approved: Option<bool>) {
    ///     let (gate, tool) = ("approval", "pay");
    ///     let Some(approved) = approved else {
    ///         return call.emit(ApprovalRequired { gate: gate.into(), tool: tool.into(), call_id: None });
    ///     };
    ///     let decision = if approved { Decision::Allow } else { Decision::Deny };
    ///     call.emit(GateDecided { gate: gate.into(), tool: tool.into(), decision, ..GateDecided::default() });
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    pub struct GateDecided {
        /// The gate.
        pub gate: Str as name,
        /// The tool.
        pub tool: Str as name,
        /// The id the model gave to this call.
        pub call_id: Option<Str> as name,
        /// The decision.
        pub decision: Decision as number,
        /// How the gate failed to decide: `error`, `panic`, `timeout` or `no_handler`.
        pub failure: Option<Str> as name,
        /// Why, in the gate's words. Content.
        pub reason: Option<Str> as content(Error),
        /// The arguments the gate put in place of the former, as JSON. Content.
        pub arguments: Option<Str> as content(Arguments),
        /// How long the gate took.
        #[serde(default)]
        pub took: Duration as number,
    }
}

fields! {
    /// A limit ended the turn.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Budget, BudgetExceeded, HistoryTrimmed, Scope, Turn};
    ///
    /// fn over(turn: &Scope<Turn>, used: u64) {
    ///     // First less of the conversation, then none of the turn.
    ///     turn.emit(HistoryTrimmed { turns: 2, messages: 9, tokens: 4_100, reason: "context".into(), results: 0 });
    ///     turn.emit(BudgetExceeded { budget: Budget::Tokens, limit: 100_000, used });
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct BudgetExceeded {
        /// Which limit.
        #[serde(rename = "kind", alias = "budget")]
        pub budget: Budget as number,
        /// The limit, in the budget's unit.
        pub limit: u64 as number,
        /// How much was used.
        #[serde(rename = "actual", alias = "used")]
        pub used: u64 as number,
    }
}

fields! {
    /// Something of the conversation is not shown to the model, so that the rest fits.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct HistoryTrimmed {
        /// Why: `limit` where the conversation is over a limit by estimate, `context_length` where the
        /// model refused it.
        pub reason: Str as name,
        /// Earlier turns that are left out, the oldest first.
        pub turns: u32 as number,
        /// Messages of these turns.
        pub messages: u32 as number,
        /// Results of the turn's own calls that are named instead of shown, the oldest first.
        pub results: u32 as number,
        /// Tokens of all that, by estimate.
        pub tokens: u64 as number,
    }
}
