use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kaos_hooks::{LlmCall, LlmOutcome, Str, Usage};
use serde::Deserialize;

use crate::notice;

/// How many unknown models are warned about; further ones pass in silence.
const MAX_WARNINGS: usize = 64;

/// What models cost: US dollars for a million tokens, by model name.
///
/// A call costs by the exact name of the model that answered, else by the exact name of the model
/// that was asked for. With neither in the table it has no cost, and each such model is warned
/// about once. Prices are the user's: none are built in, because they change.
///
/// Cheap to clone; clones share their warnings.
///
/// # Example
///
/// ```
/// use kaos_hooks::Usage;
/// use kaos_otel_hook::Prices;
///
/// let prices = Prices::from_json(
///     r#"{ "gpt-4o": { "input": 2.5, "output": 10.0, "cache_read": 1.25 } }"#,
/// )?;
/// assert_eq!(prices.cost("gpt-4o", &Usage::new(1_000_000, 100_000)), Some(3.5));
/// assert_eq!(prices.cost("gpt-9", &Usage::new(1, 1)), None);
/// # Ok::<(), kaos_otel_hook::PricesError>(())
/// ```
#[derive(Clone, Default)]
pub struct Prices(Arc<Inner>);

#[derive(Default)]
struct Inner {
    models: HashMap<String, Price>,
    warned: Mutex<Vec<Str>>,
}

/// What one model costs: US dollars for a million tokens, zero or more.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens sent.
    pub input: f64,
    /// Tokens received, reasoning included.
    pub output: f64,
    /// Of the tokens sent, those read from the provider's cache. Default: as `input`.
    #[serde(default)]
    pub cache_read: Option<f64>,
    /// Of the tokens sent, those written to the provider's cache. Default: as `input`.
    #[serde(default)]
    pub cache_creation: Option<f64>,
}

impl Price {
    /// This much for a million tokens sent, and this much for a million received.
    pub const fn new(input: f64, output: f64) -> Self {
        Self {
            input,
            output,
            cache_read: None,
            cache_creation: None,
        }
    }

    fn is_valid(&self) -> bool {
        [
            Some(self.input),
            Some(self.output),
            self.cache_read,
            self.cache_creation,
        ]
        .into_iter()
        .flatten()
        .all(|price| price.is_finite() && price >= 0.0)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 tokens, which nobody is billed for at once"
    )]
    fn of(&self, usage: &Usage) -> f64 {
        let read = usage.cache_read_tokens.unwrap_or(0).min(usage.input_tokens);
        let rest = usage.input_tokens - read;
        let written = usage.cache_creation_tokens.unwrap_or(0).min(rest);
        let millionths = (rest - written) as f64 * self.input
            + read as f64 * self.cache_read.unwrap_or(self.input)
            + written as f64 * self.cache_creation.unwrap_or(self.input)
            + usage.output_tokens as f64 * self.output;
        millionths / 1e6
    }
}

/// A price table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// It is not JSON, or not of the form `{ "model": { "input": 2.5, "output": 10.0 } }`.
    #[error(
        "the price table is not {{ \"model\": {{ \"input\": 2.5, \"output\": 10.0, \
         \"cache_read\": 1.25, \"cache_creation\": 2.5 }} }}"
    )]
    Form(#[source] serde_json::Error),
    /// A price is negative or not a number.
    #[error("a price of model `{model}` is negative, infinite or not a number")]
    Price {
        /// The model.
        model: String,
    },
}

impl Prices {
    /// These models' prices; of a model named twice, the last.
    ///
    /// # Errors
    ///
    /// [`PricesError::Price`] for a price that is negative, infinite or not a number.
    pub fn new<M: Into<String>>(
        models: impl IntoIterator<Item = (M, Price)>,
    ) -> Result<Self, PricesError> {
        let mut known = HashMap::new();
        for (model, price) in models {
            let model = model.into();
            if !price.is_valid() {
                return Err(PricesError::Price { model });
            }
            known.insert(model, price);
        }
        Ok(Self(Arc::new(Inner {
            models: known,
            warned: Mutex::default(),
        })))
    }

    /// The prices in a file's text: a JSON object of models, each with `input`, `output` and, where
    /// they differ from `input`, `cache_read` and `cache_creation`, in US dollars for a million
    /// tokens.
    ///
    /// # Errors
    ///
    /// A text of another form, or a price that is negative.
    pub fn from_json(text: &str) -> Result<Self, PricesError> {
        let models: HashMap<String, Price> =
            serde_json::from_str(text).map_err(PricesError::Form)?;
        Self::new(models)
    }

    /// The cost of these tokens in US dollars; `None` when the table does not have the model.
    pub fn cost(&self, model: &str, usage: &Usage) -> Option<f64> {
        self.0.models.get(model).map(|price| price.of(usage))
    }

    /// The cost of a model call in US dollars, by the model that answered, else by the one asked
    /// for; `None` when the tokens are unknown, or, with one warning for each model, the price.
    pub fn of_call(&self, call: &LlmCall, outcome: &LlmOutcome) -> Option<f64> {
        let usage = outcome.usage.as_ref()?;
        let answered = outcome.response_model.as_ref();
        let cost = answered
            .and_then(|model| self.cost(model, usage))
            .or_else(|| self.cost(&call.model, usage));
        if cost.is_none() {
            self.warn(answered.unwrap_or(&call.model));
        }
        cost
    }

    #[cold]
    fn warn(&self, model: &Str) {
        let mut warned = self.0.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() >= MAX_WARNINGS || warned.contains(model) {
            return;
        }
        warned.push(model.clone());
        drop(warned);
        notice::say(&format!(
            "the price table has no model `{model}`: its calls have no cost; add its prices to the \
             table given to `with_prices`"
        ));
    }
}

impl fmt::Debug for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prices")
            .field("models", &self.0.models.len())
            .finish_non_exhaustive()
    }
}
