//! `kaos audit accept`.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::Accept;
use kaos_hooks::plain;
use serde_json::json;

use super::attend::Attend;
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "What is wrong stays wrong, and each report says so; it is accounted for from now on, as long as nothing changes about it. A trail that lost records that its anchor covers goes on in a new log."
)]
pub(super) struct Args {
    #[command(flatten)]
    attend: Attend,
    /// Why: it stands in the trail for good
    #[arg(long)]
    reason: String,
    /// Who answers for it
    #[arg(long)]
    who: String,
    /// Only what is wrong with these records: FROM..TO, without the last
    #[arg(long, value_parser = range)]
    records: Option<(u64, u64)>,
    /// A verifier key, or a file with it, that signed the trail, too, and did not hand over
    #[arg(long)]
    key: Vec<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let keys: Result<Vec<_>, Failed> = args
        .key
        .iter()
        .map(|key| crate::verification::key(key))
        .collect();
    let accept = Accept {
        reason: args.reason.clone(),
        who: args.who.clone(),
        records: args.records.map(|(from, to)| from..to),
        keys: keys?,
    };
    let accepted = args.attend.builder()?.accept(&accept)?;
    let mut out = terminal::json_or_people(args.json);
    if args.json {
        writeln!(out, "{}", json!({ "accepted": accepted }))?;
    } else if accepted.is_empty() {
        writeln!(out, "nothing to accept")?;
    }
    for acceptance in accepted.iter().filter(|_| !args.json) {
        let (from, to) = (acceptance.from, acceptance.to.saturating_sub(1));
        let who = plain(&acceptance.who);
        writeln!(out, "records {from} to {to}: accepted by {who}")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn range(text: &str) -> Result<(u64, u64), Failed> {
    let (from, to) = text.split_once("..").ok_or("FROM..TO")?;
    Ok((from.parse()?, to.parse()?))
}
