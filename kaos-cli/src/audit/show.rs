//! `kaos audit show`.

use std::collections::HashMap;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::RecordContent;
use kaos_hooks::{BodyBuf, EventBuf, Phase, RunId, SpanId, SpanTree, TraceId};
use serde_json::json;

use super::query::time;
use super::select::Select;
use super::trail::Of;
use crate::output::{self, Failed};
use crate::terminal::{self, Out, progress};

#[derive(ClapArgs)]
#[command(after_help = "Without a choice, the newest run is shown.")]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    select: Select,
    /// Every run
    #[arg(long)]
    all: bool,
    /// Prints a JSON object per run, with its records
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let newest_only = !args.all && !args.select.is_any();
    let bar = progress("reading");
    let mut out = terminal::json_or_people(args.json);
    let mut runs = Runs::default();
    let (mut newest, mut shown) = (None, 0_u64);
    for record in args.of.open()?.records(args.select.filter())? {
        let record = record?;
        bar.set_position(record.seq);
        let RecordContent::Event(event) = record.content else {
            continue;
        };
        if let Some(run) = runs.add(*event) {
            if newest_only {
                newest = Some(run);
            } else {
                show(&mut out, &run, args.json)?;
            }
            shown += 1;
        }
    }
    // What has no end: its process died, or it is still at work.
    for run in runs.unended() {
        shown += 1;
        if newest_only {
            newest = Some(run);
        } else {
            show(&mut out, &run, args.json)?;
        }
    }
    bar.finish_and_clear();
    if let Some(run) = newest {
        show(&mut out, &run, args.json)?;
    }
    out.flush()?;
    let hint = match shown {
        0 => "no run matches",
        2.. if newest_only => {
            "the newest of several runs; --all shows all, --help says how to choose"
        }
        _ => return Ok(ExitCode::SUCCESS),
    };
    output::say(&format!("kaos: {hint}"));
    Ok(ExitCode::SUCCESS)
}

fn show(out: &mut Out, run: &[EventBuf], as_json: bool) -> Result<(), Failed> {
    let Some(first) = run.first() else {
        return Ok(());
    };
    let (id, trace, agent) = (&first.run.id, first.run.trace_id, &first.run.agent);
    let session = first.run.session.name();
    if as_json {
        let records: Result<Vec<serde_json::Value>, _> = run
            .iter()
            .map(|event| serde_json::from_str(&event.to_line()))
            .collect();
        let run = json!({
            "run": id.to_string(), "trace": trace.to_string(), "session": session,
            "agent": agent.as_str(), "records": records?,
        });
        writeln!(out, "{run}")?;
        return Ok(());
    }
    let session = session.map_or_else(String::new, |session| format!(" · session {session:?}"));
    let at = time(first.time.unix_nanos);
    writeln!(
        out,
        "{at} · agent {agent:?}{session}\nrun {id} · trace {trace}"
    )?;
    writeln!(out, "{}", SpanTree::of(run).timeline())?;
    Ok(())
}

/// Puts the records of each run together.
#[derive(Default)]
struct Runs {
    open: HashMap<u64, (Vec<EventBuf>, usize)>,
    by_span: HashMap<(TraceId, SpanId), u64>,
    known: u64,
    /// Records of spans whose start is not among those that were read: removed, lost, or filtered out.
    cut: HashMap<(TraceId, RunId), u64>,
}

impl Runs {
    /// Adds a record; gives the run that ends with it.
    fn add(&mut self, event: EventBuf) -> Option<Vec<EventBuf>> {
        let trace = event.run.trace_id;
        let (span, around, phase) = match &event.body {
            BodyBuf::Span(span) => (Some(span.id), span.parent, Some(span.phase.as_phase())),
            BodyBuf::Value { span, .. } => (*span, None, None),
            BodyBuf::Unknown(_) => (None, None, None),
        };
        let starts = matches!(phase, Some(Phase::Start));
        let ends = phase.is_some_and(|phase| phase.is_end());
        let of = if starts { around } else { span };
        let of = of.and_then(|span| self.by_span.get(&(trace, span)).copied());
        let is_root =
            starts && event.seq == 0 && event.span().is_some_and(|span| span.subject.is_root());
        let of = if is_root || (starts && of.is_none()) {
            self.known += 1;
            self.known
        } else if let Some(of) = of {
            of
        } else {
            let known = &mut self.known;
            let new = || {
                *known += 1;
                *known
            };
            let number = *self
                .cut
                .entry((trace, event.run.id.clone()))
                .or_insert_with(new);
            self.open.entry(number).or_default().0.push(event);
            return None;
        };
        let (events, open) = self.open.entry(of).or_default();
        events.push(event);
        if let Some(span) = span.filter(|_| starts) {
            self.by_span.insert((trace, span), of);
            *open += 1;
        }
        if let Some(span) = span.filter(|_| ends) {
            self.by_span.remove(&(trace, span));
            *open -= 1;
        }
        if *open > 0 {
            return None;
        }
        self.open.remove(&of).map(|(events, _)| events)
    }

    fn unended(self) -> Vec<Vec<EventBuf>> {
        let mut runs: Vec<_> = self.open.into_iter().collect();
        runs.sort_unstable_by_key(|(number, _)| *number);
        runs.into_iter().map(|(_, (events, _))| events).collect()
    }
}
