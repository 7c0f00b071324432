use std::io::{self, Write as _};

/// Tells the user, through `tracing` or, in a program without a subscriber, on stderr.
pub(crate) fn say(message: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{message}");
    } else {
        // `eprintln!` would panic where stderr is closed or its disk is full.
        let _said: io::Result<()> = writeln!(io::stderr(), "kaos: {}", kaos_hooks::plain(message));
    }
}
