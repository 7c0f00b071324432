//! A trail that is changed in place after it was verified, or while it is.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Shown;
use super::files::segments;
use super::kept::two_segments;

/// None as long as it was not verified.
fn standing(of: &Value) -> &str {
    let standing = &of["trails"][0]["trust"]["standing"];
    standing.as_str().unwrap_or_default()
}

/// It has another time, and is as it was.
fn touch(file: &Path) {
    let as_before = fs::metadata(file).unwrap().permissions();
    fs::set_permissions(file, as_before).unwrap();
}

#[tokio::test]
async fn what_is_touched_again_and_again_is_not_intact_and_its_runs_are_in_doubt() {
    let scratch = two_segments("ui-touched").await;
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 3).await;
    shown
        .once("/api/state", |it| standing(it) == "intact")
        .await;
    let sealed = segments(scratch.path())[0].clone();
    let is_changed = |it: &Value| {
        touch(&sealed);
        standing(it) == "changed"
    };
    let state = shown.once("/api/state", is_changed).await;
    let news = state["trails"][0]["news"].to_string();
    let name = sealed.file_name().unwrap().to_str().unwrap();
    let told = format!("{name} was changed in place, or replaced");
    assert!(news.contains(&told), "{news}");
    let in_doubt = |it: &Value| {
        touch(&sealed);
        it["runs"][0]["doubt"] == "changed"
    };
    shown.once("/api/runs", in_doubt).await;
    // Nobody touches it any more.
    shown
        .once("/api/state", |it| standing(it) == "intact")
        .await;
    let calm = |it: &Value| it["found"] == 3 && it["runs"][0]["doubt"].is_null();
    shown.once("/api/runs", calm).await;
}

#[tokio::test]
async fn what_was_put_right_again_before_it_was_verified_is_not_shown_as_it_was_changed() {
    let scratch = two_segments("ui-put-right").await;
    let sealed = &segments(scratch.path())[0];
    let right = fs::read_to_string(sealed).unwrap();
    let shown = Shown::of(scratch.path()).await;
    shown
        .once("/api/state", |it| standing(it) == "intact")
        .await;
    fs::write(sealed, right.replacen("two", "2wo", 1)).unwrap();
    shown
        .once("/api/state", |it| standing(it) == "not_intact")
        .await;
    fs::write(sealed, &right).unwrap();
    shown
        .once("/api/state", |it| standing(it) == "intact")
        .await;
    let honest = |it: &Value| {
        let runs = it["runs"].as_array().unwrap();
        runs.len() == 3 && runs[1]["question"] == "two" && runs[1]["doubt"].is_null()
    };
    shown.once("/api/runs", honest).await;
}
