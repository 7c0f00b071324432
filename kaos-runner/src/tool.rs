//! What a tool is: the trait, what it is told and what it says; where tools come from.

pub(crate) mod arguments;
mod client;
mod context;
mod error;
pub(crate) mod fenced;
mod function;
mod listing;
mod progress;
mod schema;
pub(crate) mod shape;
mod source;
mod spec;

use async_trait::async_trait;

pub use client::{Elicited, ToolClient};
#[cfg(feature = "mcp-server")]
pub(crate) use context::Question;
pub use context::ToolContext;
pub(crate) use context::{Caller, ClientSide};
pub use error::ToolError;
pub use function::{FunctionTool, ToolFunction};
pub use listing::ToolListing;
pub(crate) use progress::ProgressListener;
pub use progress::ToolProgress;
#[cfg(feature = "server")]
pub(crate) use schema::is_usable;
pub use source::ToolSource;
pub use spec::ToolSpec;

use crate::ToolOutput;

/// Something an agent can do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tool",
    label = "does not implement `Tool`",
    note = "a function becomes a tool by `FunctionTool::new(name, description, |arguments: T| async move {{ .. }})`; another agent is given by `Agent::subagent`, tools that are looked up by `Agent::tools_from`"
)]
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// What the model is told about it.
    fn spec(&self) -> &ToolSpec;

    /// Does it. `arguments` is JSON that fits the schema of [`spec`](Self::spec), as the model, or
    /// the last gate that rewrote it, gave it.
    ///
    /// # Errors
    ///
    /// Why it could not. The model is told and may try again.
    ///
    /// # Cancel safety
    ///
    /// Dropped at its time limit and when the turn is dropped: it must leave nothing half done.
    /// Blocking work belongs in `tokio::task::spawn_blocking`, and goes on when dropped.
    async fn call(&self, arguments: &str, context: &ToolContext) -> Result<ToolOutput, ToolError>;
}
