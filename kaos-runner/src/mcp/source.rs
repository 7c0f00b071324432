//! A server as a source of tools: what it lists, kept as long as it is true, and longer where the
//! server does not say what is true now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::McpServer;
use super::listing::Listed;
use super::request::Asking;
use super::shared::{Listing, Shared};
use super::tool::McpTool;
use crate::{ToolContext, ToolError, ToolListing, ToolSource};

impl McpServer {
    /// Says why there is no list: what the server itself said of that is its content.
    fn warn(&self, why: &ToolError, known: bool) {
        let (server, error_type) = (self.setup.name.as_str(), why.kind());
        let ours = matches!(error_type, "connection" | "timeout" | "auth");
        let why = ours.then(|| why.to_string());
        let why = why.as_deref();
        if known {
            warn!(
                server,
                error_type,
                why,
                "an MCP server does not list its tools: turns go on with those known before"
            );
        } else {
            warn!(
                server,
                error_type, why, "an MCP server is not available: turns go on without its tools"
            );
        }
    }

    /// The tools, listed anew where the connection is new or the server said that they changed.
    async fn listed(&self, asking: Asking<'_>) -> Result<ToolListing, ToolError> {
        let Shared { link, listing, .. } = &*self.shared;
        let _alone = listing.lock().await;
        let connection = link.connection(&self.setup, asking).await?;
        let before = self.shared.known().clone();
        if let Some(known) = before.as_ref().filter(|known| known.holds(&connection)) {
            return Ok(known.listing(None));
        }
        // Before the request: what changes meanwhile is listed again.
        let changes = connection.changes();
        let listed = match Listed::ask(&connection, asking).await {
            Ok(listed) => listed,
            Err(why) => {
                if why.kind() == "connection" {
                    link.lost(&connection).await;
                }
                return Err(why);
            }
        };
        let mut left_out = BTreeMap::<_, usize>::new();
        for why in &listed.left_out {
            *left_out.entry(*why).or_default() += 1;
        }
        // A line for each reason: who sends tools without end sends no lines without end.
        for (why, count) in left_out {
            let server = self.setup.name.as_str();
            warn!(server, why, count, "tools of an MCP server are left out");
        }
        let before = before.map_or_else(Vec::new, |known| known.tools);
        let tools = listed.tools.into_iter().map(|raw| {
            let tool = Arc::new(McpTool::new(raw, &self.setup, link));
            // What did not change keeps its compiled schema.
            let same = before.iter().find(|known| known.is(&tool));
            same.map_or(tool, Arc::clone)
        });
        let known = Listing {
            over: Arc::downgrade(&connection),
            changes,
            tools: tools.collect(),
            left_out: listed.left_out.len(),
        };
        let listing = known.listing(None);
        *self.shared.known() = Some(known);
        Ok(listing)
    }
}

#[async_trait]
impl ToolSource for McpServer {
    fn name(&self) -> &str {
        &self.setup.name
    }

    async fn tools(&self, context: &ToolContext) -> Result<ToolListing, ToolError> {
        let limit = self.setup.limit;
        let until = Instant::now() + limit;
        let listed = timeout_at(until, self.listed(Asking { context, until })).await;
        let why = match listed {
            Ok(Ok(listing)) => {
                self.shared.warned.store(false, Ordering::Relaxed);
                return Ok(listing);
            }
            Ok(Err(why)) if why.kind() != "timeout" => why,
            Ok(Err(_)) | Err(_) => {
                let place = self.setup.address.place();
                let text = format!("the server {place} did not list its tools within {limit:?}");
                ToolError::of_kind("timeout", text)
            }
        };
        let known = self.shared.known().clone();
        if !self.shared.warned.swap(true, Ordering::Relaxed) {
            self.warn(&why, known.is_some());
        }
        known.map_or(Err(why.clone()), |known| Ok(known.listing(Some(why))))
    }
}
