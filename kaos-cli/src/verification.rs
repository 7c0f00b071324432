//! What a trail is verified with, and what came of it.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use kaos_hooks::audit::{
    Anchor as _, AnchorFile, Checkpoint, KeyError, LogId, Verification, Verifier, VerifyingKey,
};
use serde_json::json;

use crate::output::Failed;

/// What a trail is compared with.
#[derive(ClapArgs, Clone, Default)]
pub(crate) struct Against {
    /// A signer's verifier key, or a file with it; without it only damage is found. May be given more
    /// than once, for a trail that several keys signed without handing over
    #[arg(long)]
    pub(crate) key: Vec<String>,
    /// The log's name, kaos-trail/<32 digits>: it must be this trail, and no other of the same key
    #[arg(long)]
    pub(crate) log: Option<LogId>,
    /// A file with a checkpoint that was kept elsewhere; may be given more than once
    #[arg(long)]
    pub(crate) anchor: Vec<PathBuf>,
}

impl Against {
    /// Whether anything is given.
    pub(crate) const fn is_any(&self) -> bool {
        !self.key.is_empty() || self.log.is_some() || !self.anchor.is_empty()
    }

    /// Gives all of it to a verifier.
    pub(crate) fn give(&self, mut verifier: Verifier) -> Result<Verifier, Failed> {
        for key in &self.key {
            verifier = verifier.key(self::key(key)?);
        }
        if let Some(log) = self.log {
            verifier = verifier.log(log);
        }
        for file in &self.anchor {
            verifier = verifier.anchor(anchor(file)?);
        }
        Ok(verifier)
    }
}

/// A verifier key, or the file with one.
pub(crate) fn key(text: &str) -> Result<VerifyingKey, Failed> {
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

/// The checkpoint in a file.
pub(crate) fn anchor(file: &PathBuf) -> Result<Checkpoint, Failed> {
    let name = file.display();
    let read = AnchorFile::new(file).newest();
    let text = read.map_err(|error| format!("--anchor {name}: {error}"))?;
    let text = text.ok_or_else(|| format!("--anchor {name}: there is no such file"))?;
    let anchor = text.parse();
    anchor.map_err(|error| format!("--anchor {name}: {error}").into())
}

/// As JSON, for programs.
pub(crate) fn as_json(report: &Verification, strict: bool) -> serde_json::Value {
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
