use serde::{Deserialize, Serialize};

use crate::fields::always_there;
use crate::texts::numbers;

/// What a turn has a limited amount of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Budget {
    /// Steps of the loop.
    #[default]
    Steps,
    /// Milliseconds of wall time; `wall_clock` on the wire.
    #[serde(rename = "wall_clock", alias = "time")]
    Time,
    /// Tokens, input and output.
    Tokens,
    /// Calls of tools and sub-agents.
    ToolCalls,
    /// Events emitted between two waits for slow hooks.
    Events,
}

impl Budget {
    /// The `error.type` of a turn that ends for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Time => "time",
            Self::Tokens => "tokens",
            Self::ToolCalls => "tool_calls",
            Self::Events => "events",
        }
    }
}

impl Budget {
    /// What its numbers count, in words.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Time => "milliseconds",
            Self::Tokens => "tokens",
            Self::ToolCalls => "tool calls",
            Self::Events => "events",
        }
    }
}

always_there! { Budget }
numbers! { Budget }
