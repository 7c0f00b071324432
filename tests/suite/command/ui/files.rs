//! What becomes of a trail's files while they are looked at.

use std::fs;
use std::path::{Path, PathBuf};

use kaos_hooks::Hooks;
use kaos_hooks::audit::AuditHook;

use super::{Shown, key, recorded, turn};
use crate::audit::Scratch;

fn segments(of: &Path) -> Vec<PathBuf> {
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

/// Trails of two openings have two segments, of which the first is sealed.
async fn two_segments(name: &str) -> Scratch {
    let scratch = recorded(name, &["one", "two"]).await;
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key())
        .open()
        .unwrap();
    turn(&Hooks::new(audit.clone()), "three").await;
    audit.shutdown().await.unwrap();
    scratch
}

#[tokio::test]
async fn what_was_read_of_sealed_segments_is_kept_for_its_user_alone_and_believed_of_the_same_files_alone()
 {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = two_segments("ui-kept").await;
    let home = scratch.path().with_extension("home");
    let _gone = fs::remove_dir_all(&home).is_ok();
    let trail = scratch.path().to_str().unwrap().to_owned();
    let questions = async || {
        let shown = Shown::start_in(&home, &[&trail]).await;
        let list = shown.once("/api/runs", |it| it["found"] == 3).await;
        let runs = list["runs"].as_array().unwrap().iter();
        let questions: Vec<_> = runs
            .map(|it| it["question"].as_str().unwrap().to_owned())
            .collect();
        let standing = shown.verdict().await["verdict"]["standing"].clone();
        (questions, standing)
    };
    assert_eq!(questions().await.0, ["three", "two", "one"]);
    let kept: Vec<_> = fs::read_dir(home.join("kaos/runs"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    let [kept] = &kept[..] else {
        panic!("{kept:?}");
    };
    assert_eq!(
        fs::metadata(kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        fs::metadata(home.join("kaos/runs"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );

    // Whoever changes what is kept changes what is listed, and nothing of what is found by verifying.
    let text = fs::read_to_string(kept).unwrap();
    assert!(!text.contains("three"), "the last segment is not sealed");
    fs::write(kept, text.replace("\"two\"", "\"2\"")).unwrap();
    let (listed, standing) = questions().await;
    assert_eq!(
        (listed, standing),
        (
            vec!["three".to_owned(), "2".to_owned(), "one".to_owned()],
            "intact".into()
        )
    );

    // Of other files it is not taken, nor what cannot be read.
    fs::write(kept, "{").unwrap();
    assert_eq!(questions().await.0, ["three", "two", "one"]);
    let text = fs::read_to_string(kept).unwrap();
    fs::write(kept, text.replace("\"two\"", "\"2\"")).unwrap();
    let first = &segments(scratch.path())[0];
    let lines = fs::read_to_string(first).unwrap();
    let at = lines.trim_end().rfind("\"h\":\"").unwrap() + 5;
    let other = if lines[at..].starts_with('0') {
        "1"
    } else {
        "0"
    };
    fs::write(first, [&lines[..at], other, &lines[at + 1..]].concat()).unwrap();
    let (listed, standing) = questions().await;
    assert_eq!(
        (listed, standing),
        (
            vec!["three".to_owned(), "two".to_owned(), "one".to_owned()],
            "not_intact".into()
        )
    );
    fs::remove_dir_all(&home).unwrap();
}
