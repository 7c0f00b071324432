//! "Prove this run": its records with their inclusion proofs, to be checked by somebody without the trail.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use serde_json::json;

use super::answer::{Answer, Wrong, reading, text};
use super::detail::{RunId, read};
use super::shared::Shared;
use crate::output::chain;

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

/// A line that says what it is, then a line a record.
fn file(shared: &Shared, asked: &(String, String)) -> Result<String, Wrong> {
    let mut seqs: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let (mut count, mut bytes) = (0, 0);
    read(shared, asked, |watched, recorded| {
        seqs.entry(watched.number).or_default().push(recorded.seq);
        count += 1;
        bytes += recorded.bytes;
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
        let Some(seqs) = seqs.get(&watched.number) else {
            continue;
        };
        let proofs = watched.trail.prove_inclusions(seqs).map_err(|error| {
            let (name, why) = (&watched.name, chain(&error));
            Wrong::not_now(format!("{name}: it cannot be proved: {why}"))
        })?;
        for (seq, proof) in seqs.iter().zip(proofs) {
            let proof = proof.to_string();
            let line = json!({"trail": watched.name, "seq": seq, "proof": proof});
            file.extend([line.to_string().as_str(), "\n"]);
        }
    }
    Ok(file)
}
