//! One run: its spans, and what its records say.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use kaos_hooks::{SpanId, TraceId};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::answer::{Answer, Asked, Wrong, json_of, reading, text};
use super::listed;
use super::shared::Shared;
use super::spans::Rows;
use super::watched::Watched;
use crate::output::chain;
use crate::runs::{Entry, Recorded, Run, about, events};

/// The most bytes of the records of an answer.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How long a run that is not known is waited for.
const COMES: Duration = Duration::from_secs(2);

/// The most others that are named where several runs claim the same ids.
const MAX_CLAIMANTS: usize = 20;

/// A run that is asked for: its trace, and its root, or what [`Entry::id`] gives.
pub(super) type RunId = Path<(String, String)>;

/// Reads a run and those that it called; `each` gets the trail and the record.
pub(super) fn read(
    shared: &Shared,
    asked: &(String, String),
    mut each: impl FnMut(&Watched, Recorded),
) -> Result<Value, Wrong> {
    let trails = shared.trails();
    let (mut rows, mut unread, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    let mut claimants = Vec::new();
    // Files are read without the index, which others wait for.
    let (runs, of_trace): (Vec<(usize, Run)>, usize) = {
        let index = shared.index();
        let found = find(&index, &trails, asked)?;
        let shown = found
            .iter()
            .filter_map(|it| Some(listed::row(it, trails.get(it.key.trail)?)));
        rows.extend(shown);
        let of_trace = found.first().map(|it| index.of_trace(it.run.trace));
        let of_trace = of_trace.unwrap_or_default();
        let claims = |it: &&Entry<'_>| {
            let is_claimed = |of: &Entry<'_>| of.run.root == it.run.root;
            it.claims > 1
                && found.iter().any(is_claimed)
                && !found.iter().any(|of| of.key == it.key)
        };
        let others = of_trace.iter().filter(claims).take(MAX_CLAIMANTS);
        let others = others.filter_map(|it| Some(listed::row(it, trails.get(it.key.trail)?)));
        claimants.extend(others);
        let runs = found.iter().map(|it| (it.key.trail, it.run.clone()));
        (runs.collect(), of_trace.len())
    };
    for (trail, run) in &runs {
        let Some(watched) = trails.get(*trail) else {
            continue;
        };
        let name = &watched.name;
        if let Err(error) = events(&watched.trail, run, |it| each(watched, it)) {
            unread.push(format!("{name}: {}", chain(&error)));
        }
        let said = watched.verdict().about(run);
        findings.extend(said.iter().map(|it| format!("{name}: {it}")));
    }
    let nested = rows.split_off(1.min(rows.len()));
    Ok(json!({
        "run": rows.pop(),
        "nested": nested,
        "claimants": claimants,
        "others": of_trace.saturating_sub(runs.len()),
        "unread": unread,
        "findings": findings,
    }))
}

/// What is said of a run that is not here.
const MISSING: &str =
    "there is no such run in these trails: it was never recorded here, or removed";

fn find<'i>(
    index: &'i crate::runs::Index,
    trails: &[Arc<Watched>],
    (trace, id): &(String, String),
) -> Result<Vec<Entry<'i>>, Wrong> {
    let trace: TraceId = trace
        .parse()
        .map_err(|_no_id| Wrong::bad("a trace has 32 hexadecimal digits"))?;
    let (root, which) = id
        .split_once('.')
        .map_or((id.as_str(), None), |(root, which)| (root, Some(which)));
    let mut all = index.of_trace(trace);
    match root.parse::<SpanId>() {
        Ok(root) => all.retain(|it| it.run.root == Some(root)),
        Err(_any) if which.is_none() => all.retain(|it| !it.is_nested),
        Err(_none) => all.retain(|it| it.run.root.is_none()),
    }
    if let Some(which) = which {
        let (seq, name) = which.split_once('.').unwrap_or_default();
        let is_its = |it: &Watched| it.name == name;
        let is_of = |it: &Entry<'_>| trails.get(it.key.trail).is_some_and(|it| is_its(it));
        all.retain(|it| it.run.seqs.start.to_string() == seq && is_of(it));
    }
    // Of several that claim to be it, the newest.
    let first = all.first().and_then(|first| {
        let same = all.iter().filter(|it| it.run.root == first.run.root);
        same.max_by_key(|it| (it.run.at, it.key)).copied()
    });
    let first = first.ok_or_else(|| Wrong::not_found(MISSING))?;
    Ok(index.with_nested(first))
}

pub(super) async fn run(State(shared): State<Arc<Shared>>, Path(asked): RunId) -> Answer {
    // One that was asked for a moment ago may not have been read yet.
    let _waited = timeout(COMES, until_known(&shared, &asked)).await;
    let read = reading(move || with_spans(&shared, &asked)).await?;
    Ok(json_of(&read))
}

/// Waits until there is such a run, or it can be none.
async fn until_known(shared: &Arc<Shared>, (trace, _id): &(String, String)) {
    let Ok(trace) = trace.parse::<TraceId>() else {
        return;
    };
    loop {
        let version = shared.version();
        let of = Arc::clone(shared);
        let known = reading(move || Ok(!of.index().of_trace(trace).is_empty())).await;
        if known.unwrap_or(true) {
            return;
        }
        shared.after(version).await;
        if shared.version() == version {
            return; // it ends
        }
    }
}

/// A run with its spans.
pub(super) fn with_spans(shared: &Shared, asked: &(String, String)) -> Result<Value, Wrong> {
    let (mut rows, mut left_out) = (Rows::default(), false);
    let mut read = read(shared, asked, |watched, recorded| {
        left_out |= !rows.add(watched, &recorded.event);
    })?;
    if let Some(read) = read.as_object_mut() {
        read.insert("spans".to_owned(), json!(rows.into_rows()));
        read.insert("left_out".to_owned(), left_out.into());
    }
    Ok(read)
}

/// The records themselves: each with its trail and its number.
pub(super) async fn records(
    State(shared): State<Arc<Shared>>,
    Path(asked): RunId,
    given: Asked,
) -> Answer {
    // Only what is about this span.
    let span = given.parsed::<SpanId>("span", "16 hexadecimal digits")?;
    reading(move || {
        let mut all = Records::default();
        read(&shared, &asked, |watched, recorded| {
            if span.is_none() || span == about(&recorded.event) {
                all.add(&watched.name, &recorded);
            }
        })?;
        Ok(all.answer())
    })
    .await
}

/// Records as a JSON list, as much as an answer holds.
#[derive(Default)]
pub(super) struct Records {
    list: String,
    left_out: u64,
}

#[derive(serde::Serialize)]
struct Record<'r> {
    trail: &'r str,
    seq: u64,
    event: Box<RawValue>,
}

impl Records {
    pub(super) fn add(&mut self, trail: &str, recorded: &Recorded) {
        let Ok(event) = RawValue::from_string(recorded.event.to_line()) else {
            return;
        };
        let seq = recorded.seq;
        let record = serde_json::to_string(&Record { trail, seq, event });
        match record {
            Ok(record) if self.list.len() + record.len() <= MAX_BYTES => {
                if !self.list.is_empty() {
                    self.list.push(',');
                }
                self.list.push_str(&record);
            }
            _ => self.left_out += 1,
        }
    }

    pub(super) fn as_json(&self) -> String {
        let (list, left_out) = (&self.list, self.left_out);
        format!(r#"{{"records":[{list}],"left_out":{left_out}}}"#)
    }

    fn answer(&self) -> Response {
        text("application/json", self.as_json())
    }
}
