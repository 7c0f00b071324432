use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kaos_hooks::{Emitter, Hooks, IntoHooks, Observer, Scope, Session, SpanContext, Str, Turn};

use crate::session::Sessions;
use crate::toolbox::Toolbox;
use crate::turn::{Progress, answer};
use crate::{Agent, Message, Reply, RunStream, TurnError, content};

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
#[derive(Debug, Clone)]
pub struct Runner {
    agent: Arc<Agent>,
    hooks: Hooks,
    sessions: Arc<Sessions>,
}

impl Runner {
    /// A runner without hooks.
    pub fn new(agent: Agent) -> Self {
        Self {
            agent: Arc::new(agent),
            hooks: Hooks::default(),
            sessions: Arc::default(),
        }
    }

    /// Who listens and who may stop tools: a tuple, one hook, a closure, or ready-made [`Hooks`]
    /// with [`with_hooks`](Self::with_hooks). Replaces what was set before.
    #[must_use]
    pub fn hooks<M>(self, hooks: impl IntoHooks<M>) -> Self {
        let emitter: Emitter = self.hooks.emitter().clone();
        self.with_hooks(Hooks::with_emitter(emitter, hooks))
    }

    /// Who listens and who may stop tools, ready-made. Replaces what was set before.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// The hooks, to flush and shut down, and for what is counted about them.
    pub fn observed_by(&self) -> &Hooks {
        &self.hooks
    }

    /// Lets the agent answer one message: await it for the [`Reply`].
    ///
    /// Every hook has seen the turn's last event when it returns, and those that keep events have it
    /// where it cannot be lost, or [`Reply::durable`] and [`TurnError::durable`] say why not. The
    /// session names the conversation that is continued; [`Session::anonymous`] remembers nothing.
    pub fn turn(&self, message: impl Into<Str>, session: impl Into<Session>) -> TurnRequest {
        TurnRequest {
            runner: self.clone(),
            message: message.into(),
            session: session.into(),
            parent: None,
        }
    }

    /// Lets the agent answer one message: the events as they happen.
    ///
    /// Dropping the stream stops the turn.
    pub fn run(&self, message: impl Into<Str>, session: impl Into<Session>) -> RunStream {
        RunStream::new(self.turn(message, session))
    }
}

/// A message that waits to be answered; see [`Runner::turn`].
#[must_use = "a turn does nothing unless awaited"]
#[derive(Debug)]
pub struct TurnRequest {
    runner: Runner,
    message: Str,
    session: Session,
    parent: Option<SpanContext>,
}

impl TurnRequest {
    /// Makes the run part of an existing trace, for example that of a request's headers.
    pub fn parent(mut self, parent: impl Into<Option<SpanContext>>) -> Self {
        self.parent = parent.into();
        self
    }

    pub(crate) async fn answer(self, extra: Option<Box<dyn Observer>>) -> Result<Reply, TurnError> {
        let Self {
            runner:
                Runner {
                    agent,
                    hooks,
                    sessions,
                },
            message,
            session,
            parent,
        } = self;
        let (mut messages, number) = sessions.begin(&session);
        let known = messages.len();
        messages.push(Message::user(message.clone()));

        let mut begin = Turn::new(agent.name.clone())
            .session(session.clone())
            .parent(parent);
        begin.number = number;
        begin.stream = extra.is_some();
        let (begin, toolbox) = agent.begin(begin, &message).await;
        let mut progress = Progress::new(messages, &begin, toolbox);
        let turn: Scope<Turn> = hooks.turn_with(begin, extra);
        let trace_id = turn.trace_id();
        let settled = turn.settled();

        let answered = answer(&hooks, &agent, turn, &mut progress).await;
        let durable = settled.await;
        let mut reply = answered
            .map_err(|why| TurnError::new(trace_id, progress.total(), why, durable.clone()))?;
        reply.durable = durable;
        sessions.remember(&session, progress.messages.iter().skip(known).cloned());
        Ok(reply)
    }
}

impl IntoFuture for TurnRequest {
    type Output = Result<Reply, TurnError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.answer(None))
    }
}

impl Agent {
    /// What a turn of this agent says of itself at its start, and what the model may call in it.
    pub(crate) async fn begin(&self, mut turn: Turn, message: &Str) -> (Turn, Arc<Toolbox>) {
        let toolbox = Arc::new(Toolbox::of(self).await);
        turn.description.clone_from(&self.description);
        turn.max_steps = Some(self.limits.steps);
        turn.briefing = content::briefing(&toolbox);
        let call = self.model.call();
        turn.model = Some(call.model);
        turn.params = call.params;
        turn.input = Some(message.clone());
        (turn, toolbox)
    }
}
