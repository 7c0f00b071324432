//! "Prove this run": its records with their inclusion proofs, to be checked by somebody without the trail.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use kaos_hooks::audit::{InclusionProof, RecordContent};
use serde_json::json;

use super::answer::{Answer, Wrong, reading, text};
use super::detail::{RunId, read};
use super::shared::Shared;
use crate::output::chain;
use crate::runs::Recorded;

/// The most records that are proved at once, and the most MiB of them.
const MAX_RECORDS: usize = 20_000;
const MAX_MIB: u64 = 64;

pub(super) async fn proof(State(shared): State<Arc<Shared>>, Path(asked): RunId) -> Answer {
    let name = format!("kaos-proof-{}.jsonl", asked.0);
    let file = reading(move || file(&shared, &asked)).await?;
    let mut response = text("application/jsonl", file);
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    if let Ok(named) = named {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(response)
}

/// Whether what is proved is what is shown.
fn is_of(proof: &InclusionProof, recorded: &Recorded) -> bool {
    proof.record().is_some_and(|proved| match proved.content {
        RecordContent::Event(event) => {
            proved.seq == recorded.seq && event.to_line() == recorded.event.to_line()
        }
        RecordContent::Own(_) => false,
    })
}

/// A line that says what it is, then a line a record.
fn file(shared: &Shared, asked: &(String, String)) -> Result<String, Wrong> {
    let mut shown: BTreeMap<usize, Vec<Recorded>> = BTreeMap::new();
    let (mut count, mut bytes) = (0, 0);
    read(shared, asked, |watched, recorded| {
        count += 1;
        bytes += recorded.bytes;
        if count <= MAX_RECORDS && bytes <= MAX_MIB * 1024 * 1024 {
            let of = shown.entry(watched.number).or_default();
            of.push(recorded);
        }
    })?;
    if count > MAX_RECORDS {
        return Err(Wrong::not_now(format!(
            "{count} records are more than are proved at once, {MAX_RECORDS}"
        )));
    }
    let mib = bytes.div_ceil(1024 * 1024);
    if mib > MAX_MIB {
        return Err(Wrong::not_now(format!(
            "its records have {mib} MiB, more than are proved at once, {MAX_MIB} MiB"
        )));
    }
    let mut file = format!(
        "{}\n",
        json!({"kaos_proofs": 1, "trace": asked.0, "records": count, "check": "kaos audit check FILE --key KEY.pub"})
    );
    for watched in shared.trails() {
        let Some(shown) = shown.get(&watched.number) else {
            continue;
        };
        let seqs: Vec<u64> = shown.iter().map(|it| it.seq).collect();
        let proofs = watched.trail.prove_inclusions(&seqs).map_err(|error| {
            let (name, why) = (&watched.name, chain(&error));
            Wrong::not_now(format!("{name}: it cannot be proved: {why}"))
        })?;
        for (recorded, proof) in shown.iter().zip(proofs) {
            let seq = recorded.seq;
            if !is_of(&proof, recorded) {
                let name = &watched.name;
                return Err(Wrong::not_now(format!(
                    "{name}: it cannot be proved: record {seq} of the log is not what is shown"
                )));
            }
            let proof = proof.to_string();
            let line = json!({"trail": watched.name, "seq": seq, "proof": proof});
            file.extend([line.to_string().as_str(), "\n"]);
        }
    }
    Ok(file)
}
