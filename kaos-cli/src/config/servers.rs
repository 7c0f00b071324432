//! MCP servers, as flags and `[[mcp]]` say them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kaos_runner::mcp::McpServer;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::complaints::Complaints;
use super::variables::{origin, variable};
use crate::output::Failed;

/// `[[mcp]]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mcp {
    /// A URL, or a program; without `args`, with its arguments behind it.
    server: String,
    args: Option<Vec<String>>,
    name: Option<String>,
    start_seconds: Option<u64>,
    call_seconds: Option<u64>,
    /// The variable with the bearer token.
    token_env: Option<String>,
    headers: BTreeMap<String, String>,
    /// Headers and the variables with their values.
    headers_env: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    /// Variables of our environment that the child gets, too.
    env_from: Vec<String>,
}

impl Mcp {
    /// As `--mcp` gives it.
    pub(crate) fn flag(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            ..Self::default()
        }
    }

    fn is_url(&self) -> bool {
        self.server.starts_with("http://") || self.server.starts_with("https://")
    }

    /// What it makes a run do, for people.
    pub(crate) fn effect(&self) -> String {
        if !self.is_url() {
            let (program, arguments) = self.command();
            let set: Vec<&str> = self.env.keys().map(String::as_str).collect();
            let given: Vec<String> = self
                .env_from
                .iter()
                .map(|name| format!("${name}"))
                .collect();
            let set = listed(" with its own ", &set.join(", "));
            let given = listed(" and gives it ", &given.join(", "));
            return format!("starts {program} {}{set}{given}", arguments.join(" "));
        }
        let token = self.token_env.iter().chain(self.headers_env.values());
        let tokens: Vec<String> = token.map(|name| format!("${name}")).collect();
        let with = listed(" and sends it ", &tokens.join(", "));
        format!("asks {}{with}", origin(&self.server))
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings, without a value.
    pub(crate) fn server(&self) -> Result<McpServer, Failed> {
        if self.server.trim().is_empty() {
            return Err("[[mcp]]: server is missing".into());
        }
        let server = if self.is_url() {
            self.over_http()?
        } else {
            self.child()?
        };
        let server = match &self.name {
            Some(name) => server.name(name),
            None => server,
        };
        let seconds = |value: Option<u64>, name: &str| match value {
            Some(0) => Err(Failed::from(format!("[[mcp]]: {name} is 0"))),
            seconds => Ok(seconds.map(Duration::from_secs)),
        };
        let server = match seconds(self.start_seconds, "start_seconds")? {
            Some(limit) => server.discovery_limit(limit),
            None => server,
        };
        Ok(match seconds(self.call_seconds, "call_seconds")? {
            Some(limit) => server.call_limit(limit),
            None => server,
        })
    }

    fn over_http(&self) -> Result<McpServer, Failed> {
        if self.args.is_some() || !self.env.is_empty() || !self.env_from.is_empty() {
            return Err("[[mcp]]: args, env and env_from are for programs, not for a URL".into());
        }
        let mut server = McpServer::http(self.server.clone());
        if let Some(name) = &self.token_env {
            let token = given(name)?;
            if HeaderValue::from_str(&token).is_err() {
                return Err(format!("[[mcp]]: what {name} holds cannot be a token").into());
            }
            server = server.bearer(token);
        }
        let mut headers = self.headers.clone();
        for (header, name) in &self.headers_env {
            headers.insert(header.clone(), given(name)?);
        }
        for (header, value) in headers {
            let legal = HeaderName::from_bytes(header.as_bytes()).is_ok()
                && HeaderValue::from_str(&value).is_ok();
            if !legal {
                return Err(format!("[[mcp]]: the header {header} cannot be sent").into());
            }
            server = server.header(header, value);
        }
        Ok(server)
    }

    fn child(&self) -> Result<McpServer, Failed> {
        let http = self.token_env.is_some() || !self.headers.is_empty();
        if http || !self.headers_env.is_empty() {
            return Err(
                "[[mcp]]: token_env, headers and headers_env are for URLs, not for programs".into(),
            );
        }
        let (program, arguments) = self.command();
        let called = self.name.clone().unwrap_or_else(|| {
            let file = Path::new(&program).file_name().unwrap_or_default();
            file.to_string_lossy().into_owned()
        });
        let complaints = Complaints::of(called);
        let mut server =
            McpServer::stdio(program, arguments).stderr(move |line| complaints.line(line));
        for (name, value) in &self.env {
            server = server.env(name, value);
        }
        for name in &self.env_from {
            server = server.env(name, given(name)?);
        }
        Ok(server)
    }

    fn command(&self) -> (String, Vec<String>) {
        if let Some(arguments) = &self.args {
            return (self.server.clone(), arguments.clone());
        }
        let mut words = self.server.split_whitespace().map(str::to_owned);
        (words.next().unwrap_or_default(), words.collect())
    }
}

/// Names behind what they are, where there are any.
fn listed(what: &str, names: &str) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("{what}{names}")
}

/// What a variable holds that a setting names.
fn given(name: &str) -> Result<String, Failed> {
    let missing = || format!("[[mcp]]: the variable {name} is not set").into();
    variable(name).ok_or_else(missing)
}
