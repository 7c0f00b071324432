//! An agent behind HTTP, asked over sockets on loopback.

mod access;
mod bounds;
mod chat;
pub(crate) mod client;
mod drain;
mod fuzz;
mod gone;
mod hosts;
mod load;
mod reading;
mod refusals;
mod routes;
mod spans;
mod streams;
mod trace;

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::Str;
use kaos_hooks::testing::Recorder;
use kaos_runner::server::{Drained, Server};
use kaos_runner::{Agent, Deltas, Model, ModelError, ModelReply, ModelRequest, Runner};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

use self::client::{Answered, Connection, post};

/// A server on a free port of 127.0.0.1.
struct Serving {
    at: SocketAddr,
    stop: mpsc::Sender<()>,
    ended: JoinHandle<std::io::Result<Drained>>,
}

impl Serving {
    async fn start(server: Server) -> Self {
        Self::at("127.0.0.1:0", server).await
    }

    async fn at(address: &str, server: Server) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopping) = mpsc::channel(2);
        let stopping = ReceiverStream::new(stopping);
        let ended = tokio::spawn(server.serve(listener, stopping));
        Self { at, stop, ended }
    }

    /// An agent with this model, and what is seen of its turns.
    async fn with(model: impl Model) -> (Self, Recorder) {
        let (runner, seen) = watched(Agent::new("assistant", model));
        (Self::start(Server::new(runner)).await, seen)
    }

    async fn connect(&self) -> Connection {
        Connection::open(self.at).await
    }

    async fn get(&self, path: &str) -> Answered {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.connect().await.ask(request.as_bytes()).await
    }

    /// Asks for a chat completion.
    async fn chat(&self, body: &Value) -> Answered {
        self.chat_with(&[], body).await
    }

    async fn chat_with(&self, headers: &[(&str, &str)], body: &Value) -> Answered {
        let request = post("/v1/chat/completions", headers, body.to_string().as_bytes());
        self.connect().await.ask(&request).await
    }

    async fn stop(self) -> Drained {
        self.stop.send(()).await.unwrap();
        self.ended.await.unwrap().unwrap()
    }
}

fn watched(agent: Agent) -> (Runner, Recorder) {
    let seen = Recorder::new();
    (Runner::new(agent).hooks(seen.clone()), seen)
}

/// A question, with these fields besides.
fn question(text: &str, more: Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": text }] });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

/// A model that says a piece of its answer each time it may.
struct Stepwise {
    pieces: Vec<&'static str>,
    may: Arc<Semaphore>,
}

impl Stepwise {
    fn new(pieces: impl IntoIterator<Item = &'static str>) -> (Self, Arc<Semaphore>) {
        let may = Arc::new(Semaphore::new(0));
        let pieces = pieces.into_iter().collect();
        let model = Self {
            pieces,
            may: Arc::clone(&may),
        };
        (model, may)
    }
}

#[async_trait]
impl Model for Stepwise {
    fn provider(&self) -> Str {
        Str::Static("stepwise")
    }

    fn name(&self) -> Str {
        Str::Static("stepwise")
    }

    async fn respond(
        &self,
        _request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        for piece in &self.pieces {
            self.may.acquire().await.unwrap().forget();
            deltas.text(*piece);
        }
        self.may.acquire().await.unwrap().forget();
        Ok(ModelReply::text(self.pieces.concat()).usage(3, 2))
    }
}
