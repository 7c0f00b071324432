//! What an agent remembers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an agent remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "resources call them so")]
pub(crate) struct Memory {
    /// Whether it remembers at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// Where.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<MemoryType>,
    /// How many earlier messages a delegation takes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub(crate) context_limit: Option<u32>,
    /// How many conversations are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) max_sessions: Option<u32>,
    /// How many events of each are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) max_session_events: Option<u32>,
    /// The `MemoryStore` that a remote memory is kept in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_store: Option<String>,
    /// How far it may look: `session`, `agent`, `group` or `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_read_scope: Option<String>,
    /// Which tools of memory the model gets, such as `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tools: Option<String>,
    /// What happens when the store fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_mode: Option<String>,
    /// Tokens of the conversation that the model is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) short_term_token_budget: Option<u32>,
}

/// Where an agent's memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemoryType {
    /// In the agent's process.
    Local,
    /// In a `MemoryStore`.
    Remote,
}
