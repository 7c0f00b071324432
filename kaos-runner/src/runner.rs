use std::sync::Arc;

use kaos_hooks::{Hooks, IntoHooks, Session};

use crate::Asking;
use crate::{Agent, MemorySessions, RunStream, SessionStore, TurnRequest};

/// Lets an agent answer messages.
///
/// Cheap to clone; clones share the sessions. Needs a tokio runtime with timers.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, Runner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kaos_runner::TurnError> {
/// let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Hello.")));
/// println!("{}", runner.turn("Hi!", "session-1").await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Runner {
    agent: Arc<Agent>,
    hooks: Hooks,
    sessions: Arc<dyn SessionStore>,
}

impl Runner {
    /// A runner without hooks, whose sessions are in memory.
    pub fn new(agent: Agent) -> Self {
        Self {
            agent: Arc::new(agent),
            hooks: Hooks::default(),
            sessions: Arc::new(MemorySessions::default()),
        }
    }

    /// Who listens and who may stop tools: a tuple, one hook, a closure, or ready-made [`Hooks`],
    /// which stay the set that they are: with their ids and time, gate limit and statistics.
    /// Replaces what was set before.
    #[must_use]
    pub fn hooks<M>(mut self, hooks: impl IntoHooks<M>) -> Self {
        self.hooks = hooks.into_hooks(self.hooks.emitter().clone());
        self
    }

    /// Where conversations are kept between turns. Default: in memory, as [`MemorySessions::default`].
    #[must_use]
    pub fn sessions(mut self, store: impl SessionStore) -> Self {
        self.sessions = Arc::new(store);
        self
    }

    /// The agent.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    #[cfg(feature = "server")]
    pub(crate) fn shared_agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// The hooks, to flush and shut down, and for what is counted about them.
    pub fn observed_by(&self) -> &Hooks {
        &self.hooks
    }

    /// Where conversations are kept between turns, to read, list and forget them.
    ///
    /// # Example
    ///
    /// ```
    /// # use kaos_runner::{Agent, FunctionModel, Runner};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Hello.")));
    /// runner.turn("Hi!", "session-1").await?;
    /// let said = runner.session_store().load("session-1").await?;
    /// assert_eq!(said[0].messages[1].text(), "Hello.");
    /// assert!(runner.session_store().forget("session-1").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn session_store(&self) -> &Arc<dyn SessionStore> {
        &self.sessions
    }

    /// Lets the agent answer a message: await it for the [`Reply`](crate::Reply).
    ///
    /// Every hook has seen the turn's last event when it returns, and those that keep events have it
    /// where it cannot be lost, or [`Reply::durable`](crate::Reply::durable) and
    /// [`TurnError::durable`](crate::TurnError::durable) say why not. The session names the conversation
    /// that is continued, one turn after the other; [`Session::anonymous`] remembers nothing.
    pub fn turn(&self, asked: impl Into<Asking>, session: impl Into<Session>) -> TurnRequest {
        TurnRequest::new(
            Arc::clone(&self.agent),
            self.hooks.clone(),
            Arc::clone(&self.sessions),
            asked.into(),
            session.into(),
        )
    }

    /// Lets the agent answer a message: the events as they happen.
    ///
    /// Dropping the stream stops the turn.
    pub fn run(&self, asked: impl Into<Asking>, session: impl Into<Session>) -> RunStream {
        self.turn(asked, session).run()
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("agent", &self.agent)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}
