//! What providers of chat completions do differently: rows of data, and which row counts.

use crate::model::providers::history::{nine_letters, plain_id};
use crate::model::providers::schema::Dialect;
use crate::model::providers::setup::KeyIn;

/// A provider's row.
#[derive(Debug, Clone)]
pub(super) struct Quirks {
    /// `gen_ai.provider.name`.
    pub(super) provider: &'static str,
    /// What its hosts' names end with.
    hosts: &'static [&'static str],
    pub(super) key_in: KeyIn,
    /// The field for the most tokens of an answer.
    pub(super) max_tokens: &'static str,
    /// Whether a streamed request asks for tokens in the last chunk.
    pub(super) stream_usage: bool,
    /// Whether an answer may be asked for by its schema, or only as any JSON object.
    pub(super) json_schema: bool,
    pub(super) dialect: Dialect,
    /// The longest description of a tool, in characters.
    pub(super) longest_description: usize,
    /// The most tools of a request, and calls of a message.
    pub(super) longest_list: usize,
    pub(super) ids: fn(&str, usize) -> String,
    /// Whether the user may speak right after a tool's result.
    pub(super) user_after_tool: bool,
    pub(super) reasoning: Reasoning,
    /// Other fields of a message, and of a call in it, that go back as they came.
    pub(super) returned: &'static [&'static str],
    pub(super) returned_on_calls: &'static [&'static str],
}

/// What becomes of the reasoning that a message came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reasoning {
    /// It does not go back.
    Dropped,
    /// It goes back with calls, under the name it came by, until the user speaks again.
    WithCalls,
    /// As [`WithCalls`](Self::WithCalls); and every message with calls has this field, empty where
    /// there is nothing to say in it.
    Required(&'static str),
}

/// An endpoint that nothing is known of but its shape.
const COMPATIBLE: Quirks = Quirks {
    provider: "openai",
    hosts: &[],
    key_in: KeyIn::Bearer,
    max_tokens: "max_tokens",
    stream_usage: true,
    json_schema: true,
    dialect: Dialect::JsonSchema,
    longest_description: usize::MAX,
    longest_list: usize::MAX,
    ids: plain_id,
    user_after_tool: true,
    reasoning: Reasoning::WithCalls,
    returned: &["reasoning_details", "thinking_blocks", "extra_content"],
    returned_on_calls: &["extra_content", "provider_specific_fields"],
};

/// A provider that wants nothing back but what its API's reference lists.
const PLAIN: Quirks = Quirks {
    reasoning: Reasoning::Dropped,
    returned: &[],
    returned_on_calls: &[],
    ..COMPATIBLE
};

const ROWS: &[Quirks] = &[
    Quirks {
        hosts: &["api.openai.com"],
        max_tokens: "max_completion_tokens",
        longest_description: 1024,
        longest_list: 128,
        ..PLAIN
    },
    Quirks {
        provider: "azure.ai.openai",
        hosts: &["openai.azure.com", "cognitiveservices.azure.com"],
        key_in: KeyIn::Header("api-key"),
        max_tokens: "max_completion_tokens",
        longest_description: 1024,
        longest_list: 128,
        ..PLAIN
    },
    Quirks {
        provider: "gcp.gemini",
        hosts: &["generativelanguage.googleapis.com"],
        dialect: Dialect::OpenApi,
        returned: &["extra_content"],
        returned_on_calls: &["extra_content"],
        ..PLAIN
    },
    Quirks {
        provider: "deepseek",
        hosts: &["api.deepseek.com"],
        json_schema: false,
        longest_list: 128,
        reasoning: Reasoning::Required("reasoning_content"),
        ..PLAIN
    },
    Quirks {
        provider: "mistral_ai",
        hosts: &["api.mistral.ai"],
        stream_usage: false,
        ids: nine_letters,
        user_after_tool: false,
        ..PLAIN
    },
    Quirks {
        provider: "groq",
        hosts: &["api.groq.com"],
        longest_list: 128,
        ..PLAIN
    },
    Quirks {
        provider: "openrouter",
        hosts: &["openrouter.ai"],
        returned: &["reasoning_details"],
        returned_on_calls: &[],
        reasoning: Reasoning::Dropped,
        ..COMPATIBLE
    },
    Quirks {
        provider: "ollama",
        hosts: &[],
        reasoning: Reasoning::WithCalls,
        ..PLAIN
    },
    Quirks {
        provider: "vllm",
        hosts: &[],
        reasoning: Reasoning::WithCalls,
        ..PLAIN
    },
    Quirks {
        provider: "llama_cpp",
        hosts: &[],
        reasoning: Reasoning::WithCalls,
        ..PLAIN
    },
    Quirks {
        provider: "litellm",
        hosts: &[],
        ..COMPATIBLE
    },
];

impl Quirks {
    /// The row of the provider that was named, else of the one whose host this is.
    pub(super) fn of(named: Option<&str>, host: &str) -> Self {
        let of_host = |row: &&Self| {
            let mut ends = row.hosts.iter();
            ends.any(|end| {
                let before = host.strip_suffix(end);
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            })
        };
        let row = match named {
            // The name of the API, which half the world speaks.
            None | Some("openai") => ROWS.iter().find(of_host),
            Some(named) => ROWS
                .iter()
                .find(|row| row.provider == named)
                .or_else(|| ROWS.iter().find(of_host)),
        };
        row.cloned().unwrap_or(COMPATIBLE)
    }
}
