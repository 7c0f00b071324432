//! `kaos audit query`.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use jiff::Timestamp;
use kaos_hooks::audit::{Record, RecordContent};
use kaos_hooks::{BodyBuf, EventBuf, plain};

use super::select::{About, Select};
use super::trail::Of;
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    about: About,
    /// Prints the records themselves, as JSON Lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let filter = args.about.narrow(args.select.filter());
    let mut out = terminal::json_or_people(args.json);
    let mut records = args.of.read(filter)?;
    for record in records.by_ref() {
        if args.json {
            writeln!(out, "{}", as_json(&record)?)?;
        } else {
            writeln!(out, "{}", as_line(&record))?;
        }
    }
    out.flush()?;
    Ok(records.ended())
}

fn as_json(record: &Record) -> Result<String, Failed> {
    Ok(match &record.content {
        RecordContent::Event(event) => event.to_line(),
        RecordContent::Own(own) => serde_json::to_string(own)?,
    })
}

/// Number, time, run, and what happened.
fn as_line(record: &Record) -> String {
    let seq = record.seq;
    match &record.content {
        RecordContent::Event(event) => {
            let (at, run) = (time(event.time.unix_nanos), &event.run.id);
            plain(&format!("{seq:>8}  {at}  {run}  {}", what(event)))
        }
        RecordContent::Own(own) => format!("{seq:>8}  {own:?}"),
    }
}

fn what(event: &EventBuf) -> String {
    match &event.body {
        BodyBuf::Span(span) => {
            let phase = span.phase.as_phase();
            let took = phase.duration().map(|took| format!(" {took:?}"));
            let (name, state) = (span.name(), phase.name());
            format!("{} {name} {state}{}", span.id, took.unwrap_or_default())
        }
        BodyBuf::Value { span, value } => {
            let span = span.map(|span| span.to_string()).unwrap_or_default();
            format!("{span} {}", value.name())
        }
        BodyBuf::Unknown(_) => "of a newer version".to_owned(),
    }
}

pub(super) fn time(unix_nanos: u64) -> String {
    let at = Timestamp::from_nanosecond(unix_nanos.into());
    at.map_or_else(|_| unix_nanos.to_string(), |at| format!("{at:.3}"))
}
