//! Processes that need each other.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::keeper;
use super::process::{Limits, News, Process, Shim, Stage, Standing};

/// How all of a team is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Together {
    /// Some are not ready yet.
    Starting,
    /// All are ready, or were and are started again.
    Ready,
    /// These do not start.
    Failed(Vec<String>),
}

/// Processes that need each other, each kept by a thread. Dropped, it stops them.
///
/// # Example
///
/// ```no_run
/// use kaos_operator::local::{Limits, News, Shim, Team};
///
/// let shim = Shim { program: std::env::current_exe()?, args: vec!["attend".to_owned()] };
/// let news = |news: &News<'_>| println!("{news:?}");
/// let team = Team::start(Vec::new(), Limits::default(), shim, news)?;
/// team.stop();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Team {
    shared: Arc<Shared>,
    keepers: Vec<JoinHandle<()>>,
}

pub(super) struct Shared {
    pub(super) processes: Vec<Process>,
    pub(super) limits: Limits,
    pub(super) shim: Shim,
    news: Box<dyn Fn(&News<'_>) + Send + Sync>,
    /// Held from a change until it is told, so that all is told in the order in which it happened.
    telling: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) struct State {
    standings: Vec<Standing>,
    stopping: bool,
}

impl Team {
    /// Starts them, each once what it needs is ready.
    ///
    /// `news` is told what happens and every line that is written, one after the other in that order, from several threads; it must not wait
    /// for long, nor ask the team anything.
    ///
    /// # Errors
    ///
    /// A thread cannot be started, two are called the same, or one needs what is not there or itself, by whatever way.
    pub fn start(
        processes: Vec<Process>,
        limits: Limits,
        shim: Shim,
        news: impl Fn(&News<'_>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        in_order(&processes).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let standing = Standing {
            stage: Stage::Waiting,
            pid: None,
            restarts: 0,
            why: None,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                standings: vec![standing; processes.len()],
                stopping: false,
            }),
            processes,
            limits,
            shim,
            news: Box::new(news),
            telling: Mutex::new(()),
            changed: Condvar::new(),
        });
        let mut team = Self {
            shared: Arc::clone(&shared),
            keepers: Vec::new(),
        };
        for index in 0..shared.processes.len() {
            let shared = Arc::clone(&shared);
            let keeper = thread::Builder::new().spawn(move || keeper::keep(&shared, index))?;
            team.keepers.push(keeper);
        }
        Ok(team)
    }

    /// How all of it is.
    #[must_use]
    pub fn together(&self) -> Together {
        let state = self.shared.state();
        let of = |stage: Stage| {
            let all = self.shared.processes.iter().zip(&state.standings);
            all.filter(|(_, it)| it.stage == stage)
                .map(|(it, _)| it.name.clone())
                .collect::<Vec<_>>()
        };
        let failed = of(Stage::Failed);
        let begun = state.standings.iter().all(|it| {
            it.stage == Stage::Ready || (it.stage == Stage::Restarting && it.restarts > 0)
        });
        match (failed.is_empty(), begun) {
            (false, _) => Together::Failed(failed),
            (true, true) => Together::Ready,
            (true, false) => Together::Starting,
        }
    }

    /// How each of it is, by name, in the order in which they were given.
    #[must_use]
    pub fn standings(&self) -> Vec<(String, Standing)> {
        let state = self.shared.state();
        let names = self.shared.processes.iter().map(|it| it.name.clone());
        names.zip(state.standings.iter().cloned()).collect()
    }

    /// Stops them, each after what needs it, and waits: no longer than the limit of stopping for each step of the order, and
    /// two seconds. Gives how each has ended.
    pub fn stop(mut self) -> Vec<(String, Standing)> {
        self.end();
        self.standings()
    }

    fn end(&mut self) {
        self.shared.state().stopping = true;
        self.shared.changed.notify_all();
        for keeper in self.keepers.drain(..) {
            // A panic of a keeper has been told by its hook; its program ends with its input.
            let _ended = keeper.join().is_ok();
        }
    }
}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Team")
            .field("together", &self.together())
            .finish_non_exhaustive()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn telling(&self) -> MutexGuard<'_, ()> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
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

    pub(super) fn line(&self, index: usize, text: &str) {
        let _in_order = self.telling();
        if let Some(process) = self.processes.get(index) {
            let name = process.name.as_str();
            (self.news)(&News::Line { name, text });
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

/// # Errors
///
/// Why there is no order in which they can start.
fn in_order(processes: &[Process]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for process in processes {
        if !names.insert(process.name.as_str()) {
            return Err(format!("two are called {}", process.name));
        }
    }
    let mut started: BTreeSet<&str> = BTreeSet::new();
    while started.len() < processes.len() {
        let before = started.len();
        for process in processes {
            if process.after.iter().all(|it| started.contains(it.as_str())) {
                started.insert(&process.name);
            }
        }
        if started.len() == before {
            let left = processes
                .iter()
                .find(|it| !started.contains(it.name.as_str()));
            let name = left.map_or("", |it| &it.name);
            return Err(format!("{name} needs itself, or what is not there"));
        }
    }
    Ok(())
}
