//! `kaos up -d`: another process of this command goes on.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use super::super::args::Args;
use crate::output::{self, Failed};
use crate::team::state::{Place, private};
use crate::terminal;

/// How often one looks whether it is ready.
const LOOK: Duration = Duration::from_millis(50);

/// How long the page's line is waited for.
const PAGE: Duration = Duration::from_secs(1);

/// How the line of `kaos ui` begins that says where the page is.
const IS_AT: &str = "kaos: the page is at ";

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
            if args.ui.is_some() {
                match page(&log) {
                    Some(line) => writeln!(out, "{line}")?,
                    None => writeln!(out, "where its page is, {} will say", log.display())?,
                }
            }
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(ended) = ended {
            match said(&log).trim_end() {
                // Its disk is full, say.
                "" => output::say(&format!(
                    "kaos: it has ended ({ended}), and could not write why to {}",
                    log.display()
                )),
                why => output::say(why),
            }
            return Ok(ExitCode::FAILURE);
        }
        std::thread::sleep(LOOK);
    }
}

/// The page's own word for where it is, which is waited for a little: it starts beside the team.
fn page(log: &Path) -> Option<String> {
    let until = Instant::now() + PAGE;
    loop {
        let said = said(log);
        // Lines of components have their names in front, and one without its end is not whole.
        let whole = said
            .split_inclusive('\n')
            .filter_map(|it| it.strip_suffix('\n'));
        let mut ours = whole.filter(|it| it.starts_with(IS_AT));
        if let Some(line) = ours.next() {
            return Some(line.to_owned());
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(LOOK);
    }
}

fn said(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The terminal's end is not this process' end.
pub(super) fn leave_terminal() {
    // It may lead a session already.
    let _left = rustix::process::setsid().is_ok();
}
