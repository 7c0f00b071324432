//! Python functions as tools.

use std::time::{Duration, Instant};

use serde_json::json;

use super::serving::{FAULTY, Serving, kaos, said};

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered_and_an_env_variable_names_the_call() {
    let serving = Serving::start(&[FAULTY, "--workers", "2"]).await;
    let calls = (0..100).map(|x| serving.call("twice", json!({ "x": x })));
    let answers = futures_util::future::join_all(calls).await;
    for (x, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, (false, (2 * x).to_string()));
    }
    let (_, carried) = serving.call("where", json!({})).await;
    assert!(
        carried.starts_with(&format!("00-{}-", super::TRACE)),
        "{carried}"
    );
    // A client that goes away in the middle: its call is cancelled, and the worker is free again.
    for _ in 0..2 {
        let asking = serving.ask("sleeps", json!({ "seconds": 50 }));
        assert!(
            tokio::time::timeout(Duration::from_millis(300), asking)
                .await
                .is_err()
        );
    }
    let began = Instant::now();
    assert_eq!(serving.call("twice", json!({ "x": 1 })).await.1, "2");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let (spans, _) = serving.end().await;
    let cancelled = spans.iter().filter(|span| {
        span.name == "tools/call sleeps" && said(span).get("error.type") == Some(&"cancelled")
    });
    assert_eq!(cancelled.count(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_the_code_or_the_machine_is_said_at_once() {
    let broken = "def f(:\n    pass\n";
    let output = kaos(&["--tools-string", broken, "--port", "0"])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "File \"<tools-string>\", line 1",
        "def f(:",
        "^",
        "SyntaxError",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let missing = ["--tools-string", "", "--python", "no-such-python"];
    let output = kaos(&missing).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("install Python 3.9 or newer"), "{text}");
}

/// Files that cannot be served, and what is said of each.
const NO_TOOLS: &[(&str, &[&str])] = &[
    (
        "\ndef f(a, /): pass\n",
        &[
            "line 2",
            "f cannot be a tool",
            "the parameter a cannot be given by name",
        ],
    ),
    (
        "from typing import Literal\ndef f(a: Literal['a', b'z']): pass\n",
        &["line 2", "f cannot be a tool", "bytes"],
    ),
    ("__all__ = 5\n", &["__all__ is no list of names"]),
    (
        "__all__ = ['nosuch']\n",
        &["__all__ names nosuch, which is no function of the file"],
    ),
];

#[tokio::test]
async fn what_can_be_no_tool_is_said_with_its_place() {
    for (code, parts) in NO_TOOLS {
        let output = kaos(&["--tools-string", code, "--port", "0"]).output();
        let output = output.await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{code}: {text}");
        for part in parts.iter().chain([&"File \"<tools-string>\""]) {
            assert!(text.contains(part), "{code}: {part}: {text}");
        }
    }
}

/// Results that others could not read as they were meant, and one that has all kinds of keys.
const RESULTS: &str = r#"
import os
def integer() -> int:
    return 10 ** 4000
def keys():
    return {1: "a", "1": "b"}
def half() -> str:
    return "\ud800"
def huge() -> str:
    return "x" * (65 << 20)
def fine() -> dict:
    return {1: 2, None: 3, False: [2 ** 64 - 1]}
def process() -> int:
    return os.getpid()
def token() -> str:
    return os.environ.get("KAOS_API_TOKEN", "none")
"#;

#[tokio::test]
async fn what_others_cannot_read_is_the_call_s_failure_and_the_process_goes_on() {
    let serving = Serving::start(&["--tools-string", RESULTS, "--workers", "1"]).await;
    let process = serving.call("process", json!({})).await;
    for (tool, part) in [
        ("integer", "an integer of more than 64 bits"),
        ("keys", "two keys of the result are '1' in JSON"),
        ("half", "half a character"),
        ("huge", "67108864 is the most"),
    ] {
        let (failed, text) = serving.call(tool, json!({})).await;
        assert!(failed && text.contains(part), "{tool}: {text}");
    }
    let fine = serving.call("fine", json!({})).await;
    let text = r#"{"1":2,"null":3,"false":[18446744073709551615]}"#;
    assert_eq!(fine, (false, text.to_owned()));
    assert_eq!(serving.call("process", json!({})).await, process);
}

#[tokio::test]
async fn a_function_does_not_see_the_token_of_those_who_may_ask() {
    let mut command = kaos(&["--tools-string", RESULTS, "--stdio"]);
    command
        .env("KAOS_API_TOKEN", "t0ken-of-the-server")
        .stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let ask = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"},
        }}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "token", "arguments": {}}}),
    ];
    for message in ask {
        let line = format!("{message}\n");
        tokio::io::AsyncWriteExt::write_all(&mut to, line.as_bytes())
            .await
            .unwrap();
    }
    let mut lines =
        tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().unwrap()));
    let answer = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.contains("\"id\":2") {
            break line;
        }
    };
    assert!(
        answer.contains("none") && !answer.contains("t0ken"),
        "{answer}"
    );
    drop(to);
    assert!(child.wait().await.unwrap().success());
}
