//! `kaos mcp`: tools as a service.

mod serve;

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};

use crate::output::Failed;

#[derive(ClapArgs)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the functions of a Python file as tools, over the Model Context Protocol
    Serve(serve::Args),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    match &args.command {
        Command::Serve(args) => serve::run(args),
    }
}
