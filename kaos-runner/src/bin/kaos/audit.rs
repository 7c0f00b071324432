//! `kaos audit`: what can be done with a trail.

mod keygen;
mod query;
mod replay;
mod select;
mod show;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use kaos_hooks::audit::Trail;

use crate::output::Failed;

#[derive(ClapArgs)]
#[command(
    arg_required_else_help = true,
    after_help = "A trail is a directory that an AuditHook writes into. All commands are safe while it does."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks that no record was changed, removed or added
    Verify(verify::Args),
    /// Shows runs as trees: times, tools, gate decisions, tokens
    Show(show::Args),
    /// Prints the records that match, one a line
    Query(query::Args),
    /// Sends runs again, with the same ids and times
    Replay(replay::Args),
    /// Makes a key pair to sign trails with
    Keygen(keygen::Args),
}

/// Which trail.
#[derive(ClapArgs)]
struct Of {
    /// The trail's directory
    trail: PathBuf,
}

impl Of {
    fn open(&self) -> Result<Trail, Failed> {
        Ok(Trail::open_read(&self.trail)?)
    }
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failed> {
    crate::warnings::show(None);
    match args.command {
        Command::Verify(args) => verify::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Keygen(args) => keygen::run(&args),
    }
}
