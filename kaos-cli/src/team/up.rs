//! `kaos up`.

mod args;
#[cfg(unix)]
mod started;

use std::process::ExitCode;

pub(crate) use self::args::Args;
use crate::output::Failed;

#[cfg(unix)]
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    started::run(args)
}

#[cfg(not(unix))]
pub(crate) fn run(_args: &Args) -> Result<ExitCode, Failed> {
    Err("kaos up is for Linux and macOS: a team's programs could not be ended in order here. kaos render --as compose makes a file for Compose".into())
}
