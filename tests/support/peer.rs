//! A fake agent on loopback: its card, and what it does with each request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What the fake does with one request.
#[derive(Debug, Clone)]
pub enum Does {
    /// Answers this status with this body.
    Answers(u16, &'static str, String),
    /// Answers with the head of an event stream and these frames, and closes there.
    Breaks(Vec<String>),
    /// Answers with the head of an event stream and this frame, for ever.
    Talks(String),
    /// Never answers.
    Waits,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its first line.
    pub line: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body, where it is JSON.
    pub body: Value,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A fake agent; it goes with the runtime.
#[derive(Debug)]
pub struct Peer {
    /// Where it is.
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    gone: watch::Sender<usize>,
}

/// What an agent of ours, of KAOS today (0.8.4) and of January (43f4851) gives as its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Own,
    /// KAOS today.
    Second,
    /// KAOS of January.
    First,
    /// One without a card, such as any endpoint of chat completions.
    Bare,
}

/// An answer of chat completions.
pub fn completion(text: &str) -> Does {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "analyst",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 },
    });
    Does::Answers(200, "application/json", body.to_string())
}

/// A frame of a stream that says this.
pub fn frame(text: &str) -> String {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "analyst",
        "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }],
    });
    format!("data: {body}\n\n")
}

impl Peer {
    /// An agent with this name that does this with one request after the other, and the last for all
    /// further ones.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn start(kind: Kind, name: &'static str, does: Vec<Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(listener, kind, name, does)
    }

    /// As [`start`](Self::start), where this listens.
    ///
    /// # Panics
    ///
    /// If it listens nowhere.
    pub fn at(listener: TcpListener, kind: Kind, name: &'static str, does: Vec<Does>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Request>>>::default();
        let gone = watch::Sender::new(0);
        let (noted, left) = (Arc::clone(&seen), gone.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, does, left) = (Arc::clone(&noted), does.clone(), left.clone());
                tokio::spawn(async move { serve(stream, kind, name, &does, &noted, &left).await });
            }
        });
        Self { url, seen, gone }
    }

    /// The requests for answers so far.
    ///
    /// # Panics
    ///
    /// If the fake panicked.
    pub fn asked(&self) -> Vec<Request> {
        let seen = self.seen.lock().unwrap();
        let posts = seen.iter().filter(|it| it.line.starts_with("POST "));
        posts.cloned().collect()
    }

    /// Waits until so many requests were given up by who made them.
    ///
    /// # Panics
    ///
    /// Never: the fake keeps its counter.
    pub async fn gone(&self, requests: usize) {
        let mut gone = self.gone.subscribe();
        gone.wait_for(|count| *count >= requests).await.unwrap();
    }
}

fn card(kind: Kind, name: &str, path: &str) -> Does {
    let given = match (kind, path) {
        (Kind::First, "/.well-known/agent") => {
            json!({ "name": name, "description": "Counts.", "skills": [] })
        }
        (Kind::Own, "/.well-known/agent.json") => json!({
            "name": name, "description": "Counts.", "version": "1.2.0", "supportedProtocols": [],
        }),
        (Kind::Second, "/.well-known/agent.json") => json!({
            "name": name, "description": "Counts.", "version": "0.8.4",
            "supportedProtocols": ["jsonrpc"], "capabilities": { "streaming": true },
        }),
        _ => {
            return Does::Answers(
                404,
                "application/json",
                r#"{"detail":"Not Found"}"#.to_owned(),
            );
        }
    };
    Does::Answers(200, "application/json", given.to_string())
}

async fn serve(
    mut stream: TcpStream,
    kind: Kind,
    name: &str,
    does: &[Does],
    seen: &Mutex<Vec<Request>>,
    gone: &watch::Sender<usize>,
) {
    let mut read = Vec::new();
    while let Some(request) = next(&mut stream, &mut read).await {
        let mut words = request.line.split(' ');
        let is_post = words.next() == Some("POST");
        let path = words.next().unwrap_or_default().to_owned();
        let before = {
            let mut seen = seen.lock().unwrap();
            let posts = seen
                .iter()
                .filter(|it| it.line.starts_with("POST "))
                .count();
            seen.push(request);
            posts
        };
        let act = if is_post {
            does.get(before).or(does.last()).unwrap().clone()
        } else if matches!(does.last(), Some(Does::Waits)) {
            Does::Waits
        } else {
            card(kind, name, &path)
        };
        if !play(&act, &mut stream).await {
            gone.send_modify(|count| *count += 1);
            return;
        }
    }
}

/// Whether the connection goes on.
async fn play(act: &Does, stream: &mut TcpStream) -> bool {
    const STREAM: &str =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    match act {
        Does::Answers(status, kind, body) => {
            let head = format!(
                "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + body).as_bytes()).await.is_ok()
        }
        Does::Breaks(frames) => {
            let all: String = frames.iter().map(|it| chunk(it)).collect();
            drop(
                stream
                    .write_all((STREAM.to_owned() + &all).as_bytes())
                    .await,
            );
            false
        }
        Does::Talks(frame) => {
            let mut told = stream.write_all(STREAM.as_bytes()).await;
            while told.is_ok() {
                told = stream.write_all(chunk(frame).as_bytes()).await;
            }
            false
        }
        Does::Waits => {
            // Whatever is read is the end.
            let mut byte = [0];
            drop(stream.read(&mut byte).await);
            false
        }
    }
}

async fn next(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    let head = loop {
        if let Some(at) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break read.drain(..at + 4).collect::<Vec<u8>>();
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let mut request = Request {
        line,
        headers: headers.collect(),
        body: Value::Null,
    };
    let length = request.header("content-length").unwrap_or("0");
    let length: usize = length.parse().unwrap();
    while read.len() < length {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = read.drain(..length).collect();
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    Some(request)
}

/// A host that takes no connection and refuses none: its queue is full, and stays so while this is kept.
#[derive(Debug)]
pub struct BlackHole {
    /// Where it is.
    pub url: String,
    _held: (TcpListener, Vec<TcpStream>),
}

impl BlackHole {
    /// Fills the queue of a listener that accepts nobody.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn dig() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(1).unwrap();
        let at = listener.local_addr().unwrap();
        let mut held = Vec::new();
        let soon = std::time::Duration::from_millis(100);
        while let Ok(taken) = tokio::time::timeout(soon, TcpStream::connect(at)).await {
            held.push(taken.unwrap());
        }
        Self {
            url: format!("http://{at}"),
            _held: (listener, held),
        }
    }
}
