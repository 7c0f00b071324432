//! An OpenAI-compatible endpoint on loopback that answers as it is told, byte for byte.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// What the endpoint does for one request.
#[derive(Debug, Clone)]
pub struct Answer(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Bytes(Vec<u8>),
    Until(Arc<Notify>),
    Forever(Vec<u8>),
    Hang,
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    head: String,
    /// The body.
    pub body: Value,
}

impl Request {
    /// The first line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Answer {
    /// A response with this status line and these headers and this body.
    pub fn new(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len().to_string();
        let mut headers = headers.to_vec();
        headers.push(("content-length", &length));
        Self::head(status, &headers).then(body)
    }

    /// 200 with this JSON.
    pub fn json(body: &Value) -> Self {
        let json = [("content-type", "application/json")];
        Self::new("200 OK", &json, body.to_string())
    }

    /// An error with this JSON.
    pub fn error(status: &str, body: &Value) -> Self {
        let json = [("content-type", "application/json")];
        Self::new(status, &json, body.to_string())
    }

    /// 200 with an event stream: each of these is a chunk of HTTP's chunked encoding, so that the
    /// client gets it by itself. Ends whole.
    pub fn stream<C: AsRef<[u8]>>(chunks: impl IntoIterator<Item = C>) -> Self {
        Self::stream_head().chunks(chunks).end()
    }

    /// The head of an event stream.
    pub fn stream_head() -> Self {
        let headers = [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("transfer-encoding", "chunked"),
        ];
        Self::head("200 OK", &headers)
    }

    /// The head of a response.
    pub fn head(status: &str, headers: &[(&str, &str)]) -> Self {
        let first = format!("HTTP/1.1 {status}");
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        let lines: Vec<String> = std::iter::once(first).chain(headers).collect();
        let head = lines.join("\r\n") + "\r\n\r\n";
        Self(vec![Part::Bytes(head.into_bytes())])
    }

    /// Nothing at all.
    pub fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Then these bytes.
    #[must_use]
    pub fn then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push(Part::Bytes(bytes.as_ref().to_vec()));
        self
    }

    /// Then these chunks of the chunked encoding.
    #[must_use]
    pub fn chunks<C: AsRef<[u8]>>(mut self, chunks: impl IntoIterator<Item = C>) -> Self {
        for chunk in chunks {
            let chunk = chunk.as_ref();
            if !chunk.is_empty() {
                let mut framed = format!("{:x}\r\n", chunk.len()).into_bytes();
                framed.extend_from_slice(chunk);
                framed.extend_from_slice(b"\r\n");
                self.0.push(Part::Bytes(framed));
            }
        }
        self
    }

    /// The end of the chunked encoding.
    #[must_use]
    pub fn end(self) -> Self {
        self.then("0\r\n\r\n")
    }

    /// Then chunks of 64 KiB of this byte, until the client goes away.
    #[must_use]
    pub fn forever(self, byte: &str) -> Self {
        let mut one = Self(self.0).chunks([byte.repeat(64 * 1024)]);
        if let Some(Part::Bytes(chunk)) = one.0.pop() {
            one.0.push(Part::Forever(chunk));
        }
        one
    }

    /// Waits here until told.
    #[must_use]
    pub fn until(mut self, told: &Arc<Notify>) -> Self {
        self.0.push(Part::Until(Arc::clone(told)));
        self
    }

    /// Waits here until the client goes away.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.0.push(Part::Hang);
        self
    }

    /// Closes the connection here.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.0.push(Part::Close);
        self
    }
}

/// The endpoint; it goes with the runtime.
#[derive(Debug)]
pub struct OpenAiServer {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
    /// How many requests arrived.
    arrived: watch::Sender<usize>,
    /// How many clients went away before their answer was whole.
    gone: watch::Sender<usize>,
}

