//! A connection to a server: made when needed, forgotten when broken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kaos_hooks::{McpCall, Str};
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, PaginatedRequestParams, Tool};
use rmcp::service::{ClientInitializeError, NotificationContext, Peer, RunningService};
use rmcp::{ClientHandler, RoleClient, ServiceError, ServiceExt as _};

use super::{Address, Setup};
use crate::ToolError;

/// The most tools of one server.
const MOST_TOOLS: usize = 1000;

/// The connection to a server, if there is one.
#[derive(Default)]
pub(super) struct Link(tokio::sync::Mutex<Option<Arc<Connection>>>);

impl Link {
    /// The connection that is there and works, or a new one. Who comes meanwhile waits for it.
    pub(super) async fn connection(&self, setup: &Setup) -> Result<Arc<Connection>, ToolError> {
        let mut current = self.0.lock().await;
        if let Some(connection) = current.as_ref().filter(|it| it.works()) {
            return Ok(Arc::clone(connection));
        }
        *current = None;
        let connection = Arc::new(Connection::open(setup).await?);
        *current = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Forgets a connection that broke, unless it was replaced already.
    pub(super) async fn lost(&self, connection: &Arc<Connection>) {
        let mut current = self.0.lock().await;
        if current
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, connection))
        {
            *current = None;
        }
    }
}

/// A connection that was agreed on with the server. Dropping it closes it.
pub(super) struct Connection {
    service: RunningService<RoleClient, Client>,
    session: SessionId,
    transport: &'static str,
}

/// The id of the protocol session, as the server gave it last.
#[derive(Clone, Default)]
pub(super) struct SessionId(Arc<Mutex<Option<Str>>>);

impl SessionId {
    pub(super) fn note(&self, id: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Str::copied(id));
    }

    fn get(&self) -> Option<Str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Connection {
    async fn open(setup: &Setup) -> Result<Self, ToolError> {
        let client = Client::default();
        let session = SessionId::default();
        let (service, transport) = match &setup.address {
            Address::Http(http) => {
                let transport = http.transport(setup.limit, session.clone())?;
                (client.serve(transport).await, "tcp")
            }
            Address::Stdio(stdio) => (client.serve(stdio.start()?).await, "pipe"),
        };
        let service = service.map_err(|why| not_connected(&why))?;
        Ok(Self {
            service,
            session,
            transport,
        })
    }

    fn works(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    /// Whether the server said that its tools changed since they were listed.
    pub(super) fn changed(&self) -> bool {
        self.service.service().changed.load(Ordering::Acquire)
    }

    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }

    /// What a call over this connection says of itself.
    pub(super) fn call(&self, request: Option<Str>) -> McpCall {
        let agreed = self.service.peer_info();
        McpCall {
            request_id: request,
            session_id: self.session.get(),
            protocol_version: agreed.map(|it| Str::copied(it.protocol_version.as_str())),
            ..calling(self.transport)
        }
    }

    /// The server's tools, in its order.
    pub(super) async fn list(&self) -> Result<Vec<Tool>, ToolError> {
        // Before the request: what changes meanwhile is listed again.
        let changed = &self.service.service().changed;
        changed.store(false, Ordering::Release);
        let mut tools = Vec::new();
        let mut page = PaginatedRequestParams::default();
        loop {
            let listed = self.peer().list_tools(Some(page)).await;
            let listed = listed.map_err(|why| failed(&why))?;
            tools.extend(listed.tools);
            if listed.next_cursor.is_none() || tools.len() >= MOST_TOOLS {
                tools.truncate(MOST_TOOLS);
                return Ok(tools);
            }
            page = PaginatedRequestParams::default().with_cursor(listed.next_cursor);
        }
    }
}

impl Address {
    /// What a call says of itself before there is a connection.
    pub(super) fn call(&self) -> McpCall {
        calling(match self {
            Self::Http(_) => "tcp",
            Self::Stdio(_) => "pipe",
        })
    }
}

fn calling(transport: &'static str) -> McpCall {
    McpCall {
        method: Str::Static("tools/call"),
        transport: Some(Str::Static(transport)),
        ..McpCall::default()
    }
}

fn not_connected(why: &ClientInitializeError) -> ToolError {
    let kind = if why.is_authorization_required() {
        "auth"
    } else {
        "connection"
    };
    ToolError::of_kind(kind, format!("no connection to the server: {why}"))
}

/// Why a request has no result.
pub(super) fn failed(why: &ServiceError) -> ToolError {
    match why {
        // `error.type` is the code, as the conventions for MCP have it.
        ServiceError::McpError(error) => {
            ToolError::of_kind(error.code.0.to_string(), error.message.to_string())
        }
        ServiceError::TransportSend(_)
        | ServiceError::TransportClosed
        | ServiceError::Cancelled { .. } => {
            let text = format!("the connection to the server broke: {why}");
            ToolError::of_kind("connection", text)
        }
        ServiceError::Timeout { .. } => ToolError::of_kind("timeout", why.to_string()),
        other => ToolError::of_kind("bad_response", other.to_string()),
    }
}

/// What the server may tell the client without being asked.
#[derive(Default)]
struct Client {
    changed: AtomicBool,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let this = Implementation::new("kaos-runner", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), this)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Release);
    }
}
