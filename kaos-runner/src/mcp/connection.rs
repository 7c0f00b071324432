//! A connection to a server, from its beginning to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kaos_hooks::{McpCall, Server, Str};
use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientRequest, Implementation, ListToolsRequest,
    PaginatedRequestParams, ProtocolVersion, RequestId, RequestMetaObject, ServerResult,
};
use rmcp::service::{NotificationContext, Peer, PeerRequestOptions, RunningService};
use rmcp::{ClientHandler, ClientServiceExt as _, RoleClient, ServiceError};

use super::answered::answered;
use super::begun::{Beginning, Begun, BegunWith};
use super::changes::{Changes, Counter};
use super::messages::Broken;
use super::request::{Asking, Request, meta};
use super::session_id::SessionId;
use super::setup::{Address, Setup};
use super::traced::LastCaller;
use super::why;
use crate::{ToolContext, ToolError};

const LIST: &str = "tools/list";

/// How long closing may take: longer than a child may take to end.
const CLOSING: Duration = Duration::from_secs(8);

/// A connection that was agreed on with the server. Dropping it closes it, later.
pub(super) struct Connection {
    peer: Peer<RoleClient>,
    running: Mutex<Option<RunningService<RoleClient, Client>>>,
    pub(super) begun: Beginning,
    changes: Changes,
    session: SessionId,
    address: Address,
    broken: Broken,
    asked_by: LastCaller,
}

/// Why there is none, and with which code the server refused it, if it did.
pub(super) struct Refused {
    pub(super) why: ToolError,
    pub(super) code: Option<i32>,
}

impl Connection {
    /// Begins a connection, in a span of its own.
    pub(super) async fn open(
        setup: &Setup,
        asking: Asking<'_>,
        begins: Beginning,
    ) -> Result<Self, Refused> {
        let (changes, session) = (Changes::default(), SessionId::default());
        let (address, with) = (setup.address.clone(), BegunWith::default());
        let asked_by = LastCaller::default();
        let request = Request::begin(asking, address.call(begins.method()));
        let (mut code, mut broken) = (None, Broken::default());
        let begun = request.within(async {
            let meta = meta(asking.context);
            let client = Client {
                changes: changes.counter(),
                meta: meta.clone(),
            };
            asked_by.note(asking.context.hooks(), &meta);
            let with = Arc::clone(&with);
            let begun = match &address {
                Address::Http(http) => {
                    let inner = http.transport(setup.limit, session.clone(), asked_by.clone())?;
                    let begun = Begun { inner, with, meta };
                    client.serve_with_lifecycle(begun, begins.lifecycle()).await
                }
                Address::Stdio(stdio) => {
                    let inner = stdio.start()?;
                    broken = inner.broken();
                    let begun = Begun { inner, with, meta };
                    client.serve_with_lifecycle(begun, begins.lifecycle()).await
                }
            };
            begun.map_err(|why| {
                code = why::refused(&why);
                match broken.get() {
                    Some(broken) => why::broke(&address.place(), broken),
                    None => why::not_connected(&address.place(), &why),
                }
            })
        });
        let begun = begun.await;
        let begun = begun.unwrap_or_else(|| Err(why::late(&address.place(), begins.method())));
        let mut call = address.call(begins.method());
        call.request_id = with.get().cloned();
        call.session_id = session.get();
        call.status_code = code.map(|code| Str::from(code.to_string()));
        call.protocol_version = begun.as_ref().ok().and_then(|it| version(it.peer()));
        request.end(call, begun.as_ref().err());
        let running = begun.map_err(|why| Refused { why, code })?;
        let peer = running.peer().clone();
        if begins == Beginning::Discover {
            changes.listen(peer.clone());
        }
        Ok(Self {
            peer,
            running: Mutex::new(Some(running)),
            begun: begins,
            changes,
            session,
            address,
            broken,
            asked_by,
        })
    }

    /// Asks for a page of the tools, in a span of its own.
    pub(super) async fn page(
        &self,
        page: PaginatedRequestParams,
        asking: Asking<'_>,
    ) -> Result<ServerResult, ToolError> {
        let request = Request::begin(asking, self.call(LIST, None));
        let (mut id, mut code) = (None, None);
        let answer = request.within(async {
            let asked = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(page));
            let options = self.options(asking.context);
            let answer = self.ask(asked, options, |it| id = Some(Str::from(it.to_string())));
            answer.await.map_err(|why| {
                code = why::code(&why);
                self.failed(&why)
            })
        });
        let answer = answer.await;
        let answer = answer.unwrap_or_else(|| Err(why::late(&self.address.place(), LIST)));
        let mut call = self.call(LIST, id);
        call.status_code = code.map(|code| Str::from(code.to_string()));
        request.end(call, answer.as_ref().err());
        answer
    }

    pub(super) fn works(&self) -> bool {
        !self.peer.is_transport_closed()
    }

    pub(super) async fn close(&self) {
        let running = self.running.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // What is not done by then is dropped, and with it killed.
            let _in_time = tokio::time::timeout(CLOSING, running.cancel()).await;
        }
    }

    /// How often the server said that its tools changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes.count()
    }

    /// What names the current span to the server, and, over HTTP, to those who trace requests.
    pub(super) fn options(&self, context: &ToolContext) -> PeerRequestOptions {
        let meta = meta(context);
        self.asked_by.note(context.hooks(), &meta);
        PeerRequestOptions::default().with_meta(meta)
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
        answered(handle).await
    }

    /// Why a request over it has no result.
    pub(super) fn failed(&self, why: &ServiceError) -> ToolError {
        match self.broken.get() {
            Some(broken) => why::broke(&self.address.place(), broken),
            None => why::failed(&self.address.place(), why),
        }
    }

    /// What a request over this connection says of itself.
    pub(super) fn call(&self, method: &'static str, request: Option<Str>) -> McpCall {
        McpCall {
            request_id: request,
            session_id: self.session.get(),
            protocol_version: version(&self.peer),
            ..self.address.call(method)
        }
    }
}

/// The version of the protocol that was agreed on.
fn version(peer: &Peer<RoleClient>) -> Option<Str> {
    let agreed = peer.peer_info()?;
    Some(Str::copied(agreed.protocol_version.as_str()))
}

impl Address {
    /// What a request says of itself before there is a connection.
    pub(super) fn call(&self, method: &'static str) -> McpCall {
        let (transport, network_protocol, server): (_, _, Option<Server>) = match self {
            Self::Http(http) => ("tcp", Some("http"), http.server()),
            Self::Stdio(_) => ("pipe", None, None),
        };
        McpCall {
            method: Str::Static(method),
            transport: Some(Str::Static(transport)),
            network_protocol: network_protocol.map(Str::Static),
            server,
            ..McpCall::default()
        }
    }
}

/// What the server may tell the client without being asked.
struct Client {
    changes: Counter,
    /// What names the span that begins the connection.
    meta: RequestMetaObject,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let this = Implementation::new("kaos-runner", env!("CARGO_PKG_VERSION"));
        let mut config = ClientConfig::new(ClientCapabilities::default(), this)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE);
        config.meta = Some(self.meta.clone()).filter(|meta| !meta.0.0.is_empty());
        config
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changes.once_more();
    }
}
