//! `kaos audit hand-over`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::SigningKey;
use serde_json::json;

use super::attend::Attend;
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(after_help = "\
When a key gets old, or may be known to somebody:
  kaos audit keygen new.key --name acme-prod-2
  kaos audit hand-over TRAIL --signing-key old.key --to new.key
  kaos audit verify TRAIL --key new.key.pub
From then on the trail is opened with the new key, and nothing counts that the old one signs. Who verifies with either key takes what both signed; but give the new one to all who verify, for the old one alone cannot tell a copy from before. A lost key hands over to nobody: open the trail with another and allow_unsigned, accept that, and verify with both keys.")]
pub(super) struct Args {
    #[command(flatten)]
    attend: Attend,
    /// The file with the key that signs it from now on
    #[arg(long)]
    to: PathBuf,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let to = SigningKey::read(&args.to)?;
    let done = args.attend.builder()?.hand_over(to)?;
    let mut out = terminal::json_or_people(args.json);
    if args.json {
        let keys = json!({ "from": done.from, "key": done.key });
        writeln!(out, "{keys}")?;
    } else {
        writeln!(out, "{} handed over to {}", done.from, done.key)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
