//! Tools behind servers of the Model Context Protocol.
//!
//! [`McpServer`] is a source of tools: over streamable HTTP, or as a child process that is spoken to
//! on its standard input and output. [`Agent::tools_from`](crate::Agent::tools_from) takes it.
//!
//! A connection is made when the first turn asks for the tools, and kept. A server that is down, or
//! does not list its tools in time, is warned of once; a turn goes on with the tools that were listed
//! last, and says that they are stale, or without any; the next turn tries again. A call on a
//! connection that broke ends with the error `connection`, and the next call connects anew: whether
//! the server did the work is unknown, so a call is never repeated by itself.
//!
//! # What a server may send
//!
//! Whatever one tool of a list is, the others are there. A tool is left out, with a warning, whose
//! name is empty, has more than 128 characters (the protocol's limit, version 2025-11-25), control
//! characters, or another tool's name; whose schema is no object or larger than 256 KiB. Of a list,
//! 1000 tools, 100 pages and 4 MiB are read, and no page twice. A description is cut at 16 KiB, a
//! message larger than 16 MiB is not read. A result is all its parts: texts, what is structured,
//! images, resources; what a model cannot be given is named. Its size is bounded by
//! [`Limits::tool_result`](crate::Limits::tool_result).
//!
//! # Versions of the protocol
//!
//! A server is asked to `initialize` with version 2025-11-25, and may choose an earlier one. One that refuses
//! that, as servers of only 2026-07-28 do, is asked with `server/discover`, and remembered as such
//! ([`McpServer::stateless`] begins so). Both are told when tools change, where the server says that they may.
//!
//! A call is one span, the tool's; its outcome says how the server was spoken to. `initialize` and each
//! `tools/list` are spans of their own, inside what they are made for: the discovery of tools, or the
//! call that connects anew. A request's `params._meta` carries the `traceparent` that names its span,
//! and the baggage. Connections live in tasks of their own on
//! the runtime that made them.

mod answered;
mod begun;
mod changes;
mod child;
mod connection;
mod http;
mod link;
mod listing;
mod messages;
mod request;
mod result;
#[cfg(feature = "mcp-server")]
pub mod server;
mod session_id;
mod setup;
mod shared;
mod source;
mod stdio;
mod tool;
mod traced;
mod why;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::Str;

use self::begun::Beginning;
use self::setup::{Address, Setup, legal};
use self::shared::Shared;

/// A server of the Model Context Protocol, whose tools an agent may call.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use kaos_runner::mcp::McpServer;
/// use kaos_runner::{Agent, FunctionModel};
///
/// let search = McpServer::http("https://mcp.example.org/mcp").name("search").bearer("secret");
/// let files = McpServer::stdio("mcp-server-files", ["--root", "/srv"])
///     .name("files")
///     .discovery_limit(Duration::from_secs(3));
/// let agent = Agent::new("assistant", FunctionModel::answer("Hello."))
///     .tools_from(search)
///     .tools_from(files);
/// ```
///
/// A clone is the same server, with the same connection: keep one to [`close`](Self::close) it.
#[derive(Clone)]
pub struct McpServer {
    setup: Arc<Setup>,
    shared: Arc<Shared>,
}

impl McpServer {
    /// How long finding a server's tools may take, unless set.
    pub const DEFAULT_DISCOVERY_LIMIT: Duration = Duration::from_secs(10);

    /// A server at this URL, over streamable HTTP. Called by the URL's host unless named.
    ///
    /// The machine's certificates are trusted, and no redirect is followed. `user:password@` becomes
    /// Basic authentication. Errors, lines and models are told scheme, host and port only: the rest
    /// of a URL may be a key.
    pub fn http(url: impl Into<Str>) -> Self {
        let http = http::Http::new(&url.into());
        Self::new(&http.host(), Address::Http(http))
    }

