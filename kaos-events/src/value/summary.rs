use serde::{Deserialize, Serialize};

use super::called;
use super::tally::Tally;
use crate::fields::fields;
use crate::{Intent, Str, ToolCallSummary, Usage};

fields! {
    /// The turn in one line; the last event before the root span's end.
    ///
    /// On the wire what is unknown is a zero, and named in `unknown`: `usage`, `cost_usd`, and of a tool
    /// call for example `tool_calls.0.duration_ms`.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(into = "Tally", from = "Tally")]
    pub struct TurnSummary {
        /// The answer. Content.
        pub text: Str as content(Output),
        /// The intent.
        pub intent: Intent as name,
        /// The tools and sub-agents called, in the order the model asked for them.
        pub tool_calls: Vec<ToolCallSummary> as fields,
        /// Tokens of all model calls, sub-agents included; `None` when unknown.
        pub usage: Option<Usage> as fields,
        /// The cost in US dollars; `None` when no price is known.
        pub cost_usd: Option<f64> as number,
    }
}

impl From<TurnSummary> for Tally {
    fn from(summary: TurnSummary) -> Self {
        let mut tally = Self::of(summary.usage, summary.cost_usd);
        tally.text = Some(summary.text);
        tally.intent = Some(summary.intent);
        tally.tool_calls = Some(called::write(summary.tool_calls, &mut tally.unknown));
        tally.tokens_used = Some(summary.usage.map_or(0, |usage| usage.total()));
        tally
    }
}

impl From<Tally> for TurnSummary {
    fn from(tally: Tally) -> Self {
        Self {
            usage: tally.usage(),
            cost_usd: tally.cost_usd(),
            text: tally.text.unwrap_or_default(),
            intent: tally.intent.unwrap_or_default(),
            tool_calls: called::read(tally.tool_calls.unwrap_or_default(), &tally.unknown),
        }
    }
}
