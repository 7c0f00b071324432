//! `kaos audit verify`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::trail::Of;
use crate::output::Failed;
use crate::terminal::{self, progress};
use crate::verification::{Against, as_json};

#[derive(ClapArgs)]
#[command(after_help = "Exit codes:
  0  every record is as it was written, or accounted for
  1  records were changed, removed or added, or are damaged, lost or signed by no key that counts
  2  the command was wrong, or there is no trail
  3  with --strict: no anchor was given, records came after it, or the end is not signed yet
  4  the end was being written when its writer died; nothing that was confirmed is missing")]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    against: Against,
    /// Fails with 3 unless an anchor vouches for the trail's end
    #[arg(long)]
    strict: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let bar = progress("verifying");
    let shown = bar.clone();
    let mut verifier = args.of.open()?.verifier();
    verifier = verifier.progress(move |records| shown.set_position(records));
    let report = args.against.give(verifier)?.run()?;
    bar.finish_and_clear();
    let mut out = terminal::json_or_people(args.json);
    if args.json {
        writeln!(out, "{}", as_json(&report, args.strict))?;
    } else {
        write!(out, "{report}")?;
    }
    out.flush()?;
    Ok(ExitCode::from(report.exit_code(args.strict)))
}
