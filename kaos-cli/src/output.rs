//! What the command says of failures, and of what others say.

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::LazyLock;

use kaos_hooks::plain;
use kaos_hooks::redact::Redactor;

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

/// So many characters of a text; where there are more, that is seen.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What may be shown of what another program says: nothing that is secret, and 300 characters at most.
pub(crate) fn foreign(text: &str) -> String {
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);
    cut(REDACTOR.any(text).as_str(), 300)
}

/// Says something on the standard error.
pub(crate) fn say(line: &str) {
    // Where else could it be said that this is closed?
    let _said = writeln!(terminal::errors(), "{line}");
}
