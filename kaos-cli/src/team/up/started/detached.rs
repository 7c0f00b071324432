//! `kaos up -d`: another process of this command goes on.

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use super::super::args::Args;
use crate::output::{self, Failed};
use crate::team::state::{Place, private};
use crate::terminal;

/// How often one looks whether it is ready.
const LOOK: Duration = Duration::from_millis(50);

pub(super) fn run(args: &Args, place: &Place) -> Result<ExitCode, Failed> {
    if args.files.paths.iter().any(|it| it.as_os_str() == "-") {
        return Err("-d reads the files once more in the background, where there is no standard input: name a file".into());
    }
    let Some(held) = place.hold()? else {
        return Err(args.taken());
    };
    held.release();
    // What is there of one before is not this one's.
    let _gone = std::fs::remove_file(place.path().join("state.json")).is_ok();
    let log = place.path().join("up.log");
    let to = private().create(true).truncate(true).open(&log)?;
    let mut again = Command::new(std::env::current_exe()?);
    again
        .args(std::env::args_os().skip(1))
        .arg("--detached")
        .stdin(Stdio::null())
        .stdout(to.try_clone()?)
        .stderr(to);
    let mut child = again.spawn()?;
    loop {
        let ended = child.try_wait()?;
        let record = place.read()?.unwrap_or_default();
        // What a team before it left behind is not its word.
        if record.state == "ready" && record.pid == child.id() {
            let count = record.components.len();
            let mut out = terminal::people();
            writeln!(
                out,
                "ready: {count} of {count}; kaos status shows them, kaos down ends them"
            )?;
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            for line in said.lines().filter(|it| it.contains("the page is at")) {
                writeln!(out, "{line}")?;
            }
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        if ended.is_some() {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            output::say(said.trim_end());
            return Ok(ExitCode::FAILURE);
        }
        std::thread::sleep(LOOK);
    }
}

/// The terminal's end is not this process' end.
pub(super) fn leave_terminal() {
    // It may lead a session already.
    let _left = rustix::process::setsid().is_ok();
}
