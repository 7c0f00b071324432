//! How the command says that it failed.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use kaos_hooks::plain;

use crate::terminal;

/// Why a command could not do its work; exit code 2.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// Says what happened and why, on one line, and gives the exit code.
pub(crate) fn failed(error: &Failed) -> ExitCode {
    // Whoever reads our output has seen enough, as `head` has.
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<io::Error>().is_some_and(closed) {
        return ExitCode::SUCCESS;
    }
    say(&format!("kaos: {}", chain(&**error)));
    ExitCode::from(2)
}

/// What went wrong and why, on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    plain(&text)
}

/// Says something on the standard error.
pub(crate) fn say(line: &str) {
    // Where else could it be said that this is closed?
    let _said = writeln!(terminal::errors(), "{line}");
}
