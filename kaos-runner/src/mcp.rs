//! Tools behind servers of the Model Context Protocol.
//!
//! [`McpServer`] is a source of tools: over streamable HTTP, or as a child process that is spoken to
//! on its standard input and output. [`Agent::tools_from`](crate::Agent::tools_from) takes it.
//!
//! A connection is made when the first turn asks for the tools, and kept. A server that is down then
//! is warned of once and has no tools in the turn; the next turn tries again. A call on a connection
//! that broke ends with the error `connection`, and the next call connects anew: whether the server
//! did the work is unknown, so a call is never repeated by itself.
//!
//! A call is one span, the tool's; its outcome says how the server was spoken to, and the request's
//! `params._meta` carries the `traceparent` that names it. Connections live in tasks of their own on
//! the runtime that made them.

mod connection;
mod http;
mod result;
mod stdio;
mod tool;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::Str;
use tokio::sync::Mutex;
use tracing::warn;

use self::connection::{Connection, Link};
use self::tool::McpTool;
use crate::{Tool, ToolError, ToolSource};

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
pub struct McpServer {
    setup: Arc<Setup>,
    link: Arc<Link>,
    /// The tools, and the connection they were listed over.
    known: Mutex<Option<Known>>,
    warned: AtomicBool,
}

type Known = (Arc<Connection>, Vec<Arc<McpTool>>);

/// How a server is reached.
#[derive(Clone)]
struct Setup {
    name: Str,
    address: Address,
    limit: Duration,
}

#[derive(Clone)]
enum Address {
    Http(http::Http),
    Stdio(stdio::Stdio),
}

impl McpServer {
    /// How long finding a server's tools may take, unless set.
    pub const DEFAULT_DISCOVERY_LIMIT: Duration = Duration::from_secs(10);

    /// A server at this URL, over streamable HTTP. Called by the URL's host unless named.
    ///
    /// The machine's certificates are trusted, and no redirect is followed.
    pub fn http(url: impl Into<Str>) -> Self {
        let http = http::Http::new(url.into());
        Self::new(&http.host(), Address::Http(http))
    }

    /// A server that is started as a child process with these arguments. Called by the program's
    /// name unless named.
    ///
    /// It gets of this process' environment only what programs need to run (`PATH`, `HOME` and the
    /// like), so no keys, and what [`env`](Self::env) adds. Its standard error is this process'. It
    /// is killed when the source and its tools are dropped.
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
            limit: Self::DEFAULT_DISCOVERY_LIMIT,
        });
        Self {
            setup,
            link: Arc::default(),
            known: Mutex::default(),
            warned: AtomicBool::new(false),
        }
    }

    /// Calls the server by this name: the prefix of its tools where names clash. What is neither a
    /// letter, a digit, `_` nor `-` becomes `_`.
    #[must_use]
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.change().name = legal(name.as_ref());
        self
    }

    /// How long connecting and listing the tools may take; also how long a call may take to connect
    /// anew. Default: 10 seconds.
    ///
    /// Too short, and a server that starts slowly has no tools; too long, and a server that hangs
    /// holds up each turn's begin so long.
    #[must_use]
    pub fn discovery_limit(mut self, limit: Duration) -> Self {
        self.change().limit = limit;
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

    fn change(&mut self) -> &mut Setup {
        Arc::make_mut(&mut self.setup)
    }

    /// The tools, listed anew where the connection is new or the server said that they changed.
    async fn listed(&self) -> Result<Vec<Arc<dyn Tool>>, ToolError> {
        let connection = self.link.connection(&self.setup).await?;
        let mut known = self.known.lock().await;
        let before: &[Arc<McpTool>] = match &*known {
            Some((over, tools)) if Arc::ptr_eq(over, &connection) && !connection.changed() => {
                return Ok(as_tools(tools));
            }
            Some((_, tools)) => tools,
            None => &[],
        };
        let listed = match connection.list().await {
            Ok(listed) => listed,
            Err(why) => {
                self.link.lost(&connection).await;
                return Err(why);
            }
        };
        let tools = listed.into_iter().map(|raw| {
            // What did not change keeps its compiled schema.
            let same = before.iter().find(|tool| tool.is(&raw));
            same.map_or_else(
                || Arc::new(McpTool::new(raw, &self.setup, &self.link)),
                Arc::clone,
            )
        });
        let tools: Vec<Arc<McpTool>> = tools.collect();
        let answer = as_tools(&tools);
        *known = Some((connection, tools));
        Ok(answer)
    }
}

fn as_tools(tools: &[Arc<McpTool>]) -> Vec<Arc<dyn Tool>> {
    let tools = tools.iter();
    tools
        .map(|tool| Arc::clone(tool) as Arc<dyn Tool>)
        .collect()
}

/// The name with what model providers accept in names of tools.
fn legal(name: &str) -> Str {
    let accepted = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    let name = name.chars().map(|it| if accepted(it) { it } else { '_' });
    Str::from(name.collect::<String>())
}

#[async_trait]
impl ToolSource for McpServer {
    fn name(&self) -> &str {
        &self.setup.name
    }

    async fn tools(&self) -> Result<Vec<Arc<dyn Tool>>, ToolError> {
        let limit = self.setup.limit;
        let listed = tokio::time::timeout(limit, self.listed()).await;
        let listed = listed.unwrap_or_else(|_elapsed| {
            let why = format!("the server did not list its tools within {limit:?}");
            Err(ToolError::of_kind("timeout", why))
        });
        match &listed {
            Ok(_) => self.warned.store(false, Ordering::Relaxed),
            Err(why) if !self.warned.swap(true, Ordering::Relaxed) => warn!(
                server = self.setup.name.as_str(),
                error_type = why.kind(),
                "an MCP server is not available: turns go on without its tools"
            ),
            Err(_) => {}
        }
        listed
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer")
            .field("name", &self.setup.name)
            .finish_non_exhaustive()
    }
}
