//! `kaos audit prune`.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde_json::json;

use super::attend::Attend;
use super::select;
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(after_help = "What something is wrong with stays, unless it was accepted.")]
pub(super) struct Args {
    #[command(flatten)]
    attend: Attend,
    /// Segments go whose records are all older: 2026-01-15T10:30:45Z, or 400d ago
    #[arg(long, value_parser = select::time)]
    before: u64,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let removed = args.attend.builder()?.prune(args.before)?;
    let mut out = terminal::json_or_people(args.json);
    match removed {
        _ if args.json => writeln!(out, "{}", json!({ "removed": removed }))?,
        None => writeln!(out, "nothing is so old")?,
        Some(removed) => {
            let (segments, to) = (removed.segments, removed.to);
            writeln!(
                out,
                "{segments} segments removed: record {to} is the first that stays"
            )?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
