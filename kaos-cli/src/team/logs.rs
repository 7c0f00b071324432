//! `kaos logs`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args as ClapArgs;

use super::TRACES;
use super::Which;
use super::lines::Tail;
use super::state::{Place, Record};
use crate::output::Failed;
use crate::terminal;

/// How often one looks for more.
const LOOK: Duration = Duration::from_millis(100);

#[derive(ClapArgs)]
#[command(
    after_help = "Lines are there after the team's end, until the next team of that name.

Exit codes: 0 shown, 2 there is no such team or component."
)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// The component: its resource's name, such as analyst, or agent-analyst; or traces, the tree of each question
    component: String,
    /// Goes on as long as the team runs
    #[arg(short, long)]
    follow: bool,
    /// The last lines alone
    #[arg(short = 'n', long, value_name = "LINES")]
    lines: Option<usize>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let place = Place::of(&args.which.name)?;
    let record = place.read()?;
    let record = record.ok_or_else(|| format!("there is no team called {}", args.which.name))?;
    let mut tail = Tail::new(place.log(called(&record, &args.component)?));
    let mut out = terminal::data();
    let mut text = tail.more()?;
    if !args.follow {
        text += &tail.rest();
    }
    if let Some(lines) = args.lines {
        let all: Vec<&str> = text.lines().collect();
        let last = all
            .get(all.len().saturating_sub(lines)..)
            .unwrap_or_default();
        text = last.iter().flat_map(|it| [*it, "\n"]).collect();
    }
    loop {
        out.print(&text)?;
        out.flush()?;
        if !args.follow {
            return Ok(ExitCode::SUCCESS);
        }
        let runs = place.runs();
        text = tail.more()?;
        if text.is_empty() {
            if !runs {
                return Ok(ExitCode::SUCCESS);
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// The full name of a component.
fn called<'r>(record: &'r Record, name: &str) -> Result<&'r str, Failed> {
    let all = &record.components;
    let found: Vec<&str> = all
        .iter()
        .filter(|it| it.name == name || it.resource == name)
        .map(|it| it.name.as_str())
        .collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] if name == TRACES => Ok(TRACES),
        [] => {
            let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
            Err(format!(
                "there is no component {name}; there are {}",
                names.join(", ")
            )
            .into())
        }
        several => Err(format!("{name} may be {}", several.join(" or ")).into()),
    }
}
