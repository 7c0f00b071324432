//! What those who keep processes share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::process::{Limits, News, Process, Shim, Stage, Standing};
use super::running::Wrote;

pub(super) struct Shared {
    pub(super) processes: Vec<Process>,
    pub(super) limits: Limits,
    pub(super) shim: Shim,
    pub(super) news: Box<dyn Fn(&News<'_>) + Send + Sync>,
    /// Held from a change until it is told, so that all is told in the order in which it happened.
    pub(super) telling: Mutex<()>,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

pub(super) struct State {
    pub(super) standings: Vec<Standing>,
    pub(super) stopping: bool,
}

impl Shared {
    fn telling(&self) -> MutexGuard<'_, ()> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes how a process is, and tells it.
    pub(super) fn set(&self, index: usize, change: impl FnOnce(&mut Standing)) {
        let _in_order = self.telling();
        let mut state = self.state();
        let Some(standing) = state.standings.get_mut(index) else {
            return;
        };
        let before = standing.clone();
        change(standing);
        let now = standing.clone();
        drop(state);
        if let Some(process) = self.processes.get(index).filter(|_| now != before) {
            let (name, standing) = (process.name.as_str(), &now);
            (self.news)(&News::Stage { name, standing });
        }
        self.changed.notify_all();
    }

    pub(super) fn wrote(&self, index: usize, what: Wrote<'_>) {
        let _in_order = self.telling();
        if let Some(process) = self.processes.get(index) {
            let name = process.name.as_str();
            (self.news)(&match what {
                Wrote::Line(text) => News::Line { name, text },
                Wrote::Report(text) => News::Report { name, text },
            });
        }
    }

    /// Waits until what a process needs is ready; false if all is to stop first, or if that never will be.
    pub(super) fn may_start(&self, index: usize) -> bool {
        let needs = |state: &State| -> Vec<Stage> {
            let after = self
                .processes
                .get(index)
                .map_or(&[] as &[_], |it| &it.after);
            let all = self.processes.iter().zip(&state.standings);
            all.filter(|(it, _)| after.contains(&it.name))
                .map(|(_, standing)| standing.stage)
                .collect()
        };
        let waits = |state: &mut State| {
            !state.stopping && needs(state).iter().any(|it| *it != Stage::Ready)
        };
        let waited = self.changed.wait_while(self.state(), waits);
        !waited.unwrap_or_else(PoisonError::into_inner).stopping
    }

    /// Waits at most so long; whether this process is to stop by then: all is, and nobody is left that needs it.
    pub(super) fn must_stop(&self, index: usize, within: Duration) -> bool {
        let name = self.processes.get(index).map_or("", |it| &it.name);
        let must = |state: &State| {
            let all = self.processes.iter().zip(&state.standings);
            let mut needing = all.filter(|(it, _)| it.after.iter().any(|it| it == name));
            state.stopping && needing.all(|(_, standing)| standing.stage.is_over())
        };
        let waited = self
            .changed
            .wait_timeout_while(self.state(), within, |state| !must(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        must(&state)
    }
}
