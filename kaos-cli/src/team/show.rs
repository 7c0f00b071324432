//! What a team does: on the standard output, and in a file for each component.

mod board;
mod look;
mod screen;
mod traces;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use kaos_operator::local::{News, Stage};

use self::look::Entry;
pub(super) use self::look::{Look, Shown};
use super::state::Place;
use crate::output::Failed;

/// What waits to be shown; more is counted and left out.
const WAITING: usize = 10_000;

/// Where news go to be shown, by a thread of its own: a terminal that is stopped stops nothing else.
#[derive(Clone)]
pub(super) struct Show {
    to: SyncSender<Entry>,
    left_out: Arc<AtomicU64>,
}

/// The thread that shows.
pub(super) struct Showing(JoinHandle<()>);

impl Show {
    pub(super) fn start(place: Place, look: Look) -> Result<(Self, Showing), Failed> {
        let (to, from) = sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&left_out);
        let thread = std::thread::Builder::new()
            .name("show".to_owned())
            .spawn(move || screen::show(&place, &look, &from, &counted))?;
        Ok((Self { to, left_out }, Showing(thread)))
    }

    fn send(&self, entry: Entry) {
        if self.to.try_send(entry).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn news(&self, news: &News<'_>) {
        match news {
            News::Line { name, text } => self.send(Entry::Line {
                name: (*name).to_owned(),
                text: (*text).to_owned(),
            }),
            News::Report { name, text } => self.send(Entry::Report {
                name: (*name).to_owned(),
                text: (*text).to_owned(),
            }),
            News::Stage { name, standing } => {
                let stage = standing.stage;
                // That it begins is no news once its program is known.
                let again = stage == Stage::Starting && standing.pid.is_some();
                let is_news = !again && stage != Stage::Stopping;
                let why = standing.why.as_deref();
                let why = why.map_or(String::new(), |why| format!(": {why}"));
                self.send(Entry::Stage {
                    name: (*name).to_owned(),
                    stage,
                    line: is_news.then(|| format!("{}{why}", stage.as_str())),
                });
            }
            _ => {}
        }
    }

    /// What the command itself says, in its place among the lines.
    pub(super) fn say(&self, text: impl Into<String>) {
        self.send(Entry::Ours(text.into()));
    }
}

impl Showing {
    /// Waits until all is shown, once nobody sends any more.
    pub(super) fn end(self) {
        let _shown = self.0.join().is_ok();
    }
}
