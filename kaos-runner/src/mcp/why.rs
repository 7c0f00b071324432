//! What went wrong with a server, in words of our own: the libraries' may hold its URL, with the key
//! in it, or what it sent. Why there is no connection holds nothing of either, so it may be logged.

use std::error::Error;

use rmcp::ServiceError;
use rmcp::service::ClientInitializeError;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, InsufficientScopeError, StreamableHttpError,
};

use crate::ToolError;

/// The most characters of somebody else's words.
const MAX_LEN: usize = 300;

/// Why there is no connection to the server at this place.
pub(super) fn not_connected(place: &str, why: &ClientInitializeError) -> ToolError {
    let detail = detail(why);
    let asks = why.is_authorization_required();
    let asks = asks
        || ["HTTP 401", "HTTP 403"]
            .iter()
            .any(|it| detail.starts_with(it));
    let kind = if asks { "auth" } else { "connection" };
    ToolError::of_kind(
        kind,
        format!("no connection to the server {place}: {detail}"),
    )
}

fn detail(why: &ClientInitializeError) -> String {
    match why {
        ClientInitializeError::TransportError { error, .. } => root(error.error.as_ref()),
        ClientInitializeError::ConnectionClosed(_) => "it closed the connection".to_owned(),
        ClientInitializeError::JsonRpcError(error) => {
            format!("it refused with the code {}", error.code.0)
        }
        ClientInitializeError::NoCompatibleProtocolVersion { .. } => {
            "it speaks no version of the protocol that is known here".to_owned()
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => detail(fallback),
        _ => "it does not answer as the protocol has it".to_owned(),
    }
}

/// The code that a server refused the connection with.
pub(super) fn refused(why: &ClientInitializeError) -> Option<i32> {
    match why {
        ClientInitializeError::JsonRpcError(error) => Some(error.code.0),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => refused(fallback),
        _ => None,
    }
}

/// The code of an error that the server gave.
pub(super) fn code(why: &ServiceError) -> Option<i32> {
    match why {
        ServiceError::McpError(error) => Some(error.code.0),
        _ => None,
    }
}

/// The server at this place took too long for a request of this method.
pub(super) fn late(place: &str, method: &str) -> ToolError {
    let text = format!("the server {place} did not answer `{method}` in time");
    ToolError::of_kind("timeout", text)
}

/// The connection to the server at this place broke.
pub(super) fn broke(place: &str, what: &str) -> ToolError {
    let text = format!("the connection to the server {place} broke: {what}");
    ToolError::of_kind("connection", text)
}

/// Why a request to the server at this place has no result.
pub(super) fn failed(place: &str, why: &ServiceError) -> ToolError {
    let broke = |what: String| broke(place, &what);
    match why {
        // `error.type` is the code, as the conventions for MCP have it.
        ServiceError::McpError(error) => {
            ToolError::of_kind(error.code.0.to_string(), error.message.to_string())
        }
        ServiceError::TransportSend(error) => broke(root(error.error.as_ref())),
        ServiceError::TransportClosed => broke("it was closed".to_owned()),
        ServiceError::Cancelled { .. } => broke("the request was cancelled".to_owned()),
        ServiceError::Timeout { .. } => ToolError::of_kind("timeout", why.to_string()),
        other => ToolError::of_kind("bad_response", cut(&other.to_string())),
    }
}

/// The innermost reason: errors around it repeat it, with more of what they were given.
fn root(error: &(dyn Error + 'static)) -> String {
    let mut reason = error;
    loop {
        let client = match reason.downcast_ref() {
            Some(StreamableHttpError::<reqwest::Error>::Client(inner)) => Some(inner as _),
            _ => None,
        };
        let Some(inner) = client.or_else(|| reason.source()) else {
            break;
        };
        reason = inner;
    }
    // What they hold is the server's.
    if reason.is::<AuthRequiredError>() || reason.is::<InsufficientScopeError>() {
        return "it asks for authentication".to_owned();
    }
    cut(&reason.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_LEN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
