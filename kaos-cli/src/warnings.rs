//! What KAOS warns of, on the standard error: a server that is down, a disk that is full.
//! `RUST_LOG` chooses other lines.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::{self, MakeWriter};

/// Shows warnings from now on; above a live tree, where one is drawn.
pub(crate) fn show(above: Option<MultiProgress>) {
    let line = fmt::format()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false);
    let chosen = EnvFilter::try_from_default_env();
    let subscriber = fmt::Subscriber::builder()
        .event_format(line)
        .with_env_filter(chosen.unwrap_or_else(|_unset| EnvFilter::new("kaos=warn")))
        .with_writer(Lines(above));
    // There is no other one: a command is a process of its own.
    let _first = tracing::subscriber::set_global_default(subscriber.finish()).is_ok();
}

/// Lines for the standard error, as they are.
pub(crate) fn errors() -> impl Write {
    Line {
        above: None,
        text: Vec::new(),
    }
}

/// Where warnings go.
struct Lines(Option<MultiProgress>);

/// One warning, written when it is whole.
struct Line<'l> {
    above: Option<&'l MultiProgress>,
    text: Vec<u8>,
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Line<'l>;

    fn make_writer(&'l self) -> Line<'l> {
        let above = self.0.as_ref();
        let text = b"kaos: ".to_vec();
        Line { above, text }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.text.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // Where else could it be said that the standard error is closed?
        let text = String::from_utf8_lossy(&self.text);
        let write = || drop(crate::terminal::errors().print(&text));
        match self.above {
            Some(above) => above.suspend(write),
            None => write(),
        }
    }
}
