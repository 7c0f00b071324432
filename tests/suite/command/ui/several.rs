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

    // All of them claim the same ids: each has a page, and a proof, of its own.
    let list = shown.get("/api/runs").await.json();
    let (trace, _) = RUN.split_once('/').unwrap();
    let mut seen = Vec::new();
    for run in list["runs"].as_array().unwrap() {
        assert_eq!(run["claims"], 3, "{run}");
        let id = run["id"].as_str().unwrap();
        let id = id.replace(' ', "%20");
        let read = shown.get(&format!("/api/run/{trace}/{id}")).await.json();
        assert_eq!(read["run"]["trail"], run["trail"]);
        let spans = read["spans"].as_array().unwrap();
        let of: Vec<_> = spans.iter().map(|it| &it["trail"]).collect();
        assert_eq!(of, [&run["trail"]], "its own span alone");
        assert_eq!(spans[0]["state"], "complete", "{read}");
        assert_eq!(read["claimants"].as_array().unwrap().len(), 2, "{read}");
        let records = shown.get(&format!("/api/records/{trace}/{id}")).await;
        assert_eq!(records.json()["records"].as_array().unwrap().len(), 2);
        let steps = shown.get(&format!("/api/steps/{trace}/{id}")).await.json();
        assert_eq!(steps["steps"].as_array().unwrap().len(), 1);
        let proof = shown.get(&format!("/api/proof/{trace}/{id}")).await;
        assert_eq!(proof.status, 200, "{}", proof.body);
        assert_eq!(proof.body.lines().count(), 1 + 2, "{}", proof.body);
        let file = scratch.path().join("proof");
        fs::write(&file, &proof.body).unwrap();
        let public = key().verifying_key().to_string();
        let checked = kaos(&["audit", "check", file.to_str().unwrap(), "--key", &public]);
        let checked = { checked }.output().await.unwrap();
        let said = said(&checked);
        assert_eq!(said.matches("PROVED: 2 records").count(), 1, "{said}");
        seen.push(run["trail"].to_string());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    // The ids alone lead to one of them, which says so.
    let read = shown.get(&format!("/api/run/{RUN}")).await.json();
    assert_eq!(read["run"]["claims"], 3);
    assert_eq!(read["spans"].as_array().unwrap().len(), 1);
    let gone = shown.get(&format!("/api/run/{RUN}.9.trail")).await;
    assert_eq!(gone.status, 404);
}

/// A turn as of `given::turn`, so many milliseconds later.
fn later(millis: u64, question: &str) -> Vec<kaos_events::EventBuf> {
    let mut events = turn(1, None, question, Vec::new());
    for event in &mut events {
        event.time.unix_nanos += millis * 1_000_000;
    }
    events
}

#[tokio::test]
async fn runs_that_claim_the_same_ids_in_one_trail_each_have_their_own_page() {
    let scratch = Scratch::new("ui-claimed");
    write(scratch.path(), &later(1, "first"));
    write(scratch.path(), &later(2, "second"));
    write(scratch.path(), &turn(3, None, "alone", Vec::new()));
    let shown = Shown::of(scratch.path()).await;
    let ended = |it: &Value| {
        let runs = it["runs"].as_array().unwrap();
        runs.len() == 3 && runs.iter().all(|it| it["state"] == "complete")
    };
    let list = shown.once("/api/runs", ended).await;
    let (trace, root) = RUN.split_once('/').unwrap();
    for run in list["runs"].as_array().unwrap() {
        let id = run["id"].as_str().unwrap();
        let read = shown.get(&format!("/api/run/{trace}/{id}")).await.json();
        assert_eq!(read["run"]["question"], run["question"], "{id}");
        assert_eq!(read["spans"].as_array().unwrap().len(), 1, "{id}");
        if run["question"] == "alone" {
            assert_eq!((&run["claims"], &run["id"]), (&json!(1), &run["root"]));
            assert_eq!(read["claimants"], json!([]));
        } else {
            assert_eq!(run["claims"], 2);
            assert!(id.starts_with(&format!("{root}.")), "{id}");
            assert_eq!(read["claimants"].as_array().unwrap().len(), 1);
        }
    }
    let newest = shown.get(&format!("/api/run/{RUN}")).await.json();
    assert_eq!(newest["run"]["question"], "second");
}

/// Two processes of one run give their spans the same ids, by chance or to mislead.
#[tokio::test]
async fn spans_of_one_id_in_the_trails_of_one_run_are_two() {
    let scratch = Scratch::new("ui-one-id");
    let [caller, other] = ["caller", "called"].map(|it| scratch.path().join(it));
    fs::create_dir_all(scratch.path()).unwrap();
    let both = |id, parent| {
        let call = || Subagent::new("b");
        vec![
            span(1, id, Some(parent), call(), PhaseBuf::Start),
            span(
                2,
                id,
                Some(parent),
                call(),
                done(SubagentOutcome::default()),
            ),
        ]
    };
    write(&caller, &turn(1, None, "calls", both(2, 1)));
    write(&other, &turn(5, Some(2), "called", both(2, 5)));
    let shown = Shown::of(scratch.path()).await;
    shown
        .once("/api/runs", |it| it["total"] == 2 && it["found"] == 1)
        .await;
    let read = shown.get(&format!("/api/run/{RUN}")).await.json();
    let spans = read["spans"].as_array().unwrap().iter();
    let mut spans: Vec<_> = spans
        .map(|it| (it["trail"].as_str().unwrap(), it["id"].as_str().unwrap()))
        .collect();
    spans.sort_unstable();
    let id = |number: u64| format!("{number:016x}");
    let (one, two, five) = (id(1), id(2), id(5));
    let wanted = [
        ("called", &*two),
        ("called", &five),
        ("caller", &one),
        ("caller", &two),
    ];
    assert_eq!(spans, wanted);
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
