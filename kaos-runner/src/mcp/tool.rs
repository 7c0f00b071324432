//! A tool behind a server.

use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{Str, ToolKind};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CancelledNotificationParam, ClientRequest, JsonObject,
    RequestId, RequestMetaObject, ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions};
use rmcp::{RoleClient, ServiceError};
use serde_json::Value;

use super::Setup;
use super::connection::{Connection, Link, failed};
use crate::{Tool, ToolAnnotations, ToolContext, ToolError, ToolOutput, ToolSpec};

pub(super) struct McpTool {
    spec: ToolSpec,
    raw: rmcp::model::Tool,
    setup: Arc<Setup>,
    link: Arc<Link>,
}

impl McpTool {
    pub(super) fn new(raw: rmcp::model::Tool, setup: &Arc<Setup>, link: &Arc<Link>) -> Self {
        let description = raw.description.as_deref().unwrap_or_default().to_owned();
        let mut spec = ToolSpec::new(
            raw.name.to_string(),
            description,
            raw.schema_as_json_value(),
        );
        spec.kind = ToolKind::Extension;
        spec.annotations = annotations(&raw);
        let (setup, link) = (Arc::clone(setup), Arc::clone(link));
        Self {
            spec,
            raw,
            setup,
            link,
        }
    }

    /// Whether it is the tool that the server describes like this.
    pub(super) fn is(&self, raw: &rmcp::model::Tool) -> bool {
        self.raw == *raw
    }

    async fn connected(&self) -> Result<Arc<Connection>, ToolError> {
        let limit = self.setup.limit;
        let connected = tokio::time::timeout(limit, self.link.connection(&self.setup)).await;
        connected.unwrap_or_else(|_elapsed| {
            let text = format!("no connection to the server within {limit:?}");
            Err(ToolError::of_kind("connection", text))
        })
    }
}

/// Hints that the server does not give are those of the protocol, as ours are.
fn annotations(raw: &rmcp::model::Tool) -> ToolAnnotations {
    let (unless, given) = (ToolAnnotations::default(), raw.annotations.as_ref());
    let read_only = given.and_then(|it| it.read_only_hint);
    let destructive = given.and_then(|it| it.destructive_hint);
    let idempotent = given.and_then(|it| it.idempotent_hint);
    ToolAnnotations {
        read_only: read_only.unwrap_or(unless.read_only),
        destructive: destructive.unwrap_or(unless.destructive),
        idempotent: idempotent.unwrap_or(unless.idempotent),
    }
}

#[async_trait]
impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: &str, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        context.through_mcp(self.setup.address.call());
        let arguments: JsonObject = serde_json::from_str(arguments)
            .map_err(|why| ToolError::arguments(format!("the arguments are no object: {why}")))?;
        let connection = self.connected().await?;
        let mut params = CallToolRequestParams::new(self.raw.name.clone());
        params.arguments = Some(arguments);
        let mut meta = RequestMetaObject::new();
        context.hooks().inject(|name, value| {
            meta.0.0.insert(name.to_owned(), Value::from(value));
        });
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let options = PeerRequestOptions::default().with_meta(meta);
        let sent = connection.peer().send_cancellable_request(request, options);
        let answer = match sent.await {
            Ok(handle) => {
                let id = handle.id.clone();
                context.through_mcp(connection.call(Some(Str::from(id.to_string()))));
                let mut asked = Asked::new(connection.peer(), id.clone());
                let answer = handle.await_response().await;
                asked.answered();
                // The session may have become another one meanwhile.
                let mut said = connection.call(Some(Str::from(id.to_string())));
                said.status_code = status(&answer);
                context.through_mcp(said);
                answer
            }
            Err(why) => Err(why),
        };
        match answer {
            Ok(ServerResult::CallToolResult(result)) => super::result::told(result),
            Ok(_other) => {
                let text = "the server answered with something else than a result";
                Err(ToolError::of_kind("bad_response", text))
            }
            Err(why) => {
                if !matches!(why, ServiceError::McpError(_)) {
                    self.link.lost(&connection).await;
                }
                Err(failed(&why))
            }
        }
    }
}

/// The code of an error that the server gave.
fn status(answer: &Result<ServerResult, ServiceError>) -> Option<Str> {
    match answer {
        Err(ServiceError::McpError(error)) => Some(Str::from(error.code.0.to_string())),
        _ => None,
    }
}

/// A request that waits for its answer: the server is told when nobody waits any more.
struct Asked<'a> {
    peer: &'a Peer<RoleClient>,
    id: Option<RequestId>,
}

impl<'a> Asked<'a> {
    fn new(peer: &'a Peer<RoleClient>, id: RequestId) -> Self {
        Self { peer, id: Some(id) }
    }

    fn answered(&mut self) {
        self.id = None;
    }
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
