//! What is asked, and who answers.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::call::Calls;
use super::provider::Provider;
use super::response::{json_of, refused};
use super::scripted::Script;
use super::{answer, forward};

pub(super) struct Shared {
    pub(super) providers: Vec<Provider>,
    pub(super) script: Option<Script>,
    pub(super) calls: Calls,
}

/// Bytes of a request.
const BODY: usize = 10 * 1024 * 1024;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let alive = || async { json_of(StatusCode::OK, &json!("I'm alive!")) };
    let ready = || async { json_of(StatusCode::OK, &json!({"status": "connected"})) };
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/models", get(models))
        // As LiteLLM spells it, and as it is spelled.
        .route("/health/liveliness", get(alive))
        .route("/health/liveness", get(alive))
        .route("/health/readiness", get(ready))
        .route("/health", get(ready))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(shared)
}

/// Names that are no patterns.
async fn models(State(shared): State<Arc<Shared>>) -> Response {
    let names = shared.providers.iter().map(|it| &it.route.name);
    let names = names.filter(|it| !it.contains('*'));
    let all: Vec<Value> = names
        .map(|it| json!({"id": it, "object": "model", "created": 0, "owned_by": "kaos"}))
        .collect();
    json_of(StatusCode::OK, &json!({"object": "list", "data": all}))
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(Value::Object(mut request)) = serde_json::from_slice(&body) else {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "the body is no JSON object",
        );
    };
    let Some(asked) = request
        .get("model")
        .and_then(Value::as_str)
        .map(str::to_owned)
    else {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_value",
            "model: expected the name of a model",
        );
    };
    let found = shared
        .providers
        .iter()
        .find_map(|it| Some((it, it.model(&asked)?)));
    let Some((provider, model)) = found else {
        let names: Vec<&str> = shared
            .providers
            .iter()
            .map(|it| it.route.name.as_str())
            .collect();
        let message = format!(
            "there is no such model here; there are {}",
            names.join(", ")
        );
        return refused(StatusCode::NOT_FOUND, "model_not_found", &message);
    };
    let streams = request
        .get("stream")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if let Some(script) = &shared.script {
        let call = shared.calls.begin(&headers, "mock", &asked, streams);
        let messages = request.get("messages").and_then(Value::as_array);
        let reply = script.reply(&asked, messages.map_or(&[] as &[_], |it| it));
        let Some(reply) = reply else {
            call.fail("404");
            let message = "the script has no replies of this model";
            return refused(StatusCode::NOT_FOUND, "model_not_found", message);
        };
        return answer::scripted(call, &asked, &reply, streams);
    }
    let call = shared
        .calls
        .begin(&headers, &provider.name, &model, streams);
    request.insert("model".to_owned(), model.into());
    forward::forwarded(provider, call, &Value::Object(request)).await
}
