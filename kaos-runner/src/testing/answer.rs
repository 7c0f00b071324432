//! What a fake endpoint answers, byte for byte.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;

/// What a [`ModelServer`](super::ModelServer) does for one request.
#[derive(Debug, Clone)]
pub struct Answer(pub(super) Vec<Part>);

#[derive(Debug, Clone)]
pub(super) enum Part {
    Bytes(Vec<u8>),
    Until(Arc<Notify>),
    Forever(Vec<u8>),
    Hang,
    Close,
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
    pub fn until(mut self, signal: &Arc<Notify>) -> Self {
        self.0.push(Part::Until(Arc::clone(signal)));
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
