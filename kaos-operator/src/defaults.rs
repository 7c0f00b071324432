//! What holds for all components: telemetry, log level, images, runtimes of MCP servers.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::finding::{Finding, Rule};
use crate::reading::Resources;
use crate::resources::TelemetryConfig;

/// What holds for all components unless they say otherwise.
///
/// # Example
///
/// ```
/// use kaos_operator::{BadVariable, Defaults, Images, LogLevel, Runtime, TelemetryConfig};
///
/// let mut defaults = Defaults::default();
/// let collector = Some("http://otel-collector:4317".to_owned());
/// defaults.telemetry = TelemetryConfig { enabled: Some(true), endpoint: collector };
/// defaults.log_level = LogLevel::Debug;
/// let Images { agent, .. } = &mut defaults.images;
/// *agent = Some("registry.example/agent:7".to_owned());
/// let node = Runtime { image: Some("registry.example/node-tools:2".to_owned()), ..Runtime::default() };
/// defaults.runtimes.insert("node".to_owned(), node); // `spec.runtime: node`
///
/// let wrong: BadVariable = Defaults::from_vars(|name| (name == "DEFAULT_LOG_LEVEL").then(|| "loud".to_owned())).unwrap_err();
/// assert!(wrong.to_string().contains("DEFAULT_LOG_LEVEL"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Telemetry. Off unless it says otherwise.
    pub telemetry: TelemetryConfig,
    /// How much is logged.
    pub log_level: LogLevel,
    /// Images, by kind.
    pub images: Images,
    /// What runs MCP servers, by the name in `spec.runtime`.
    pub runtimes: BTreeMap<String, Runtime>,
}

/// Images, by what they run. None is a component without an image, unless it says one itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Agents.
    pub agent: Option<String>,
    /// A `ModelAPI` that is a proxy.
    pub litellm: Option<String>,
    /// A `ModelAPI` that serves a model of its own.
    pub ollama: Option<String>,
}

/// What runs MCP servers of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Runtime {
    /// The image.
    pub image: Option<String>,
    /// What runs in it, instead of its own.
    pub command: Vec<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// The variable that gets `spec.params`.
    pub params_env_var: Option<String>,
    /// Variables without which it does not work.
    pub required_env: Vec<String>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// What helps to find faults.
    Debug,
    /// What happens.
    Info,
    /// What may go wrong.
    Warning,
    /// What went wrong.
    Error,
}

impl LogLevel {
    /// The level of this name, in any case: `TRACE`, `DEBUG`, `INFO`, `WARNING` or `WARN`, `ERROR` or `CRITICAL`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_uppercase().as_str() {
            "TRACE" => Some(Self::Trace),
            "DEBUG" => Some(Self::Debug),
            "INFO" => Some(Self::Info),
            "WARNING" | "WARN" => Some(Self::Warning),
            "ERROR" | "CRITICAL" => Some(Self::Error),
            _ => None,
        }
    }

    /// As `LOG_LEVEL` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }

    /// As `LITELLM_LOG` has it, which knows nothing below `DEBUG`.
    #[must_use]
    pub fn litellm(self) -> &'static str {
        match self {
            Self::Trace => "DEBUG",
            other => other.as_str(),
        }
    }

    /// As `OLLAMA_DEBUG` has it: 2 traces, 1 debugs, and it is not set otherwise.
    #[must_use]
    pub fn ollama(self) -> Option<&'static str> {
        match self {
            Self::Trace => Some("2"),
            Self::Debug => Some("1"),
            _ => None,
        }
    }
}

/// No telemetry, `INFO`, our images for agents and Python tools.
impl Default for Defaults {
    fn default() -> Self {
        let ours = |name: &str| Some(format!("{name}:{}", env!("CARGO_PKG_VERSION")));
        let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
        let python = Runtime {
            image: ours("kaos-mcp-python"),
            params_env_var: Some("MCP_TOOLS_STRING".to_owned()),
            ..Runtime::default()
        };
        let kubernetes = Runtime {
            args: words(&["--port", "8000"]),
            ..Runtime::default()
        };
        let slack = Runtime {
            image: Some("zencoderai/slack-mcp:latest".to_owned()),
            args: words(&["--transport", "http", "--port", "8000"]),
            required_env: words(&["SLACK_BOT_TOKEN", "SLACK_TEAM_ID"]),
            ..Runtime::default()
        };
        let runtimes = [
            ("python-string", python),
            ("kubernetes", kubernetes),
            ("slack", slack),
        ];
        Self {
            telemetry: TelemetryConfig::default(),
            log_level: LogLevel::Info,
            images: Images {
                agent: ours("kaos-agent"),
                litellm: Some("litellm/litellm:main-stable".to_owned()),
                ollama: Some("ollama/ollama:latest".to_owned()),
            },
            runtimes: runtimes
                .map(|(name, runtime)| (name.to_owned(), runtime))
                .into(),
        }
    }
}

