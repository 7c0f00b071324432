//! `kaos audit check`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::{InclusionProof, RecordContent, VerifyingKey};
use kaos_hooks::{TraceId, plain};
use serde::Deserialize;

use crate::output::{self, Failed};
use crate::terminal;

/// As long as a file of one proof may be, such as `kaos audit prove` prints.
const MAX_PROOF: usize = 1024 * 1024;

/// As long as a line may be, in bytes.
const MAX_LINE: u64 = 32 * 1024 * 1024;

#[derive(ClapArgs)]
#[command(
    after_help = "The file is what `kaos ui` saves as the proof of a run: a line that says so, then a line a record. What `kaos audit prove --record` prints is taken, too.

It is proved that each record is in the log, in this order, and of the trace that the file names. That they are all of a run is not proved: others may be missing. Nor is what the file calls the trails.

Exit codes: 0 each record is in a log whose checkpoint the key signed, 1 one is not, 2 the command is wrong, or the file is no proof."
)]
pub(super) struct Args {
    /// The file with the proofs, or `-` for standard input
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
    trace: TraceId,
    records: u64,
}

/// What a file says that it proves.
struct Proofs {
    /// Whose records they are; of a single one it is not said.
    trace: Option<TraceId>,
    /// Each with its record's number, where that is said.
    all: Vec<(Option<u64>, String)>,
}

