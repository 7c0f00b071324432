//! What a server says about itself.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::app::App;
use super::card::tools;
use super::error::ApiError;
use super::json::Json;

/// The longest JSON-RPC request that is looked at.
const MAX_CALL: usize = 64 * 1024;

pub(super) async fn health(State(app): State<Arc<App>>) -> Json {
    let name = app.runner.agent().name();
    Json(json!({ "status": "healthy", "name": name, "timestamp": app.now() }))
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    app.ready.look();
    let (well, checks) = app.ready.report();
    let (code, status) = if !app.drain.is_serving() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if well {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let name = app.runner.agent().name();
    let body = json!({ "status": status, "name": name, "timestamp": app.now(), "checks": checks });
    (code, Json(body)).into_response()
}

pub(super) async fn first_card(State(app): State<Arc<App>>, headers: HeaderMap) -> Json {
    Json(app.card.first(app.runner.agent(), &headers).await)
}

pub(super) async fn second_card(State(app): State<Arc<App>>, headers: HeaderMap) -> Json {
    Json(app.card.second(app.runner.agent(), &headers).await)
}

pub(super) async fn list_tools(State(app): State<Arc<App>>) -> Json {
    let (mut listed, missing) = tools(app.runner.agent()).await;
    listed.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let tool = |(tool, _): &(crate::ToolSpec, bool)| {
        json!({
            "name": tool.name,
            "description": tool.description,
            "parameters_json_schema": tool.schema,
        })
    };
    let tools: Vec<Value> = listed.iter().map(tool).collect();
    let missing: Vec<&str> = missing.iter().map(kaos_hooks::Str::as_str).collect();
    Json(json!({ "agent": app.runner.agent().name(), "tools": tools, "degraded": missing }))
}

pub(super) async fn models(State(app): State<Arc<App>>) -> Json {
    let name = app.runner.agent().name();
    let agent = json!({ "id": name, "object": "model", "created": app.since, "owned_by": "kaos" });
    Json(json!({ "object": "list", "data": [agent] }))
}

/// `POST /`: A2A's place. It is not spoken; who asks is told so in its own protocol.
pub(super) async fn json_rpc(request: Request) -> Json {
    let body = to_bytes(request.into_body(), MAX_CALL).await;
    Json(no_such_call(&body.unwrap_or_default()))
}

fn no_such_call(body: &Bytes) -> Value {
    let (id, code, message) = match serde_json::from_slice::<Value>(body) {
        Err(_) => (
            Value::Null,
            -32700,
            "the body is not one whole JSON text of at most 64 KiB",
        ),
        Ok(Value::Object(call)) if call.get("method").is_some_and(Value::is_string) => {
            let id = call.get("id").filter(|id| id.is_string() || id.is_number());
            let words = "this agent speaks no A2A: ask it by POST /v1/chat/completions";
            (id.cloned().unwrap_or_default(), -32601, words)
        }
        Ok(_) => (Value::Null, -32600, "the body is not one JSON-RPC request"),
    };
    let error = json!({ "code": code, "message": message, "data": null });
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

pub(super) async fn no_such_path() -> ApiError {
    ApiError::no_such_path()
}

pub(super) async fn wrong_method() -> ApiError {
    ApiError::wrong_method()
}
