//! Receivers of OTLP on loopback that answer as they are told: over HTTP/1.1, or over HTTP/2 as gRPC
//! wants it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use base64::Engine as _;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};

/// What a receiver does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers so, in HTTP.
    Http(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Answers a call of gRPC with a message.
    Message(Vec<u8>),
    /// Refuses a call of gRPC: a code, and the bytes of its details.
    Refusal(u32, Option<Vec<u8>>),
    /// Ends the connection, or the stream.
    Reset,
    /// Never answers.
    Never,
}

/// What came.
#[derive(Debug, Clone)]
pub struct Got {
    /// As it was asked for: of a proxy with scheme and host.
    pub uri: String,
    /// Path and query.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A receiver. It goes with the process.
#[derive(Debug)]
pub struct Receiver {
    /// Its base URL.
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// Starts one that gives these answers, the last one for ever.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn start(http2: bool, replies: impl Into<VecDeque<Reply>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&got);
        let replies = Arc::new(Mutex::new(replies.into()));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let (got, replies) = (Arc::clone(&told), Arc::clone(&replies));
                    let service = service_fn(move |request| {
                        answer(request, Arc::clone(&got), Arc::clone(&replies))
                    });
                    let stream = TokioIo::new(stream);
                    if http2 {
                        let serve = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        tokio::spawn(serve.serve_connection(stream, service));
                    } else {
                        let serve = hyper::server::conn::http1::Builder::new();
                        tokio::spawn(serve.serve_connection(stream, service));
                    }
                }
            });
        });
        Self { url, got }
    }

    /// All that came so far.
    ///
    /// # Panics
    ///
    /// If its thread did.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    got: Arc<Mutex<Vec<Got>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
) -> Result<Response<Answer>, std::io::Error> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = std::future::poll_fn(|it| Pin::new(&mut incoming).poll_frame(it)).await
    {
        if let Ok(data) = frame.map_err(std::io::Error::other)?.into_data() {
            body.extend_from_slice(&data);
        }
    }
    let target = head.uri.path_and_query().unwrap().to_string();
    got.lock().unwrap().push(Got {
        uri: head.uri.to_string(),
        target,
        headers: head.headers,
        body,
    });
    let reply = {
        let mut replies = replies.lock().unwrap();
        let next = replies.pop_front().unwrap_or(Reply::Never);
        if replies.is_empty() {
            replies.push_back(next.clone());
        }
        next
    };
    let response = Response::builder();
    Ok(match reply {
        Reply::Http(status, headers, body) => {
            let response = headers
                .into_iter()
                .fold(response.status(status), |to, (name, value)| {
                    to.header(name, value)
                });
            response.body(Answer::of(body, None)).unwrap()
        }
        Reply::Message(message) => {
            let mut body = vec![0];
            body.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
            body.extend_from_slice(&message);
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", 0.into());
            let response = response.header("content-type", "application/grpc");
            response.body(Answer::of(body, Some(trailers))).unwrap()
        }
        Reply::Refusal(code, details) => {
            let response = response
                .header("content-type", "application/grpc")
                .header("grpc-status", code)
                .header("grpc-message", "not now");
            let response = match details {
                Some(details) => {
                    let details = base64::engine::general_purpose::STANDARD_NO_PAD.encode(details);
                    response.header("grpc-status-details-bin", details)
                }
                None => response,
            };
            response.body(Answer::of(Vec::new(), None)).unwrap()
        }
        Reply::Reset => return Err(std::io::ErrorKind::ConnectionReset.into()),
        Reply::Never => std::future::pending().await,
    })
}

/// A body, and what follows it.
struct Answer {
    data: Option<Vec<u8>>,
    trailers: Option<HeaderMap>,
}

impl Answer {
    fn of(body: Vec<u8>, trailers: Option<HeaderMap>) -> Self {
        Self {
            data: Some(body).filter(|it| !it.is_empty()),
            trailers,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(|it| Frame::data(it.into()));
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }
}
