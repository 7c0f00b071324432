//! A real MCP server, over HTTP on loopback or on standard input and output.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// What the server does: each of its tools is a way to answer.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Told when the tool `hang` was called.
    pub hung: Arc<Notify>,
    /// Told when the tool `hang` was cancelled by the client.
    pub cancelled: Arc<Notify>,
    /// How often the tools were listed.
    pub listed: Arc<AtomicUsize>,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.listed.fetch_add(1, Ordering::SeqCst);
        let text = json!({
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "required": ["text"],
        });
        let anything = json!({ "type": "object" });
        let tool = |name: &'static str, schema: &Value| {
            let schema = schema.as_object().cloned().unwrap_or_default();
            Tool::new(name, format!("The tool {name}."), schema)
        };
        let hints = ToolAnnotations::new().read_only(true).idempotent(true);
        Ok(ListToolsResult::with_all_items(vec![
            tool("echo", &text).with_annotations(hints),
            tool("meta", &anything),
            tool("parts", &anything),
            tool("fail", &anything),
            tool("refuse", &anything),
            tool("hang", &anything),
            tool("die", &anything),
        ]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let result = match &*request.name {
            "echo" => {
                let text = arguments.get("text").and_then(Value::as_str);
                CallToolResult::success(vec![ContentBlock::text(text.unwrap_or_default())])
            }
            "meta" => CallToolResult::structured(json!(context.meta)),
            "parts" => CallToolResult::success(vec![
                ContentBlock::text("one"),
                ContentBlock::image("AAAA", "image/png"),
                ContentBlock::text("two"),
            ]),
            "fail" => CallToolResult::error(vec![ContentBlock::text("the disk is full")]),
            "hang" => {
                self.hung.notify_one();
                context.ct.cancelled().await;
                self.cancelled.notify_one();
                return Err(ErrorData::internal_error("cancelled", None));
            }
            "die" => std::process::abort(),
            _ => return Err(ErrorData::invalid_params("not like this", None)),
        };
        Ok(result.into())
    }
}

/// The server on loopback; it and its connections end when this is dropped.
#[derive(Debug)]
pub struct OverHttp {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl OverHttp {
    /// Starts it on a free port.
    pub async fn start(server: impl ServerHandler + Clone) -> Self {
        Self::listen(server, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts it where another one was, as soon as that let go of the port.
    ///
    /// # Panics
    ///
    /// If the system does not say where it listens.
    pub async fn listen(server: impl ServerHandler + Clone, address: SocketAddr) -> Self {
        let listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(_taken) => tokio::task::yield_now().await,
            }
        };
        let address = listener.local_addr().unwrap();
        let service = StreamableHttpService::new(
            move || Ok(server.clone()),
            Arc::new(LocalSessionManager::default()),
            StreamableHttpServerConfig::default(),
        );
        let accepting = tokio::spawn(async move {
            // With this task its connections end.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn(async move {
                    let answer = service_fn(move |request| {
                        let service = service.clone();
                        async move { Ok::<_, Infallible>(service.handle(request).await) }
                    });
                    let done = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer);
                    drop(done.await);
                });
            }
        });
        let accepting = accepting.abort_handle();
        Self { address, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

impl Drop for OverHttp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
