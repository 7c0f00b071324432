//! Who has a model.

use std::time::Duration;

use kaos_operator::{ModelRoute, SecretText};
use reqwest::{Client, Url};

use crate::config::variable;

/// Providers that speak OpenAI's chat completions, where, and the variable of their key.
const KNOWN: &[(&str, &str, &str)] = &[
    ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    (
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
    ),
    (
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
    ),
    ("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    ("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    (
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    ("ollama", "http://localhost:11434/v1", ""),
    ("nebius", "", "NEBIUS_API_KEY"),
    ("hosted_vllm", "", "HOSTED_VLLM_API_KEY"),
];

/// Providers with a protocol of their own.
const OTHERS: &[&str] = &[
    "anthropic",
    "azure",
    "bedrock",
    "cohere",
    "sagemaker",
    "vertex_ai",
    "watsonx",
];

/// A model that is offered, and where it is.
pub(super) struct Provider {
    pub(super) route: ModelRoute,
    /// `openai`, or as it is called otherwise; of what nobody names, `openai`, whose protocol it speaks.
    pub(super) name: String,
    /// The address of its chat completions; none where a script answers.
    pub(super) to: Option<(Client, Url)>,
    pub(super) key: Option<SecretText>,
}

impl Provider {
    /// # Errors
    ///
    /// Nobody is there to ask.
    pub(super) fn of(route: &ModelRoute, scripted: bool) -> Result<Self, String> {
        let called = route.model.split_once('/').map(|(provider, _)| provider);
        let known = KNOWN.iter().find(|(name, ..)| Some(*name) == called);
        let name = called.filter(|it| known.is_some() || OTHERS.contains(it));
        let base = route.api_base.as_deref().and_then(resolved);
        let mut provider = Self {
            name: name.unwrap_or("openai").to_owned(),
            key: route
                .api_key
                .as_ref()
                .and_then(|it| resolved(it.expose()))
                .map(SecretText::new),
            route: route.clone(),
            to: None,
        };
        if scripted {
            return Ok(provider);
        }
        let model = &route.name;
        if OTHERS.contains(&provider.name.as_str()) {
            return Err(format!(
                "the model {model}: {} has a protocol of its own: install litellm, and use kaos up --litellm",
                provider.name
            ));
        }
        let own = known.map(|(_, url, _)| *url).filter(|it| !it.is_empty());
        let base = base.or_else(|| own.map(str::to_owned));
        let base = base.ok_or(format!("the model {model}: set api_base to the address of its provider, as spec.proxyConfig.apiBase; for a provider that has none, install litellm"))?;
        let whole = format!("{}/chat/completions", base.trim_end_matches('/'));
        let url = Url::parse(&whole)
            .map_err(|_no_url| format!("the model {model}: api_base is no URL"))?;
        let client = kaos_runner::http_client(&url, Duration::from_secs(10));
        let client = client.map_err(|error| format!("the model {model}: {error}"))?;
        if provider.key.is_none() {
            let variable_of = known.map(|(_, _, key)| *key).filter(|it| !it.is_empty());
            provider.key = variable_of.and_then(variable).map(SecretText::new);
        }
        provider.to = Some((client, url));
        Ok(provider)
    }

    /// What the provider calls the model that is asked for, if this is it.
    pub(super) fn model(&self, asked: &str) -> Option<String> {
        let model = self.route.of(asked)?;
        let rest = model
            .strip_prefix(&self.name)
            .and_then(|it| it.strip_prefix('/'));
        Some(rest.map_or_else(|| model.clone(), str::to_owned))
    }
}

/// A value, or that of the variable which it names.
fn resolved(text: &str) -> Option<String> {
    match text.strip_prefix("os.environ/") {
        Some(name) => variable(name),
        None => Some(text.to_owned()).filter(|it| !it.is_empty()),
    }
}
