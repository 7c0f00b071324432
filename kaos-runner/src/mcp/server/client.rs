//! The client of a call, for the tool: what it is told, and what it may be asked.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::request::Parts;
use kaos_hooks::{McpCall, Str};
use rmcp::model::{
    ClientCapabilities, CustomNotification, CustomRequest, ErrorCode, ErrorData, ProtocolVersion,
    ServerNotification, ServerRequest,
};
use rmcp::service::{Peer, PeerRequestOptions, RequestContext};
use rmcp::{RoleServer, ServiceError};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tracing::Level;

use crate::mcp::answered::answered;
use crate::mcp::request::{Asking, Request, meta};
use crate::tool::{ClientSide, Question};
use crate::{ToolContext, ToolError};

/// What names a client's session.
pub(super) const SESSION: &str = "mcp-session-id";

/// How long an answer waits for progress, and a tool for a line to be sent, that a client does not take.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// The kind of error of a tool that needs what its client has not.
pub(super) const MISSING: &str = "missing_capability";

/// No limit: a tool's own time ends its questions, too.
const NEVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// The least level that is told, unless a session's client chooses.
pub(super) const USUAL: usize = 1;

/// The protocol's levels, the least first.
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

pub(super) struct Client {
    peer: Peer<RoleServer>,
    logger: Str,
    /// The least level that it wants to hear of.
    least: Option<usize>,
    /// Whether it said that it can ask its model, and whoever sits before it.
    can: (bool, bool),
    /// It speaks a version without sessions.
    is_latest: bool,
    /// It has a session, or a pipe, on which it can be asked.
    hears: bool,
    call: McpCall,
    /// What a tool has asked for that it cannot.
    missing: OnceLock<Question>,
}

/// How the client speaks, of a request in either direction.
pub(super) fn way(context: &RequestContext<RoleServer>, transport: &'static str) -> McpCall {
    let parts: Option<&Parts> = context.extensions.get();
    let session = parts.and_then(|parts| parts.headers.get(SESSION)?.to_str().ok());
    let version = context.protocol_version();
    McpCall {
        session_id: session.map(Str::copied),
        protocol_version: version.map(|version| Str::copied(version.as_str())),
        transport: Some(Str::Static(transport)),
        network_protocol: parts.map(|_http| Str::Static("http")),
        ..McpCall::default()
    }
}

/// The place of a level, as a request names it.
pub(super) fn level_of(named: &impl serde::Serialize) -> Option<usize> {
    let named = serde_json::to_value(named).ok()?;
    LEVELS.iter().position(|level| named == **level)
}

impl Client {
    /// `chosen` is the level that a session's client has chosen.
    pub(super) fn of(
        context: &RequestContext<RoleServer>,
        logger: &Str,
        transport: &'static str,
        chosen: usize,
    ) -> Self {
        let parts: Option<&Parts> = context.extensions.get();
        let version = context.protocol_version();
        let is_latest = version.as_ref() >= Some(&ProtocolVersion::V_2026_07_28);
        let session = parts.is_none_or(|parts| parts.headers.contains_key(SESSION));
        let can = |of: &ClientCapabilities| (of.sampling.is_some(), of.elicitation.is_some());
        let can = if is_latest {
            context.meta.client_capabilities().as_ref().map(can)
        } else {
            context.peer.peer_info().map(|it| can(&it.capabilities))
        }
        .unwrap_or_default();
        let asked_for = context.meta.log_level().as_ref().and_then(level_of);
        Self {
            peer: context.peer.clone(),
            logger: logger.clone(),
            least: if is_latest { asked_for } else { Some(chosen) },
            can,
            is_latest,
            hears: session && !is_latest,
            call: way(context, transport),
            missing: OnceLock::new(),
        }
    }

    /// What a client is told of a tool that it cannot have called so, in versions that have words for that.
    pub(super) fn lacks(&self) -> Option<ErrorData> {
        let missing = self.missing.get().filter(|_| self.is_latest)?;
        let why = format!("the tool needs what the client cannot: {}", missing.name());
        let required = json!({ "requiredCapabilities": { missing.name(): {} } });
        let code = ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY;
        Some(ErrorData::new(code, why, Some(required)))
    }
}

impl Question {
    /// The capability of clients that can be asked it.
    fn name(self) -> &'static str {
        match self {
            Self::Sampling => "sampling",
            Self::Elicitation => "elicitation",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Sampling => "sampling/createMessage",
            Self::Elicitation => "elicitation/create",
        }
    }
}

#[async_trait]
impl ClientSide for Client {
    async fn log(&self, level: Level, text: Str) {
        let rank = match level {
            Level::ERROR => 4,
            Level::WARN => 3,
            Level::INFO => 1,
            _ => 0,
        };
        if self.least.is_none_or(|least| rank < least) {
            return;
        }
        let (level, logger) = (LEVELS.get(rank), self.logger.as_str());
        let line = json!({ "level": level, "logger": logger, "data": text.as_str() });
        let line = CustomNotification::new("notifications/message", Some(line));
        let line = ServerNotification::CustomNotification(line);
        // Who is gone hears nothing, and who does not read holds up no tool.
        let _gone = timeout(PATIENCE, self.peer.send_notification(line)).await;
    }

    async fn ask(
        &self,
        question: Question,
        mut params: Value,
        context: &ToolContext,
    ) -> Result<Value, ToolError> {
        let name = question.name();
        let can = match question {
            Question::Sampling => self.can.0,
            Question::Elicitation => self.can.1,
        };
        if !can {
            self.missing.get_or_init(|| question);
            let why = format!("the client has not said that it can do this: {name}");
            return Err(ToolError::of_kind(MISSING, why));
        }
        if !self.hears {
            let why = "a client without a session cannot be asked while a tool works";
            return Err(ToolError::of_kind("no_session", why));
        }
        let mut call = self.call.clone();
        call.method = Str::Static(question.method());
        let until = Instant::now() + NEVER;
        let request = Request::begin(Asking { context, until }, call.clone());
        let mut id = None;
        let answer = request.within(async {
            if let Some(params) = params.as_object_mut() {
                params.insert("_meta".to_owned(), json!(meta(context)));
            }
            let asked = CustomRequest::new(question.method(), Some(params));
            let asked = ServerRequest::CustomRequest(asked);
            let options = PeerRequestOptions::no_options();
            let sent = self.peer.send_cancellable_request(asked, options).await;
            let sent = sent.map_err(|_gone| gone())?;
            id = Some(Str::from(sent.id.to_string()));
            match answered(sent).await {
                Ok(answer) => serde_json::to_value(answer).map_err(|_content| gone()),
                // Its code is no label: a client may make up as many as it likes.
                Err(ServiceError::McpError(error)) => Err(ToolError::of_kind(
                    "client_error",
                    error.message.to_string(),
                )),
                Err(_) => Err(gone()),
            }
        });
        let answer = answer.await.unwrap_or_else(|| Err(gone()));
        call.request_id = id;
        request.end(call, answer.as_ref().err());
        answer
    }
}

fn gone() -> ToolError {
    ToolError::of_kind("connection", "the client is gone")
}
