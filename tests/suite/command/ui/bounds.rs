//! Runs that are larger, or later, than any that was made: what is shown of them has its limits.

use std::fs;

use kaos_events::{Custom, CustomOutcome, EventBuf, PhaseBuf, Progress};
use kaos_tests::trails::NOW;
use serde_json::Value;

use super::given::{done, span, turn, write};
use super::{Shown, kaos};
use crate::audit::Scratch;
use crate::command::said;

#[tokio::test]
async fn a_time_at_the_end_of_all_times_is_counted_with_the_others() {
    let scratch = Scratch::new("ui-last-time");
    for (id, time) in [(1, NOW), (2, u64::MAX), (3, 0), (4, u64::MAX - 1)] {
        let mut events = turn(id, None, "when?", Vec::new());
        for event in &mut events {
            event.time.unix_nanos = time;
        }
        write(scratch.path(), &events);
    }
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 4).await;
    for target in ["", "?since=0", "?until=18446744073709551615", "?since=1"] {
        let numbers = shown.get(&format!("/api/numbers{target}")).await.json();
        let series = numbers["series"].as_array().unwrap();
        assert!(series.len() <= 48, "{target}: {} stretches", series.len());
        let counts = series.iter().map(|it| it["of"]["count"].as_u64().unwrap());
        assert_eq!(Some(counts.sum()), numbers["turns"]["count"].as_u64());
    }
}

#[tokio::test]
async fn times_that_are_close_together_make_no_more_stretches_than_others() {
    let scratch = Scratch::new("ui-close-times");
    for (id, time) in (1..=95).zip(NOW..) {
        let mut events = turn(id, None, "when?", Vec::new());
        for event in &mut events {
            event.time.unix_nanos = time;
        }
        write(scratch.path(), &events);
    }
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 95).await;
    let numbers = shown.get("/api/numbers").await.json();
    assert!(numbers["series"].as_array().unwrap().len() <= 48);
}

/// So many spans within a turn, all of them open until the last was begun.
fn many(spans: u64) -> Vec<EventBuf> {
    let work = || Custom::new("w");
    let begin = (0..spans).map(|at| span(1 + at, 2 + at, Some(1), work(), PhaseBuf::Start));
    let end = (0..spans).map(|at| {
        let end = done(CustomOutcome::default());
        span(1 + spans + at, 2 + at, Some(1), work(), end)
    });
    begin.chain(end).collect()
}

#[tokio::test]
async fn a_page_has_no_more_spans_than_are_shown_and_says_that_there_are_more() {
    let scratch = Scratch::new("ui-many-spans");
    write(scratch.path(), &turn(1, None, "many", many(20_010)));
    let file = scratch.path().with_extension("html");
    let _gone = fs::remove_file(&file).is_ok();
    let (trail, page) = (scratch.path().to_str().unwrap(), file.to_str().unwrap());
    let done = kaos(&["audit", "show", trail, "--html", page]);
    let done = { done }.output().await.unwrap();
    assert!(done.status.success(), "{}", said(&done));
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (_, data) = text.split_once("id=\"kaos-data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let answers = data.as_object().unwrap();
    let records = || {
        answers
            .iter()
            .filter(|it| it.0.starts_with("/api/records/"))
    };
    let (_, run) = answers
        .iter()
        .find(|it| it.0.starts_with("/api/run/"))
        .unwrap();
    assert_eq!(run["spans"].as_array().unwrap().len(), 20_000);
    assert_eq!(run["left_out"], true);
    assert_eq!(
        records().count(),
        20_000,
        "those of the spans that are shown"
    );
    let of: Vec<_> = records()
        .map(|it| it.1["records"].as_array().unwrap().len())
        .collect();
    assert!(of.iter().all(|it| *it == 2), "both ends of each");
    let open = run["spans"].as_array().unwrap().iter();
    let open = open.filter(|it| it["state"] == "open").count();
    assert_eq!(open, 0, "a span that is shown is shown to its end");
}

#[tokio::test]
async fn records_of_more_bytes_than_are_proved_at_once_are_refused_in_words() {
    let scratch = Scratch::new("ui-large-proof");
    let work = || Custom::new("w");
    let note = |seq| {
        let progress = Progress::new("x".repeat(60_000));
        span(seq, 2, Some(1), work(), PhaseBuf::Progress(progress))
    };
    let mut within = vec![span(1, 2, Some(1), work(), PhaseBuf::Start)];
    within.extend((2..1_202).map(note));
    within.push(span(
        1_202,
        2,
        Some(1),
        work(),
        done(CustomOutcome::default()),
    ));
    write(scratch.path(), &turn(1, None, "large", within));
    let shown = Shown::of(scratch.path()).await;
    // All of it has been read.
    let whole = |it: &Value| it["runs"][0]["state"] == "complete";
    shown.once("/api/runs", whole).await;
    let run = "000000000000000000000000000000ab/0000000000000001";
    let proof = shown.get(&format!("/api/proof/{run}")).await;
    assert_eq!(proof.status, 409, "{} bytes", proof.body.len());
    assert!(proof.body.contains("MiB"), "{}", proof.body);
}
