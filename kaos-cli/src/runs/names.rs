use std::collections::HashSet;
use std::sync::Arc;

use kaos_hooks::{LlmCall, LlmOutcome};
use kaos_otel_hook::Prices;

/// Texts that stand in many runs, each once.
#[derive(Debug, Default)]
pub(crate) struct Names(HashSet<Arc<str>>);

/// What all runs share.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(super) names: Names,
    prices: Option<Prices>,
}

impl Known {
    pub(super) fn with(prices: Option<Prices>) -> Self {
        Self {
            prices,
            ..Self::default()
        }
    }

    pub(super) const fn has_prices(&self) -> bool {
        self.prices.is_some()
    }

    pub(super) fn cost(&self, call: &LlmCall, outcome: &LlmOutcome) -> Option<f64> {
        self.prices.as_ref()?.of_call(call, outcome)
    }
}

impl Names {
    pub(super) fn of(&mut self, name: &str) -> Arc<str> {
        let name = first_of(name, 200);
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// So many bytes of a text's beginning, without half a character.
pub(super) fn first_of(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
