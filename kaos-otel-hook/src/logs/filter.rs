//! Which `tracing` events become log lines, from environment variables.

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;

/// How much is told of what, and of the HTTP libraries.
#[derive(Debug, Clone)]
pub(super) struct LogFilter {
    /// In the syntax of `RUST_LOG`; parsed once already.
    directives: String,
    pub(super) chatter: Chatter,
}

/// Whether HTTP libraries speak below WARN.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chatter {
    client: bool,
    server: bool,
}

type Parse = fn(&str) -> Option<String>;

/// The variables that say how much is told, the strongest first.
const SOURCES: [(&str, Parse, &str); 3] = [
    ("RUST_LOG", directives, "a list of directives"),
    ("LOG_LEVEL", level, LEVELS),
    ("AGENT_LOG_LEVEL", level, LEVELS),
];

const LEVELS: &str = "TRACE, DEBUG, INFO, WARN, WARNING or ERROR";

const DEFAULT: &str = "info";

impl Default for LogFilter {
    fn default() -> Self {
        Self {
            directives: String::from(DEFAULT),
            chatter: Chatter::default(),
        }
    }
}

impl LogFilter {
    /// What the variables say; each value that is not valid adds a warning.
    pub(super) fn from_vars(
        lookup: &impl Fn(&str) -> Option<String>,
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut bad = Vec::new();
        let chosen = SOURCES.iter().find_map(|(variable, parse, expected)| {
            let value = set(lookup, variable)?;
            let parsed = parse(&value);
            if parsed.is_none() {
                bad.push(format!("{variable} is `{value}`, not {expected}"));
            }
            parsed
        });
        let directives = chosen.unwrap_or_else(|| String::from(DEFAULT));
        warnings.extend(bad.iter().map(|bad| format!("{bad}; using {directives}")));
        let chatter = Chatter {
            client: yes(lookup, "OTEL_INCLUDE_HTTP_CLIENT", warnings),
            server: yes(lookup, "OTEL_INCLUDE_HTTP_SERVER", warnings),
        };
        Self {
            directives,
            chatter,
        }
    }

    /// What is told, in the syntax of `RUST_LOG`.
    pub(super) fn directives(&self) -> &str {
        &self.directives
    }

    pub(super) fn env_filter(&self) -> EnvFilter {
        EnvFilter::builder().parse_lossy(&self.directives)
    }
}

impl Chatter {
    /// Whether an event or span at this level from this place is heard.
    pub(super) fn lets(self, metadata: &Metadata<'_>) -> bool {
        if *metadata.level() <= Level::WARN {
            return true;
        }
        let target = metadata.target();
        let library = target
            .split_once("::")
            .map_or(target, |(library, _)| library);
        match library {
            // That of MCP says below WARN what servers say.
            "reqwest" | "rmcp" => self.client,
            "axum" | "tower_http" => self.server,
            "h2" | "hyper" | "hyper_rustls" | "hyper_util" | "rustls" | "tonic" | "tower" => {
                self.client || self.server
            }
            _ => !library.starts_with("opentelemetry"),
        }
    }
}

/// A variable's value; a blank one is as good as none.
fn set(lookup: &impl Fn(&str) -> Option<String>, variable: &str) -> Option<String> {
    let value = lookup(variable)?;
    let value = value.trim();
    (!value.is_empty()).then(|| String::from(value))
}

fn directives(value: &str) -> Option<String> {
    let parsed = EnvFilter::builder().parse(value);
    parsed.is_ok().then(|| String::from(value))
}

fn level(value: &str) -> Option<String> {
    let level = value.to_ascii_lowercase();
    match level.as_str() {
        "trace" | "debug" | "info" | "warn" | "error" => Some(level),
        "warning" => Some(String::from("warn")),
        _ => None,
    }
}

fn yes(
    lookup: &impl Fn(&str) -> Option<String>,
    variable: &str,
    warnings: &mut Vec<String>,
) -> bool {
    let Some(value) = set(lookup, variable) else {
        return false;
    };
    crate::text::yes_or_no(&value).unwrap_or_else(|| {
        warnings.push(format!(
            "{variable} is `{value}`, not true or false; using false"
        ));
        false
    })
}
