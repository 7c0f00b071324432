//! `kaos up`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::Which;
use crate::files::Files;
use crate::output::Failed;

#[cfg(unix)]
mod started;

#[derive(ClapArgs)]
#[command(
    after_help = "Each resource becomes a process of this machine: an Agent `kaos agent serve`, an MCPServer of Python functions `kaos mcp serve`, a ModelAPI in
proxy mode `kaos model serve` (or LiteLLM, with --litellm), one that hosts a model Ollama. They listen at free ports of the loopback, start
once what they need is ready, are started again when they crash, and end with this command, however it ends.

Telemetry goes where the resources say, else to --telemetry, else to OTEL_EXPORTER_OTLP_ENDPOINT; OTEL_* variables are handed on, and so are proxies,
to model APIs also variables whose names end in _API_KEY.

What is known of the team is in $XDG_STATE_HOME/kaos/up/NAME, by default ~/.local/state/kaos/up/NAME: its ports, processes, token and lines; only its user reads it.

Exit codes: 0 ended as told, 1 something is wrong with the resources or does not start, 2 the command is wrong."
)]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    which: Which,
    /// Goes on in the background once all is ready; kaos down ends it
    #[arg(short, long)]
    detach: bool,
    #[arg(long, hide = true)]
    detached: bool,
    /// Agents record what happens in audit trails, each in a directory of its name below this one
    #[arg(long, value_name = "DIR")]
    trail: Option<PathBuf>,
    /// Signs the trails with this key, made by `kaos audit keygen`
    #[arg(long, value_name = "FILE")]
    trail_key: Option<PathBuf>,
    /// A value of a Secret: name/key=env:VARIABLE
    #[arg(long = "secret", value_name = "NAME/KEY=env:VAR")]
    secrets: Vec<String>,
    /// Runs LiteLLM for model APIs in proxy mode
    #[arg(long)]
    litellm: bool,
    /// Seconds that a component may take to be ready
    #[arg(long, default_value_t = 60)]
    ready_seconds: u64,
    /// Seconds that a component may take to end, before it is killed
    #[arg(long, default_value_t = 10)]
    stop_seconds: u64,
}

#[cfg(unix)]
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    started::run(args)
}

#[cfg(not(unix))]
pub(crate) fn run(_args: &Args) -> Result<ExitCode, Failed> {
    Err("kaos up is for Linux and macOS: a team's programs could not be ended in order here. kaos render --as compose makes a file for Compose".into())
}
