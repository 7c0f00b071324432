//! What somebody puts into a trail's files, or beside them, is not shown as a run, and hides none.

use std::fs;
use std::time::{Duration, Instant};

use super::files::segments;
use super::{Shown, kaos, recorded};
use crate::command::said;

/// The lines of the first run, as of another trace; each claims a number, from this one on.
fn forged(text: &str, mut claim: u64) -> (String, String) {
    let trace = "ef".repeat(16);
    let mut ours = None;
    let mut lines = String::new();
    for line in text.lines() {
        let Some((_, rest)) = line.split_once("\"trace_id\":\"") else {
            continue;
        };
        let own = ours.get_or_insert(&rest[..32]);
        if rest[..32] != **own {
            break;
        }
        let (body, _) = line.rsplit_once(",\"trail_seq\":").unwrap();
        let body = body.replace(*own, &trace);
        let zeros = "0".repeat(64);
        lines += &format!("{body},\"trail_seq\":{claim},\"synced\":null,\"h\":\"{zeros}\"}}\n");
        claim += 1;
    }
    (trace, lines)
}

#[tokio::test]
async fn appended_lines_with_numbers_of_the_past_are_no_run() {
    let scratch = recorded("ui-forged", &["one", "two"]).await;
    let segment = &segments(scratch.path())[0];
    let text = fs::read_to_string(segment).unwrap();
    let (trace, lines) = forged(&text, 2);
    let count = lines.lines().count();
    assert!(count >= 6);
    fs::write(segment, text + &lines).unwrap();
    let shown = Shown::of(scratch.path()).await;
    let told = format!("{count} lines of its files are no records of the trail");
    let state = |it: &serde_json::Value| it["trails"][0]["news"].to_string().contains(&told);
    shown.once("/api/state", state).await;
    let list = shown.once("/api/runs", |it| it["found"] == 2).await;
    assert!(!list.to_string().contains(&trace), "{list}");
    for kind in ["run", "proof"] {
        let answer = shown.get(&format!("/api/{kind}/{trace}/-")).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    let path = scratch.path().to_str().unwrap();
    let done = kaos(&["audit", "show", path, "--all"])
        .output()
        .await
        .unwrap();
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!out.contains(&trace) && out.contains("assistant"), "{out}");
    let told = format!("{count} lines are no records of the trail");
    assert!(said(&done).contains(&told), "{}", said(&done));
}

#[tokio::test]
async fn what_has_a_segments_name_and_is_no_file_hides_nothing_and_is_named() {
    let scratch = recorded("ui-odd", &["one", "two"]).await;
    let name = |first: u64| format!("seg-{first:020}.jsonl");
    fs::create_dir(scratch.path().join(name(3))).unwrap();
    let (link, pipe) = (
        scratch.path().join(name(900)),
        scratch.path().join(name(901)),
    );
    std::os::unix::fs::symlink("/dev/zero", link).unwrap();
    let made = std::process::Command::new("mkfifo").arg(pipe).status();
    assert!(made.unwrap().success());
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 2).await;
    for odd in [3, 900, 901].map(name) {
        let is_named = |it: &serde_json::Value| {
            let news = it["trails"][0]["news"].to_string();
            news.contains(&format!("{odd} cannot be read"))
        };
        shown.once("/api/state", is_named).await;
    }
    assert_eq!(shown.verdict().await["verdict"]["standing"], "not_intact");
    let path = scratch.path().to_str().unwrap();
    let done = kaos(&["audit", "show", path, "--all"])
        .output()
        .await
        .unwrap();
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(out.matches("agent \"assistant\"").count(), 2, "{out}");
    let told = said(&done);
    assert!(
        [3, 900, 901].iter().all(|it| told.contains(&name(*it))),
        "{told}"
    );
    assert_eq!(
        done.status.code(),
        Some(1),
        "not all of it was read: {told}"
    );
}

#[tokio::test]
async fn a_change_in_place_is_seen_at_once_and_not_when_all_is_verified_anew() {
    let scratch = recorded("ui-in-place", &["one", "two"]).await;
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 2).await;
    assert_eq!(shown.verdict().await["verdict"]["standing"], "intact");
    let segment = &segments(scratch.path())[0];
    let text = fs::read_to_string(segment).unwrap();
    let changed = Instant::now();
    fs::write(segment, text.replacen("two", "twO", 1)).unwrap();
    let is_seen = |it: &serde_json::Value| it["trails"][0]["verdict"]["standing"] == "not_intact";
    shown.once("/api/trust", is_seen).await;
    let took = changed.elapsed();
    assert!(took < Duration::from_secs(30), "it took {took:?}");
}

#[test]
fn only_what_is_written_where_a_secret_stood_is_shown_as_taken_out() {
    let script = include_str!("../../../../kaos-cli/page/format.js");
    let (_, from) = script.split_once("const SPECIAL = /").unwrap();
    let (pattern, _) = from.split_once("|([\\u0000").unwrap();
    // A short name in capitals, then a count or 16 digits: as the redactor itself knows what it has written.
    assert_eq!(
        pattern,
        "<redacted:([A-Z0-9_]{1,20}):(?:([0-9]{1,9})-chars|([0-9a-f]{16}))>"
    );
}
