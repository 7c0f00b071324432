//! What a team does, line by line: on the standard output, and in a file for each component.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use kaos_hooks::redact::Redactor;
use kaos_operator::local::{News, Stage};
use kaos_operator::{Resources, Workloads, masking};

use super::state::{Place, private};
use crate::output::Failed;
use crate::terminal;

/// Lines that wait to be shown; more are counted and left out.
const WAITING: usize = 10_000;

/// Bytes of a component's file, after which it begins anew; the one before is kept.
const FILE: u64 = 8 * 1024 * 1024;

/// Colours of components, in their order: ECMA-48's cyan, yellow, green, magenta, blue, bright cyan.
const HUES: [u8; 6] = [36, 33, 32, 35, 34, 96];

enum Entry {
    Line {
        name: String,
        text: String,
    },
    Stage {
        name: String,
        text: String,
        wrong: bool,
    },
    /// What the command itself says.
    Ours(String),
}

/// Where news go to be shown, by a thread of its own: a terminal that is stopped stops nothing else.
#[derive(Clone)]
pub(super) struct Show {
    to: SyncSender<Entry>,
    left_out: Arc<AtomicU64>,
}

/// The thread that shows.
pub(super) struct Showing(JoinHandle<()>);

/// What lines are shown with.
pub(super) struct Look {
    /// What a component is called in front of its lines, by its name.
    pub(super) labels: HashMap<String, String>,
    pub(super) workloads: Workloads,
    pub(super) resources: Resources,
}

impl Show {
    pub(super) fn start(place: Place, look: Look) -> Result<(Self, Showing), Failed> {
        let (to, from) = sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&left_out);
        let thread = std::thread::Builder::new()
            .name("show".to_owned())
            .spawn(move || show(&place, &look, &from, &counted))?;
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
            News::Stage { name, standing } => {
                let wrong = matches!(standing.stage, Stage::Failed | Stage::Restarting);
                // That it begins is no news once its program is known.
                let again = standing.stage == Stage::Starting && standing.pid.is_some();
                if again || standing.stage == Stage::Stopping {
                    return;
                }
                let why = standing.why.as_deref();
                let why = why.map_or(String::new(), |why| format!(": {why}"));
                let text = format!("{}{why}", standing.stage.as_str());
                self.send(Entry::Stage {
                    name: (*name).to_owned(),
                    text,
                    wrong,
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

fn show(place: &Place, look: &Look, from: &Receiver<Entry>, left_out: &AtomicU64) {
    let redactor = Redactor::new();
    let redact = |text: &str| redactor.any(text).as_str().to_owned();
    let safe = masking(&look.workloads, &look.resources, &redact);
    let wide = look.labels.values().map(|it| it.chars().count()).max();
    let wide = wide.unwrap_or(0);
    let colours = terminal::has_colours();
    let order: Vec<&str> = look
        .workloads
        .workloads
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let mut logs: HashMap<String, Log> = HashMap::new();
    for entry in from {
        let mut out = terminal::people();
        let mut line = |name: &str, text: &str, colour: Option<u8>| {
            let label = look.labels.get(name).map_or(name, String::as_str);
            let at = order.iter().position(|it| *it == name).unwrap_or(0);
            let hue = HUES.get(at % HUES.len()).copied().filter(|_| colours);
            // Whoever has closed the output wants no more of it; the team goes on.
            let _shown = out
                .painted(hue, &format!("{label:wide$} | "))
                .and_then(|()| out.painted(colour, text))
                .and_then(|()| out.print("\n"))
                .and_then(|()| out.flush());
        };
        match entry {
            Entry::Line { name, text } => {
                let text = safe(&text);
                let log = logs
                    .entry(name.clone())
                    .or_insert_with(|| Log::new(place, &name));
                log.add(&text);
                line(&name, &text, None);
            }
            Entry::Stage { name, text, wrong } => {
                let colour = (colours && wrong).then_some(31).or(colours.then_some(1));
                line(&name, &text, colour);
            }
            Entry::Ours(text) => {
                let _shown = out
                    .print(&text)
                    .and_then(|()| out.print("\n"))
                    .and_then(|()| out.flush());
            }
        }
        let count = left_out.swap(0, Ordering::Relaxed);
        if count > 0 {
            let mut out = terminal::people();
            let _shown = writeln!(
                out,
                "({count} lines were left out: they came faster than they can be shown)"
            );
        }
    }
}

/// A component's file. What cannot be written is left out: lines are not what a team is for.
struct Log {
    file: Option<File>,
    path: std::path::PathBuf,
    bytes: u64,
}

impl Log {
    fn new(place: &Place, name: &str) -> Self {
        let path = place.log(name);
        Self {
            file: Self::open(&path).ok(),
            path,
            bytes: 0,
        }
    }

    fn open(path: &std::path::Path) -> io::Result<File> {
        private().create(true).truncate(true).open(path)
    }

    fn add(&mut self, text: &str) {
        if self.bytes > FILE {
            let before = self.path.with_extension("log.1");
            let _kept = std::fs::rename(&self.path, before).is_ok();
            self.file = Self::open(&self.path).ok();
            self.bytes = 0;
        }
        if let Some(file) = &mut self.file {
            let line = format!("{text}\n");
            self.bytes += line.len() as u64;
            let _written = file.write_all(line.as_bytes()).is_ok();
        }
    }
}
