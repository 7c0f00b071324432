//! The flags of `kaos up`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::files::Files;
use crate::output::Failed;
use crate::team::Which;

#[derive(ClapArgs)]
#[command(
    after_help = "Each resource becomes a process of this machine: an Agent `kaos agent serve`, an MCPServer of Python functions `kaos mcp serve`, a ModelAPI in
proxy mode `kaos model serve` (or LiteLLM, with --litellm), one that hosts a model Ollama. They listen at free ports of the loopback, start
once what they need is ready, are started again when they crash, and end with this command, however it ends.

Telemetry goes where the resources say, else to --telemetry, else to OTEL_EXPORTER_OTLP_ENDPOINT; OTEL_* variables are handed on, and so are proxies,
to model APIs also variables whose names end in _API_KEY.

What is known of the team is in $XDG_STATE_HOME/kaos/up/NAME, by default ~/.local/state/kaos/up/NAME: its ports, processes, token and lines; only its user reads it.

Exit codes: 0 ended as asked, 1 something is wrong with the resources or does not start, 2 the command is wrong."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) files: Files,
    #[command(flatten)]
    pub(super) which: Which,
    /// Goes on in the background once all is ready; kaos down ends it
    #[arg(short, long)]
    pub(super) detach: bool,
    #[arg(long, hide = true)]
    pub(super) detached: bool,
    /// Agents record what happens in audit trails, each in a directory of its name below this one
    #[arg(long, value_name = "DIR")]
    pub(super) trail: Option<PathBuf>,
    /// Signs the trails with this key, made by `kaos audit keygen`
    #[arg(long, value_name = "FILE")]
    pub(super) trail_key: Option<PathBuf>,
    /// Shows in a browser what the team does, as kaos ui does, at this port: 4400 if none is given, 0 is one that is free
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "4400")]
    pub(super) ui: Option<u16>,
    /// A value of a Secret: name/key=env:VARIABLE
    #[arg(long = "secret", value_name = "NAME/KEY=env:VAR")]
    pub(super) secrets: Vec<String>,
    /// Runs LiteLLM for model APIs in proxy mode
    #[arg(long)]
    pub(super) litellm: bool,
    /// Seconds that a component may take to be ready
    #[arg(long, default_value_t = 60)]
    pub(super) ready_seconds: u64,
    /// Seconds that a component may take to end, before it is killed
    #[arg(long, default_value_t = 10)]
    pub(super) stop_seconds: u64,
}

impl Args {
    /// A team of this name runs.
    pub(super) fn taken(&self) -> Failed {
        let name = &self.which.name;
        format!("a team called {name} runs already: kaos down --name {name} stops it, --name gives this one another name").into()
    }
}
