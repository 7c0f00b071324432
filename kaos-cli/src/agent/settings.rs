//! What the environment asks of a served agent, checked.

use std::time::Duration;

use kaos_hooks::audit::AuditHook;
use kaos_hooks::memory::{MemoryBounds, MemoryHook};
use kaos_otel_hook::Settings as Telemetry;
use kaos_runner::mcp::McpServer;
use kaos_runner::server::{Access, Readiness};
use kaos_runner::{Agent, Limits, MemorySessions, RemoteAgent, Runner, SessionBounds};
use reqwest::Url;

use super::variables::{self, Effect, Valid, flag, hosts, list};
use crate::output::{self, Failed};

/// What the variables say, as text; an empty one is absent.
pub(super) struct Environment<F>(F);

/// What stands there and cannot be checked as a value: said once at the start.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) info: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// # Errors
    ///
    /// A value is none of its variable's.
    pub(super) fn checked(lookup: F) -> Result<Self, Failed> {
        variables::check(&lookup)?;
        Ok(Self(lookup))
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned())
    }

    fn needed(&self, name: &str, what: &str) -> Result<String, Failed> {
        let missing = || format!("{name} is not set; set it to {what}").into();
        self.get(name).ok_or_else(missing)
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.get(name).map_or_else(Vec::new, |value| list(&value))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|value| flag(&value))
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.get(name)?.parse().ok()
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.number("AGENT_PORT")
    }

    pub(super) fn progress(&self) -> bool {
        self.flag("KAOS_PROGRESS").unwrap_or(false)
    }

    pub(super) fn drain(&self) -> Option<Duration> {
        self.number("KAOS_DRAIN_SECONDS").map(Duration::from_secs)
    }

    /// The agent without its tools, and the servers that have them.
    pub(super) fn agent(&self, notes: &mut Notes) -> Result<(Agent, Vec<McpServer>), Failed> {
        let name = self.needed("AGENT_NAME", "the agent's name")?;
        let model = kaos_runner::models::model_from_vars(|name| self.model_variable(name))?;
        let instructions = self.get("AGENT_INSTRUCTIONS");
        let instructions =
            instructions.unwrap_or_else(|| "You are a helpful assistant.".to_owned());
        let before = self.get("AGENT_SYSTEM_PROMPT");
        let all: Vec<String> = before.into_iter().chain([instructions]).collect();
        let description = self.get("AGENT_DESCRIPTION");
        let limits = Limits {
            steps: self.number("AGENTIC_LOOP_MAX_STEPS").unwrap_or(5),
            ..Limits::default()
        };
        let mode = self.get("TOOL_CALL_MODE");
        let agent = Agent::new(name, model)
            .description(description.unwrap_or_else(|| "AI Agent".to_owned()))
            .instructions(all.join("\n\n"))
            .limits(limits)
            .fenced_tools(mode.is_some_and(|mode| mode.eq_ignore_ascii_case("string")));
        let servers = self.servers(notes)?;
        let agent = servers.iter().cloned().fold(agent, Agent::tools_from);
        let elsewhere = RemoteAgent::all_from_vars(|name| self.get(name))?;
        let agent = elsewhere.into_iter().fold(agent, Agent::subagent);
        Ok((agent, servers))
    }

    /// What the agent did of late, for `/memory/events`.
    pub(super) fn memory(&self) -> Result<Option<MemoryHook>, Failed> {
        let bounds = MemoryBounds::from_vars(|name| self.get(name))?;
        Ok(bounds.map(|bounds| MemoryHook::new().bounds(bounds)))
    }

    /// As a model is made from it, the URL as KAOS completes it.
    fn model_variable(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        match name {
            "MODEL_API_URL" => Some(with_version(&value)),
            _ => Some(value),
        }
    }

    /// The MCP servers that are listed and say where they are.
    fn servers(&self, notes: &mut Notes) -> Result<Vec<McpServer>, Failed> {
        let mut servers = Vec::new();
        for name in self.list("MCP_SERVERS") {
            let as_it_is = format!("MCP_SERVER_{name}_URL");
            let upper = format!("MCP_SERVER_{}_URL", upper(&name));
            let given = [&as_it_is, &upper].map(|variable| Some((variable, self.get(variable)?)));
            let Some((variable, url)) = given.into_iter().flatten().next() else {
                let missing =
                    format!("{as_it_is} is not set; the agent is without this server's tools");
                notes.warnings.push(missing);
                continue;
            };
            Valid::Url.check(variable, &url)?;
            servers.push(McpServer::http(with_mcp(&url)).name(&name));
        }
        Ok(servers)
    }

    pub(super) fn access(&self) -> Access {
        let tokens = self.list("KAOS_API_TOKEN");
        let access = tokens.iter().fold(Access::new(), Access::token);
        access
            .hosts(
                self.get("KAOS_ALLOWED_HOSTS")
                    .iter()
                    .flat_map(|it| hosts(it)),
            )
            .origins(self.list("KAOS_ALLOWED_ORIGINS"))
    }

    pub(super) fn readiness(&self) -> Readiness {
        let required = self.list("KAOS_READY_REQUIRES");
        let counts = |what: &str| required.iter().any(|it| it == what);
        Readiness {
            model: counts("model"),
            mcp: counts("mcp"),
            peers: counts("peers"),
            ..Readiness::default()
        }
    }

    /// The runner with the store of sessions that is asked for.
    pub(super) fn sessions(&self, runner: Runner) -> Result<Runner, Failed> {
        let usual = SessionBounds {
            sessions: self.number("MEMORY_MAX_SESSIONS").unwrap_or(1000),
            ..SessionBounds::default()
        };
        let none = SessionBounds {
            session_tokens: 0,
            session_bytes: 0,
            ..usual.clone()
        };
        if self.flag("MEMORY_ENABLED") == Some(false) {
            return Ok(runner.sessions(MemorySessions::new(none)));
        }
        Ok(match crate::sessions::store()? {
            Some(store) => runner.sessions(store.bounds(usual)),
            None => runner.sessions(MemorySessions::new(usual)),
        })
    }

    /// The trail of these flags, else of the variables.
    pub(super) fn trail(
        &self,
        trail: Option<String>,
        key: Option<String>,
    ) -> Result<Option<AuditHook>, Failed> {
        let trail = trail.or_else(|| self.get("KAOS_TRAIL"));
        let key = key.or_else(|| self.get("KAOS_TRAIL_KEY"));
        if trail.is_none() && key.is_some() {
            let why = "KAOS_TRAIL_KEY is set, and KAOS_TRAIL is not: no audit trail would be kept";
            return Err(why.into());
        }
        let opened = crate::recording::open(trail.as_deref(), key.as_deref());
        opened.map_err(|why| {
            let why = output::chain(&*why);
            format!("the audit trail of KAOS_TRAIL and KAOS_TRAIL_KEY: {why}").into()
        })
    }

    /// Telemetry of a service that is called as the agent, unless it has a name of its own.
    pub(super) fn telemetry(&self) -> Telemetry {
        let resource = self.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        let named = resource
            .split(',')
            .any(|it| it.trim().starts_with("service.name="));
        Telemetry::from_vars(|name| {
            let is_name = name == "OTEL_SERVICE_NAME" && !named;
            self.get(name)
                .or_else(|| is_name.then(|| self.get("AGENT_NAME"))?)
        })
    }

    /// What is set and does not do what it asks for.
    pub(super) fn without_effect(&self, notes: &mut Notes) {
        let lookup = |name: &str| self.get(name);
        // Switched off, it asks for nothing.
        let on = |name: &&str| self.flag(name) != Some(false);
        let missed = variables::set_with(Effect::Missed, &lookup);
        let missed: Vec<&str> = missed.into_iter().filter(on).collect();
        if !missed.is_empty() {
            let names = missed.join(", ");
            notes
                .warnings
                .push(format!("not done by this agent, though it is set: {names}"));
        }
        let harmless = variables::set_with(Effect::Harmless, &lookup);
        if !harmless.is_empty() {
            let names = harmless.join(", ");
            notes
                .info
                .push(format!("set, and without effect here: {names}"));
        }
    }
}

/// The base URL as KAOS completes it: with `/v1`, unless its path names a version or is the whole way.
fn with_version(base: &str) -> String {
    let Ok(mut url) = Url::parse(base) else {
        return base.to_owned();
    };
    let path = url.path().trim_end_matches('/').to_owned();
    let is_version = |part: &str| {
        let rest = part.strip_prefix('v').unwrap_or_default();
        rest.starts_with(|first: char| first.is_ascii_digit())
    };
    if path.split('/').any(is_version) || path.ends_with("/chat/completions") {
        return base.to_owned();
    }
    url.set_path(&format!("{path}/v1"));
    url.into()
}

/// The URL as KAOS completes it: with `/mcp`, unless it ends so.
fn with_mcp(base: &str) -> String {
    let Ok(mut url) = Url::parse(base) else {
        return base.to_owned();
    };
    let path = url.path().trim_end_matches('/').to_owned();
    if !path.ends_with("/mcp") {
        url.set_path(&format!("{path}/mcp"));
    }
    url.into()
}

/// A name as it stands in a variable's.
fn upper(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}
