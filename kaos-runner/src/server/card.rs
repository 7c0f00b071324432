use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use kaos_hooks::Str;
use serde_json::{Value, json};

use crate::turn::toolbox::Toolbox;
use crate::{Agent, ToolSpec};

/// How long a card waits for sources of tools: who asks may be a probe.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a server tells other agents about its own: a name, what it is for, where it is, what it can do.
///
/// Name, description and skills are the agent's.
///
/// # Example
///
/// ```
/// use kaos_runner::server::Card;
///
/// let card = Card::new().url("https://agents.example/researcher").version("1.4.0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    url: Option<Str>,
    version: Str,
}

impl Card {
    /// A card that names the host under which it was asked for.
    pub fn new() -> Self {
        Self {
            url: None,
            version: Str::Static(env!("CARGO_PKG_VERSION")),
        }
    }

    /// Where the agent is. Default: the host that the card was asked of, by http.
    #[must_use]
    pub fn url(mut self, url: impl Into<Str>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The agent's version, as its maker counts. Default: that of this crate.
    #[must_use]
    pub fn version(mut self, version: impl Into<Str>) -> Self {
        self.version = version.into();
        self
    }

    fn at(&self, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        match &self.url {
            Some(url) => url.to_string(),
            None => format!("http://{}", host.unwrap_or("localhost")),
        }
    }

    /// The card of KAOS' agents of January 2026: `/.well-known/agent`.
    pub(super) async fn first(&self, agent: &Agent, headers: &HeaderMap) -> Value {
        let skills = tools(agent).await.0;
        let skills = skills.iter().filter(|(_, subagent)| !subagent);
        let skills: Vec<Value> = skills
            .map(|(tool, _)| {
                json!({
                    "name": tool.name,
                    "description": tool.description,
                    "inputSchema": tool.schema,
                })
            })
            .collect();
        let calls = !(agent.tools.is_empty() && agent.sources.is_empty());
        let delegates = !agent.subagents.is_empty();
        let capabilities = ["message_processing", "task_execution"].into_iter();
        let capabilities = capabilities
            .chain(calls.then_some("tool_execution"))
            .chain(delegates.then_some("task_delegation"));
        json!({
            "name": agent.name,
            "description": agent.description.clone().unwrap_or_default(),
            "url": self.at(headers),
            "skills": skills,
            "capabilities": capabilities.collect::<Vec<_>>(),
        })
    }

    /// The card of KAOS' agents since then, in the shape of A2A 0.3, which is not spoken: without a
    /// protocol, peers ask for chat completions.
    pub(super) async fn second(&self, agent: &Agent, headers: &HeaderMap) -> Value {
        let skills = tools(agent).await.0;
        let json_only = ["application/json"];
        let skill = |(tool, _): &(ToolSpec, bool)| {
            json!({
                "id": tool.name,
                "name": tool.name,
                "description": tool.description,
                "tags": [],
                "inputModes": json_only,
                "outputModes": json_only,
            })
        };
        json!({
            "name": agent.name,
            "description": agent.description.clone().unwrap_or_default(),
            "url": self.at(headers),
            "version": self.version,
            "protocolVersion": "0.3.0",
            "skills": skills.iter().map(skill).collect::<Vec<_>>(),
            "capabilities": {
                "streaming": true,
                "pushNotifications": false,
                "stateTransitionHistory": false,
            },
            "supportedProtocols": [],
            "defaultInputModes": ["text/plain", "application/json"],
            "defaultOutputModes": ["text/plain", "application/json"],
        })
    }
}

impl Default for Card {
    fn default() -> Self {
        Self::new()
    }
}

/// What the agent may call now, and whether it is a sub-agent; and the sources that did not say what they
/// have.
pub(super) async fn tools(agent: &Agent) -> (Vec<(ToolSpec, bool)>, Vec<Str>) {
    let (toolbox, missing) = Toolbox::listed(agent, PATIENCE).await;
    (toolbox.with_kinds().collect(), missing)
}
