//! `kaos down`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;

use super::Which;
use super::state::Place;
use crate::output::{self, Failed};

/// How often one looks whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// How long it may take: each component has its own limit.
const END: Duration = Duration::from_secs(120);

#[derive(ClapArgs)]
#[command(after_help = "Exit codes: 0 it has ended, 1 it does not end, 2 no such team runs.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let place = Place::of(&args.which.name)?;
    let record = place.running(&args.which.name)?;
    ask_to_end(record.pid)?;
    let until = Instant::now() + END;
    while place.runs() {
        if Instant::now() > until {
            let name = &args.which.name;
            output::say(&format!(
                "kaos: {name} has not ended within {END:?}; kaos status shows what is left, process {} leads it",
                record.pid
            ));
            return Ok(ExitCode::FAILURE);
        }
        std::thread::sleep(LOOK);
    }
    for component in place.read()?.unwrap_or_default().components {
        if let Some(why) = component.why {
            output::say(&format!("{} {why}", component.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// It holds the team's name, so that the number is its own.
#[cfg(unix)]
fn ask_to_end(pid: u32) -> Result<(), Failed> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or("the team's process has no number")?;
    Ok(kill_process(pid, Signal::TERM)?)
}

#[cfg(not(unix))]
fn ask_to_end(_pid: u32) -> Result<(), Failed> {
    Err("teams run on Linux and macOS alone".into())
}
