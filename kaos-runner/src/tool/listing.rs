use std::fmt;
use std::sync::Arc;

use crate::{Tool, ToolError};

/// The tools of a [`ToolSource`](crate::ToolSource) at the moment, and how good the list is.
///
/// # Example
///
/// ```
/// use kaos_runner::{ToolError, ToolListing};
///
/// let mut listing = ToolListing::from(Vec::new());
/// listing.stale = Some(ToolError::of_kind("timeout", "the server does not list its tools"));
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ToolListing {
    /// The tools.
    pub tools: Vec<Arc<dyn Tool>>,
    /// Why these are the tools that were known before, where there is no newer list. The turn says
    /// so with the progress `tools_stale`.
    pub stale: Option<ToolError>,
    /// How many tools were left out since something is wrong with them. The turn says so with the
    /// progress `tools_left_out`.
    pub left_out: usize,
}

impl From<Vec<Arc<dyn Tool>>> for ToolListing {
    /// A list that is new and whole.
    fn from(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self {
            tools,
            ..Self::default()
        }
    }
}

impl fmt::Debug for ToolListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.tools.iter().map(|tool| &tool.spec().name).collect();
        f.debug_struct("ToolListing")
            .field("tools", &names)
            .field("stale", &self.stale)
            .field("left_out", &self.left_out)
            .finish()
    }
}
