use std::sync::Arc;

use kaos_hooks::Str;

/// What a tool has done so far, said while it works.
///
/// # Example
///
/// ```
/// use kaos_runner::{FunctionTool, ToolContext, ToolProgress};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Pages { pages: u32 }
///
/// let index = FunctionTool::new("index", "Reads all pages.", |what: Pages, context: ToolContext| async move {
///     for page in 1..=what.pages {
///         context.progress(ToolProgress::new(f64::from(page)).of(f64::from(what.pages)));
///     }
///     Ok("done")
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ToolProgress {
    /// How much is done, in whatever the tool counts: more each time.
    pub done: f64,
    /// How much there is to do, where that is known.
    pub total: Option<f64>,
    /// What is being done, in words. Content.
    pub message: Option<Str>,
}

impl ToolProgress {
    /// So much is done.
    pub fn new(done: f64) -> Self {
        Self {
            done,
            ..Self::default()
        }
    }

    /// Says how much there is to do.
    #[must_use]
    pub const fn of(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// Says what is being done.
    #[must_use]
    pub fn message(mut self, message: impl Into<Str>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// Hears of what a tool has done so far.
pub(crate) type ProgressListener = Arc<dyn Fn(ToolProgress) + Send + Sync>;
