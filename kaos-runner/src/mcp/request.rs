//! A request to a server that is no tool's call: seen, and within a limit.

use kaos_hooks::{Failure, McpCall, McpOutcome, McpRequest, Scope, Str};
use rmcp::model::RequestMetaObject;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::{ToolContext, ToolError};

/// For whom a server is asked, and until when.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) context: &'a ToolContext,
    pub(super) until: Instant,
}

/// A request, as a span of its own inside what it is made for.
pub(super) struct Request {
    /// `None`: it is made for no run.
    scope: Option<Scope<McpRequest>>,
    until: Instant,
}

impl Request {
    pub(super) fn begin(asking: Asking<'_>, call: McpCall) -> Self {
        let mut scope = asking.context.open(McpRequest::new(call.method.clone()));
        if let Some(scope) = &mut scope {
            scope.so_far(outcome(call));
        }
        let until = asking.until;
        Self { scope, until }
    }

    /// Makes it, with its span current; `None` when the time is over.
    pub(super) async fn within<F: Future>(&self, work: F) -> Option<F::Output> {
        let work = timeout_at(self.until, work);
        let done = match &self.scope {
            Some(scope) => scope.entered(work).await,
            None => work.await,
        };
        done.ok()
    }

    /// Says how the server was asked, and what came of it. The code that a server answers with is
    /// the kind of failure, as the conventions for MCP have it.
    pub(super) fn end(self, call: McpCall, failed: Option<&ToolError>) {
        let Some(mut scope) = self.scope else {
            return;
        };
        let code = call.status_code.clone();
        match failed {
            None => scope.complete(outcome(call)),
            Some(why) => {
                scope.so_far(outcome(call));
                let kind = code.unwrap_or_else(|| Str::copied(why.kind()));
                scope.fail(Failure::new(kind).message(why.to_string()));
            }
        }
    }
}

fn outcome(call: McpCall) -> McpOutcome {
    McpOutcome {
        mcp: Some(Box::new(call)),
        ..McpOutcome::default()
    }
}

/// What names the current span to the server, as part of a request.
pub(super) fn meta(context: &ToolContext) -> RequestMetaObject {
    let mut meta = RequestMetaObject::new();
    context.hooks().inject(|name, value| {
        meta.0.0.insert(name.to_owned(), Value::from(value));
    });
    meta
}

/// A tool's call that the server was sent. Dropped, it tells the call's outcome, however the waiting
/// for its answer ended.
pub(super) struct Sent<'a> {
    context: &'a ToolContext,
    since: Instant,
    pub(super) call: McpCall,
}

impl<'a> Sent<'a> {
    pub(super) fn now(context: &'a ToolContext, call: McpCall) -> Self {
        let since = Instant::now();
        Self {
            context,
            since,
            call,
        }
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        let mut call = std::mem::take(&mut self.call);
        call.duration = Some(self.since.elapsed());
        self.context.through_mcp(call);
    }
}
