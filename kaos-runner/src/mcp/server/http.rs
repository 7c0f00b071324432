//! The server behind HTTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_stream::Stream;

use super::ToolServer;
use super::client::SESSION;
use super::handler::Handler;
use crate::server::{Drained, Upload, listen};

/// How long a session may say nothing, beside the time of its calls.
const SESSION_IDLE: Duration = Duration::from_secs(5 * 60);

/// How long calls that are cancelled may take to be answered, and their answers to be on their way: less than
/// connections have left.
const ANSWERS: Duration = Duration::from_millis(500);
const SENDING: Duration = Duration::from_millis(100);

/// What all routes share.
struct App {
    server: ToolServer,
    /// For the bytes of all bodies.
    room: Arc<Semaphore>,
    sessions: Arc<LocalSessionManager>,
    mcp: StreamableHttpService<Handler, LocalSessionManager>,
}

impl ToolServer {
    /// The routes, guarded by [`Access`](crate::server::Access): a service that any axum application
    /// nests. Its connections, and when it ends, are the application's; calls that it should let end or
    /// cancel are with the [`Drain`](crate::server::Drain).
    pub fn router(self) -> Router {
        let access = self.access.clone();
        let app = Arc::new(App::new(self));
        let guarded = Router::new()
            .route("/mcp", any(mcp))
            .with_state(Arc::clone(&app));
        let routes = Router::new()
            .route("/health", get(health))
            .route("/ready", get(ready))
            .with_state(app)
            .merge(access.guard_tokens(guarded));
        access.guard(routes)
    }

    /// Serves until `stop` says so, the first time: then new calls are answered with an error, those
    /// under way may end in the time of the [`Drain`](crate::server::Drain), what is left is cancelled, and
    /// the hooks are flushed. The second time, what runs is cancelled at once.
    ///
    /// # Errors
    ///
    /// The listener does not work.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it ends all connections. Calls of sessions end when the session's time is over.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        stop: impl Stream<Item = ()>,
    ) -> io::Result<Drained> {
        self.access = self.access.at(listener.local_addr()?);
        let (bounds, drain, hooks) = (self.bounds.clone(), self.drain.clone(), self.hooks.clone());
        let drained = listen(listener, self.router(), &bounds, &drain, stop).await?;
        if let Err(error) = hooks.force_flush().await {
            tracing::warn!(%error, "hooks could not hand on what they had");
        }
        Ok(drained)
    }
}

impl App {
    fn new(server: ToolServer) -> Self {
        let mut config = StreamableHttpServerConfig::default()
            // `Access` guards all routes.
            .disable_allowed_hosts()
            .with_max_request_body_bytes(server.bounds.body)
            .with_sse_keep_alive(Some(server.bounds.keep_alive))
            .with_legacy_session_mode(server.max_sessions > 0)
            .with_json_response(true);
        config.stateless_protocol_metadata_required = false;
        let (ends, drain) = (config.cancellation_token.clone(), server.drain.clone());
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(SESSION_IDLE + server.limits.tool);
        let sessions = Arc::new(sessions);
        let handlers = server.clone();
        let handler = move || Ok(Handler::new(handlers.clone(), "tcp"));
        let mcp = StreamableHttpService::new(handler, Arc::clone(&sessions), config);
        // Sessions live in tasks of their own, and end with the server.
        let permits = Arc::clone(&server.permits);
        let all = u32::try_from(server.bounds.requests).unwrap_or(u32::MAX);
        tokio::spawn(async move {
            drain.cancelled().await;
            // What was cancelled is answered first.
            let _in_time = timeout(ANSWERS, permits.acquire_many(all)).await.is_ok();
            tokio::time::sleep(SENDING).await;
            ends.cancel();
        });
        Self {
            room: server.bounds.room(),
            server,
            sessions,
            mcp,
        }
    }

    /// In seconds since 1970.
    fn now(&self) -> u64 {
        let clock = self.server.hooks.emitter().clock();
        clock.unix_nanos() / 1_000_000_000
    }

    /// Whether it begins a session for which there is no room.
    async fn is_one_too_many(&self, parts: &Parts) -> bool {
        parts.method == Method::POST
            && self.server.max_sessions > 0
            && !parts.headers.contains_key(SESSION)
            && !is_without_sessions(&parts.headers)
            && self.sessions.sessions.read().await.len() >= self.server.max_sessions
    }
}

/// From this version on the protocol has none.
fn is_without_sessions(headers: &HeaderMap) -> bool {
    let version = headers.get("mcp-protocol-version");
    version.is_some_and(|version| version.as_bytes() >= b"2026-07-28".as_slice())
}

async fn mcp(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if app.server.max_sessions == 0 || is_without_sessions(&parts.headers) {
        // Nobody gave it out.
        parts.headers.remove(SESSION);
    }
    if app.is_one_too_many(&parts).await {
        let why = "there are too many sessions; end some, or try again later";
        return refused(StatusCode::SERVICE_UNAVAILABLE, why);
    }
    let request = if parts.method == Method::POST {
        let bounds = &app.server.bounds;
        let mut upload = Upload::new(bounds, &parts.headers, body);
        match upload.receive(&app.room).await {
            Ok(body) => {
                parts.extensions.insert(body.room.map(Arc::new));
                Request::from_parts(parts, Body::from(body.bytes))
            }
            Err(refused) => {
                upload.pass_over().await;
                return refused.into_response();
            }
        }
    } else {
        Request::from_parts(parts, body)
    };
    app.mcp.handle(request).await.map(Body::new)
}

async fn health(State(app): State<Arc<App>>) -> Response {
    let tools = app.server.tools.names().len();
    let body = json!({ "status": "healthy", "tools": tools, "timestamp": app.now() });
    answer(StatusCode::OK, &body)
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let server = &app.server;
    let (code, status) = if server.drain.is_serving() {
        if (server.ready)() {
            (StatusCode::OK, "ready")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
        }
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    };
    let tools = server.tools.names();
    let body = json!({ "status": status, "tools": tools, "timestamp": app.now() });
    answer(code, &body)
}

fn refused(code: StatusCode, why: &str) -> Response {
    let error = json!({ "code": -32000, "message": why });
    answer(
        code,
        &json!({ "jsonrpc": "2.0", "id": null, "error": error }),
    )
}

fn answer(code: StatusCode, body: &Value) -> Response {
    (code, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
