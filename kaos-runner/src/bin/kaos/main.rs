//! The command `kaos`.

mod audit;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Says what an AI agent did.
#[derive(Parser)]
#[command(name = "kaos", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Verifies, shows and replays audit trails
    Audit(audit::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Audit(args) => audit::run(args),
    };
    done.unwrap_or_else(|failed| output::failed(&failed))
}
