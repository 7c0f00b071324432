//! `kaos ui`, as a process: who may ask, what it says of trails that somebody changed, and that it goes on whatever becomes of
//! their files. A browser looks at its pages in `tests/peers/ui.sh`.

mod altered;
mod bounds;
mod files;
mod forged;
mod given;
mod hidden;
mod kept;
mod measured;
mod newer;
mod opened;
mod page;
mod proofs;
mod reached;
mod sessions;
mod several;

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use kaos_hooks::audit::{AuditHook, SigningKey};
use kaos_hooks::{Hooks, Step, StepOutcome, ToolCall, ToolOutcome, Turn, TurnOutcome};
use kaos_tests::Folder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::kaos;
use crate::audit::Scratch;

/// Pages that are served.
pub(super) struct Shown {
    child: Child,
    at: String,
    pub(super) token: String,
    /// What it keeps is kept there, and goes with it.
    home: Option<Folder>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Shown {
    async fn start(arguments: &[&str]) -> Self {
        let home = Folder::new("ui-home");
        let mut shown = Self::start_in(&home, arguments).await;
        shown.home = Some(home);
        shown
    }

    /// With a folder of its own for what is kept of teams and indexes.
    async fn start_in(home: &Path, arguments: &[&str]) -> Self {
        Self::start_with(home, arguments, |_command| ()).await
    }

    pub(super) async fn start_with(
        home: &Path,
        arguments: &[&str],
        and: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = kaos(&[&["ui", "--port", "0"], arguments].concat());
        and(&mut command);
        Self::started(home, command).await
    }

    async fn started(home: &Path, mut command: Command) -> Self {
        let command = command
            .env("XDG_STATE_HOME", home)
            .env("XDG_CACHE_HOME", home);
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut all = String::new();
        while let Some(line) = said.next_line().await.unwrap() {
            if let Some((_, at)) = line.split_once("the page is at http://") {
                let (at, token) = at.split_once("/#token=").unwrap();
                let (at, token) = (at.to_owned(), token.to_owned());
                return Self {
                    child,
                    at,
                    token,
                    home: None,
                };
            }
            all += &line;
        }
        panic!("it does not listen: {all}")
    }

    /// Ends it, as a user does.
    pub(super) async fn stopped(mut self) -> ExitStatus {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
        self.child.wait().await.unwrap()
    }

    /// Of a trail.
    async fn of(trail: &Path) -> Self {
        Self::start(&[trail.to_str().unwrap()]).await
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(&self.at).await.unwrap();
        let length = format!("Content-Length: {}", body.len());
        let own = format!("Host: {}", self.at);
        let target = format!("{method} {target} HTTP/1.1");
        let mut lines = vec![target.as_str(), "Connection: close", &length];
        if !headers.iter().any(|it| it.starts_with("Host:")) {
            lines.push(&own);
        }
        lines.extend(headers);
        let text = [&lines.join("\r\n"), "\r\n\r\n", body].concat();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        let read = String::from_utf8(read).unwrap();
        let (head, body) = read.split_once("\r\n\r\n").unwrap();
        let status = head[9..12].parse().unwrap();
        Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(super) async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], "").await
    }

    /// What is answered once it is so; each state is waited for, not slept for.
    async fn once(&self, target: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut version = None;
        for _ in 0..60 {
            let now = self.get(target).await.json();
            if is_so(&now) {
                return now;
            }
            let waited = match version {
                Some(version) => format!("/api/state?since={version}"),
                None => "/api/state".to_owned(),
            };
            version = self.get(&waited).await.json()["version"].as_u64();
        }
        panic!("it is not so: {}", self.get(target).await.body)
    }

    /// The trail's state once it was verified.
    async fn verdict(&self) -> Value {
        let trust = self
            .once("/api/trust", |it| {
                let standing = it["trails"][0]["verdict"]["standing"].as_str();
                standing.is_some_and(|it| it != "unknown")
            })
            .await;
        trust["trails"][0].clone()
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed("test", &[7; 32]).unwrap()
}

