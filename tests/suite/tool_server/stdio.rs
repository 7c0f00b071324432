//! `kaos mcp serve --stdio`, spoken to by hand.

use std::process::Stdio;

use kaos_tests::tool_client::{call, initialize, initialized};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::serving::{FAULTY, kaos};

/// An exporter that prints, and code that does, print elsewhere.
#[tokio::test]
async fn the_standard_output_is_the_protocol_s_alone_and_the_input_s_end_is_the_server_s() {
    let mut command = kaos(&[FAULTY, "--stdio", "--workers", "1"]);
    command
        .env_remove("OTEL_SDK_DISABLED")
        .env("OTEL_TRACES_EXPORTER", "console")
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_LOGS_EXPORTER", "none")
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let asked = call(1, "twice", &json!({ "x": 21 }), &json!({}));
    for message in [initialize(), initialized(), asked] {
        to.write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }
    let mut heard: Vec<Value> = Vec::new();
    while heard.last().is_none_or(|it| it["id"] != 1) {
        let line = lines.next_line().await.unwrap().unwrap();
        heard.push(super::parsed(&line));
    }
    drop(to);
    while let Some(line) = lines.next_line().await.unwrap() {
        heard.push(super::parsed(&line));
    }
    assert!(heard.iter().all(|it| it["jsonrpc"] == "2.0"), "{heard:?}");
    let output = child.wait_with_output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("tools/call twice"), "{text}");
    assert!(text.contains("doubling 21"), "{text}");
}
