//! Runs and trails at a glance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Wrong, json_of, reading};
use super::shared::Shared;
use super::verdict::Doubt;
use super::watched::Watched;
use crate::runs::{CallKind, Entry, Query, Run, State as RunState};

/// The most runs of one answer.
const MAX_RUNS: usize = 500;

/// The most values that are offered to choose from.
const MAX_CHOICES: usize = 200;

pub(super) async fn runs(State(shared): State<Arc<Shared>>, given: Asked) -> Answer {
    let query = asked(&given)?;
    let most = |name: &str| given.parsed::<usize>(name, "a number");
    let (offset, limit) = (most("offset")?.unwrap_or(0), most("limit")?.unwrap_or(100));
    let list = reading(move || Ok(list(&shared, &query, offset, limit)));
    Ok(json_of(&list.await?))
}

fn list(shared: &Shared, query: &Query, offset: usize, limit: usize) -> Value {
    let trails = shared.trails();
    let index = shared.index();
    let found = query.find(&index);
    let shown = found.iter().skip(offset).take(limit.min(MAX_RUNS));
    let shown: Vec<Value> = shown
        .filter_map(|it| Some(row(it, trails.get(it.key.trail)?)))
        .collect();
    let mut agents: BTreeMap<&str, u64> = BTreeMap::new();
    let mut tools: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in index.entries() {
        *agents.entry(&entry.run.agent).or_default() += 1;
        let called = entry.run.calls.iter();
        for call in called.filter(|it| matches!(it.kind, CallKind::Tool | CallKind::Agent)) {
            *tools.entry(&call.name).or_default() += 1;
        }
    }
    let choices = |of: BTreeMap<&str, u64>| {
        let of = of.into_keys().take(MAX_CHOICES);
        of.map(str::to_owned).collect::<Vec<_>>()
    };
    json!({
        "total": index.len(),
        "found": found.len(),
        "runs": shown,
        "agents": choices(agents),
        "tools": choices(tools),
    })
}

/// Which runs are meant.
pub(super) fn asked(given: &Asked) -> Result<Query, Wrong> {
    let text = |name: &str| given.text(name).unwrap_or_default().to_owned();
    let number = |name: &str| given.number(name);
    // Milliseconds, as browsers count.
    let nanos = |millis: u64| millis.saturating_mul(1_000_000);
    Ok(Query {
        agent: text("agent"),
        session: text("session"),
        trace: text("trace"),
        status: text("status"),
        tool: text("tool"),
        text: text("text"),
        since: number("since")?.map(nanos),
        until: number("until")?.map(nanos),
        min_ms: number("min_ms")?,
        max_ms: number("max_ms")?,
        nested: text("nested") == "1",
    })
}

/// A run as it stands in a list.
pub(super) fn row(entry: &Entry<'_>, watched: &Watched) -> Value {
    let run = entry.run;
    let (calls, failed) = run.called();
    let mut tools: Vec<&str> = Vec::new();
    for call in &run.calls {
        let is_call = matches!(call.kind, CallKind::Tool | CallKind::Agent);
        if is_call && !tools.contains(&&*call.name) && tools.len() < 8 {
            tools.push(&call.name);
        }
    }
    let models = run.calls.iter().filter(|it| it.kind == CallKind::Model);
    json!({
        "trace": run.trace.to_string(),
        "root": run.root.map(|it| it.to_string()),
        "id": entry.id(&watched.name),
        "claims": entry.claims,
        "trail": watched.name,
        "at": millis(run.at),
        "agent": run.agent,
        "session": run.session,
        "question": run.question,
        "answer": run.answer,
        "state": state(run, watched),
        "error": run.error,
        "ms": run.duration.map(|it| it.as_secs_f64() * 1000.0),
        "seen": millis(run.seen),
        "input": run.usage.map(|it| it.input_tokens),
        "output": run.usage.map(|it| it.output_tokens),
        "cost": run.cost,
        "models": models.count(),
        "tools": tools,
        "calls": calls,
        "failed": failed,
        "denied": run.denied,
        "nested": entry.is_nested,
        "cut": !run.has_beginning,
        "doubt": doubt(run, watched),
    })
}

pub(super) fn doubt(run: &Run, watched: &Watched) -> Option<Doubt> {
    watched.verdict().doubt(run)
}

/// What is without an end runs as long as somebody writes the trail; else its process died.
fn state(run: &Run, watched: &Watched) -> &'static str {
    match run.state {
        RunState::Open if watched.is_written() => "running",
        RunState::Open => "unfinished",
        RunState::Complete => "complete",
        RunState::Error => "error",
        RunState::Cancelled => "cancelled",
        RunState::Suspended => "suspended",
    }
}

/// Nanoseconds since 1970 as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "browsers count in doubles")]
pub(super) fn millis(nanos: u64) -> f64 {
    (nanos / 1000) as f64 / 1000.0
}

pub(super) fn trail(watched: &Watched) -> Value {
    let load = |of: &std::sync::atomic::AtomicU64| of.load(Ordering::Relaxed);
    json!({
        "name": watched.name,
        "path": watched.path.display().to_string(),
        "written": watched.is_written(),
        "bytes": load(&watched.bytes),
        "indexed": load(&watched.indexed),
        "verifying": load(&watched.verified),
        "news": watched.news(),
        "trust": watched.verdict().summary(),
    })
}
