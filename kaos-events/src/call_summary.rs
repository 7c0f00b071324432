use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Str, Usage};

fields! {
    /// One call of a tool or a sub-agent, in short.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{ToolCallSummary, TurnSummary};
    ///
    /// let call = ToolCallSummary {
    ///     call_id: "call-1".into(),
    ///     is_error: true,
    ///     ..ToolCallSummary::new("calculator")
    /// };
    /// let summary = TurnSummary { tool_calls: vec![call], ..TurnSummary::default() };
    /// assert_eq!(summary.tool_calls[0].tool, "calculator");
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ToolCallSummary {
        /// The tool's name, or the sub-agent's.
        pub tool: Str as name,
        /// The id the model gave to this call; empty when it gave none.
        pub call_id: Str as name,
        /// Whether it has no result: it failed, was denied or skipped.
        pub is_error: bool as number,
        /// From its span's start to its end; `None` when unknown.
        pub duration: Option<Duration> as number,
        /// Tokens of the model calls beneath it, as far as the wire has them: input and output;
        /// `None` when unknown.
        pub usage: Option<Usage> as fields,
        /// Their cost in US dollars; `None` when no price is known.
        pub cost_usd: Option<f64> as number,
        /// The plan it is part of, where there is one.
        pub plan_id: Option<Str> as name,
        /// The step of that plan.
        pub step_id: Option<Str> as name,
    }
}

impl ToolCallSummary {
    /// A call of the tool or sub-agent with this name, nothing else known.
    pub fn new(tool: impl Into<Str>) -> Self {
        Self {
            tool: tool.into(),
            ..Self::default()
        }
    }
}
