//! Tokens and cost as the ancestors write them: numbers always, so what is unknown is named
//! beside a zero.

use serde::{Deserialize, Serialize};

use super::called::{self, Called};
use super::{TurnSummary, UsageObserved};
use crate::{Intent, Str, Usage};

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct Tally {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<Intent>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "called::calls"
    )]
    tool_calls: Option<Vec<Called>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_used: Option<u64>,
    input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_tokens: Option<u64>,
    cost_usd: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Str>,
}

impl Tally {
    fn of(usage: Option<Usage>, cost_usd: Option<f64>) -> Self {
        let cost_usd = cost_usd.filter(|cost| cost.is_finite());
        let absent = [("usage", usage.is_none()), ("cost_usd", cost_usd.is_none())];
        let tokens = usage.unwrap_or_default();
        Self {
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
            cache_read_tokens: tokens.cache_read_tokens,
            cache_creation_tokens: tokens.cache_creation_tokens,
            reasoning_tokens: tokens.reasoning_tokens,
            cost_usd: cost_usd.unwrap_or_default(),
            unknown: absent
                .iter()
                .filter(|(_, is)| *is)
                .map(|(name, _)| (*name).into())
                .collect(),
            ..Self::default()
        }
    }

    fn knows(&self, name: &str) -> bool {
        !self.unknown.iter().any(|unknown| unknown == name)
    }

    fn usage(&self) -> Option<Usage> {
        self.knows("usage").then_some(Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cache_read_tokens: self.cache_read_tokens,
            cache_creation_tokens: self.cache_creation_tokens,
            reasoning_tokens: self.reasoning_tokens,
        })
    }

    fn cost_usd(&self) -> Option<f64> {
        self.knows("cost_usd").then_some(self.cost_usd)
    }
}

impl From<UsageObserved> for Tally {
    fn from(observed: UsageObserved) -> Self {
        Self {
            total_tokens: Some(observed.usage.map_or(0, |usage| usage.total())),
            source: Some(observed.source),
            ..Self::of(observed.usage, observed.cost_usd)
        }
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
