//! One run: its spans, and what its records say.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use kaos_hooks::{SpanId, TraceId};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Wrong, json_of, reading, text};
use super::listed;
use super::shared::Shared;
use super::spans::Rows;
use super::watched::Watched;
use crate::output::chain;
use crate::runs::{Entry, Recorded, Run, about, events};

/// The most bytes of the records of an answer.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A run that is asked for: its trace, and its root.
pub(super) type RunId = Path<(String, String)>;

/// Reads a run and those that it called; `each` gets the trail and the record.
pub(super) fn read(
    shared: &Shared,
    asked: &(String, String),
    mut each: impl FnMut(&Watched, Recorded),
) -> Result<Value, Wrong> {
    let trails = shared.trails();
    let (mut rows, mut unread, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    // Files are read without the index, which others wait for.
    let (runs, of_trace): (Vec<(usize, Run)>, usize) = {
        let index = shared.index();
        let found = find(&index, asked)?;
        let shown = found
            .iter()
            .filter_map(|it| Some(listed::row(it, trails.get(it.key.trail)?)));
        rows.extend(shown);
        let trace = found.first().map(|it| index.of_trace(it.run.trace).len());
        let runs = found.iter().map(|it| (it.key.trail, it.run.clone()));
        (runs.collect(), trace.unwrap_or(0))
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
    (trace, root): &(String, String),
) -> Result<Vec<Entry<'i>>, Wrong> {
    let trace: TraceId = trace
        .parse()
        .map_err(|_no_id| Wrong::bad("a trace has 32 hexadecimal digits"))?;
    let found = if let Ok(root) = root.parse::<SpanId>() {
        index.with_nested(trace, root)
    } else {
        let mut all = index.of_trace(trace);
        all.retain(|it| !it.is_nested);
        let root = all.first().and_then(|it| it.run.root);
        root.map_or(all, |root| index.with_nested(trace, root))
    };
    if found.is_empty() {
        return Err(Wrong::not_found(MISSING));
    }
    Ok(found)
}

pub(super) async fn run(State(shared): State<Arc<Shared>>, Path(asked): RunId) -> Answer {
    let read = reading(move || with_spans(&shared, &asked)).await?;
    Ok(json_of(&read))
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