impl OpenAiServer {
    /// Starts it on a free port; the answers are given one a request.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answers: Mutex::new(answers.into_iter().collect()),
            requests: Mutex::default(),
            arrived: watch::Sender::new(0),
            gone: watch::Sender::new(0),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Self { url, shared }
    }

    /// Its address, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far.
    ///
    /// # Panics
    ///
    /// If a test panicked while it held them.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until this many requests have arrived.
    ///
    /// # Panics
    ///
    /// Never: the endpoint keeps its counters.
    pub async fn arrived(&self, requests: usize) {
        let mut arrived = self.shared.arrived.subscribe();
        arrived.wait_for(|count| *count >= requests).await.unwrap();
    }

    /// Waits until this many clients went away before their answer was whole.
    ///
    /// # Panics
    ///
    /// Never: the endpoint keeps its counters.
    pub async fn gone(&self, clients: usize) {
        let mut gone = self.shared.gone.subscribe();
        gone.wait_for(|count| *count >= clients).await.unwrap();
    }
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) {
        // What is written is sent, without waiting for more.
        stream.set_nodelay(true).unwrap();
        let mut read = Vec::new();
        while let Some(request) = next_request(&mut stream, &mut read).await {
            self.requests.lock().unwrap().push(request);
            self.arrived.send_modify(|count| *count += 1);
            let answer = self.answers.lock().unwrap().pop_front();
            let answer = answer.unwrap_or_else(|| {
                let body = json!({ "error": "the script has no further answer" });
                Answer::error("418 I'm a teapot", &body)
            });
            for part in answer.0 {
                if matches!(part, Part::Close) {
                    return;
                }
                if self.play(part, &mut stream).await.is_err() {
                    self.gone.send_modify(|count| *count += 1);
                    return;
                }
            }
        }
    }

    async fn play(&self, part: Part, stream: &mut TcpStream) -> std::io::Result<()> {
        let gone = || Err(std::io::ErrorKind::ConnectionAborted.into());
        match part {
            Part::Bytes(bytes) => stream.write_all(&bytes).await,
            Part::Forever(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Part::Until(told) => {
                tokio::select! {
                    () = told.notified() => Ok(()),
                    () = went_away(stream) => gone(),
                }
            }
            Part::Hang | Part::Close => {
                went_away(stream).await;
                gone()
            }
        }
    }
}

/// Clients send nothing before they have their answer: whatever is read is their leaving.
async fn went_away(stream: &mut TcpStream) {
    let mut byte = [0];
    let read = stream.read(&mut byte).await;
    assert!(
        matches!(read, Ok(0) | Err(_)),
        "the client sends a second request at once"
    );
}

async fn next_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    let head = loop {
        if let Some(at) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break read.drain(..at + 4).collect::<Vec<u8>>();
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(head).unwrap();
    let request = Request {
        head,
        body: Value::Null,
    };
    let length = request.header("content-length")?.parse().unwrap();
    while read.len() < length {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = read.drain(..length).collect();
    let body = serde_json::from_slice(&body).unwrap();
    Some(Request { body, ..request })
}

/// The events of a stream that says this, with the role before, the reason and the tokens behind it.
///
/// # Panics
///
/// Never: JSON can be written.
pub fn events(deltas: impl IntoIterator<Item = Value>, reason: &str) -> Vec<String> {
    let chunk = |delta: &Value, reason: Option<&str>| {
        event(&json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "test-model-0613",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }],
        }))
    };
    let mut events = vec![chunk(&json!({ "role": "assistant", "content": "" }), None)];
    events.extend(deltas.into_iter().map(|delta| chunk(&delta, None)));
    events.push(chunk(&json!({}), Some(reason)));
    events.push(event(&json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "test-model-0613", "choices": [],
        "usage": usage(),
    })));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// One event.
pub fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// A whole answer that says this.
pub fn completion(message: &Value, reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "test-model-0613",
        "choices": [{ "index": 0, "message": message, "finish_reason": reason }],
        "usage": usage(),
    })
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 40, "completion_tokens": 7, "total_tokens": 47,
        "prompt_tokens_details": { "cached_tokens": 8 },
        "completion_tokens_details": { "reasoning_tokens": 3 },
    })
}
