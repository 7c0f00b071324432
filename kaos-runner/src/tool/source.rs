use async_trait::async_trait;

use crate::{ToolContext, ToolError, ToolListing};

/// Where tools come from that are not known beforehand, such as a server.
///
/// Asked at the beginning of each turn, all sources at once, each in a span `tools.discovery` of the turn
/// and within [`Limits::tool`](crate::Limits::tool). A source that fails leaves the turn without its
/// tools, and the turn says so with the progress `tools_missing`. What else there is to say stands in [`ToolListing`].
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use kaos_runner::{Tool, ToolContext, ToolError, ToolListing, ToolSource};
///
/// struct Plugins(Vec<Arc<dyn Tool>>);
///
/// #[async_trait]
/// impl ToolSource for Plugins {
///     fn name(&self) -> &str {
///         "plugins"
///     }
///
///     async fn tools(&self, _: &ToolContext) -> Result<ToolListing, ToolError> {
///         Ok(self.0.clone().into())
///     }
/// }
/// ```
#[async_trait]
pub trait ToolSource: Send + Sync + 'static {
    /// What it is called: the prefix of tools whose names clash with others. Letters, digits, `_`
    /// and `-`.
    fn name(&self) -> &str;

    /// Its tools at the moment, for the turn that `context` is of. A source keeps the tools it gave as long as they are the same, so
    /// that each compiles its schema once.
    ///
    /// # Errors
    ///
    /// Why it has none.
    ///
    /// # Cancel safety
    ///
    /// Dropped at its time limit and when the turn is dropped.
    async fn tools(&self, context: &ToolContext) -> Result<ToolListing, ToolError>;
}
