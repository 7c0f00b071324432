//! Trails with events of a version to come.

use std::fs;

use kaos_events::codec::decode;
use kaos_events::{Custom, CustomOutcome, EventBuf, PhaseBuf, ToolCall, ToolOutcome};
use serde_json::Value;

use super::given::{done, span, turn, write};
use super::{Shown, kaos};
use crate::audit::Scratch;
use crate::command::said;

/// The event as of a subject that nobody knows yet.
fn novel(event: &EventBuf) -> EventBuf {
    let line = event.to_line();
    let newer = line.replace("\"subject\":\"custom\"", "\"subject\":\"novel\"");
    assert_ne!(line, newer);
    decode(newer.as_bytes()).unwrap()
}

fn within() -> Vec<EventBuf> {
    let work = || Custom::new("w");
    let call = || ToolCall::new("calculator");
    vec![
        novel(&span(1, 2, Some(1), work(), PhaseBuf::Start)),
        span(2, 3, Some(2), call(), PhaseBuf::Start),
        span(3, 3, Some(2), call(), done(ToolOutcome::default())),
        novel(&span(4, 2, Some(1), work(), done(CustomOutcome::default()))),
    ]
}

#[tokio::test]
async fn events_of_a_newer_version_make_no_run_and_what_is_within_them_is_of_theirs() {
    let scratch = Scratch::new("ui-newer");
    write(scratch.path(), &turn(1, None, "old", within()));
    // One whose beginning nobody knows.
    let (work, end) = (Custom::new("w"), done(CustomOutcome::default()));
    write(scratch.path(), &[novel(&span(7, 9, Some(8), work, end))]);
    let shown = Shown::of(scratch.path()).await;
    assert_eq!(shown.verdict().await["verdict"]["standing"], "intact");
    let whole = |it: &Value| it["found"] == 1 && it["runs"][0]["state"] == "complete";
    let list = shown.once("/api/runs?nested=1", whole).await;
    assert_eq!(list["total"], 1, "{list}");
    assert_eq!(list["runs"][0]["calls"], 1);
    let target = "/api/run/000000000000000000000000000000ab/0000000000000001";
    let read = shown.get(target).await.json();
    let kinds = read["spans"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["turn", "tool_call"]);

    let trail = scratch.path().to_str().unwrap();
    let file = scratch.path().with_extension("html");
    let _gone = fs::remove_file(&file).is_ok();
    let page = kaos(&["audit", "show", trail, "--html", file.to_str().unwrap()]);
    let page = { page }.output().await.unwrap();
    assert!(page.status.success(), "{}", said(&page));
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .contains("\"question\":\"old\"")
    );
    fs::remove_file(&file).unwrap();
    let done = kaos(&["audit", "show", trail]);
    let done = { done }.output().await.unwrap();
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(out.contains("calculator"), "{out}");
    assert!(!said(&done).contains("several runs"), "{}", said(&done));
}

#[tokio::test]
async fn a_trail_without_a_run_is_not_shown_as_one() {
    let scratch = Scratch::new("ui-newer-alone");
    let work = span(1, 2, Some(1), Custom::new("w"), PhaseBuf::Start);
    write(scratch.path(), &[novel(&work)]);
    let trail = scratch.path().to_str().unwrap();
    let file = scratch.path().with_extension("html");
    let file = file.to_str().unwrap();
    for arguments in [
        &["audit", "show", trail][..],
        &["audit", "show", trail, "--html", file],
    ] {
        let done = kaos(arguments).output().await.unwrap();
        assert!(!done.status.success(), "{arguments:?}");
        assert!(said(&done).contains("no run matches"), "{}", said(&done));
    }
    assert!(fs::metadata(file).is_err(), "nothing is written");
}
