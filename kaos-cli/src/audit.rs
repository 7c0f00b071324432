//! `kaos audit`: what can be done with a trail.

mod accept;
mod attend;
mod check;
mod hand_over;
mod keygen;
mod prove;
mod prune;
mod query;
mod replay;
mod select;
mod show;
mod trail;
mod verify;

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};

use crate::output::Failed;

#[derive(ClapArgs)]
#[command(
    arg_required_else_help = true,
    after_help = "A trail is a directory that an AuditHook writes into. All commands but accept, prune and hand-over are safe while it does."
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
    /// Says in the trail that what is wrong with it is known
    Accept(accept::Args),
    /// Removes old segments, and says so in the trail
    Prune(prune::Args),
    /// Has the key that signs the trail hand over to another
    HandOver(hand_over::Args),
    /// Proves that a record is in a log, or that a log only grew
    Prove(prove::Args),
    /// Checks proofs, without the trail
    Check(check::Args),
    /// Makes a key pair to sign trails with
    Keygen(keygen::Args),
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failed> {
    crate::warnings::show(None);
    match args.command {
        Command::Verify(args) => verify::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Accept(args) => accept::run(&args),
        Command::Prune(args) => prune::run(&args),
        Command::HandOver(args) => hand_over::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Keygen(args) => keygen::run(&args),
    }
}
