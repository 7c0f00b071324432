//! `kaos operator`: the operator of a Kubernetes cluster, and what a cluster needs for it.

mod observed;
mod serve;
mod settings;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use kaos_operator::kubernetes::chart::chart;
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
    /// Writes the chart for Helm into a folder
    Chart {
        /// The folder; what it has of these files is replaced
        folder: PathBuf,
    },
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let text = match &args.command {
        Command::Run(args) => return serve::run(args),
        Command::Crds => crds_yaml()?,
        Command::Roles => roles_yaml(&settings()?)?,
        Command::Chart { folder } => {
            write_chart(folder)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let mut out = terminal::data();
    out.print(&text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the chart into a folder.
pub(crate) fn write_chart(folder: &Path) -> Result<(), Failed> {
    for (path, text) in chart()? {
        let file = folder.join(path);
        let with_path = |error: io::Error| format!("{}: {error}", file.display());
        fs::create_dir_all(file.parent().unwrap_or(folder)).map_err(with_path)?;
        fs::write(&file, text.as_bytes()).map_err(with_path)?;
    }
    Ok(())
}
