//! `kaos status`.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::Which;
use super::state::{Component, Place, Record};
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "Exit codes: 0 all are ready, 1 some are not, or no such team runs, 2 the command is wrong."
)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// As JSON, without tokens
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let name = &args.which.name;
    let place = Place::of(name)?;
    let record = if place.runs() { place.read()? } else { None };
    let Some(mut record) = record else {
        let last = place.read()?;
        let how = last.map_or_else(|| "there was none".to_owned(), |it| ended(&it));
        crate::output::say(&format!("no team called {name} runs; {how}"));
        return Ok(ExitCode::FAILURE);
    };
    let mut out = terminal::json_or_people(args.json);
    if args.json {
        for component in &mut record.components {
            component.token = None;
        }
        writeln!(out, "{}", serde_json::to_string_pretty(&record)?)?;
    } else {
        out.print(&table(&record))?;
    }
    out.flush()?;
    let fine = record.components.iter().all(|it| it.stage == "ready");
    Ok(ExitCode::from(u8::from(!fine)))
}

/// How the last team has ended.
fn ended(record: &Record) -> String {
    match record.state.as_str() {
        "stopped" => "the last one has ended as it was asked to".to_owned(),
        "failed" => {
            let failed = record.components.iter().filter(|it| it.stage == "failed");
            let why = |it: &Component| Some(format!("{}: {}", it.name, it.why.as_ref()?));
            let why: Vec<String> = failed.filter_map(why).collect();
            format!("the last one has failed: {}", why.join("; "))
        }
        _ => "the last one was killed".to_owned(),
    }
}

/// A row for each component; what is wrong with one is on a line of its own.
fn table(record: &Record) -> String {
    let wide = record.components.iter().map(|it| it.name.chars().count());
    let wide = wide.max().unwrap_or(0).max("COMPONENT".len());
    let mut text = format!(
        "{:wide$}  {:<10}  {:>7}  {:<22}  {}\n",
        "COMPONENT", "STATE", "PID", "ADDRESS", "RESTARTS"
    );
    for it in &record.components {
        let pid = it.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let Component {
            name,
            stage,
            port,
            restarts,
            ..
        } = it;
        let at = format!("http://127.0.0.1:{port}");
        let _row = writeln!(
            text,
            "{name:wide$}  {stage:<10}  {pid:>7}  {at:<22}  {restarts}"
        );
        if let Some(why) = &it.why {
            let _row = writeln!(text, "  it {why}");
        }
    }
    text
}
