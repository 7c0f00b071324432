//! Settings: flags, then variables, then `kaos.toml`.

mod args;
mod complaints;
mod servers;
mod variables;

use std::io;
use std::path::Path;
use std::time::Duration;

use kaos_runner::Limits;
use serde::Deserialize;

pub(crate) use self::args::Args;
pub(crate) use self::servers::Mcp;
use self::variables::origin;
pub(crate) use self::variables::variable;
use crate::output::Failed;
use crate::trusted as trust;

const FILE: &str = "kaos.toml";

pub(crate) struct Config {
    url: Option<String>,
    model: Option<String>,
    pub(crate) instructions: Option<String>,
    pub(crate) trail: Option<String>,
    pub(crate) trail_key: Option<String>,
    pub(crate) mcp: Vec<Mcp>,
    pub(crate) steps: u32,
    pub(crate) time: Duration,
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
    pub(crate) fn of(args: &Args) -> Result<Self, Failed> {
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
                [] => file.mcp,
                given => given.iter().map(|server| Mcp::flag(server)).collect(),
            },
            steps: args.steps.or(file.limits.steps).unwrap_or(usual.steps),
            time: seconds.map_or(usual.turn, Duration::from_secs),
        })
    }

    /// What this content of a settings file makes a run do, besides asking and answering.
    pub(crate) fn effects(path: &Path, content: &[u8]) -> Result<Vec<String>, Failed> {
        let file = parse(path, content)?;
        let model = file.model.url.iter();
        let model = model.map(|url| format!("asks the model at {}", origin(url)));
        let named = file.model.name.iter();
        let named = named.map(|name| format!("asks for the model {name}"));
        let trail = file.trail.iter();
        let trail = trail.map(|trail| format!("writes the audit trail {trail}"));
        let servers = file.mcp.iter().map(Mcp::effect);
        Ok(model.chain(named).chain(servers).chain(trail).collect())
    }

    /// The variables that a model is made from, as settled here.
    pub(crate) fn model_variable(&self, name: &str) -> Option<String> {
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

/// The file that was named; else the one of the current directory, if there is one and it is trusted.
fn read(named: Option<&str>) -> Result<File, Failed> {
    let path = Path::new(named.unwrap_or(FILE));
    let read = match named {
        Some(_) => trust::read_named(path),
        None => trust::read(path),
    };
    let content = match read {
        Ok(content) => content,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(error) => return Err(trust::unreadable(path, &error)),
    };
    if named.is_none() {
        trust::check(path, &content)?;
    }
    parse(path, &content)
}

/// A message without the text that it quotes.
fn without_value(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(from), Some(to)) if from < to => {
            let (before, after) = (message.get(..from), message.get(to + 1..));
            format!(
                "{}(a text){}",
                before.unwrap_or_default(),
                after.unwrap_or_default()
            )
        }
        _ => message.to_owned(),
    }
}

/// What is wrong is said without the line, which may hold a key.
fn parse(path: &Path, content: &[u8]) -> Result<File, Failed> {
    let name = path.display();
    let text =
        std::str::from_utf8(content).map_err(|_content| format!("{name}: it is no UTF-8"))?;
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let what = without_value(error.message());
        format!("{name}:{line}: {what}").into()
    })
}
