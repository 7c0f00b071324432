//! The command `kaos`.

#![expect(clippy::doc_markdown, reason = "help is shown as it is written")]

mod audit;
mod output;
mod run;
mod sessions;
mod warnings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs AI agents, and says what they did.
#[derive(Parser)]
#[command(name = "kaos", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Asks an agent a question, and shows what it does
    Run(run::Args),
    /// Lists, shows and forgets conversations that processes share
    Sessions(sessions::Args),
    /// Verifies, shows and replays audit trails
    Audit(audit::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Sessions(args) => sessions::run(&args),
        Command::Audit(args) => audit::run(args),
    };
    done.unwrap_or_else(|failed| output::failed(&failed))
}
