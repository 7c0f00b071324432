use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kaos_hooks::{AttributeValue, Hooks, Incoming, LlmParams, Observer, Session, Str, Turn};
use tokio::time::Instant;

use crate::model::params;
#[cfg(feature = "remote")]
use crate::remote::depth;
use crate::session::conversation::{Conversation, turns_of};
use crate::session::seat::Seat;
use crate::tool::Caller;
use crate::turn::answer::answer;
use crate::turn::progress::{Progress, begin as begin_of};
use crate::turn::setting::{AnswerFormat, Setting};
use crate::turn::token_budget::Budgets;
use crate::turn::toolbox::Toolbox;
use crate::{
    Agent, Limits, Message, OutputSchema, Reply, SessionStore, SessionTurn, TokenBudget, TurnError,
};

/// What an agent is asked: a text, a message, or several of them.
///
/// # Example
///
/// A service that says the same of each turn, however it is asked:
///
/// ```
/// use kaos_runner::{Asking, RunStream, Runner, TextStream, TurnRequest};
///
/// fn ask(runner: &Runner, message: impl Into<Asking>, tenant: String) -> TurnRequest {
///     runner.turn(message, "session-1").tenant(tenant).instructions("Answer in one sentence.")
/// }
///
/// fn text(runner: &Runner, message: String) -> TextStream {
///     let events: RunStream = ask(runner, message, "acme".to_owned()).run();
///     events.text()
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Asking(Vec<Message>);

impl From<Message> for Asking {
    fn from(message: Message) -> Self {
        Self(vec![message])
    }
}

impl From<Vec<Message>> for Asking {
    fn from(messages: Vec<Message>) -> Self {
        Self(messages)
    }
}

macro_rules! texts {
    ($($text:ty)+) => {$(
        impl From<$text> for Asking {
            fn from(text: $text) -> Self {
                Message::user(text).into()
            }
        }
    )+};
}

