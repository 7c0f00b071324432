//! `kaos audit check`.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::InclusionProof;
use kaos_hooks::plain;
use serde::Deserialize;

use crate::output::{self, Failed};
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "The file is what `kaos ui` saves as the proof of a run: a line that says so, then a line a record. What `kaos audit prove --record` prints is taken, too.

Exit codes: 0 each record is in a log whose checkpoint the key signed, 1 one is not, 2 the command is wrong, or the file is no proof."
)]
pub(super) struct Args {
    /// The file with the proofs
    file: PathBuf,
    /// The signer's verifier key, or a file with it
    #[arg(long, required = true)]
    key: Vec<String>,
    /// Prints the records that are proved, as JSON Lines
    #[arg(long)]
    records: bool,
}

/// A line of a file of proofs.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    proof: String,
}

#[derive(Deserialize)]
struct First {
    kaos_proofs: u32,
    records: u64,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let keys: Result<Vec<_>, Failed> = args
        .key
        .iter()
        .map(|it| crate::verification::key(it))
        .collect();
    let keys = keys?;
    let mut out = terminal::data();
    let mut logs: BTreeMap<String, u64> = BTreeMap::new();
    // A record that is there twice is not two records.
    let mut known = HashSet::new();
    for (seq, text) in proofs(&args.file)? {
        let name = seq.map_or("the record".to_owned(), |seq| format!("record {seq}"));
        let proof: InclusionProof = text.parse().map_err(|error| format!("{name}: {error}"))?;
        // One key that is right is enough.
        if !keys.iter().any(|key| proof.verify(key).is_ok()) {
            let why = keys.iter().find_map(|key| proof.verify(key).err());
            let why = why.map_or(String::new(), |why| format!(": {why}"));
            output::say(&format!("kaos: {name}: NOT PROVED{why}"));
            return Ok(ExitCode::FAILURE);
        }
        let log = proof.checkpoint.log;
        let proved = log.base.checked_add(proof.index);
        if seq.is_some() && proved != seq {
            return Err(format!("{name}: its proof is of another record").into());
        }
        if !known.insert((log.trail, proved)) {
            return Err(format!("{name}: it is there twice").into());
        }
        *logs.entry(log.to_string()).or_default() += 1;
        if args.records {
            writeln!(out, "{}", String::from_utf8_lossy(&proof.line))?;
        }
    }
    out.flush()?;
    for (log, count) in &logs {
        output::say(&plain(&format!(
            "PROVED: {count} records are in {log}, as the key's owner signed it"
        )));
    }
    Ok(ExitCode::SUCCESS)
}

/// The proofs of a file, each with its record's number, where that is said.
fn proofs(file: &PathBuf) -> Result<Vec<(Option<u64>, String)>, Failed> {
    let at = file.display();
    let opened = std::fs::File::open(file).map_err(|error| format!("{at}: {error}"))?;
    let mut lines = BufReader::new(opened).lines();
    let first = lines.next().ok_or_else(|| format!("{at}: it is empty"))??;
    if !first.starts_with('{') {
        let text = std::fs::read_to_string(file)?;
        return Ok(vec![(None, text)]);
    }
    let no_proof = |error| format!("{at}: it is no file of proofs: {error}");
    let first: First = serde_json::from_str(&first).map_err(no_proof)?;
    if first.kaos_proofs != 1 {
        return Err(format!("{at}: a newer version wrote it").into());
    }
    let mut found = Vec::new();
    for line in lines {
        let line: Line = serde_json::from_str(&line?).map_err(no_proof)?;
        found.push((Some(line.seq), line.proof));
    }
    if found.len() as u64 != first.records || found.is_empty() {
        let (found, said) = (found.len(), first.records);
        return Err(format!("{at}: it says that it has {said} records, and has {found}").into());
    }
    Ok(found)
}
