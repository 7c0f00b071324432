//! How many, how long, how much: of the runs that are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use kaos_hooks::{Clock as _, SystemClock};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{Answer, Asked, json_of, reading};
use super::listed::{asked, millis};
use super::shared::Shared;
use crate::runs::{Call, CallKind, Query, State as RunState};

/// The most stretches that a time is divided into.
const STRETCHES: u64 = 48;

/// A clock may be ahead for so many nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// The most rows of a table.
const MAX_ROWS: usize = 200;

pub(super) async fn numbers(State(shared): State<Arc<Shared>>, given: Asked) -> Answer {
    let mut query = asked(&given)?;
    // Each turn and each call counts, whoever asked for it: as the metrics of its process count them.
    query.nested = true;
    let counted = reading(move || Ok(counted(&shared, &query)));
    Ok(json_of(&counted.await?))
}

fn counted(shared: &Shared, query: &Query) -> Value {
    let index = shared.index();
    let runs = query.find(&index);
    let times = || runs.iter().map(|it| it.run.at);
    let from = query.since.or_else(|| times().min()).unwrap_or(0);
    // What a trail says may be any time: one to come does not stretch those that were.
    let latest = SystemClock.unix_nanos().saturating_add(DAY);
    let is_ahead = |it: &u64| query.until.is_none() && *it > latest;
    let ahead = times().filter(is_ahead).count();
    let to = query
        .until
        .or_else(|| {
            let last = times().max()?.saturating_add(1);
            Some(last.min(latest).max(from.saturating_add(1)))
        })
        .unwrap_or(from.saturating_add(1));
    let width = to.saturating_sub(from).div_ceil(STRETCHES).max(1);
    let (mut turns, mut models, mut tools, mut agents) = <(Sum, Sum, Sum, Sum)>::default();
    let (mut by_agent, mut by_model, mut by_tool) = <(Table, Table, Table)>::default();
    let mut series: Vec<Sum> = Vec::new();
    for run in runs.iter().map(|it| it.run) {
        // The end of all times is no other time's beginning: it is in the last one.
        let stretch = (run.at.saturating_sub(from) / width).min(STRETCHES - 1);
        let stretch = usize::try_from(stretch).unwrap_or(0);
        if series.len() <= stretch {
            series.resize_with(stretch + 1, Sum::default);
        }
        for call in &run.calls {
            let name = call.name.to_string();
            match call.kind {
                CallKind::Turn => {
                    turns.add(call);
                    by_agent.entry(name).or_default().add(call);
                    if let Some(sum) = series.get_mut(stretch) {
                        sum.add(call);
                    }
                }
                CallKind::Model => {
                    models.add(call);
                    by_model.entry(name).or_default().add(call);
                    by_agent
                        .entry(call.agent.to_string())
                        .or_default()
                        .use_of(call);
                    if let Some(sum) = series.get_mut(stretch) {
                        sum.use_of(call);
                    }
                }
                CallKind::Tool => {
                    tools.add(call);
                    by_tool.entry(name).or_default().add(call);
                }
                CallKind::Agent => agents.add(call),
            }
        }
    }
    let open = runs
        .iter()
        .filter(|it| it.run.state == RunState::Open)
        .count();
    let denied: u64 = runs.iter().map(|it| u64::from(it.run.denied)).sum();
    let series = series.iter_mut().enumerate().map(|(at, sum)| {
        let at = from.saturating_add(width.saturating_mul(at as u64));
        json!({ "at": millis(at), "of": sum.summed() })
    });
    json!({
        "from": millis(from),
        "to": millis(to),
        "width": millis(width),
        "runs": runs.len(),
        "open": open,
        "denied": denied,
        "ahead": ahead,
        "turns": turns.summed(),
        "models": models.summed(),
        "tools": tools.summed(),
        "agents": agents.summed(),
        "series": series.collect::<Vec<_>>(),
        "by_agent": table(by_agent),
        "by_model": table(by_model),
        "by_tool": table(by_tool),
    })
}

type Table = BTreeMap<String, Sum>;

fn table(table: Table) -> Vec<Value> {
    let rows = table
        .into_iter()
        .map(|(name, mut sum)| json!({ "name": name, "of": sum.summed() }));
    rows.take(MAX_ROWS).collect()
}

/// Work of one kind.
#[derive(Default)]
struct Sum {
    millis: Vec<f64>,
    errors: u64,
    cancelled: u64,
    input: u64,
    output: u64,
    cost: Option<f64>,
}

#[derive(Serialize)]
struct Summed {
    count: usize,
    errors: u64,
    cancelled: u64,
    input: u64,
    output: u64,
    cost: Option<f64>,
    sum_ms: f64,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    most: Option<f64>,
    /// How many took up to so many milliseconds, by powers of two from 1.
    histogram: Vec<u64>,
}

impl Sum {
    fn add(&mut self, call: &Call) {
        self.millis.push(call.took.as_secs_f64() * 1000.0);
        self.errors += u64::from(call.state == RunState::Error);
        self.cancelled += u64::from(call.state == RunState::Cancelled);
        self.use_of(call);
    }

    fn use_of(&mut self, call: &Call) {
        // What a trail says may be any number.
        self.input = self.input.saturating_add(call.input);
        self.output = self.output.saturating_add(call.output);
        if let Some(cost) = call.cost {
            self.cost = Some(self.cost.unwrap_or(0.0) + cost);
        }
    }

    fn summed(&mut self) -> Summed {
        self.millis.sort_unstable_by(f64::total_cmp);
        let mut histogram = Vec::new();
        for millis in &self.millis {
            let (mut bucket, mut up_to) = (0, 1.0);
            while *millis > up_to && bucket < 40 {
                up_to *= 2.0;
                bucket += 1;
            }
            if histogram.len() <= bucket {
                histogram.resize(bucket + 1, 0);
            }
            if let Some(count) = histogram.get_mut(bucket) {
                *count += 1;
            }
        }
        Summed {
            count: self.millis.len(),
            errors: self.errors,
            cancelled: self.cancelled,
            input: self.input,
            output: self.output,
            cost: self.cost,
            sum_ms: self.millis.iter().sum(),
            p50: self.percentile(50),
            p95: self.percentile(95),
            p99: self.percentile(99),
            most: self.millis.last().copied(),
            histogram,
        }
    }

    /// The least that so many of hundred do not exceed (nearest rank).
    fn percentile(&self, of_hundred: usize) -> Option<f64> {
        let rank = (self.millis.len() * of_hundred).div_ceil(100);
        self.millis.get(rank.checked_sub(1)?).copied()
    }
}
