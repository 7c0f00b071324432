//! A model that answers by the tag in the question, as that of the recordings does, and a server of tools.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hyper::Response;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kaos_runner::testing::{Answer as Fake, ModelServer};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A request that the model was sent: its headers, and its body.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) traceparent: Option<String>,
    pub(super) body: Value,
}

/// The model. It goes with the runtime.
pub(super) struct Tagged {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Tagged {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let told = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = Arc::clone(&told);
                let service = service_fn(move |request| answer(request, Arc::clone(&told)));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    request: hyper::Request<hyper::body::Incoming>,
    told: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<String>, Infallible> {
    use hyper::body::Body as _;
    let (head, mut incoming) = request.into_parts();
    if head.method == "GET" {
        return Ok(json_of(200, &json!({ "object": "list", "data": [] })));
    }
    let mut body = Vec::new();
    while let Some(Ok(frame)) =
        std::future::poll_fn(|it| std::pin::Pin::new(&mut incoming).poll_frame(it)).await
    {
        body.extend(frame.into_data().unwrap_or_default());
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let traceparent = head.headers.get("traceparent");
    let traceparent = traceparent.map(|it| it.to_str().unwrap().to_owned());
    let path = head.uri.path().to_owned();
    told.lock().unwrap().push(Asked {
        path,
        traceparent,
        body: body.clone(),
    });
    let messages = body["messages"].as_array().unwrap();
    let tag = tag(messages);
    Ok(match tag.as_str() {
        "err500" => json_of(500, &json!({ "error": { "message": "model is down" } })),
        "badjson" => Response::new("<html>not json</html>".to_owned()),
        "empty" => json_of(200, &json!({ "id": "x", "choices": [] })),
        "hang" => std::future::pending().await,
        tag => json_of(200, &completion(&said(tag, messages))),
    })
}

fn json_of(status: u16, body: &Value) -> Response<String> {
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/json");
    response.body(body.to_string()).unwrap()
}

fn completion(message: &Value) -> Value {
    let reason = if message["tool_calls"].is_array() {
        "tool_calls"
    } else {
        "stop"
    };
    json!({
        "id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": "mock-model",
        "choices": [{ "index": 0, "message": message, "finish_reason": reason }],
        "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
    })
}

/// What stands in brackets in the last question.
fn tag(messages: &[Value]) -> String {
    let question = messages.iter().rev().find(|it| it["role"] == "user");
    let question = question.map_or_else(String::new, |it| it["content"].to_string());
    let inner = question
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    let tag = inner
        .map(|(tag, _)| tag)
        .filter(|tag| !tag.contains(['{', '"']));
    tag.unwrap_or("hello").to_owned()
}

fn said(tag: &str, messages: &[Value]) -> Value {
    let since = messages.iter().rev().take_while(|it| it["role"] != "user");
    let mut results: Vec<&str> = since
        .filter(|it| it["role"] == "tool")
        .map(|it| it["content"].as_str().unwrap_or_default())
        .collect();
    results.reverse();
    let call = |name: &str, arguments: Value| (name.to_owned(), arguments);
    let add = || call("add", json!({ "a": 2, "b": 3 }));
    let calls = match tag {
        "tool" => vec![add()],
        "two-tools" => vec![add(), call("echo", json!({ "msg": "hi" }))],
        "badtool" => vec![call("no_such_tool", json!({}))],
        "failtool" => vec![call("boom", json!({ "msg": "x" }))],
        "badargs" => vec![call("add", json!({ "a": "two" }))],
        "loop" => vec![call("add", json!({ "a": 1, "b": 1 }))],
        _ => Vec::new(),
    };
    if !calls.is_empty() && (results.is_empty() || tag == "loop") {
        let calls = calls.iter().enumerate().map(|(at, (name, arguments))| {
            let function = json!({ "name": name, "arguments": arguments.to_string() });
            json!({ "id": format!("call_{}_{at}", results.len()), "type": "function", "function": function })
        });
        let calls: Vec<Value> = calls.collect();
        return json!({ "role": "assistant", "content": null, "tool_calls": calls });
    }
    let text = match tag {
        _ if !results.is_empty() => format!("The tool said: {}", results.join(" | ")),
        "quote" => "It's a \"quoted\" line: None, {'a': None}\nsecond  line\n\n```py\nx = 1\n```"
            .to_owned(),
        "uni" => "Grüße 🙂 \\ tab\there".to_owned(),
        _ => "Hello from the mock model.".to_owned(),
    };
    json!({ "role": "assistant", "content": text })
}

/// The recorded server of tools.
#[derive(Debug, Clone)]
pub(super) struct Calc;

impl ServerHandler for Calc {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name: &'static str, what: &'static str, properties: Value| {
            let schema = json!({ "type": "object", "properties": properties });
            Tool::new(name, what, schema.as_object().cloned().unwrap())
        };
        let (whole, text) = (json!({ "type": "integer" }), json!({ "type": "string" }));
        let tools = vec![
            tool("add", "Add two numbers.", json!({ "a": whole, "b": whole })),
            tool("echo", "Echo a message.", json!({ "msg": text })),
            tool("boom", "Always fails.", json!({ "msg": text })),
        ];
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let (a, b) = (arguments["a"].as_i64(), arguments["b"].as_i64());
        let result = match (&*request.name, a.zip(b)) {
            ("add", Some((a, b))) => {
                CallToolResult::success(vec![ContentBlock::text((a + b).to_string())])
            }
            ("add", None) => CallToolResult::error(vec![ContentBlock::text(
                "2 validation errors for call[add]",
            )]),
            ("echo", _) => CallToolResult::success(vec![ContentBlock::text("hi")]),
            _ => CallToolResult::error(vec![ContentBlock::text(
                "Error calling tool 'boom': boom: x",
            )]),
        };
        Ok(result.into())
    }
}

/// A model that is not asked.
pub(super) async fn unasked() -> ModelServer {
    ModelServer::start(Vec::<Fake>::new()).await
}
