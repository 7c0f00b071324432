//! `kaos audit show`.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::RecordContent;
use kaos_hooks::{EventBuf, SpanTree};
use serde_json::json;

use super::query::time;
use super::select::Select;
use super::trail::Of;
use crate::output::{self, Failed};
use crate::runs::{Grouping, Query};
use crate::terminal::{self, Out, progress};
use crate::ui::page_of;
use crate::verification::Against;

#[derive(ClapArgs)]
#[command(
    after_help = "Without a choice, the newest run is shown. Exit codes: 0 shown, 1 no run matches or a file cannot be read, 2 the command is wrong, or there is nothing to write a page of."
)]
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
    /// Writes the run as a page of its own into this file, which must not be there: to look at without kaos, and to give to
    /// somebody
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "json"])]
    html: Option<PathBuf>,
    #[command(
        flatten,
        next_help_heading = "What a page says that the trail was verified with"
    )]
    against: Against,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    if let Some(file) = &args.html {
        return as_page(args, file);
    }
    if args.against.is_any() {
        return Err("--key, --log and --anchor are for --html; kaos audit verify verifies".into());
    }
    let newest_only = !args.all && !args.select.is_any();
    let bar = progress("reading");
    let mut out = terminal::json_or_people(args.json);
    let mut runs = Runs::default();
    let (mut newest, mut shown) = (None, 0_u64);
    let mut records = args.of.read(args.select.filter())?;
    for record in records.by_ref() {
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
        0 => {
            output::say("kaos: no run matches");
            return Ok(ExitCode::FAILURE);
        }
        2.. if newest_only => {
            "the newest of several runs; --all shows all, --help says how to choose"
        }
        _ => return Ok(records.ended()),
    };
    output::say(&format!("kaos: {hint}"));
    Ok(records.ended())
}

/// The newest run that matches.
fn as_page(args: &Args, file: &Path) -> Result<ExitCode, Failed> {
    let filter = args.select.filter();
    let query = Query {
        session: filter.session.unwrap_or_default(),
        trace: filter.trace.map_or_else(String::new, |it| it.to_string()),
        since: filter.since,
        until: filter.until,
        ..Query::default()
    };
    if filter.run.is_some() {
        return Err("--html: choose the run by --trace, --session or time".into());
    }
    let at = file.display();
    if is_within(file, &args.of.trail) {
        return Err(format!("{at}: that is in the trail itself: choose another folder").into());
    }
    let page = page_of(&args.of.trail, &query, &args.against)?;
    let mut new = OpenOptions::new();
    let opened = new.write(true).create_new(true).open(file);
    let mut opened = opened.map_err(|error| format!("{at}: {error}"))?;
    opened.write_all(page.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a file that is not there yet would be in this folder.
fn is_within(file: &Path, folder: &Path) -> bool {
    let beside = file.parent().filter(|it| !it.as_os_str().is_empty());
    let beside = beside.unwrap_or(Path::new(".")).canonicalize();
    let folder = folder.canonicalize();
    beside.is_ok_and(|beside| folder.is_ok_and(|folder| beside.starts_with(folder)))
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
    grouping: Grouping,
    open: HashMap<u64, Vec<EventBuf>>,
}

impl Runs {
    /// Adds a record; gives the run that ends with it.
    fn add(&mut self, event: EventBuf) -> Option<Vec<EventBuf>> {
        let belongs = self.grouping.place(&event)?;
        self.open.entry(belongs.run).or_default().push(event);
        if belongs.ends {
            return self.open.remove(&belongs.run);
        }
        None
    }

    fn unended(self) -> Vec<Vec<EventBuf>> {
        let mut runs: Vec<_> = self.open.into_iter().collect();
        runs.sort_unstable_by_key(|(number, _)| *number);
        runs.into_iter().map(|(_, events)| events).collect()
    }
}
