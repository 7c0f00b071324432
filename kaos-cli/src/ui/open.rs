//! `--open`: the user's browser.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, thread};

use super::shared;
use crate::output;
use crate::team::state::private;

#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// A file that leads a browser to the page. The command line of a browser is everybody's to read, and the page's address has the
/// token; so the browser is given this file's name. It goes when the server goes.
pub(super) struct Opened(PathBuf);

/// Opens the page; that there is no browser is no reason to end.
pub(super) fn open(page: &str) -> Option<Opened> {
    let opened = Opened::leading_to(page);
    let shown = opened.and_then(|opened| {
        browse(&opened.0)?;
        Ok(opened)
    });
    shown
        .inspect_err(|error| {
            output::say(&format!(
                "kaos: {OPENER}: {error}; open the address yourself"
            ));
        })
        .ok()
}

impl Opened {
    fn leading_to(page: &str) -> io::Result<Self> {
        // Whoever knew the name could be there first.
        let path = env::temp_dir().join(format!("kaos-ui-{}.html", shared::token()));
        let mut file = private().create_new(true).open(&path)?;
        let opened = Self(path);
        let page = attribute(page);
        writeln!(
            file,
            "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta http-equiv=\"refresh\" content=\"0; url={page}\">\n<title>kaos</title>\n<a href=\"{page}\">kaos</a>"
        )?;
        Ok(opened)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0).is_ok();
    }
}

fn browse(file: &Path) -> io::Result<()> {
    let mut opener = Command::new(OPENER);
    let quiet = opener
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut opener = quiet.spawn()?;
    // It may last as long as the browser, and leaves nothing behind in the list of processes.
    let wait = move || opener.wait().is_ok();
    thread::Builder::new().name("open".to_owned()).spawn(wait)?;
    Ok(())
}

/// As the value of an attribute in double quotes.
fn attribute(text: &str) -> String {
    let escaped = |it: char| match it {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        it => it.to_string(),
    };
    text.chars().map(escaped).collect()
}
