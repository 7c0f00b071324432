//! What a served tool costs: as a ratio to the same tool behind the protocol's library alone, over the same kind of
//! connection, with a session and without.
//!
//! `cargo bench -p kaos-tests --bench mcp`; `-- --json` prints one JSON object a line. With the addresses of two
//! servers in `KAOS_BENCH_OURS` and `KAOS_BENCH_THEIRS`, it compares their tool `add` instead (tests/peers/mcp-cost.sh).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use futures_util::stream;
use kaos_otel_hook::OTelHook;
use kaos_reference::interleaved::{Case, compare};
use kaos_runner::FunctionTool;
use kaos_runner::mcp::server::ToolServer;
use kaos_runner::server::{Bounds, Drain, listen};
use kaos_tests::keep_alive::KeepAlive;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

#[derive(Deserialize, schemars::JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}

/// The tool behind the library alone.
#[derive(Clone)]
struct Bare;

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let Add { a, b } = serde_json::from_value(arguments)
            .map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        let sum = (a + b).to_string();
        Ok(CallToolResult::success(vec![ContentBlock::text(sum)]).into())
    }
}

fn ours() -> ToolServer {
    let add = |it: Add| async move { Ok((it.a + it.b).to_string()) };
    ToolServer::new().tool(FunctionTool::new("add", "Adds.", add))
}

fn bare() -> Router {
    let config = StreamableHttpServerConfig::default().with_json_response(true);
    let service = StreamableHttpService::new(
        || Ok(Bare),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    Router::new().route_service("/mcp", service)
}

/// Serves these routes for as long as the process lives.
fn serve(runtime: &Runtime, routes: impl FnOnce() -> Router) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let at = listener.local_addr().expect("an address");
    let _within = runtime.enter();
    let routes = routes();
    runtime.spawn(async move {
        let (bounds, drain) = (Bounds::default(), Drain::default());
        listen(listener, routes, &bounds, &drain, stream::pending()).await
    });
    at
}

fn post(at: SocketAddr, headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// A client of the tool `add` of this server: asks for a sum.
fn client(at: SocketAddr, has_session: bool) -> impl Fn() {
    let connection = KeepAlive::to(at);
    let call = |meta: Value| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "add", "arguments": { "a": 2, "b": 40 }, "_meta": meta } })
    };
    let request = if has_session {
        let begin = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "bench", "version": "0" } } });
        let answer = connection.ask(&post(at, "", &begin));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let id = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("mcp-session-id").then_some(value)
        });
        let headers = format!("Mcp-Session-Id: {}\r\n", id.expect("a session"));
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        connection.ask(&post(at, &headers, &ready));
        post(at, &headers, &call(json!({})))
    } else {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "0" } });
        let headers =
            "Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: add\r\n";
        post(at, headers, &call(meta))
    };
    move || {
        let answer = connection.ask(&request);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(r#""text":"42""#), "{answer}");
    }
}

fn named(variable: &str) -> Option<SocketAddr> {
    let at = std::env::var(variable).ok()?;
    Some(at.parse().expect("an address and a port"))
}

fn main() {
    if let (Some(ours), Some(theirs)) = (named("KAOS_BENCH_OURS"), named("KAOS_BENCH_THEIRS")) {
        let mut cases = [
            Case::new("Python tool, FastMCP", client(theirs, true)),
            Case::new("Python tool, kaos mcp serve", client(ours, true)),
        ];
        return compare(&mut cases, 20, 51);
    }
    let served = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let provider = SdkTracerProvider::builder().build();
    let observed = || ours().hooks(OTelHook::with_provider(&provider)).router();
    let bare = serve(&served, bare);
    let plain = serve(&served, || ours().router());
    let observed = serve(&served, observed);
    let mut cases = [
        Case::new("session: bare rmcp", client(bare, true)),
        Case::new("session: ours", client(plain, true)),
        Case::new("session: ours, observed", client(observed, true)),
    ];
    compare(&mut cases, 50, 101);
    let mut cases = [
        Case::new("stateless: bare rmcp", client(bare, false)),
        Case::new("stateless: ours", client(plain, false)),
        Case::new("stateless: ours, observed", client(observed, false)),
    ];
    compare(&mut cases, 50, 101);
}
