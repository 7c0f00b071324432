//! A connection to a server: made when needed, forgotten when broken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kaos_hooks::{McpCall, Str};
use rmcp::model::{
    CancelledNotificationParam, ClientCapabilities, ClientConfig, ClientRequest, Implementation,
    RequestId, ServerResult,
};
use rmcp::service::{NotificationContext, Peer, PeerRequestOptions, RunningService};
use rmcp::{ClientHandler, RoleClient, ServiceError, ServiceExt as _};

use super::messages::Broken;
use super::{Address, Setup, why};
use crate::ToolError;

/// How long closing may take: longer than a child may take to end.
const CLOSING: Duration = Duration::from_secs(8);

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

    /// Ends the connection in order, if there is one.
    pub(super) async fn close(&self) {
        let connection = self.0.lock().await.take();
        if let Some(connection) = connection {
            connection.close().await;
        }
    }
}

/// A connection that was agreed on with the server. Dropping it closes it, later.
pub(super) struct Connection {
    peer: Peer<RoleClient>,
    running: Mutex<Option<RunningService<RoleClient, Client>>>,
    changes: Arc<AtomicU64>,
    session: SessionId,
    transport: &'static str,
    place: String,
    broken: Broken,
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
        let changes = Arc::default();
        let client = Client {
            changes: Arc::clone(&changes),
        };
        let session = SessionId::default();
        let place = setup.address.place();
        let (running, transport, broken) = match &setup.address {
            Address::Http(http) => {
                let transport = http.transport(setup.limit, session.clone())?;
                (client.serve(transport).await, "tcp", Broken::default())
            }
            Address::Stdio(stdio) => {
                let pipes = stdio.start()?;
                let broken = pipes.broken();
                (client.serve(pipes).await, "pipe", broken)
            }
        };
        let running = running.map_err(|why| match broken.get() {
            Some(broken) => why::broke(&place, broken),
            None => why::not_connected(&place, &why),
        })?;
        Ok(Self {
            peer: running.peer().clone(),
            running: Mutex::new(Some(running)),
            changes,
            session,
            transport,
            place,
            broken,
        })
    }

    fn works(&self) -> bool {
        !self.peer.is_transport_closed()
    }

    async fn close(&self) {
        let running = self.running.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // What is not done by then is dropped, and with it killed.
            let _in_time = tokio::time::timeout(CLOSING, running.cancel()).await;
        }
    }

    /// How often the server said that its tools changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Sends a request, says under which id, and waits for its answer. Dropped, it is cancelled at
    /// the server, too.
    pub(super) async fn ask(
        &self,
        request: ClientRequest,
        options: PeerRequestOptions,
        sent: impl FnOnce(&RequestId),
    ) -> Result<ServerResult, ServiceError> {
        let handle = self.peer.send_cancellable_request(request, options).await?;
        sent(&handle.id);
        let mut asked = Asked {
            peer: &self.peer,
            id: Some(handle.id.clone()),
        };
        let answer = handle.await_response().await;
        asked.id = None;
        answer
    }

    /// Why a request over it has no result.
    pub(super) fn failed(&self, why: &ServiceError) -> ToolError {
        match self.broken.get() {
            Some(broken) => why::broke(&self.place, broken),
            None => why::failed(&self.place, why),
        }
    }

    /// What a call over this connection says of itself.
    pub(super) fn call(&self, request: Option<Str>) -> McpCall {
        let agreed = self.peer.peer_info();
        McpCall {
            request_id: request,
            session_id: self.session.get(),
            protocol_version: agreed.map(|it| Str::copied(it.protocol_version.as_str())),
            ..calling(self.transport)
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

/// A request that waits for its answer: the server is told when nobody waits any more.
struct Asked<'a> {
    peer: &'a Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let peer = self.peer.clone();
        let params = CancelledNotificationParam::new(Some(id), None);
        runtime.spawn(async move { peer.notify_cancelled(params).await });
    }
}

/// What the server may tell the client without being asked.
struct Client {
    changes: Arc<AtomicU64>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let this = Implementation::new("kaos-runner", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), this)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}
