//! What programs of a team get of this command's environment, and what they are told besides.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kaos_hooks::{IdSource as _, RandomIds};
use kaos_operator::local::Process;
use kaos_operator::{Program, SecretText, Workload};

/// What every program gets: where things are, how people write here, and the way out.
const ALL: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "LANG",
    "LANGUAGE",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Each process of telemetry has a name of its own.
const NOT: &str = "OTEL_SERVICE_NAME";

/// The environment below each program's own variables: telemetry's as it is here.
pub(super) fn inherited() -> BTreeMap<String, SecretText> {
    let taken = |name: &str| {
        ALL.contains(&name) || name.starts_with("LC_") || (name.starts_with("OTEL_") && name != NOT)
    };
    let all = std::env::vars_os();
    let all =
        all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    all.filter(|(name, _)| taken(name))
        .map(|(name, value)| (name, SecretText::new(value)))
        .collect()
}

/// What `kaos up` tells them, unless they say so themselves.
pub(super) struct Added {
    pub(super) token: String,
    pub(super) trail: Option<PathBuf>,
    pub(super) trail_key: Option<PathBuf>,
}

impl Added {
    pub(super) fn add(&self, process: &mut Process) {
        let mut add = |name: &str, value: String| {
            if process.env.iter().all(|(it, _)| it != name) {
                process.env.push((name.to_owned(), SecretText::new(value)));
            }
        };
        if let Some(agent) = process.name.strip_prefix("agent-") {
            add("KAOS_API_TOKEN", self.token.clone());
            // Who watches does not wait for long.
            add("KAOS_DRAIN_SECONDS", "5".to_owned());
            if let Some(trail) = &self.trail {
                add("KAOS_TRAIL", trail.join(agent).display().to_string());
            }
            if let Some(key) = &self.trail_key {
                add("KAOS_TRAIL_KEY", key.display().to_string());
            }
        }
        if process.name.starts_with("modelapi-") {
            // Keys of providers, for models that say none.
            for (name, value) in std::env::vars() {
                if name.ends_with("_API_KEY") {
                    add(&name, value);
                }
            }
        }
    }
}

/// `LiteLLM` starts with a key alone: one is made here, unless its resource says one. Each agent that asks it has it, unless that
/// says another.
pub(super) fn share_key(processes: &mut [Process], workloads: &[Workload]) {
    let made = SecretText::new(format!("sk-{}", token()));
    let mut keys = BTreeMap::new();
    for (process, workload) in processes.iter_mut().zip(workloads) {
        if matches!(workload.program, Program::LiteLlm) {
            let key = unless_said(process, "LITELLM_MASTER_KEY", &made);
            keys.insert(format!("http://127.0.0.1:{}", process.port), key);
        }
    }
    for process in processes {
        let url = said(process, "MODEL_API_URL");
        if let Some(key) = url.and_then(|it| keys.get(it.expose())) {
            unless_said(process, "OPENAI_API_KEY", key);
        }
    }
}

/// The value of a variable, which is this one if there was none.
fn unless_said(process: &mut Process, name: &str, value: &SecretText) -> SecretText {
    if let Some(said) = said(process, name) {
        return said.clone();
    }
    process.env.push((name.to_owned(), value.clone()));
    value.clone()
}

fn said<'p>(process: &'p Process, name: &str) -> Option<&'p SecretText> {
    let mut all = process.env.iter();
    all.find(|(it, _)| it == name).map(|(_, value)| value)
}

/// What nobody guesses.
pub(super) fn token() -> String {
    let ids = RandomIds;
    format!("{:016x}{:016x}", ids.next(), ids.next())
}
