//! What a streamed turn costs over HTTP: as a ratio to the same turn read in the process plus a request to a handler
//! that does nothing, over the same kind of connection.
//!
//! `cargo bench -p kaos-tests --bench serve`; `-- --json` prints one JSON object a line.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use futures_util::stream;
use kaos_otel_hook::OTelHook;
use kaos_reference::interleaved::{Case, compare};
use kaos_runner::server::{Bounds, Drain, Server, listen};
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner};
use kaos_tests::agents::{Act, Scripted};
use kaos_tests::keep_alive::KeepAlive;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::StreamExt as _;

/// Two steps, two tools and an answer of a hundred pieces.
fn runner() -> Runner {
    let model = FunctionModel::new(|request| {
        let asked = request.messages.last();
        let first = asked.is_some_and(|it| matches!(it, kaos_runner::Message::User(_)));
        Ok(if first {
            ModelReply::call("call-1", "tool", "{}").and_call("call-2", "tool", "{}")
        } else {
            ModelReply::text("Twelve months, and it can be renewed once. ".repeat(12))
                .usage(40, 100)
        })
    });
    let provider = SdkTracerProvider::builder().build();
    let agent = Agent::new("assistant", model).tool(Scripted::new("tool", Act::Give("clause 4")));
    Runner::new(agent).hooks(OTelHook::with_provider(&provider))
}

/// Serves these routes for as long as the process lives.
fn serve(runtime: &Runtime, routes: Router) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let at = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        let (bounds, drain) = (Bounds::default(), Drain::default());
        listen(listener, routes, &bounds, &drain, stream::pending()).await
    });
    at
}

fn main() {
    let served = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let agent = KeepAlive::to(serve(&served, Server::new(runner()).router()));
    let nothing = Router::new().route("/", get(async || "nothing"));
    let nothing = KeepAlive::to(serve(&served, nothing));
    let body = r#"{"messages":[{"role":"user","content":"How long is the lease?"}],"stream":true}"#;
    let chat = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let local = runner();
    let in_process = || {
        let answer = nothing.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(answer.ends_with(b"nothing"), "another answer");
        // In the runtime that serves, as the other one.
        let run = local.run("How long is the lease?", "");
        let turn = async move {
            let mut run = run;
            while run.next().await.is_some() {}
            run.into_reply().await
        };
        let done = served
            .block_on(served.spawn(turn))
            .expect("it does not panic");
        assert!(done.is_ok());
    };
    let mut cases = [
        Case::new("turn + empty handler", in_process),
        Case::new("streamed over HTTP", || {
            let answer = agent.ask(chat.as_bytes());
            assert!(
                answer.ends_with(b"data: [DONE]\n\n\r\n0\r\n\r\n"),
                "no whole answer"
            );
        }),
    ];
    compare(&mut cases, 50, 101);
}
