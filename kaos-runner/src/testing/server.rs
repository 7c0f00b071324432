//! A fake endpoint on loopback that judges what it is sent and answers as it is told.

#![expect(
    clippy::unwrap_used,
    reason = "a fake that cannot serve fails its test"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::answer::{Answer, Part};
use super::request::Request;
use super::strict::Strict;

/// A fake model endpoint; it goes with the runtime. Who asks for its list of models is told that there are none,
/// and nothing is noted of that.
///
/// It refuses what the strictest provider of the API refuses (see [`Strict`]), and a test in which it
/// had to fails when the server is dropped, unless it looked at [`refusals`](Self::refusals).
#[derive(Debug)]
pub struct ModelServer {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    strict: Strict,
    refusals: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
    /// How many requests arrived.
    arrived: watch::Sender<usize>,
    /// How many clients went away before their answer was whole.
    gone: watch::Sender<usize>,
}

impl ModelServer {
    /// Starts it on a free port; the answers are given one a request.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::strict(Strict::default(), answers).await
    }

    /// As [`start`](Self::start), with rules of its own.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn strict(strict: Strict, answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            strict,
            refusals: Mutex::default(),
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
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The requests since this was asked before: they are kept no longer, which a long run needs.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.shared.requests))
    }

    /// Why requests were refused, so far; the test has looked at it then.
    pub fn refusals(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shared.refusals))
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
            if request.line().starts_with("GET ") {
                let list = Answer::json(&json!({ "object": "list", "data": [] }));
                for part in list.0 {
                    let _sent = self.play(part, &mut stream).await;
                }
                continue;
            }
            let refused = self.strict.judge(&request);
            lock(&self.requests).push(request);
            self.arrived.send_modify(|count| *count += 1);
            let answer = match refused {
                Err(why) => {
                    lock(&self.refusals).push(why.clone());
                    let error = json!({ "type": "invalid_request_error", "message": why });
                    Answer::error(
                        "400 Bad Request",
                        &json!({ "type": "error", "error": error }),
                    )
                }
                Ok(()) => lock(&self.answers).pop_front().unwrap_or_else(|| {
                    let body = json!({ "error": "the script has no further answer" });
                    Answer::error("418 I'm a teapot", &body)
                }),
            };
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
            Part::Until(signal) => {
                tokio::select! {
                    () = signal.notified() => Ok(()),
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
    if request.line().starts_with("GET ") {
        return Some(request);
    }
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

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        let refusals = self.refusals();
        assert!(
            refusals.is_empty() || std::thread::panicking(),
            "the endpoint refused requests: {refusals:#?}"
        );
    }
}
