//! What the command prints, and how it says that it failed.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
pub(crate) use kaos_hooks::plain;

/// Why a command could not do its work; exit code 2.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// Says what happened and why, and gives the exit code.
pub(crate) fn failed(error: &Failed) -> ExitCode {
    // Whoever reads our output has seen enough, as `head` has.
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<io::Error>().is_some_and(closed) {
        return ExitCode::SUCCESS;
    }
    let mut text = format!("kaos: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    // Where else could this be said?
    let _said = writeln!(io::stderr(), "{}", plain(&text));
    ExitCode::from(2)
}

/// Prints a text that commands no terminal.
pub(crate) fn print(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// How many records are done, on a terminal; nowhere else.
pub(crate) fn progress(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} records, {elapsed}");
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
