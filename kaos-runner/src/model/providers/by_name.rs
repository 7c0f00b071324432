use std::sync::Arc;

use super::{AnthropicModel, OpenAiModel, SetupError};
use crate::Model;

/// A provider that a model's name can begin with.
struct Provider {
    name: &'static str,
    /// Where its chat completions are; `None` for Anthropic's own API.
    base_url: Option<&'static str>,
    /// The variable of its key.
    key: Option<&'static str>,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "anthropic",
        base_url: None,
        key: Some("ANTHROPIC_API_KEY"),
    },
    Provider {
        name: "openai",
        base_url: Some("https://api.openai.com/v1"),
        key: Some("OPENAI_API_KEY"),
    },
    Provider {
        name: "gemini",
        base_url: Some("https://generativelanguage.googleapis.com/v1beta/openai"),
        key: Some("GEMINI_API_KEY"),
    },
    Provider {
        name: "deepseek",
        base_url: Some("https://api.deepseek.com/v1"),
        key: Some("DEEPSEEK_API_KEY"),
    },
    Provider {
        name: "mistral",
        base_url: Some("https://api.mistral.ai/v1"),
        key: Some("MISTRAL_API_KEY"),
    },
    Provider {
        name: "groq",
        base_url: Some("https://api.groq.com/openai/v1"),
        key: Some("GROQ_API_KEY"),
    },
    Provider {
        name: "openrouter",
        base_url: Some("https://openrouter.ai/api/v1"),
        key: Some("OPENROUTER_API_KEY"),
    },
    Provider {
        name: "ollama",
        base_url: Some("http://localhost:11434/v1"),
        key: None,
    },
];

/// The model of this name: `provider:model`, such as `anthropic:claude-haiku-4-5` or
/// `openai:gpt-5-mini`, or `url#model` for any OpenAI-compatible endpoint, such as
/// `http://localhost:8000/v1#qwen3`. The key is in the provider's variable, such as
/// `ANTHROPIC_API_KEY`; for a URL in `OPENAI_API_KEY`, if it is set.
///
/// # Errors
///
/// There is no such provider, its key is not set, or the URL cannot be used.
///
/// # Example
///
/// ```
/// use kaos_runner::models::model_by_name;
///
/// let model = model_by_name("http://localhost:8000/v1#qwen3")?;
/// assert_eq!(model.name(), "qwen3");
/// # Ok::<(), kaos_runner::models::SetupError>(())
/// ```
pub fn model_by_name(name: &str) -> Result<Arc<dyn Model>, SetupError> {
    model_by_name_with(name, |variable| std::env::var(variable).ok())
}

/// As [`model_by_name`], with variables from elsewhere.
///
/// # Errors
///
/// As [`model_by_name`].
pub fn model_by_name_with(
    name: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn Model>, SetupError> {
    let name = name.trim();
    let variable = |name: &str| set(&lookup, name);
    if name.starts_with("http://") || name.starts_with("https://") {
        let why = "has no #model behind it";
        let (url, model) = name.rsplit_once('#').ok_or(SetupError::Url { why })?;
        let key = variable("OPENAI_API_KEY").unwrap_or_default();
        let model = OpenAiModel::builder(url, model.to_owned()).api_key(key);
        return Ok(Arc::new(model.build()?));
    }
    let Some((provider, model)) = known(name) else {
        let said = name.split_once(':').map_or(name, |(provider, _)| provider);
        let known: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name).collect();
        return Err(SetupError::Name {
            name: said.chars().take(64).collect(),
            known: known.join(", "),
        });
    };
    let key = match provider.key {
        None => String::new(),
        Some(name) => variable(name).ok_or(SetupError::Missing {
            variable: name,
            expected: "the provider's API key",
        })?,
    };
    let model = model.to_owned();
    let named = |why| match (why, provider.key) {
        (why @ SetupError::Key, Some(variable)) => why.of(variable),
        (why, _) => why,
    };
    Ok(match provider.base_url {
        None => {
            let model = AnthropicModel::builder(model).api_key(key);
            Arc::new(model.build().map_err(named)?)
        }
        Some(url) => {
            let model = OpenAiModel::builder(url, model).api_key(key);
            let local = provider.key.is_none();
            let model = if local {
                model.provider(provider.name)
            } else {
                model
            };
            Arc::new(model.build().map_err(named)?)
        }
    })
}

fn known(name: &str) -> Option<(&'static Provider, &str)> {
    let (provider, model) = name.split_once(':')?;
    let mut providers = PROVIDERS.iter();
    let provider = providers.find(|known| known.name == provider)?;
    (!model.is_empty()).then_some((provider, model))
}

/// Whether a model can be found by this name alone.
pub(super) fn is_known(name: &str) -> bool {
    name.contains("://") || known(name).is_some()
}

pub(super) fn set(lookup: &impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    let value = lookup(name)?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}
