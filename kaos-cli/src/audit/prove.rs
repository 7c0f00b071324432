//! `kaos audit prove`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::trail::Of;
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "The proofs have the text forms of C2SP: a tlog-proof with the record in it, and the body of a witness' add-checkpoint. Whoever has the verifier key can check them without the trail."
)]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,
    /// Proves that this record is in the log
    #[arg(long, required_unless_present = "since", conflicts_with = "since")]
    record: Option<u64>,
    /// Proves that the log continues the checkpoint in this file
    #[arg(long)]
    since: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let trail = args.of.open()?;
    let proof = match (&args.since, args.record) {
        (Some(since), _) => trail
            .prove_consistency(&crate::verification::anchor(since)?)?
            .to_string(),
        (None, Some(record)) => trail.prove_inclusion(record)?.to_string(),
        (None, None) => return Err("--record or --since".into()),
    };
    let mut out = terminal::data();
    out.print(&proof)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