/// A turn with one call of a tool.
async fn turn(hooks: &Hooks, question: &str) {
    let asked = Turn {
        input: Some(question.to_owned().into()),
        ..Turn::new("assistant").session("s-1")
    };
    let turn = hooks.turn(asked);
    let step = turn.open(Step::new(1));
    let mut call = ToolCall::new("calculator");
    call.arguments = Some(r#"{"a":6}"#.into());
    step.open(call).complete(ToolOutcome::default());
    step.complete(StepOutcome::default());
    let settled = turn.settled();
    turn.complete(TurnOutcome::default());
    settled.await.unwrap();
}

/// A trail of these questions, sealed.
async fn recorded(name: &str, questions: &[&str]) -> Scratch {
    let scratch = Scratch::new(name);
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key())
        .open()
        .unwrap();
    let hooks = Hooks::new(audit.clone());
    for question in questions {
        turn(&hooks, question).await;
    }
    audit.shutdown().await.unwrap();
    scratch
}

#[tokio::test]
async fn the_page_is_for_its_own_host_and_origin_alone_and_asking_needs_the_token() {
    let scratch = recorded("ui-access", &["What is it?"]).await;
    let shown = Shown::of(scratch.path()).await;
    let own = format!("Origin: http://{}", shown.at);
    let bearer = format!("Authorization: Bearer {}", shown.token);
    for (method, target, headers, status) in [
        ("GET", "/", vec![], 200),
        ("GET", "/api/runs", vec![own.as_str()], 200),
        ("GET", "/api/runs", vec!["Host: evil.example"], 403),
        ("GET", "/", vec!["Host: evil.example"], 403),
        ("GET", "/api/runs", vec!["Origin: http://evil.example"], 403),
        ("GET", "/api/runs", vec!["Origin: null"], 403),
        ("POST", "/api/ask", vec![own.as_str()], 401),
        (
            "POST",
            "/api/ask",
            vec![bearer.as_str(), "Origin: http://evil.example"],
            403,
        ),
        ("POST", "/api/ask", vec![bearer.as_str()], 409),
        ("POST", "/api/runs", vec![], 405),
        ("GET", "/etc/passwd", vec![], 404),
        ("GET", "/../Cargo.toml", vec![], 404),
        ("GET", "/api/run/nothing/at-all", vec![], 400),
        (
            "GET",
            "/api/run/00000000000000000000000000000001/0000000000000001",
            vec![],
            404,
        ),
        ("GET", "/api/runs?since=yesterday", vec![], 400),
        (
            "GET",
            "/api/records/00000000000000000000000000000001/-?span=%3Cscript%3E",
            vec![],
            400,
        ),
    ] {
        let body = json!({"agent": "a", "question": "?"}).to_string();
        let answer = shown.ask(method, target, &headers, &body).await;
        assert_eq!(
            answer.status, status,
            "{method} {target} {headers:?}: {}",
            answer.body
        );
        let head = answer.head.to_lowercase();
        assert!(
            head.contains("content-security-policy: default-src 'none'; script-src 'self';"),
            "{head}"
        );
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        assert!(!head.contains("access-control-allow-origin"), "{head}");
    }
}

#[tokio::test]
async fn elsewhere_than_on_the_loopback_looking_needs_the_token_too() {
    let scratch = recorded("ui-elsewhere", &["What is it?"]).await;
    let trail = scratch.path().to_str().unwrap();
    let shown = Shown::start(&["--host", "0.0.0.0", "--as", "ui.example", trail]).await;
    let bearer = format!("Authorization: Bearer {}", shown.token);
    let host = "Host: ui.example";
    for (target, headers, status) in [
        ("/", vec![host], 200),
        ("/api/runs", vec![host], 401),
        ("/api/proof/0/0", vec![host], 401),
        ("/api/runs", vec![host, "Authorization: Bearer x"], 401),
        ("/api/runs", vec![host, &bearer], 200),
        ("/api/runs", vec!["Host: other.example", &bearer], 403),
    ] {
        let answer = shown.ask("GET", target, &headers, "").await;
        assert_eq!(
            answer.status, status,
            "{target} {headers:?}: {}",
            answer.body
        );
    }
}
