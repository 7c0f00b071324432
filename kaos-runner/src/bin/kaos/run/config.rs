//! Settings: flags, then variables, then `kaos.toml`.

use std::fs;
use std::io;
use std::time::Duration;

use kaos_runner::Limits;
use serde::Deserialize;

use super::Args;
use crate::output::Failed;

const FILE: &str = "kaos.toml";

pub(super) struct Config {
    url: Option<String>,
    model: Option<String>,
    pub(super) instructions: Option<String>,
    pub(super) trail: Option<String>,
    pub(super) trail_key: Option<String>,
    pub(super) mcp: Vec<String>,
    pub(super) steps: u32,
    pub(super) time: Duration,
}

/// `kaos.toml`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    instructions: Option<String>,
    trail: Option<String>,
    trail_key: Option<String>,
    model: Model,
    limits: Bounds,
    mcp: Vec<Mcp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mcp {
    server: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Model {
    url: Option<String>,
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Bounds {
    steps: Option<u32>,
    seconds: Option<u64>,
}

impl Config {
    pub(super) fn of(args: &Args) -> Result<Self, Failed> {
        let file = read(args.config.as_deref())?;
        let usual = Limits::default();
        let seconds = args.seconds.or(file.limits.seconds);
        Ok(Self {
            url: first(args.url.as_ref(), "MODEL_API_URL", file.model.url),
            model: first(args.model.as_ref(), "MODEL_NAME", file.model.name),
            trail: first(args.trail.as_ref(), "KAOS_TRAIL", file.trail),
            trail_key: first(args.trail_key.as_ref(), "KAOS_TRAIL_KEY", file.trail_key),
            instructions: args.instructions.clone().or(file.instructions),
            mcp: match &*args.mcp {
                [] => file.mcp.into_iter().map(|mcp| mcp.server).collect(),
                given => given.to_vec(),
            },
            steps: args.steps.or(file.limits.steps).unwrap_or(usual.steps),
            time: seconds.map_or(usual.turn, Duration::from_secs),
        })
    }

    /// The variables that a model is made from, as settled here.
    pub(super) fn model_variable(&self, name: &str) -> Option<String> {
        match name {
            "MODEL_API_URL" => self.url.clone(),
            "MODEL_NAME" => self.model.clone(),
            _ => variable(name),
        }
    }
}

fn first(flag: Option<&String>, name: &str, file: Option<String>) -> Option<String> {
    flag.cloned().or_else(|| variable(name)).or(file)
}

/// An empty variable is absent.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(named: Option<&str>) -> Result<File, Failed> {
    let path = named.unwrap_or(FILE);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(error) => return Err(format!("{path} cannot be read: {error}").into()),
    };
    toml::from_str(&text).map_err(|error| format!("{path}: {error}").into())
}
