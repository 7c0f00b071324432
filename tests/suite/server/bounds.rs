//! What clients may use: bytes, time, requests and connections at once.

use std::time::Duration;

use kaos_runner::server::{Bounds, Server};
use kaos_runner::{Agent, FunctionModel};
use serde_json::json;

use super::client::post;
use super::{Serving, Stepwise, question, watched};

const SOON: Duration = Duration::from_millis(40);

async fn bounded(bounds: Bounds) -> Serving {
    let (runner, _) = watched(Agent::new("assistant", FunctionModel::answer("Hello.")));
    Serving::start(Server::new(runner).bounds(bounds)).await
}

#[tokio::test]
async fn a_body_may_have_so_many_bytes_and_no_more() {
    let body = question("Hi!", json!({})).to_string();
    let server = bounded(Bounds {
        body: body.len(),
        ..Bounds::default()
    })
    .await;
    let ask = |body: String| post("/v1/chat/completions", &[], body.as_bytes());
    assert_eq!(
        server.connect().await.ask(&ask(body.clone())).await.status,
        200
    );
    let answer = server.connect().await.ask(&ask(format!("{body} "))).await;
    assert_eq!(answer.error(), (413, "request_too_large".to_owned()));
    // Said before the body arrives, where its length is known; then nothing is read.
    let huge = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n";
    let mut connection = server.connect().await;
    assert_eq!(connection.ask(huge.as_bytes()).await.error().0, 413);
    assert!(connection.is_closed().await);
    // Who sends all of it before it listens gets the answer, too.
    let large = "x".repeat(3 * body.len());
    assert_eq!(server.connect().await.ask(&ask(large)).await.error().0, 413);
    // In pieces, whose sum nobody knows.
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let mut connection = server.connect().await;
    let chunk = format!("{:x}\r\n{body}\r\n", body.len());
    let request = format!("{head}{chunk}{chunk}0\r\n\r\n");
    assert_eq!(connection.ask(request.as_bytes()).await.error().0, 413);
    let mut connection = server.connect().await;
    assert_eq!(
        connection
            .ask(format!("{head}{chunk}0\r\n\r\n").as_bytes())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_told_so() {
    let server = bounded(Bounds {
        receive: SOON,
        ..Bounds::default()
    })
    .await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 99\r\n\r\n{";
    let mut connection = server.connect().await;
    let answer = connection.ask(head.as_bytes()).await;
    assert_eq!(answer.error(), (408, "request_timeout".to_owned()));
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn a_client_that_does_not_come_to_the_point_is_left() {
    let server = bounded(Bounds {
        header: SOON,
        ..Bounds::default()
    })
    .await;
    let begun = [
        "",
        "GET /hea",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-More: ",
    ];
    for begun in begun {
        let mut connection = server.connect().await;
        connection.send(begun.as_bytes()).await;
        assert!(connection.is_closed().await, "{begun:?}");
    }
    // Drop by drop is no faster; the last bytes may meet a closed connection.
    let mut connection = server.connect().await;
    for byte in b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Filling: "
        .iter()
        .cycle()
    {
        use tokio::io::AsyncWriteExt as _;
        if connection.stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_its_next_request_is_kept_for_its_time() {
    let bounds = Bounds {
        idle: SOON,
        header: Duration::from_secs(60),
        ..Bounds::default()
    };
    let server = bounded(bounds).await;
    let mut connection = server.connect().await;
    let ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for _ in 0..3 {
        assert_eq!(connection.ask(ask).await.status, 200);
    }
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn one_request_more_than_at_once_is_told_to_come_later() {
    let (model, may) = Stepwise::new([]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let bounds = Bounds {
        requests: 2,
        ..Bounds::default()
    };
    let server = Serving::start(Server::new(runner).bounds(bounds)).await;
    let mut held = Vec::new();
    for stream in [true, false] {
        let mut connection = server.connect().await;
        let body = question("Hi!", json!({ "stream": stream })).to_string();
        connection
            .send(&post("/v1/chat/completions", &[], body.as_bytes()))
            .await;
        held.push(connection);
    }
    while seen.runs().len() < 2 {
        tokio::task::yield_now().await;
    }
    let answer = server.chat(&question("Hi!", json!({}))).await;
    assert_eq!(answer.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(
        server.get("/health").await.status,
        200,
        "probes are not counted"
    );
    may.add_permits(2);
    for connection in &mut held {
        assert_eq!(connection.answer().await.status, 200);
    }
    may.add_permits(1);
    assert_eq!(server.chat(&question("Hi!", json!({}))).await.status, 200);
}

#[tokio::test]
async fn one_connection_more_than_at_once_waits_for_another_to_end() {
    let server = bounded(Bounds {
        connections: 1,
        ..Bounds::default()
    })
    .await;
    let ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut first = server.connect().await;
    assert_eq!(first.ask(ask).await.status, 200);
    let mut second = server.connect().await;
    second.send(ask).await;
    let waits = tokio::time::timeout(SOON, second.answer()).await;
    assert!(waits.is_err(), "{waits:?}");
    drop(first);
    assert_eq!(second.answer().await.status, 200);
}

#[tokio::test]
async fn headers_larger_than_a_buffer_are_refused() {
    let server = bounded(Bounds::default()).await;
    let request = format!(
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Large: {}\r\n\r\n",
        "x".repeat(70_000)
    );
    assert_eq!(
        server.connect().await.ask(request.as_bytes()).await.status,
        431
    );
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_their_order() {
    let server = bounded(Bounds::default()).await;
    let mut connection = server.connect().await;
    let body = question("Hi!", json!({ "stream": true })).to_string();
    let chat = post("/v1/chat/completions", &[], body.as_bytes());
    let health = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".as_slice();
    connection
        .send(&[&chat, health, chat.as_slice(), b"nonsense\r\n\r\n"].concat())
        .await;
    assert!(
        connection
            .answer()
            .await
            .text()
            .ends_with("data: [DONE]\n\n")
    );
    assert_eq!(connection.answer().await.json()["status"], "healthy");
    assert_eq!(connection.answer().await.status, 200);
    assert_eq!(connection.answer().await.status, 400);
}