    /// A server that is started as a child process with these arguments. Called by the program's
    /// name unless named.
    ///
    /// It gets of this process' environment only what programs need to run (`PATH`, `HOME` and the
    /// like), so no keys, and what [`env`](Self::env) adds. Its standard error is this process',
    /// unless [`stderr`](Self::stderr) takes it. It ends as [`close`](Self::close) says, also when
    /// the source and its tools are dropped.
    pub fn stdio<A: Into<Str>>(
        program: impl Into<Str>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        let stdio = stdio::Stdio::new(program.into(), arguments);
        Self::new(&stdio.stem(), Address::Stdio(stdio))
    }

    fn new(name: &str, address: Address) -> Self {
        let setup = Arc::new(Setup {
            name: legal(name),
            address,
            begins: Beginning::default(),
            limit: Self::DEFAULT_DISCOVERY_LIMIT,
            call_limit: None,
        });
        let shared = Arc::default();
        Self { setup, shared }
    }

    /// Calls the server by this name: the prefix of its tools where names clash. What is neither a
    /// letter, a digit, `_` nor `-` becomes `_`.
    #[must_use]
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.change().name = legal(name.as_ref());
        self
    }

    /// How long starting, connecting and listing the tools may take together; also how long a call
    /// may take to connect anew. Default: 10 seconds.
    ///
    /// Too short, and a server that starts slowly has no tools; too long, and a server that hangs
    /// holds up each turn's begin so long.
    #[must_use]
    pub fn discovery_limit(mut self, limit: Duration) -> Self {
        self.change().limit = limit;
        self
    }

    /// How long one call of a tool may take. Default: the agent's
    /// [`Limits::tool`](crate::Limits::tool).
    #[must_use]
    pub fn call_limit(mut self, limit: Duration) -> Self {
        self.change().call_limit = Some(limit);
        self
    }

    /// Speaks protocol 2026-07-28 from the first request on, which has no sessions: each request says who
    /// asks. Without it, a server is asked to `initialize` a session of version 2025-11-25 or earlier, and
    /// one that refuses that is asked so; to know better saves it the question.
    ///
    /// A server of earlier versions refuses, and has no tools then.
    #[must_use]
    pub fn stateless(mut self) -> Self {
        self.change().begins = Beginning::Discover;
        self
    }

    /// Sends this token as `Authorization: Bearer`. Over HTTP only.
    #[must_use]
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        if let Address::Http(http) = &mut self.change().address {
            http.bearer = Some(token.into());
        }
        self
    }

    /// Sends this header with each request. Over HTTP only.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Address::Http(http) = &mut self.change().address {
            http.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Starts the child process with this environment variable. Child processes only.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Address::Stdio(stdio) = &mut self.change().address {
            stdio.env.push((name.into(), value.into()));
        }
        self
    }

    /// Gives each line that the child process writes to its standard error to this function, instead
    /// of to this process' standard error: what a server writes there may hold anything, escape
    /// sequences included. Lines are cut at 4096 bytes. Child processes only.
    ///
    /// The function is called in a task of the runtime, and must not block.
    #[must_use]
    pub fn stderr(mut self, line: impl Fn(&str) + Send + Sync + 'static) -> Self {
        if let Address::Stdio(stdio) = &mut self.change().address {
            stdio.lines = Some(Arc::new(line));
        }
        self
    }

    /// Ends the connection, if there is one, in order: over HTTP the session is deleted; a child
    /// process' standard input is closed, and if it, or anything that it started, is still there 2
    /// seconds later, its process group gets SIGTERM, and SIGKILL after another 2 seconds. (Elsewhere
    /// than on Unix the child is killed.) Returns when that is done, after 8 seconds at most.
    ///
    /// Calls under way fail; the next turn connects anew.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the connection ends all the same: in order as long as the runtime is there, else a
    /// child's process group is killed.
    pub async fn close(&self) {
        self.shared.link.close().await;
    }

    fn change(&mut self) -> &mut Setup {
        // Another server than its clones from now on.
        self.shared = Arc::default();
        Arc::make_mut(&mut self.setup)
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer")
            .field("name", &self.setup.name)
            .finish_non_exhaustive()
    }
}
