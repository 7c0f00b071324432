//! How a process that runs is, by what it answers.

use std::time::{Duration, Instant};

use super::probe::Asking;
use super::process::{Limits, Process};
use crate::workload::ProbeKind;

/// How often one that is not ready is asked.
const ASK: Duration = Duration::from_millis(50);

/// How long one that is not ready may take to answer: all of it is on this machine.
const ANSWER: Duration = Duration::from_millis(500);

/// How often one that is ready is asked within the time after which it is taken to hang.
const ASKED: u32 = 6;

/// What was asked of it, and what came of that. Nothing here waits: whoever keeps the process looks again and again.
pub(super) struct Health {
    began: Instant,
    ready: Option<Instant>,
    /// When the last question began.
    asked: Instant,
    asking: Option<Asking>,
    /// When the first question began that was not answered well, of those since the last that was.
    silent: Option<Instant>,
}

/// What there is to do.
pub(super) enum Found {
    /// Somebody answers well where it is to be ready.
    Answers,
    /// It was not ready in time.
    Late,
    /// It was ready, and does not answer any more.
    Hangs,
}

impl Health {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            ready: None,
            asked: now,
            asking: None,
            silent: None,
        }
    }

    /// From now on it is asked whether it is alive.
    pub(super) fn is_ready(&mut self) {
        self.ready = Some(Instant::now());
    }

    /// For how long it is ready, if it ever was.
    pub(super) fn ready_for(&self) -> Option<Duration> {
        self.ready.map(|it| it.elapsed())
    }

    pub(super) fn look(&mut self, process: &Process, limits: &Limits) -> Option<Found> {
        let between = (limits.hung / ASKED).max(ASK);
        let (kind, every, limit) = match self.ready {
            None => (process.ready, ASK, ANSWER),
            Some(_) => (process.alive, between, between),
        };
        // A connection alone says nothing of what hangs.
        let is_asked = self.ready.is_none() || matches!(kind, ProbeKind::Http(_));
        if is_asked && self.asking.is_none() && self.asked.elapsed() >= every {
            self.asked = Instant::now();
            self.asking = Some(Asking::new(process.port, kind, limit));
        }
        if let Some(well) = self.asking.as_mut().and_then(Asking::look) {
            self.asking = None;
            match (well, self.ready) {
                (true, None) => return Some(Found::Answers),
                (true, Some(_)) => self.silent = None,
                (false, None) => {}
                (false, Some(_)) => _ = self.silent.get_or_insert(self.asked),
            }
        }
        let late = self.ready.is_none() && self.began.elapsed() >= limits.ready;
        let hangs = self.silent.is_some_and(|it| it.elapsed() >= limits.hung);
        match (late, hangs) {
            (true, _) => Some(Found::Late),
            (_, true) => Some(Found::Hangs),
            _ => None,
        }
    }
}