/// What is proved of a log.
#[derive(Default)]
struct Proved {
    records: u64,
    first: u64,
    last: u64,
    traces: BTreeMap<String, u64>,
    agents: BTreeSet<String>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let keys: Result<Vec<_>, Failed> = args
        .key
        .iter()
        .map(|it| crate::verification::key(it))
        .collect();
    let keys = keys?;
    let mut out = terminal::data();
    let mut logs: BTreeMap<String, Proved> = BTreeMap::new();
    let proofs = Proofs::read(&args.file)?;
    for (seq, text) in &proofs.all {
        let name = seq.map_or("the record".to_owned(), |seq| format!("record {seq}"));
        let proof: InclusionProof = text.parse().map_err(|error| format!("{name}: {error}"))?;
        if let Some(why) = refusal(&proof, &keys) {
            output::say(&format!("kaos: {name}: NOT PROVED{why}"));
            return Ok(ExitCode::FAILURE);
        }
        let log = proof.checkpoint.log;
        let proved = log.base.checked_add(proof.index);
        if seq.is_some() && proved != *seq {
            return Err(format!("{name}: its proof is of another record").into());
        }
        let of = logs.entry(log.to_string()).or_default();
        let wrong = of.add(proved.unwrap_or(u64::MAX), &proof, proofs.trace);
        wrong.map_err(|why| format!("{name}: {why}"))?;
        if args.records {
            writeln!(out, "{}", String::from_utf8_lossy(&proof.line))?;
        }
    }
    out.flush()?;
    for (log, proved) in &logs {
        output::say(&plain(&proved.in_words(log)));
    }
    if proofs.trace.is_some() {
        output::say("That these are all records of the run is not proved: others may be missing.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Why none of the keys proves it; one that is right is enough.
fn refusal(proof: &InclusionProof, keys: &[VerifyingKey]) -> Option<String> {
    if keys.iter().any(|key| proof.verify(key).is_ok()) {
        return None;
    }
    let why = keys.iter().find_map(|key| proof.verify(key).err());
    Some(why.map_or(String::new(), |why| format!(": {why}")))
}

impl Proved {
    /// One more record. It is to be behind the one before, so that none is there twice, and of the trace that
    /// is wanted.
    fn add(
        &mut self,
        number: u64,
        proof: &InclusionProof,
        wanted: Option<TraceId>,
    ) -> Result<(), String> {
        if self.records > 0 && number == self.last {
            return Err("it is there twice".to_owned());
        }
        if self.records > 0 && number < self.last {
            return Err("it is there twice, or not in the order of the log".to_owned());
        }
        let record = proof.record();
        let record = record.ok_or("what it says cannot be read, or names another record")?;
        match record.content {
            RecordContent::Event(event) => {
                let run = &event.run;
                if let Some(wanted) = wanted.filter(|it| *it != run.trace_id) {
                    let found = run.trace_id;
                    return Err(format!("it is of the trace {found}, not of {wanted}"));
                }
                *self.traces.entry(run.trace_id.to_string()).or_default() += 1;
                self.agents.insert(run.agent.to_string());
            }
            RecordContent::Own(_) if wanted.is_some() => {
                return Err("it is the trail's own, and of no run".to_owned());
            }
            RecordContent::Own(_) => {}
        }
        if self.records == 0 {
            self.first = number;
        }
        self.last = number;
        self.records += 1;
        Ok(())
    }

    fn in_words(&self, log: &str) -> String {
        let count = self.records;
        let mut parts = vec![format!(
            "PROVED: {count} records are in {log}, as the key's owner signed it"
        )];
        let of_trace = |(trace, count)| format!("{count} of them of the trace {trace}");
        parts.extend(self.traces.iter().map(of_trace));
        if !self.agents.is_empty() {
            let agents: Vec<_> = self.agents.iter().map(String::as_str).collect();
            parts.push(format!("by {}", agents.join(", ")));
        }
        let between = (self.last - self.first)
            .saturating_add(1)
            .saturating_sub(count);
        if between > 0 {
            let (first, last) = (self.first, self.last);
            parts.push(format!(
                "between record {first} and {last} the log has {between} more, of other runs, of its own, or of this one"
            ));
        }
        parts.join("; ")
    }
}

impl Proofs {
    fn read(file: &Path) -> Result<Self, Failed> {
        // It may be a pipe: it is read once.
        if file.as_os_str() == "-" {
            return Self::of(io::stdin().lock(), "standard input");
        }
        let at = file.display().to_string();
        let opened = std::fs::File::open(file).map_err(|error| format!("{at}: {error}"))?;
        Self::of(BufReader::new(opened), &at)
    }

    fn of(mut reader: impl BufRead, at: &str) -> Result<Self, Failed> {
        let mut line = || line(&mut reader).map_err(|error| format!("{at}: {error}"));
        let first = line()?.ok_or_else(|| format!("{at}: it is empty"))?;
        if !first.starts_with('{') {
            let mut text = first;
            while let Some(more) = line()? {
                text += &more;
                if text.len() > MAX_PROOF {
                    return Err(format!("{at}: it is no proof: none is longer than 1 MiB").into());
                }
            }
            return Ok(Self {
                trace: None,
                all: vec![(None, text)],
            });
        }
        let no_proof = |error| format!("{at}: it is no file of proofs: {error}");
        let first: First = serde_json::from_str(&first).map_err(no_proof)?;
        if first.kaos_proofs != 1 {
            return Err(format!("{at}: a newer version wrote it").into());
        }
        let mut all = Vec::new();
        while let Some(line) = line()? {
            if all.len() as u64 == first.records {
                let said = first.records;
                return Err(
                    format!("{at}: it says that it has {said} records, and has more").into(),
                );
            }
            let line: Line = serde_json::from_str(&line).map_err(no_proof)?;
            all.push((Some(line.seq), line.proof));
        }
        if (all.len() as u64) < first.records || all.is_empty() {
            let (found, said) = (all.len(), first.records);
            return Err(
                format!("{at}: it says that it has {said} records, and has {found}").into(),
            );
        }
        Ok(Self {
            trace: Some(first.trace),
            all,
        })
    }
}

/// The next line, with its end.
fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    reader.take(MAX_LINE).read_line(&mut line)?;
    if line.len() as u64 == MAX_LINE {
        return Err(io::Error::other("it has a line of more than 32 MiB"));
    }
    Ok((!line.is_empty()).then_some(line))
}
