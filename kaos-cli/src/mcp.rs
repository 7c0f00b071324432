//! `kaos mcp`: tools as a service, and servers of a cluster.

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
    #[cfg(feature = "operator")]
    #[command(flatten)]
    Cluster(crate::cluster::resources::Command),
    /// Calls a tool of a server of a cluster
    #[cfg(feature = "operator")]
    Invoke(crate::cluster::resources::OfMcp),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    match &args.command {
        Command::Serve(args) => serve::run(args),
        #[cfg(feature = "operator")]
        Command::Cluster(command) => {
            crate::cluster::resources::run(kaos_operator::Kind::McpServer, command)
        }
        #[cfg(feature = "operator")]
        Command::Invoke(args) => crate::cluster::resources::of_mcp(args),
    }
}
