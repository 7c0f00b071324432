//! A tool behind a server.

use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{Str, ToolKind};
use rmcp::ServiceError;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, JsonObject, Tool};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::link::Link;
use super::request::{Asking, Sent};
use super::setup::Setup;
use super::why;
use crate::{ToolAnnotations, ToolContext, ToolError, ToolOutput, ToolSpec};

const METHOD: &str = "tools/call";

pub(super) struct McpTool {
    spec: ToolSpec,
    /// As the server calls it; the model may know another name.
    name: String,
    setup: Arc<Setup>,
    link: Arc<Link>,
}

impl McpTool {
    pub(super) fn new(raw: Tool, setup: &Arc<Setup>, link: &Arc<Link>) -> Self {
        let (setup, link) = (Arc::clone(setup), Arc::clone(link));
        let annotations = annotations(&raw);
        let name = raw.name.into_owned();
        let description = raw.description.unwrap_or_default().into_owned();
        let schema = Arc::unwrap_or_clone(raw.input_schema);
        let mut spec = ToolSpec::new(name.clone(), description, Value::Object(schema));
        spec.kind = ToolKind::Extension;
        spec.annotations = annotations;
        spec.time_limit = setup.call_limit;
        Self {
            spec,
            name,
            setup,
            link,
        }
    }

    /// Whether it is what the server describes like this.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.spec == other.spec
    }

    async fn connected(&self, context: &ToolContext) -> Result<Arc<Connection>, ToolError> {
        let limit = self.setup.limit;
        let until = Instant::now() + limit;
        let connection = self.link.connection(&self.setup, Asking { context, until });
        match timeout_at(until, connection).await {
            Ok(Err(why)) if why.kind() != "timeout" => Err(why),
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(_)) | Err(_) => {
                let place = self.setup.address.place();
                let text = format!("no connection to the server {place} within {limit:?}");
                Err(ToolError::of_kind("connection", text))
            }
        }
    }
}

/// Hints that the server does not give are those of the protocol, as ours are.
fn annotations(raw: &Tool) -> ToolAnnotations {
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
impl crate::Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: &str, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        context.through_mcp(self.setup.address.call(METHOD));
        let arguments: JsonObject = serde_json::from_str(arguments)
            .map_err(|why| ToolError::arguments(format!("the arguments are no object: {why}")))?;
        let connection = self.connected(context).await?;
        let mut params = CallToolRequestParams::new(self.name.clone());
        params.arguments = Some(arguments);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let options = connection.options(context);
        let mut sent = None;
        let answer = connection.ask(request, options, |id| {
            let call = connection.call(METHOD, Some(id.to_string().into()));
            sent = Some(Sent::now(context, call));
        });
        let answer = answer.await;
        if let Some(mut sent) = sent {
            // The session may have become another one meanwhile.
            sent.call = connection.call(METHOD, sent.call.request_id.take());
            let code = answer.as_ref().err().and_then(why::code);
            sent.call.status_code = code.map(|code| Str::from(code.to_string()));
        }
        match answer {
            Ok(answer) => super::result::tool_output(answer),
            Err(why) => {
                if !matches!(why, ServiceError::McpError(_)) {
                    self.link.lost(&connection).await;
                }
                Err(connection.failed(&why))
            }
        }
    }
}
