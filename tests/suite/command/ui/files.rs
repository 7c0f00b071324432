//! What becomes of a trail's files while they are looked at.

use std::fs;
use std::path::{Path, PathBuf};

use kaos_hooks::Hooks;
use kaos_hooks::audit::AuditHook;

use super::{Shown, key, recorded, turn};
use crate::audit::Scratch;

pub(super) fn segments(of: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(of).unwrap().map(|it| it.unwrap().path());
    let mut segments: Vec<_> = files
        .filter(|it| it.extension().is_some_and(|it| it == "jsonl"))
        .collect();
    segments.sort();
    segments
}

#[tokio::test]
async fn a_flipped_bit_is_said_of_the_trail_and_of_the_run() {
    let scratch = recorded("ui-flipped", &["one", "two", "three"]).await;
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 3).await;
    assert_eq!(shown.verdict().await["verdict"]["standing"], "intact");
    let segment = &segments(scratch.path())[0];
    let text = fs::read_to_string(segment).unwrap();
    fs::write(segment, text.replacen("two", "twO", 1) + "\n").unwrap();
    let trust = shown
        .once("/api/trust", |it| {
            it["trails"][0]["verdict"]["standing"] == "not_intact"
        })
        .await;
    assert!(
        !trust["trails"][0]["verdict"]["findings"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let state = shown.get("/api/state").await.json();
    assert_eq!(state["trails"][0]["trust"]["standing"], "not_intact");
    let damaged = |it: &serde_json::Value| {
        let runs = it["runs"].as_array().unwrap();
        runs.len() == 3 && runs[1]["doubt"] == "damaged" && runs[1]["question"] == "twO"
    };
    let list = shown.once("/api/runs", damaged).await;
    let run = &list["runs"][1];
    let target = format!(
        "/api/run/{}/{}",
        run["trace"].as_str().unwrap(),
        run["root"].as_str().unwrap()
    );
    let read = shown.get(&target).await.json();
    assert!(!read["findings"].as_array().unwrap().is_empty(), "{read}");
}

#[tokio::test]
async fn runs_come_while_they_run_and_the_page_goes_on_when_files_go() {
    let scratch = Scratch::new("ui-live");
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key())
        .open()
        .unwrap();
    let hooks = Hooks::new(audit.clone());
    turn(&hooks, "before").await;
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 1).await;
    let open = hooks.turn(kaos_hooks::Turn::new("assistant"));
    open.settled().await.unwrap();
    shown
        .once("/api/runs", |it| it["runs"][0]["state"] == "running")
        .await;
    open.complete(kaos_hooks::TurnOutcome::default());
    shown
        .once("/api/runs", |it| {
            it["found"] == 2 && it["runs"][0]["state"] == "complete"
        })
        .await;
    audit.shutdown().await.unwrap();
    drop(hooks);

    // The next segment, and then the first is pruned.
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key())
        .open()
        .unwrap();
    let hooks = Hooks::new(audit.clone());
    turn(&hooks, "after").await;
    audit.shutdown().await.unwrap();
    shown.once("/api/runs", |it| it["found"] == 3).await;
    fs::remove_file(&segments(scratch.path())[0]).unwrap();
    let list = shown.once("/api/runs", |it| it["found"] == 1).await;
    assert_eq!(list["runs"][0]["question"], "after");
    let news = |of: &serde_json::Value| of["trails"][0]["news"].to_string();
    let state = shown
        .once("/api/state", |it| news(it).contains("were removed"))
        .await;
    assert!(
        news(&state).contains("only what is left is shown"),
        "{state}"
    );

    // All of it goes, and comes again.
    let aside = scratch.path().with_extension("aside");
    fs::rename(scratch.path(), &aside).unwrap();
    shown
        .once("/api/state", |it| news(it).contains("cannot be read"))
        .await;
    assert_eq!(shown.get("/").await.status, 200);
    fs::rename(&aside, scratch.path()).unwrap();
    shown
        .once("/api/state", |it| news(it).contains("there again"))
        .await;
    for segment in segments(scratch.path()) {
        fs::remove_file(segment).unwrap();
    }
    shown.once("/api/runs", |it| it["found"] == 0).await;
    let left: Vec<_> = fs::read_dir(scratch.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|it| it == "lock" || it == "reserve" || it == "quarantine"),
        "nothing was written there: {left:?}"
    );
}
