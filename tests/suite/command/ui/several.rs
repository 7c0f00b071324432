//! Several trails together.

use std::fs;
use std::path::Path;

use kaos_events::{PhaseBuf, Subagent, SubagentOutcome};
use serde_json::{Value, json};

use super::given::{done, span, turn, write};
use super::{Shown, key};
use crate::audit::Scratch;
use crate::command::{kaos, said};

fn names(state: &Value) -> Vec<&str> {
    let trails = state["trails"].as_array().unwrap().iter();
    trails.map(|it| it["name"].as_str().unwrap()).collect()
}

/// The one run of `given::turn`, and its root.
const RUN: &str = "000000000000000000000000000000ab/0000000000000001";

#[tokio::test]
async fn trails_of_one_name_are_told_apart_in_a_run_and_in_its_proof() {
    let scratch = Scratch::new("ui-one-name");
    let trails = ["a/trail", "b/trail", "c/trail (2)"].map(|it| scratch.path().join(it));
    for trail in &trails {
        fs::create_dir_all(trail.parent().unwrap()).unwrap();
        write(trail, &turn(1, None, "what is it?", Vec::new()));
    }
    let paths: Vec<&str> = trails.iter().map(|it| it.to_str().unwrap()).collect();
    let shown = Shown::start(&paths).await;
    let state = shown
        .once("/api/state", |it| it["runs"] == 3 && names(it).len() == 3)
        .await;
    let mut names = names(&state);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");

    let read = shown.get(&format!("/api/run/{RUN}")).await.json();
    let spans = read["spans"].as_array().unwrap();
    let of: Vec<_> = spans.iter().map(|it| &it["trail"]).collect();
    assert_eq!(of.len(), 3, "each trail's span is one of its own: {of:?}");
    assert!(spans.iter().all(|it| it["state"] == "complete"), "{read}");

    let steps = shown.get(&format!("/api/steps/{RUN}")).await.json();
    let steps = steps["steps"].as_array().unwrap();
    let states: Vec<_> = steps.iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["complete"; 3]);

    let proof = shown.get(&format!("/api/proof/{RUN}")).await;
    assert_eq!(proof.status, 200, "{}", proof.body);
    assert_eq!(proof.body.lines().count(), 1 + 3 * 2, "{}", proof.body);
    let file = scratch.path().join("proof");
    fs::write(&file, &proof.body).unwrap();
    let public = key().verifying_key().to_string();
    let checked = kaos(&["audit", "check", file.to_str().unwrap(), "--key", &public]);
    let checked = { checked }.output().await.unwrap();
    let said = said(&checked);
    assert_eq!(said.matches("PROVED: 2 records").count(), 3, "{said}");
}

#[tokio::test]
async fn a_trail_that_is_named_more_than_once_is_there_once() {
    let scratch = Scratch::new("ui-twice");
    let trail = scratch.path().join("trail");
    fs::create_dir_all(scratch.path()).unwrap();
    write(&trail, &turn(1, None, "what is it?", Vec::new()));
    let link = scratch.path().join("link");
    std::os::unix::fs::symlink(&trail, &link).unwrap();
    let around = scratch.path().join("trail/../trail");
    let paths = [&trail, &trail, &around, &link, &scratch.path().to_owned()];
    let paths = paths.map(|it: &std::path::PathBuf| it.to_str().unwrap());
    let shown = Shown::start(&paths).await;
    let state = shown.once("/api/state", |it| it["runs"] != 0).await;
    assert_eq!(names(&state), ["trail"], "{state}");
    assert_eq!(state["runs"], 1);
}

fn first_segment(trail: &Path) -> std::path::PathBuf {
    trail.join(format!("seg-{:020}.jsonl", 0))
}

#[tokio::test]
async fn what_a_run_called_is_listed_itself_once_that_run_is_pruned() {
    let scratch = Scratch::new("ui-called");
    let [caller, other] = ["caller", "called"].map(|it| scratch.path().join(it));
    fs::create_dir_all(scratch.path()).unwrap();
    let call = || Subagent::new("b");
    let calls = vec![
        span(1, 2, Some(1), call(), PhaseBuf::Start),
        span(2, 2, Some(1), call(), done(SubagentOutcome::default())),
    ];
    write(&caller, &turn(1, None, "calls", calls));
    write(&caller, &turn(9, None, "later", Vec::new()));
    write(&other, &turn(5, Some(2), "called", Vec::new()));
    let shown = Shown::of(scratch.path()).await;
    let listed = |it: &Value| -> Vec<Value> {
        let runs = it["runs"].as_array().unwrap().iter();
        let mut listed: Vec<_> = runs.map(|it| it["question"].clone()).collect();
        listed.sort_by_key(ToString::to_string);
        listed
    };
    shown
        .once("/api/runs", |it| it["total"] == 3 && it["found"] == 2)
        .await;
    fs::remove_file(first_segment(&caller)).unwrap();
    let list = shown.once("/api/runs", |it| it["total"] == 2).await;
    assert_eq!(listed(&list), [json!("called"), json!("later")]);

    // And once all of the caller is gone.
    for file in fs::read_dir(&caller).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|it| it == "jsonl") {
            fs::remove_file(file).unwrap();
        }
    }
    let list = shown.once("/api/runs", |it| it["total"] == 1).await;
    assert_eq!(listed(&list), [json!("called")]);
}
