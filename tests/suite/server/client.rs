//! A client that sends what it is told, byte for byte, and reads an answer as it is.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request with a body of JSON.
pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let named = |name: &str| headers.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
    let mut head = format!("POST {path} HTTP/1.1\r\nContent-Length: {}\r\n", body.len());
    if !named("host") {
        head += "Host: localhost\r\n";
    }
    if !named("content-type") {
        head += "Content-Type: application/json\r\n";
    }
    let lines = headers.iter();
    let lines = lines.map(|(name, value)| format!("{name}: {value}\r\n"));
    head += &lines.collect::<String>();
    [head.as_bytes(), b"\r\n", body].concat()
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The status and the error object's code.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String) {
        let error = &self.json()["error"];
        for field in ["message", "type", "code"] {
            assert!(error[field].is_string(), "{field} in {error}");
        }
        assert!(error.as_object().unwrap().contains_key("param"), "{error}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        (self.status, error["code"].as_str().unwrap().to_owned())
    }

    /// The data of each server-sent event.
    #[track_caller]
    pub(crate) fn frames(&self) -> Vec<String> {
        assert!(self.body.ends_with(b"\n\n"), "{}", self.text());
        frames(self.text())
    }
}

/// The data of each server-sent event; comments are passed over.
pub(crate) fn frames(text: &str) -> Vec<String> {
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    let frames = blocks.filter(|block| !block.starts_with(':'));
    let data = frames.map(|frame| frame.strip_prefix("data: ").unwrap().to_owned());
    data.collect()
}

/// A connection, and what arrived on it that was not read yet.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends a request and reads its answer, whole.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Answered {
        // The server may answer, and close, before it has read everything.
        let _sent = self.stream.write_all(request).await;
        self.answer().await
    }

    /// The next answer, whole.
    pub(crate) async fn answer(&mut self) -> Answered {
        let (status, headers) = self.head().await;
        let mut answered = Answered {
            status,
            headers,
            body: Vec::new(),
        };
        if answered.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                answered.body.extend(chunk);
            }
        } else {
            let length = answered.header("content-length").unwrap_or("0");
            let length = length.parse().unwrap();
            while self.read.len() < length {
                assert!(self.more().await, "the body broke off: {answered:?}");
            }
            answered.body = self.read.drain(..length).collect();
        }
        answered
    }

    /// The status and the headers of the next answer.
    pub(crate) async fn head(&mut self) -> (u16, Vec<(String, String)>) {
        let end = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                break end;
            }
            assert!(self.more().await, "no answer: {:?}", self.read);
        };
        let head: Vec<u8> = self.read.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        (status.parse().unwrap(), headers.collect())
    }

    /// The next chunk of a body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = loop {
            if let Some(line) = find(&self.read, b"\r\n") {
                break line;
            }
            assert!(self.more().await, "the body broke off: {:?}", self.read);
        };
        let size = std::str::from_utf8(&self.read[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        while self.read.len() < line + 2 + size + 2 {
            assert!(self.more().await, "the body broke off: {:?}", self.read);
        }
        let whole: Vec<u8> = self.read.drain(..line + 2 + size + 2).collect();
        (size > 0).then(|| whole[line + 2..line + 2 + size].to_vec())
    }

    /// Whether the server closes the connection without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.more().await
    }

    async fn more(&mut self) -> bool {
        self.stream
            .read_buf(&mut self.read)
            .await
            .is_ok_and(|read| read > 0)
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|it| it == needle)
}
