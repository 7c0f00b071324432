//! `kaos agent serve`, as a process, in the environment that KAOS' operator gives an agent.

mod bodies;
mod metrics;
mod model;
mod peers;
mod refused;
mod replays;
mod telemetry;
mod variables;

use std::fmt::Write as _;
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

use super::kaos;

/// The command with these variables, on a free port.
fn serving(variables: &[(&str, &str)]) -> Command {
    let mut command = kaos(&["agent", "serve", "--port", "0"]);
    command.envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

/// A served agent.
struct Served {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
    at: String,
}

impl Served {
    async fn start(variables: &[(&str, &str)]) -> Self {
        let mut child = serving(variables).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut all = String::new();
        while let Some(line) = said.next_line().await.unwrap() {
            if let Some((_, at)) = line.split_once(" listens at http://") {
                let at = at.to_owned();
                return Self { child, said, at };
            }
            all += &line;
        }
        panic!("it does not listen: {all}")
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    async fn chat(&self, body: &Value) -> Answer {
        self.ask("POST", CHAT, &[JSON], &body.to_string()).await
    }

    /// Sends a request on a connection of its own, and reads the answer to its end.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.send(method, path, headers, body).await;
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        Answer::read(&String::from_utf8(read).unwrap())
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TcpStream {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut stream = TcpStream::connect(&self.at).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Asks it to end, and gives what it wrote to the standard output, and the rest of what it said.
    async fn stop(mut self) -> (Output, String) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let mut rest = String::new();
        while let Some(line) = self.said.next_line().await.unwrap() {
            rest += &line;
            rest.push('\n');
        }
        (self.child.wait_with_output().await.unwrap(), rest)
    }
}

const CHAT: &str = "/v1/chat/completions";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// An answer, its body without chunks' lengths.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked");
        let body = if chunked {
            whole(body)
        } else {
            body.to_owned()
        };
        Self { status, body }
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The text of a chat completion, streamed or not; none where it failed.
    fn text(&self) -> Option<String> {
        if let Ok(whole) = serde_json::from_str::<Value>(&self.body) {
            let text = whole["choices"][0]["message"]["content"].as_str();
            return text.map(str::to_owned);
        }
        let mut text = String::new();
        for frame in self
            .body
            .split("\n\n")
            .filter_map(|it| it.strip_prefix("data: "))
        {
            if frame == "[DONE]" {
                continue;
            }
            let frame: Value = serde_json::from_str(frame).unwrap();
            if frame["error"].is_object() {
                return None;
            }
            text += frame["choices"][0]["delta"]["content"]
                .as_str()
                .unwrap_or_default();
        }
        Some(text)
    }
}

/// Chunks, put together.
fn whole(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body += &rest[..size];
        chunks = rest[size..].strip_prefix("\r\n").unwrap();
    }
    body
}
