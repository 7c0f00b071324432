//! `kaos agent`: an agent as a service, and agents of a cluster.

mod serve;
mod settings;
mod variables;

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};

use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves an agent over HTTP, as OpenAI's clients ask for chat completions
    Serve(serve::Args),
    /// Lists the variables that a served agent is configured by, as a table in Markdown
    Variables,
    #[cfg(feature = "operator")]
    #[command(flatten)]
    Cluster(crate::cluster::resources::Command),
    /// Asks an agent of a cluster
    #[cfg(feature = "operator")]
    Invoke(crate::cluster::resources::OfAgent),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    match &args.command {
        Command::Serve(args) => serve::run(args),
        Command::Variables => {
            let mut out = terminal::people();
            out.print(&variables::markdown())?;
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        #[cfg(feature = "operator")]
        Command::Cluster(command) => {
            crate::cluster::resources::run(kaos_operator::Kind::Agent, command)
        }
        #[cfg(feature = "operator")]
        Command::Invoke(args) => crate::cluster::resources::of_agent(args),
    }
}
