//! Tools for others: a server of the Model Context Protocol.
//!
//! [`ToolServer`] serves any set of [`Tool`]s, over streamable HTTP and on standard input and output. A
//! call is carried out as in a turn: its arguments are checked, the gates are asked, its time and the
//! size of its result are limited. It is a run of its own, whose root span
//! ([`ServedCall`](kaos_hooks::ServedCall)) is a child of the caller's: from the request's
//! `params._meta`, else from its headers.
//!
//! | what happens | what the client sees | `error.type` of the span |
//! |---|---|---|
//! | the tool fails | a result that is an error, with its message | the kind of its [`ToolError`](crate::ToolError), `tool_error` unless it says otherwise |
//! | the arguments do not fit | such a result, with what is wrong | `invalid_arguments` |
//! | a gate denies or skips | such a result, with the gate's reason | `denied`; none where it skips |
//! | the tool panics, or has no result in time | such a result | `panic`, `timeout` |
//! | no tool has that name | the JSON-RPC error -32602 | `unknown_tool`, and the span's tool is `_OTHER` |
//! | the client cancels, or a request without a session loses its connection | nothing | the span ends cancelled |
//! | the server ends | the JSON-RPC error -32603 | the span ends cancelled |
//!
//! Where the conventions for MCP have `tool_error` for every result that is an error, ours has the
//! kind: it is one of few values, and says whose fault it was.
//!
//! # Example
//!
//! ```
//! use kaos_runner::mcp::server::ToolServer;
//! use kaos_runner::{FunctionTool, ToolError};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Add {
//!     a: i64,
//!     b: i64,
//! }
//!
//! let add = FunctionTool::new("add", "Adds.", |call: Add| async move {
//!     call.a.checked_add(call.b).map(|sum| sum.to_string()).ok_or_else(|| ToolError::new("too large"))
//! });
//! let server = ToolServer::new().tool(add).name("sums");
//! # drop(server);
//! ```

mod answer;
mod call;
mod client;
mod handler;
mod http;
mod stdio;
mod tools;

use std::fmt;
use std::sync::Arc;

use kaos_hooks::{Hooks, IntoHooks, Str};
use tokio::sync::Semaphore;

pub use self::tools::ToolSet;
use crate::server::{Access, Bounds, Drain};
use crate::{Limits, Tool};

/// A server of tools: its settings. See the [module](self).
///
/// A clone serves the same set of tools.
#[derive(Clone)]
#[must_use = "a server does nothing until it serves"]
pub struct ToolServer {
    name: Str,
    version: Str,
    instructions: Option<Str>,
    tools: ToolSet,
    hooks: Hooks,
    limits: Arc<Limits>,
    access: Access,
    bounds: Bounds,
    drain: Drain,
    max_sessions: usize,
    permits: Arc<Semaphore>,
    ready: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl ToolServer {
    /// How many sessions clients may have at once over HTTP, unless set.
    pub const DEFAULT_SESSIONS: usize = 1024;

    /// One without tools, called `tools`, that nobody observes.
    pub fn new() -> Self {
        Self {
            name: Str::Static("tools"),
            version: Str::Static(env!("CARGO_PKG_VERSION")),
            instructions: None,
            tools: ToolSet::new(),
            hooks: Hooks::default(),
            limits: Arc::default(),
            access: Access::default(),
            permits: Arc::new(Semaphore::new(Bounds::default().requests)),
            bounds: Bounds::default(),
            drain: Drain::default(),
            max_sessions: Self::DEFAULT_SESSIONS,
            ready: Arc::new(|| true),
        }
    }

    /// Serves this tool, too.
    pub fn tool(self, tool: impl Tool) -> Self {
        self.tools.change(|tools| tools.push(Arc::new(tool)));
        self
    }

    /// Serves what is in this set, whenever that changes.
    pub fn tools(mut self, tools: ToolSet) -> Self {
        self.tools = tools;
        self
    }

    /// Calls it so: what clients are told, and the `agent.name` of its runs. Default: `tools`.
    pub fn name(mut self, name: impl Into<Str>) -> Self {
        self.name = name.into();
        self
    }

    /// The version that clients are told. Default: this crate's.
    pub fn version(mut self, version: impl Into<Str>) -> Self {
        self.version = version.into();
        self
    }

    /// What clients are told about the tools as a whole.
    pub fn instructions(mut self, instructions: impl Into<Str>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Who sees the calls, and who decides about them: instead of those before.
    pub fn hooks<M>(mut self, hooks: impl IntoHooks<M>) -> Self {
        self.hooks = Hooks::new(hooks);
        self
    }

    /// The same, as a set that others use, too.
    pub fn observed_by(mut self, hooks: &Hooks) -> Self {
        self.hooks = hooks.clone();
        self
    }

    /// Who sees the calls.
    pub fn hooks_in_use(&self) -> Hooks {
        self.hooks.clone()
    }

    /// Who may ask over HTTP. Default: everybody, but no web page of another origin.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// What clients may use of it: connections and bodies over HTTP, and calls at once
    /// ([`Bounds::requests`]); further ones are answered with an error.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.permits = Arc::new(Semaphore::new(bounds.requests));
        self.bounds = bounds;
        self
    }

    /// How it ends, to be shared with others that end together with it.
    pub fn drain(mut self, drain: Drain) -> Self {
        self.drain = drain;
        self
    }

    /// How many sessions clients may have at once over HTTP; 0: none is ever begun, and each request
    /// stands for itself. Clients of protocol 2026-07-28 and later have none in any case. Default: 1024.
    ///
    /// A session that says nothing ends after five minutes and the time of a call.
    pub fn sessions(mut self, most: usize) -> Self {
        self.max_sessions = most;
        self
    }

    /// What `/ready` asks. Default: it is, until it ends.
    pub fn ready(mut self, ready: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.ready = Arc::new(ready);
        self
    }

    /// What a call may use: [`Limits::tool`] and [`Limits::tool_result`] of these.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Arc::new(limits);
        self
    }
}

impl Default for ToolServer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ToolServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolServer")
            .field("name", &self.name)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}
