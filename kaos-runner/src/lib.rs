//! A small agent loop whose every act is an event.
//!
//! - [`Agent`] is what an agent is: name, instructions, model, tools, sub-agents, [`Limits`].
//! - [`Runner`] lets it answer: [`Runner::turn`] gives the [`Reply`], [`Runner::run`] the stream of
//!   events as they happen.
//! - [`Model`] and [`Tool`] are what it works with; [`FunctionModel`] and [`FunctionTool`] make
//!   both from functions, so everything runs offline. With the feature `openai`, `OpenAiModel` is a
//!   model behind any OpenAI-compatible endpoint.
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

mod agent;
mod arguments;
mod content;
mod debug_lines;
mod deltas;
mod fenced;
mod function_model;
mod function_tool;
#[cfg(any(feature = "mcp", feature = "openai"))]
mod http_client;
mod intent;
mod limits;
#[cfg(feature = "mcp")]
pub mod mcp;
mod mock;
mod model;
mod model_call;
mod model_error;
#[cfg(feature = "openai")]
pub mod openai;
mod paced;
mod reply;
mod runner;
mod scripted;
mod session;
mod stream;
mod tool;
mod tool_run;
mod toolbox;
mod tools;
mod turn;

pub use agent::Agent;
pub use deltas::Deltas;
pub use function_model::FunctionModel;
pub use function_tool::FunctionTool;
pub use intent::IntentBy;
pub use kaos_hooks::ToolAnnotations;
pub use limits::Limits;
pub use model::{Message, Model, ModelReply, ModelRequest, OutputSchema, ToolUse};
pub use model_error::{ModelError, ModelErrorKind};
#[cfg(feature = "openai")]
pub use openai::OpenAiModel;
pub use reply::{Reply, TurnError, TurnErrorKind};
pub use runner::{Runner, TurnRequest};
pub use scripted::Scripted;
pub use stream::RunStream;
pub use tool::{Tool, ToolContext, ToolError, ToolSpec};
pub use toolbox::ToolSource;
