//! An agent as a service: its turns behind HTTP, asked for as OpenAI's clients do.
//!
//! - [`Server`] has the settings, [`Server::serve`] runs it until it is told to stop; [`router`] is the
//!   routes alone, for an application that has a server of its own.
//! - [`Access`], [`Bounds`], [`Drain`] and [`listen`] are its parts, for other servers.
//!
//! | route | what it is |
//! |---|---|
//! | `POST /v1/chat/completions` | a turn, whole or streamed |
//! | `GET /v1/models` | the agent, as a model |
//! | `GET /tools` | what the agent may call |
//! | `GET /memory/events`, `/memory/sessions` | what it did of late |
//! | `GET /.well-known/agent`, `/.well-known/agent.json`, `/.well-known/agent-card.json` | its card |
//! | `GET /health`, `/ready` | for probes |
//!
//! # Example
//!
//! ```
//! use kaos_runner::server::Server;
//! use kaos_runner::{Agent, FunctionModel, Runner};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Twelve months.")));
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let stop = tokio_stream::once(()); // an application: `kaos_runner::server::signals()?`
//! Server::new(runner).serve(listener, stop).await?;
//! # Ok(())
//! # }
//! ```

mod about;
mod access;
mod app;
mod bounds;
mod card;
mod chat;
mod connection;
mod drain;
mod error;
mod host;
mod json;
mod listen;
mod memory;
mod ready;
mod signals;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use kaos_hooks::memory::MemoryHook;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_stream::Stream;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::access::Access;
use self::app::App;
pub use self::bounds::Bounds;
pub use self::card::Card;
#[cfg(feature = "mcp-server")]
pub(crate) use self::chat::receive::Upload;
pub use self::drain::{Drain, Drained, Running};
use self::error::ApiError;
pub use self::listen::listen;
pub use self::ready::Readiness;
pub use self::signals::signals;
use crate::Runner;

/// An agent behind HTTP: its settings.
///
/// # Example
///
/// An application that has a server of its own nests the routes:
///
/// ```
/// use axum::Router;
/// use kaos_runner::server::{Access, Server};
/// use kaos_runner::{Agent, FunctionModel, Runner};
///
/// let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Twelve months.")));
/// let agent = Server::new(runner).access(Access::new().token("s3cret")).router();
/// let app: Router = Router::new().nest("/assistant", agent);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a server does nothing until it serves"]
pub struct Server {
    runner: Runner,
    card: Card,
    bounds: Bounds,
    access: Access,
    readiness: Readiness,
    progress: bool,
    drain: Drain,
    memory: Option<MemoryHook>,
}

/// The routes of an agent with all settings as they are; see [`Server::router`].
pub fn router(runner: Runner) -> Router {
    Server::new(runner).router()
}

impl Server {
    /// This agent, with all settings as they are.
    pub fn new(runner: Runner) -> Self {
        Self {
            runner,
            card: Card::default(),
            bounds: Bounds::default(),
            access: Access::default(),
            readiness: Readiness::default(),
            progress: false,
            drain: Drain::default(),
            memory: None,
        }
    }

    /// What it tells other agents about itself.
    pub fn card(mut self, card: Card) -> Self {
        self.card = card;
        self
    }

    /// What clients may use of it.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Who may ask. Default: everybody, but no web page of another origin.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// What must be well for it to be ready. Default: nothing but itself.
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// Whether every stream tells of calls of tools and sub-agents, as texts that are JSON; a request asks for
    /// that by `X-Kaos-Progress: 1`. Default: no.
    pub fn progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self
    }

    /// What it tells of its agent's work: a hook that the runner has, too. Default: nothing, and the lists
    /// are empty.
    pub fn memory(mut self, memory: MemoryHook) -> Self {
        self.memory = Some(memory);
        self
    }

    /// How it ends, to be shared with others that end together with it.
    pub fn drain(mut self, drain: Drain) -> Self {
        self.drain = drain;
        self
    }

    /// The routes, guarded by [`Access`]: a service that any axum application nests. Its connections, and
    /// when it ends, are the application's; turns that it should let end or cancel are with the
    /// [`Drain`].
    pub fn router(self) -> Router {
        let access = self.access.clone();
        let routes = routes(&access, Arc::new(self.app()));
        access.guard(routes)
    }

    /// Serves until `stop` says so, the first time: then requests are answered with 503, turns may end in the
    /// time of the [`Drain`], what is left is cancelled, and the hooks are flushed. The second time, what
    /// runs is cancelled at once and nothing is waited for.
    ///
    /// # Errors
    ///
    /// The listener does not work.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it ends all connections, and their turns are cancelled.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Stream<Item = ()>,
    ) -> io::Result<Drained> {
        let access = self.access.clone().at(listener.local_addr()?);
        let (bounds, drain, hooks) = (
            self.bounds.clone(),
            self.drain.clone(),
            self.runner.observed_by().clone(),
        );
        let app = Arc::new(self.app());
        app.ready.look();
        let routes = access.guard(routes(&access, app));
        let drained = listen(listener, routes, &bounds, &drain, stop).await?;
        if let Err(error) = hooks.force_flush().await {
            tracing::warn!(%error, "hooks could not hand on what they had");
        }
        Ok(drained)
    }

    fn app(self) -> App {
        App {
            since: app::now(&self.runner),
            ready: ready::Remembered::new(self.readiness, self.runner.shared_agent()),
            runner: self.runner,
            card: self.card,
            permits: Arc::new(Semaphore::new(self.bounds.requests)),
            listings: Arc::new(Semaphore::new(memory::AT_ONCE)),
            room: self.bounds.room(),
            bounds: self.bounds,
            progress: self.progress,
            drain: self.drain,
            memory: self.memory,
        }
    }
}

fn routes(access: &Access, app: Arc<App>) -> Router {
    let guarded: Router<Arc<App>> = Router::new()
        .route("/tools", get(about::list_tools))
        .route("/v1/models", get(about::models))
        .route("/memory/events", get(memory::events))
        .route("/memory/sessions", get(memory::sessions))
        .route("/v1/chat/completions", post(chat::completions))
        .route("/", post(about::json_rpc));
    let guarded = access.guard_tokens(guarded.with_state(Arc::clone(&app)));
    Router::new()
        .route("/health", get(about::health))
        .route("/ready", get(about::ready))
        .route("/.well-known/agent", get(about::first_card))
        .route("/.well-known/agent.json", get(about::second_card))
        .route("/.well-known/agent-card.json", get(about::second_card))
        .with_state(app)
        .merge(guarded)
        .fallback(about::no_such_path)
        .method_not_allowed_fallback(about::wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
}

fn panicked(_panic: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::internal().into_response()
}
