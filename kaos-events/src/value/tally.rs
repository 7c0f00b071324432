//! Tokens and cost as Python KAOS writes them: numbers always, so what is unknown is named
//! beside a zero.

use serde::{Deserialize, Serialize};

use super::called::{self, Called};
use crate::{Intent, Str, Usage};

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct Tally {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) intent: Option<Intent>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "called::calls"
    )]
    pub(super) tool_calls: Option<Vec<Called>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tokens_used: Option<u64>,
    input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_tokens: Option<u64>,
    cost_usd: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unknown: Vec<Str>,
}

impl Tally {
    pub(super) fn of(usage: Option<Usage>, cost_usd: Option<f64>) -> Self {
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

    pub(super) fn usage(&self) -> Option<Usage> {
        self.knows("usage").then_some(Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cache_read_tokens: self.cache_read_tokens,
            cache_creation_tokens: self.cache_creation_tokens,
            reasoning_tokens: self.reasoning_tokens,
        })
    }

    pub(super) fn cost_usd(&self) -> Option<f64> {
        self.knows("cost_usd").then_some(self.cost_usd)
    }
}
