//! `kaos up --litellm`, with a program of that name that does what LiteLLM does where it matters here.

use tokio::process::Command;

use super::super::program_at;
use super::{Home, said};

const TEAM: &str = "
{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: llm}, spec: {mode: Proxy, proxyConfig: {models: ['*']}}}
---
{apiVersion: kaos.tools/v1alpha1, kind: Agent, metadata: {name: analyst}, spec: {modelAPI: llm, model: m}}
";

/// It does not start without a key, after much that says something else, and answers nobody without it.
const LITELLM: &str = r#"#!/usr/bin/env python3
import http.server, json, os, sys

KEY = os.environ.get("LITELLM_MASTER_KEY")
if not KEY or "--refuse" in os.environ.get("LITELLM_LOG", ""):
    for number in range(30):
        print("line", number, flush=True)
    print("refused to start: no master key is set", flush=True)
    sys.exit(3)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"data": []})

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.headers["authorization"] != "Bearer " + KEY:
            return self.answer(401, {"error": {"message": "no key"}})
        message = {"role": "assistant", "content": os.environ.get("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self.answer(200, {"id": "1", "object": "chat.completion", "choices": [choice]})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"#;

/// A command with that program before all others.
fn with_litellm(home: &Home, arguments: &[&str]) -> Command {
    let program = home.0.join("litellm");
    program_at(&program, LITELLM);
    let path = std::env::var("PATH").unwrap();
    let mut command = home.kaos(arguments);
    command.env("PATH", format!("{}:{path}", home.0.display()));
    command
}

/// LiteLLM starts with a key alone, and says what is said to it unless it is told not to.
#[tokio::test]
async fn litellm_has_a_key_that_its_agents_show_and_keeps_what_is_said_to_itself() {
    let home = Home::new("litellm");
    let theirs = "container: {env: [{name: LITELLM_MASTER_KEY, value: sk-mine}]}, ";
    for own in ["", theirs] {
        let file = home.file(&TEAM.replace("mode: Proxy", &format!("{own}mode: Proxy")));
        let mut up = with_litellm(&home, &["up", "-d", "--litellm", "-f", &file]);
        let up = up.output().await.unwrap();
        assert_eq!(up.status.code(), Some(0), "{}", said(&up));
        let asked = home.run(&["invoke", "analyst", "?"]).await;
        let answer = String::from_utf8(asked.stdout.clone()).unwrap();
        assert_eq!(answer, "NO_CONTENT\n", "{}", said(&asked));
        let status = home.run(&["status", "--json"]).await;
        assert!(!said(&status).contains("sk-"), "{}", said(&status));
        let down = home.run(&["down"]).await;
        assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    }
}

/// What it wrote last says why, and is the last that is shown, whatever else ends in between.
#[tokio::test]
async fn a_component_that_does_not_start_has_the_last_word() {
    let home = Home::new("last-word");
    let refuses = "container: {env: [{name: LITELLM_LOG, value: --refuse}]}, mode: Proxy";
    let file = home.file(&TEAM.replace("mode: Proxy", refuses));
    for arguments in [
        &["up", "--litellm", "-f", &file] as &[_],
        &["up", "-d", "--litellm", "-f", &file],
    ] {
        let up = with_litellm(&home, arguments).output().await.unwrap();
        assert_eq!(up.status.code(), Some(1), "{}", said(&up));
        let told = said(&up);
        let (_, last) = told.split_once("modelapi-llm wrote last:\n").unwrap();
        let lines: Vec<&str> = last.lines().map(str::trim).collect();
        assert!(lines.contains(&"line 29"), "{told}");
        assert!(
            lines.contains(&"refused to start: no master key is set"),
            "{told}"
        );
        assert!(!lines.contains(&"line 19"), "{told}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let home = Home::new("no-state");
    let file = home.file(super::SCRIPTED);
    let mut up = home.kaos(&["up", "-f", &file]);
    let up = up.env("XDG_STATE_HOME", "/dev/null/state");
    let up = up.output().await.unwrap();
    assert_eq!(up.status.code(), Some(2));
    let told = said(&up);
    assert!(
        told.contains("/dev/null/state/kaos/up/default: Not a directory"),
        "{told}"
    );
}
