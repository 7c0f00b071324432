//! `kaos attend`: what stands between `kaos up` and each of its programs.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use crate::output::Failed;

#[derive(ClapArgs)]
pub(crate) struct Args {
    #[arg(long)]
    mark: String,
    #[arg(long)]
    seconds: f64,
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

#[cfg(unix)]
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let limit = std::time::Duration::try_from_secs_f64(args.seconds)?;
    let (program, rest) = args.command.split_first().ok_or("there is no program")?;
    let code = kaos_operator::local::attend(&args.mark, limit, program, rest);
    Ok(ExitCode::from(code))
}

#[cfg(not(unix))]
pub(crate) fn run(_args: &Args) -> Result<ExitCode, Failed> {
    Err("this is for Linux and macOS".into())
}
