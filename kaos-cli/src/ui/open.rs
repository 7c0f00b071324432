//! `--open`: the user's browser.

use std::process::{Command, Stdio};

use crate::output;

#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// Opens the page; that there is no browser is no reason to end.
pub(super) fn open(page: &str) {
    let mut opener = Command::new(OPENER);
    let quiet = opener
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Err(error) = quiet.spawn() {
        output::say(&format!(
            "kaos: {OPENER}: {error}; open the address yourself"
        ));
    }
}
