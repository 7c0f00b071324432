//! Processes that need each other.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use super::keeper;
use super::order::in_order;
use super::process::{Limits, News, Process, Shim, Stage, Standing};
use super::shared::{Shared, State};

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
            was_ready: false,
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
        let begun = state.standings.iter().all(|it| it.was_ready);
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
