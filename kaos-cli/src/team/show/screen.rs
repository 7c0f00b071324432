//! The thread that shows: lines, each with its component's name in front; on a terminal a board below them, and trees of questions.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use kaos_hooks::redact::Redactor;
use kaos_operator::local::Stage;
use kaos_operator::masking;

use super::board::{Board, Row};
use super::look::{Entry, Look};
use super::traces::{Traces, Tree};
use crate::reports::Report;
use crate::team::TRACES;
use crate::team::lines::Log;
use crate::team::state::Place;
use crate::terminal::{self, Out};

/// How often the board is drawn again, and how often one looks whether a question is over.
const TICK: Duration = Duration::from_millis(100);

/// How long what comes is gathered before the board is drawn again.
const FRAME: Duration = Duration::from_millis(33);

/// What is shown between two drawings of the board.
const AT_ONCE: usize = 500;

/// How often a tree is shown; those of questions in between are in the file alone.
const TREES: Duration = Duration::from_secs(1);

/// Colours of components, in their order: ECMA-48's cyan, yellow, green, magenta, blue, bright cyan.
const HUES: [u8; 6] = [36, 33, 32, 35, 34, 96];
const BOLD: u8 = 1;
const RED: u8 = 31;

pub(super) fn show(place: &Place, look: &Look, from: &Receiver<Entry>, left_out: &AtomicU64) {
    let redactor = Redactor::new();
    let redact = |text: &str| redactor.any(text).as_str().to_owned();
    let safe = masking(&look.workloads, &look.resources, &redact);
    let mut screen = Screen::new(place, look);
    let mut board = Board::default();
    let mut goes_on = true;
    while goes_on {
        let first = from.recv_timeout(TICK);
        goes_on = !matches!(first, Err(RecvTimeoutError::Disconnected));
        if screen.person && first.is_ok() {
            std::thread::sleep(FRAME);
        }
        let entries: Vec<Entry> = first
            .into_iter()
            .chain(from.try_iter().take(AT_ONCE))
            .collect();
        let now = Instant::now();
        // Nobody tells more of what is open at the end.
        let trees = screen.traces.over(if goes_on { now } else { now + TREES });
        if goes_on && entries.is_empty() && trees.is_empty() && !board.is_outdated() {
            continue;
        }
        let mut out = terminal::people();
        // Whoever has closed the output wants no more of it; the team goes on.
        let _shown = board.clear(&mut out);
        for entry in entries {
            let _shown = screen.entry(&mut out, entry, &safe);
        }
        for tree in trees {
            let _shown = screen.tree(&mut out, &tree, now, &safe);
        }
        let count = left_out.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _shown = writeln!(
                out,
                "({count} lines were left out: they came faster than they can be shown)"
            );
        }
        if goes_on {
            let _shown = board.draw(&mut out, &screen.rows());
        }
        let _shown = out.flush();
    }
}

struct Screen<'s> {
    place: &'s Place,
    look: &'s Look,
    at: HashMap<&'s str, usize>,
    wide: usize,
    colours: bool,
    /// Whether somebody looks at it.
    person: bool,
    stages: Vec<Stage>,
    logs: HashMap<String, Log>,
    traces: Traces,
    /// When the last tree was shown, and how many were not since.
    last_tree: Option<Instant>,
    hidden: u64,
}

impl<'s> Screen<'s> {
    fn new(place: &'s Place, look: &'s Look) -> Self {
        Self {
            place,
            look,
            at: look.place(),
            wide: look.wide(),
            colours: terminal::has_colours(),
            person: terminal::size().is_some(),
            stages: vec![Stage::Waiting; look.components.len()],
            logs: HashMap::new(),
            traces: Traces::default(),
            last_tree: None,
            hidden: 0,
        }
    }

    /// A line of a component.
    fn line(&self, out: &mut Out, name: &str, text: &str, colour: Option<u8>) -> io::Result<()> {
        let (label, wide) = (self.look.label(name), self.wide);
        let at = self.at.get(name).copied().unwrap_or(0);
        let hue = HUES.get(at % HUES.len()).copied();
        out.painted(hue.filter(|_| self.colours), &format!("{label:wide$} | "))?;
        out.painted(colour.filter(|_| self.colours), text)?;
        out.print("\n")
    }

    fn entry(
        &mut self,
        out: &mut Out,
        entry: Entry,
        safe: &impl Fn(&str) -> String,
    ) -> io::Result<()> {
        match entry {
            Entry::Line { name, text } => {
                let text = safe(&text);
                self.log(&name).add(&text);
                self.line(out, &name, &text, None)
            }
            Entry::Report { name, text } => match serde_json::from_str(&text) {
                Ok(Report::LeftOut(count)) => {
                    let text = format!("({count} spans were not reported: they came too fast)");
                    self.line(out, &name, &text, None)
                }
                Ok(report) => {
                    self.traces.take(&name, report);
                    Ok(())
                }
                // Nobody else has the word.
                Err(_cut) => Ok(()),
            },
            Entry::Stage { name, stage, line } => {
                let at = self.at.get(name.as_str());
                if let Some(known) = at.and_then(|at| self.stages.get_mut(*at)) {
                    *known = stage;
                }
                if matches!(stage, Stage::Restarting | Stage::Stopped | Stage::Failed) {
                    self.traces.gone(&name);
                }
                let wrong = matches!(stage, Stage::Failed | Stage::Restarting);
                match line {
                    Some(line) => {
                        let colour = if wrong { RED } else { BOLD };
                        self.line(out, &name, &line, Some(colour))
                    }
                    None => Ok(()),
                }
            }
            Entry::Ours(text) => writeln!(out, "{text}"),
        }
    }

    /// Keeps a tree, and shows it to whoever looks: not more of them than can be read.
    fn tree(
        &mut self,
        out: &mut Out,
        tree: &Tree,
        now: Instant,
        safe: &impl Fn(&str) -> String,
    ) -> io::Result<()> {
        let wide = self.wide;
        let mut text = format!("trace {}\n", tree.trace);
        for branch in &tree.branches {
            let label = self.look.label(&branch.component);
            let _line = writeln!(text, "{label:wide$} | {}", safe(&branch.text));
        }
        // With the end of this line a blank one follows.
        self.log(TRACES).add(&text);
        if !self.person {
            return Ok(());
        }
        let soon = |it: Instant| now.saturating_duration_since(it) < TREES;
        if self.last_tree.is_some_and(soon) {
            self.hidden += 1;
            return Ok(());
        }
        self.last_tree = Some(now);
        let hidden = std::mem::take(&mut self.hidden);
        if hidden > 0 {
            writeln!(out, "({hidden} questions more: kaos logs {TRACES})")?;
        }
        writeln!(out, "\ntrace {}", tree.trace)?;
        for branch in &tree.branches {
            let colour = branch.failed.then_some(RED);
            self.line(out, &branch.component, &safe(&branch.text), colour)?;
        }
        out.print("\n")
    }

    fn log(&mut self, name: &str) -> &mut Log {
        let place = self.place;
        self.logs
            .entry(name.to_owned())
            .or_insert_with(|| Log::new(place.log(name)))
    }

    fn rows(&self) -> Vec<Row> {
        let all = self.look.components.iter().zip(&self.stages);
        all.map(|(it, stage)| Row {
            label: it.label.clone(),
            stage: stage.as_str(),
            port: it.port,
            asked: it.reports.then(|| self.traces.asked(&it.name)),
        })
        .collect()
    }
}
