//! A small agent loop whose every act is an event.
//!
//! - [`Agent`] is what an agent is: name, instructions, model, tools, sub-agents, [`Limits`].
//! - [`Runner`] lets it answer: [`Runner::turn`] gives the [`Reply`], [`Runner::run`] the stream of
//!   events as they happen.
//! - A session is a conversation: its turns are kept by a [`SessionStore`], and happen one after the
//!   other; the page `docs/sessions.md` of this crate says what is kept.
//! - [`Model`] and [`Tool`] are what it works with; [`FunctionModel`] and [`FunctionTool`] make
//!   both from functions, so everything runs offline. With the feature `models`, `OpenAiModel` is a
//!   model behind any OpenAI-compatible endpoint, and `AnthropicModel` one behind Anthropic's.
//!
//! Everything happens inside the turn's own future: nothing is spawned, so dropping it (a timeout,
//! `select!`, a client gone) stops the turn, its tools and its sub-agents, and their spans end as
//! cancelled.
//!
//! At level DEBUG, `tracing` lines tell of model calls, tools and delegations: sizes, names of tools
//! and of arguments, kinds of failure; never a message, an argument's value, a result or an error's
//! text.
//!
//! # Example
//!
//! ```
//! use kaos_hooks::LogHook;
//! use kaos_runner::{Agent, FunctionModel, Runner};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let agent = Agent::new("assistant", FunctionModel::answer("Twelve months."));
//! let runner = Runner::new(agent).hooks(LogHook::new());
//! let reply = runner.turn("How long is the lease?", "session-1").await?;
//! assert_eq!(reply.to_string(), "Twelve months.");
//! # Ok(())
//! # }
//! ```

/// The page's code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/sessions.md")]
struct Sessions;

mod agent;
#[cfg(any(feature = "mcp", feature = "models"))]
mod http_client;
#[cfg(feature = "mcp")]
pub mod mcp;
mod message;
mod model;
#[cfg(feature = "remote")]
pub mod remote;
mod runner;
#[cfg(feature = "server")]
pub mod server;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
mod tool;
mod turn;

pub use agent::{Agent, IntentBy, Limits, Subagent};
#[cfg(any(feature = "mcp", feature = "models"))]
pub use http_client::client as http_client;
pub use kaos_hooks::ToolAnnotations;
pub use message::{
    AssistantMessage, Audio, Content, Image, Message, Part, ProviderData, Reasoning, Resource,
    ToolOutput, ToolResult, ToolUse,
};
#[cfg(feature = "models")]
pub use model::providers as models;
#[cfg(feature = "models")]
pub use model::providers::{AnthropicModel, OpenAiModel};
pub use model::{
    Deltas, FinishReason, FunctionModel, Model, ModelError, ModelErrorKind, ModelReply,
    ModelRequest, OutputSchema, Scripted,
};
#[cfg(feature = "remote")]
pub use remote::RemoteAgent;
pub use runner::Runner;
#[cfg(feature = "redis")]
pub use session::RedisSessions;
pub use session::{
    MemorySessions, SessionBounds, SessionError, SessionLock, SessionStore, SessionSummary,
    SessionTurn,
};
pub use tool::{
    Elicited, FunctionTool, Tool, ToolClient, ToolContext, ToolError, ToolFunction, ToolListing,
    ToolProgress, ToolSource, ToolSpec,
};
pub use turn::{
    Asking, Reply, RunStream, TextStream, TokenBudget, TurnError, TurnErrorKind, TurnRequest,
};