/// A variable whose value means nothing. Its text has the variable's name and what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadVariable {
    name: &'static str,
    expected: &'static str,
}

#[cfg(feature = "kubernetes")]
impl BadVariable {
    pub(crate) fn new(name: &'static str, expected: &'static str) -> Self {
        Self { name, expected }
    }
}

impl fmt::Display for BadVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.name, self.expected)
    }
}

impl std::error::Error for BadVariable {}

impl Defaults {
    /// The defaults with what the operator's variables say, which are those of KAOS' chart:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `DEFAULT_TELEMETRY_ENABLED` | `true` or `false` |
    /// | `DEFAULT_TELEMETRY_ENDPOINT` | such as `http://otel-collector:4317`; empty for none |
    /// | `DEFAULT_LOG_LEVEL` | see [`LogLevel::named`] |
    /// | `DEFAULT_AGENT_IMAGE`, `DEFAULT_LITELLM_IMAGE`, `DEFAULT_OLLAMA_IMAGE` | an image; empty for none |
    ///
    /// # Errors
    ///
    /// The first variable whose value means nothing.
    pub fn from_vars(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadVariable> {
        let mut defaults = Self::default();
        if let Some(text) = get("DEFAULT_TELEMETRY_ENABLED").filter(|it| !it.is_empty()) {
            let enabled = match text.to_ascii_lowercase().as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => {
                    let (name, expected) = ("DEFAULT_TELEMETRY_ENABLED", "true or false");
                    return Err(BadVariable { name, expected });
                }
            };
            defaults.telemetry.enabled = Some(enabled);
        }
        defaults.telemetry.endpoint = get("DEFAULT_TELEMETRY_ENDPOINT").filter(|it| !it.is_empty());
        if let Some(text) = get("DEFAULT_LOG_LEVEL").filter(|it| !it.is_empty()) {
            let (name, expected) = ("DEFAULT_LOG_LEVEL", "TRACE, DEBUG, INFO, WARNING or ERROR");
            defaults.log_level = LogLevel::named(&text).ok_or(BadVariable { name, expected })?;
        }
        let images = &mut defaults.images;
        for (name, image) in [
            ("DEFAULT_AGENT_IMAGE", &mut images.agent),
            ("DEFAULT_LITELLM_IMAGE", &mut images.litellm),
            ("DEFAULT_OLLAMA_IMAGE", &mut images.ollama),
        ] {
            if let Some(text) = get(name) {
                *image = Some(text).filter(|it| !it.is_empty());
            }
        }
        Ok(defaults)
    }

    /// Takes the runtimes of the chart's `ConfigMap` `kaos-mcp-runtimes`, if it is among these resources, and says what is wrong with it.
    pub fn take_runtimes_of(&mut self, resources: &Resources) -> Vec<Finding> {
        let Some((namespace, keys)) = resources.mcp_runtimes() else {
            return Vec::new();
        };
        let text = keys.values.get("runtimes.yaml").and_then(Option::as_ref);
        let taken = text.map_or(Ok(()), |it| self.take_runtimes(it.expose()));
        let found = taken.err().map(|why| {
            let path = format!("ConfigMap {namespace}/kaos-mcp-runtimes: data.runtimes.yaml");
            Finding::new(Rule::Yaml, keys.place.clone(), why).path(path)
        });
        found.into_iter().collect()
    }

    /// Takes the runtimes of the chart's `ConfigMap` `kaos-mcp-runtimes`: the text of its key `runtimes.yaml`, a
    /// map of runtimes by name, or one beneath `runtimes`. Those of the same name are replaced.
    ///
    /// # Errors
    ///
    /// Why the text is no such map.
    pub fn take_runtimes(&mut self, text: &str) -> Result<(), String> {
        let (documents, problem) = crate::yaml::documents(text);
        if let Some(problem) = problem {
            return Err(format!("line {}: {}", problem.mark.line, problem.message));
        }
        for document in documents {
            let map = document.get("runtimes").unwrap_or(&document);
            let runtimes: BTreeMap<String, Runtime> =
                serde_json::from_value(map.to_json()).map_err(|error| error.to_string())?;
            self.runtimes.extend(runtimes);
        }
        Ok(())
    }
}
