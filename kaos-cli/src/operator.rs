//! `kaos operator`: the operator of a Kubernetes cluster, and what a cluster needs for it.

mod observed;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use kaos_operator::kubernetes::{crds_yaml, roles_yaml};
use settings::settings;

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
    /// Makes Agents, MCPServers and ModelAPIs of a cluster run
    Run(serve::Args),
    /// Prints the CustomResourceDefinitions, for kubectl apply --server-side -f -
    Crds,
    /// Prints the ClusterRole and the Role that it needs, for kubectl apply -f -
    Roles,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let text = match &args.command {
        Command::Run(args) => return serve::run(args),
        Command::Crds => crds_yaml()?,
        Command::Roles => roles_yaml(&settings()?)?,
    };
    let mut out = terminal::data();
    out.print(&text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
