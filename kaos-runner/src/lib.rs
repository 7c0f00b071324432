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
mod arguments;
mod call;
mod content;
mod conversation;
mod debug_lines;
mod deltas;
mod estimate;
mod fenced;
mod finish_reason;
mod function_model;
mod function_tool;
#[cfg(any(feature = "mcp", feature = "models"))]
mod http_client;
mod intent;
mod limits;
#[cfg(feature = "mcp")]
pub mod mcp;
mod message;
mod mock;
mod model;
mod model_call;
mod model_error;
mod model_reply;
#[cfg(feature = "models")]
pub mod models;
mod paced;
mod reply;
mod request;
mod runner;
mod scripted;
mod seat;
mod session;
mod setting;
mod shape;
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
mod text_stream;
mod token_budget;
mod tool;
mod tool_listing;
mod tool_source;
mod toolbox;
mod tools;
mod turn;
mod window;

pub use agent::Agent;
pub use deltas::Deltas;
pub use finish_reason::FinishReason;
pub use function_model::FunctionModel;
pub use function_tool::{FunctionTool, ToolFunction};
pub use intent::IntentBy;
pub use kaos_hooks::ToolAnnotations;
pub use limits::Limits;
pub use message::{
    AssistantMessage, Content, Image, Message, Part, ProviderData, Reasoning, Resource, ToolOutput,
    ToolResult, ToolUse,
};
pub use model::{Model, ModelRequest, OutputSchema};
pub use model_error::{ModelError, ModelErrorKind};
pub use model_reply::ModelReply;
#[cfg(feature = "models")]
pub use models::{AnthropicModel, OpenAiModel};
pub use reply::{Reply, TurnError, TurnErrorKind};
pub use request::{Asking, TurnRequest};
pub use runner::Runner;
pub use scripted::Scripted;
#[cfg(feature = "redis")]
pub use session::RedisSessions;
pub use session::{
    MemorySessions, SessionBounds, SessionError, SessionLock, SessionStore, SessionSummary,
    SessionTurn,
};
pub use stream::RunStream;
pub use text_stream::TextStream;
pub use token_budget::TokenBudget;
pub use tool::{Tool, ToolContext, ToolError, ToolSpec};
pub use tool_listing::ToolListing;
pub use tool_source::ToolSource;