texts! { &'static str String Str Arc<str> }

/// A message that waits to be answered; see [`Runner::turn`](crate::Runner::turn).
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, Limits, OutputSchema, Runner};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Lease {
///     months: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runner = Runner::new(Agent::new("assistant", FunctionModel::answer(r#"{"months":12}"#)));
/// let form = OutputSchema::new("lease", json!({
///     "type": "object",
///     "properties": { "months": { "type": "integer" } },
///     "required": ["months"],
/// }));
/// let reply = runner
///     .turn("How long is the lease?", "session-1")
///     .user("u-7")
///     .tenant("acme")
///     .attribute("plan", "pro")
///     .limits(Limits { tokens: Some(9_000), ..Limits::default() })
///     .output(form)
///     .await?;
/// assert_eq!(reply.json::<Lease>()?.months, 12);
/// # Ok(())
/// # }
/// ```
#[must_use = "a turn does nothing unless awaited"]
pub struct TurnRequest {
    agent: Arc<Agent>,
    hooks: Hooks,
    sessions: Arc<dyn SessionStore>,
    asked: Vec<Message>,
    begin: Turn,
    history: Option<Vec<Message>>,
    instructions: Option<Str>,
    output: Option<OutputSchema>,
    params: Option<LlmParams>,
    streamed: Option<bool>,
    limits: Option<Limits>,
    budgets: Vec<TokenBudget>,
}

impl TurnRequest {
    pub(crate) fn new(
        agent: Arc<Agent>,
        hooks: Hooks,
        sessions: Arc<dyn SessionStore>,
        asked: Asking,
        session: Session,
    ) -> Self {
        let begin = Turn::new(agent.name.clone()).session(session);
        Self {
            agent,
            hooks,
            sessions,
            asked: asked.0,
            begin,
            history: None,
            instructions: None,
            output: None,
            params: None,
            streamed: None,
            limits: None,
            budgets: Vec::new(),
        }
    }

    /// What was said before, where the caller keeps the conversation: the session's store is neither
    /// read nor written, and the session is a name only. [`Reply::messages`] is what to add.
    pub fn history(mut self, messages: impl Into<Vec<Message>>) -> Self {
        self.history = Some(messages.into());
        self
    }

    /// Who asks: the user's id at the caller, not a name or an address. Told in events and to tools.
    pub fn user(mut self, user: impl Into<Str>) -> Self {
        self.begin.user = Some(user.into());
        self
    }

    /// On whose behalf: the customer, team or organisation. Told in events and to tools.
    pub fn tenant(mut self, tenant: impl Into<Str>) -> Self {
        self.begin.tenant = Some(tenant.into());
        self
    }

    /// Adds an attribute to the turn's span.
    pub fn attribute(mut self, key: impl Into<Str>, value: impl Into<AttributeValue>) -> Self {
        self.begin.attributes.set(key, value);
        self
    }

    /// The form that the answer must have: JSON of this schema. An answer that has another form is
    /// returned to the model with what is wrong, within the limit of steps; one that was cut stays as
    /// it is. [`Reply::json`] reads it.
    pub fn output(mut self, form: OutputSchema) -> Self {
        self.output = Some(form);
        self
    }

    /// What the model is told in this turn behind the agent's own instructions. Sub-agents are not told.
    pub fn instructions(mut self, more: impl Into<Str>) -> Self {
        self.instructions = Some(more.into()).filter(|more: &Str| !more.is_empty());
        self
    }

    /// What this turn's model calls ask for in place of the model's own parameters, field by field; of two
    /// limits of tokens the lower one counts, and one choice is asked for. Those of sub-agents, and the call
    /// that finds out the intent, stay as they are.
    pub fn params(mut self, params: LlmParams) -> Self {
        self.params = Some(params).filter(|params| *params != LlmParams::default());
        self
    }

    /// Whether the model is asked for its answer piece by piece. Default: yes where the turn is read as a
    /// stream, no where it is awaited.
    pub fn streamed(mut self, streamed: bool) -> Self {
        self.streamed = Some(streamed);
        self
    }

    /// What the turn may use, in place of the agent's limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Spends the turn's tokens of this budget, too, which other turns may share.
    pub fn budget(mut self, budget: &TokenBudget) -> Self {
        self.budgets.push(budget.clone());
        self
    }

    /// Makes the run part of an existing trace, for example that of a request's headers
    /// ([`Hooks::extract`](kaos_hooks::Hooks::extract)). That request's baggage goes on to what tools and
    /// MCP servers are asked, and to models on request alone
    /// (their builders' `send_baggage`).
    pub fn parent(mut self, parent: impl Into<Incoming>) -> Self {
        self.begin = self.begin.parent(parent);
        self
    }

    pub(crate) async fn answer(self, extra: Option<Box<dyn Observer>>) -> Result<Reply, TurnError> {
        let (agent, hooks, sessions) = (self.agent, self.hooks, self.sessions);
        let limits = self.limits.as_ref().unwrap_or(&agent.limits);
        let own = limits.tokens.map(TokenBudget::new);
        let session = self.begin.session.clone();
        let setting = Setting {
            hooks: &hooks,
            agent: &agent,
            limits,
            budgets: Budgets::default().and(self.budgets.into_iter().chain(own)),
            output: self.output.as_ref().map(AnswerFormat::new),
            deadline: Instant::now() + limits.turn,
            params: self.params.as_ref(),
            caller: Arc::new(Caller {
                session: session.clone(),
                user: self.begin.user.clone(),
                tenant: self.begin.tenant.clone(),
                #[cfg(feature = "remote")]
                depth: depth(self.begin.baggage.as_deref().map_or("", |it| it)),
            }),
        };
        let texts: Vec<_> = self.asked.iter().map(Message::text).collect();
        let asked = Str::from(texts.join("\n"));
        let mut conversation = Conversation::new(self.asked);
        let seat = match self.history {
            Some(history) => {
                let earlier: Vec<SessionTurn> = turns_of(history);
                conversation.after(&earlier);
                None
            }
            None => session
                .name()
                .map(|name| Seat::new(sessions, Str::copied(name))),
        };
        let toolbox = Arc::new(Toolbox::of(&agent, self.instructions));
        let mut begin = begin_of(&agent, self.begin, &toolbox, &asked);
        begin.max_steps = Some(limits.steps);
        begin.stream = self.streamed.unwrap_or(extra.is_some());
        if let Some(asked) = &self.params {
            let own = begin.params.take().unwrap_or_default();
            begin.params = Some(Box::new(params::over(*own, asked)));
        }
        if self.output.is_some() {
            let params = begin.params.get_or_insert_default();
            params.output_type = Some(Str::Static("json"));
        }
        let mut progress = Progress::new(conversation, &begin, toolbox);
        let turn = hooks.turn_with(begin, extra);
        let trace_id = turn.trace_id();
        let settled = turn.settled();

        let answered = answer(&setting, turn, &mut progress, seat).await;
        let durable = settled.await;
        match answered {
            Ok(reply) => Ok(Reply { durable, ..reply }),
            Err(why) => Err(TurnError::new(trace_id, progress.total(), why, durable)),
        }
    }
}

impl IntoFuture for TurnRequest {
    type Output = Result<Reply, TurnError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.answer(None))
    }
}

impl fmt::Debug for TurnRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnRequest")
            .field("agent", &self.agent)
            .field("session", &self.begin.session)
            .finish_non_exhaustive()
    }
}
