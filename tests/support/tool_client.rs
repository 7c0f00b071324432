//! A client of tool servers that writes its messages by hand.

use std::fmt::Write as _;
use std::net::SocketAddr;

use kaos_runner::mcp::server::ToolServer;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines,
    ReadHalf, WriteHalf, split,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One that speaks to a server over pipes, a message a line.
#[derive(Debug)]
pub struct OverPipes {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    to: WriteHalf<DuplexStream>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl OverPipes {
    /// Begins as the protocol has it.
    pub async fn begin(server: ToolServer) -> Self {
        Self::that_can(server, &json!({})).await
    }

    /// Begins, and says that it can do this.
    pub async fn that_can(server: ToolServer, capabilities: &Value) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (from, to) = split(theirs);
        let serving = tokio::spawn(server.serve_pipes(from, to));
        let (from, to) = split(ours);
        let lines = BufReader::new(from).lines();
        let mut client = Self { lines, to, serving };
        let mut begins = initialize();
        begins["params"]["capabilities"] = capabilities.clone();
        client.say(&begins).await;
        client.answer(0).await;
        client.say(&initialized()).await;
        client
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// If the server is gone.
    pub async fn say(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.to.write_all(line.as_bytes()).await.unwrap();
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// If the server is gone.
    pub async fn hear(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The next answer to the request with this id; what comes before it is left out.
    pub async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.hear().await;
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Calls a tool, with this id and `_meta`.
    pub async fn call(&mut self, id: u64, tool: &str, arguments: &Value, meta: &Value) -> Value {
        self.say(&call(id, tool, arguments, meta)).await;
        self.answer(id).await
    }

    /// Says nothing more, and waits until the server has ended.
    ///
    /// # Errors
    ///
    /// What the server ended with.
    ///
    /// # Panics
    ///
    /// If the server panicked.
    pub async fn end(self) -> std::io::Result<()> {
        let Self { lines, to, serving } = self;
        drop((lines, to));
        serving.await.unwrap()
    }
}

/// The message that begins.
pub fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "0" },
    } })
}

/// The one that says so.
pub fn initialized() -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
}

/// The message that calls a tool.
pub fn call(id: u64, tool: &str, arguments: &Value, meta: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments, "_meta": meta } })
}

/// A server that listens on loopback.
#[derive(Debug)]
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Listening {
    /// Lets it listen on a free port.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn start(server: ToolServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let never = tokio_stream::pending();
            let _ended = server.serve(listener, never).await;
        });
        Self { address, serving }
    }

    /// The protocol's URL.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Asks by hand, on a connection of its own.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        ask(self.address, method, path, headers, body).await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What came of a request over HTTP.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body as it came.
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The last message in it, plain or among server-sent events.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn message(&self) -> Value {
        let lines = self.body.lines();
        let mut data = lines.filter_map(|line| line.strip_prefix("data: "));
        let last = data.rfind(|data| !data.trim().is_empty());
        serde_json::from_str(last.unwrap_or(&self.body)).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Asks by hand, on a connection of its own. `Host` is the address unless a header says otherwise.
///
/// # Panics
///
/// If nobody answers with HTTP.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    let has = |name: &str| {
        headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    if !has("host") {
        write!(head, "host: {address}\r\n").unwrap();
    }
    if !body.is_empty() {
        write!(head, "content-length: {}\r\n", body.len()).unwrap();
        if !has("content-type") {
            head += "content-type: application/json\r\n";
        }
    }
    if !has("accept") {
        head += "accept: application/json, text/event-stream\r\n";
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let request = format!("{head}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let head = head.to_lowercase();
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    let chunked = head.contains("transfer-encoding: chunked");
    let body = if chunked {
        joined(body)
    } else {
        body.to_owned()
    };
    let status = status.unwrap_or_default();
    Answer { status, head, body }
}

/// A body without the sizes of its chunks.
fn joined(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole += rest.get(..size).unwrap_or(rest);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
