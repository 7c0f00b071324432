//! Whatever a Python function does costs its own call, and is said by its span.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::serving::{FAULTY, Serving, kaos, said};
use crate::audit::Scratch;
use crate::mcp_rogues::is_gone;

/// A tool, its arguments, how what the client is told begins, and the span's `error.type`.
type Fault = (&'static str, Value, &'static str, Option<&'static str>);

fn faults() -> Vec<Fault> {
    vec![
        (
            "raises",
            json!({ "text": "so" }),
            "not so",
            Some("tool_error"),
        ),
        (
            "holds",
            json!({}),
            "the result holds a object, which JSON cannot hold",
            Some("tool_error"),
        ),
        ("forever", json!({}), "no result within 4s", Some("timeout")),
        ("eats", json!({}), "out of memory", Some("out_of_memory")),
        ("prints", json!({ "mib": 4 }), "printed", None),
        ("forks", json!({}), "the parent", None),
        (
            "kills",
            json!({}),
            "the tool's process is gone: it was ended by the signal 9",
            Some("worker_died"),
        ),
        (
            "leaves_and_dies",
            json!({}),
            "the tool's process is gone: it was ended by the signal 9",
            Some("worker_died"),
        ),
        (
            "exits",
            json!({}),
            "the tool called sys.exit(3)",
            Some("tool_error"),
        ),
        (
            "twice",
            json!({ "x": "two" }),
            "the arguments do not fit the schema",
            Some("invalid_arguments"),
        ),
    ]
}

#[track_caller]
fn assert_soon(took: Duration, after: &str) {
    assert!(took < Duration::from_secs(1), "after {after}: {took:?}");
}

#[tokio::test]
async fn each_fault_costs_its_own_call_and_the_next_is_answered_within_a_second() {
    let serving =
        Serving::start(&[FAULTY, "--workers", "2", "--time", "4", "--memory", "512"]).await;
    for (tool, arguments, text, kind) in &faults() {
        let (failed, told) = serving.call(tool, arguments.clone()).await;
        assert!(told.starts_with(text), "{tool}: {told}");
        assert_eq!(failed, kind.is_some(), "{tool}");
        let began = Instant::now();
        assert_eq!(
            serving.call("twice", json!({ "x": 21 })).await,
            (false, "42".to_owned())
        );
        assert_soon(began.elapsed(), tool);
    }
    let (spans, lines) = serving.end().await;
    of_faults(&spans);
    of_lines(&spans, &lines);
}

/// Whether it is still dying or dead: it holds a lot, so dying takes it longer than a call.
#[tokio::test]
async fn a_worker_that_is_killed_while_nobody_asks_costs_nobody_anything() {
    let serving = Serving::start(&[FAULTY, "--workers", "3"]).await;
    for waits in [false, true, false, false, true, false] {
        let (_, pid) = serving.call("fills", json!({ "mib": 200 })).await;
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        while waits && !is_gone(&pid) {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        let told = serving.call("twice", json!({ "x": 1 })).await;
        assert_eq!(told, (false, "2".to_owned()));
        assert_soon(began.elapsed(), "being killed");
    }
    serving.end().await;
}

/// What a call has done that ended with its process is unknown: nobody does it again.
#[tokio::test]
async fn a_call_that_began_is_begun_once_whatever_becomes_of_its_worker() {
    let serving = Serving::start(&[FAULTY, "--workers", "3"]).await;
    let scratch = Scratch::new("begun");
    std::fs::create_dir_all(scratch.path()).unwrap();
    let file = scratch.path().join("begun");
    let note = json!({ "note": file.display().to_string() });
    let (failed, told) = serving.call("kills", note).await;
    assert!(failed, "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "begun\n");
    serving.end().await;
}

/// Its process works for nobody any more: it ends, and another one takes its place.
#[tokio::test]
async fn a_client_that_goes_away_ends_its_call_and_what_carries_it_out() {
    let serving = Serving::start(&[FAULTY, "--workers", "1"]).await;
    let scratch = Scratch::new("lasts");
    std::fs::create_dir_all(scratch.path()).unwrap();
    let note = scratch.path().join("pid");
    let arguments = json!({ "note": note.display().to_string() });
    let pid = tokio::select! {
        answer = serving.ask("lasts", arguments) => panic!("{answer:?}"),
        pid = async {
            loop {
                match std::fs::read_to_string(&note) {
                    Ok(pid) => break pid,
                    Err(_not_yet) => tokio::task::yield_now().await,
                }
            }
        } => pid,
    };
    let began = Instant::now();
    let told = serving.call("twice", json!({ "x": 3 })).await;
    assert_eq!(told, (false, "6".to_owned()));
    assert_soon(began.elapsed(), "its client went away");
    while !is_gone(&pid) {
        tokio::task::yield_now().await;
    }
    let (spans, _) = serving.end().await;
    let span = spans.iter().find(|it| it.name == "tools/call lasts");
    assert_eq!(said(span.unwrap()).get("error.type"), Some(&"cancelled"));
}

fn of_faults(spans: &[Span]) {
    for (tool, _, _, kind) in faults() {
        let name = format!("tools/call {tool}");
        let of_tool = |span: &&Span| span.name == name;
        let span = spans
            .iter()
            .filter(of_tool)
            .find(|span| said(span).get("error.type").copied() == kind);
        let span = span.unwrap_or_else(|| panic!("{tool}: {spans:#?}"));
        assert_eq!(span.kind, 2, "{tool}");
        if tool == "raises" {
            let exception = span
                .events
                .iter()
                .find(|it| it.name == "exception")
                .unwrap();
            let details: BTreeMap<_, _> = exception
                .attributes
                .iter()
                .map(|it| (it.key.as_str(), format!("{:?}", it.value)))
                .collect();
            assert!(
                details["exception.type"].contains("ValueError"),
                "{details:?}"
            );
            assert!(
                details["exception.stacktrace"].contains("in raises"),
                "{details:?}"
            );
        }
    }
}

fn of_lines(spans: &[Span], lines: &str) {
    // What the code prints is a line with the call's ids.
    let twice = spans
        .iter()
        .find(|span| span.name == "tools/call twice")
        .unwrap();
    let trace = twice
        .trace_id
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect::<String>();
    let printed: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("doubling 21"))
        .collect();
    assert_eq!(printed.len(), faults().len(), "{lines}");
    assert!(
        printed.iter().all(|line| line.contains(&trace)),
        "{printed:?}"
    );
    assert!(lines.contains("more lines"), "{lines}");
}

#[tokio::test]
async fn a_hundred_megabytes_of_lines_cost_no_memory_and_nobody_else_s_call() {
    let serving = Serving::start(&[FAULTY, "--workers", "2"]).await;
    let printing = serving.call("prints", json!({ "mib": 100 }));
    let meanwhile = async {
        let mut answered = 0;
        while answered < 20 {
            assert_eq!(serving.call("twice", json!({ "x": 4 })).await.1, "8");
            answered += 1;
        }
    };
    let (printed, ()) = tokio::join!(printing, meanwhile);
    assert_eq!(printed, (false, "printed".to_owned()));
    let peak = serving.peak_mib();
    assert!(peak < 150, "{peak} MiB");
    let (_, lines) = serving.end().await;
    assert!(lines.contains("24600 more lines"), "{}", lines.len());
}

/// Code that takes long to load holds up nobody who ends the server, and is not left behind.
#[tokio::test]
async fn a_server_whose_code_still_loads_ends_when_it_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let code = format!(
        "import socket, time\nheld = socket.create_connection(('127.0.0.1', {port}))\ntime.sleep(1000)\n"
    );
    let mut server = kaos(&["--tools-string", &code, "--port", "0"]);
    let mut server = server.spawn().unwrap();
    let (mut held, _) = listener.accept().await.unwrap();
    let id = i32::try_from(server.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    let patience = Duration::from_secs(20);
    let ended = timeout(patience, server.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
    let end = timeout(patience, held.read(&mut [0])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "the code still runs");
}
