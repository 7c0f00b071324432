//! A connection on which one request follows the other, for benches: a client that costs next to nothing.

use std::cell::RefCell;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// A connection, and the runtime that drives it.
#[derive(Debug)]
pub struct KeepAlive {
    runtime: Runtime,
    stream: RefCell<TcpStream>,
}

impl KeepAlive {
    /// Connects to a server.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn to(at: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let stream = runtime.block_on(TcpStream::connect(at));
        let stream = stream.expect("a connection");
        stream.set_nodelay(true).expect("an option of TCP");
        let stream = stream.into();
        Self { runtime, stream }
    }

    /// Sends a request and reads its answer, head and all: as long as it says, or up to the last chunk.
    ///
    /// # Panics
    ///
    /// If the server goes away.
    pub fn ask(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.stream.borrow_mut();
        self.runtime.block_on(async {
            let sent = stream.write_all(request).await;
            sent.expect("the server is there");
            let mut answer = Vec::with_capacity(64 * 1024);
            while !is_whole(&answer) {
                let read = stream.read_buf(&mut answer).await.expect("an answer");
                assert!(read > 0, "the answer broke off");
            }
            answer
        })
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|it| it == b"\r\n\r\n") else {
        return false;
    };
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    match length.and_then(|it| it.trim().parse().ok()) {
        Some(length) => body.len() >= length,
        None => body.ends_with(b"\r\n0\r\n\r\n") || body == b"0\r\n\r\n",
    }
}
