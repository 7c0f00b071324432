//! `kaos audit verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::{
    Anchor as _, AnchorFile, Checkpoint, KeyError, LogId, Verification, VerifyingKey,
};
use serde_json::json;

use super::trail::Of;
use crate::output::Failed;
use crate::terminal::{self, progress};

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
    /// A signer's verifier key, or a file with it; without it only damage is found. May be given more
    /// than once, for a trail that several keys signed without handing over
    #[arg(long)]
    key: Vec<String>,
    /// The log's name, kaos-trail/<32 digits>: it must be this trail, and no other of the same key
    #[arg(long)]
    log: Option<LogId>,
    /// A file with a checkpoint that was kept elsewhere; may be given more than once
    #[arg(long)]
    anchor: Vec<PathBuf>,
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
    for key in &args.key {
        verifier = verifier.key(self::key(key)?);
    }
    if let Some(log) = args.log {
        verifier = verifier.log(log);
    }
    for file in &args.anchor {
        verifier = verifier.anchor(anchor(file)?);
    }
    let report = verifier.run()?;
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

pub(super) fn key(text: &str) -> Result<VerifyingKey, Failed> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    VerifyingKey::read(text).map_err(|error| match error {
        KeyError::Read { source, .. } => {
            format!("--key {text}: neither a verifier key nor a file: {source}").into()
        }
        error => format!("--key {text}: {error}").into(),
    })
}

pub(super) fn anchor(file: &PathBuf) -> Result<Checkpoint, Failed> {
    let name = file.display();
    let read = AnchorFile::new(file).newest();
    let text = read.map_err(|error| format!("--anchor {name}: {error}"))?;
    let text = text.ok_or_else(|| format!("--anchor {name}: there is no such file"))?;
    let anchor = text.parse();
    anchor.map_err(|error| format!("--anchor {name}: {error}").into())
}

fn as_json(report: &Verification, strict: bool) -> serde_json::Value {
    json!({
        "exit_code": report.exit_code(strict),
        "intact": report.is_intact(),
        "log": report.log.map(|log| log.to_string()),
        "records": report.records,
        "segments": report.segments,
        "checkpoints": report.checkpoints,
        "unsigned_tail": report.unsigned_tail,
        "key_given": report.key_given,
        "named_key": report.named_key,
        "signers": report.signers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "after_anchor": report.after_anchor,
        "findings": report.findings,
        "more_findings": report.more_findings,
        "accounted": report.accounted,
        "unread": report.unread,
        "torn": report.torn,
        "open": report.open,
        "recoveries": report.recoveries,
        "gaps": report.gaps,
    })
}
