//! Python functions as tools.

use std::time::{Duration, Instant};

use serde_json::json;

use super::serving::{FAULTY, Serving, kaos, said};

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered_and_an_env_variable_names_the_call() {
    let serving = Serving::start(&[FAULTY, "--workers", "2"]).await;
    let calls = (0..100).map(|x| serving.call("twice", json!({ "x": x })));
    let answers = futures_util::future::join_all(calls).await;
    for (x, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, (false, (2 * x).to_string()));
    }
    let (_, carried) = serving.call("where", json!({})).await;
    assert!(
        carried.starts_with(&format!("00-{}-", super::TRACE)),
        "{carried}"
    );
    // A client that goes away in the middle: its call is cancelled, and the worker is free again.
    for _ in 0..2 {
        let asking = serving.ask("sleeps", json!({ "seconds": 50 }));
        assert!(
            tokio::time::timeout(Duration::from_millis(300), asking)
                .await
                .is_err()
        );
    }
    let began = Instant::now();
    assert_eq!(serving.call("twice", json!({ "x": 1 })).await.1, "2");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let (spans, _) = serving.end().await;
    let cancelled = spans.iter().filter(|span| {
        span.name == "tools/call sleeps" && said(span).get("error.type") == Some(&"cancelled")
    });
    assert_eq!(cancelled.count(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_the_code_or_the_machine_is_said_at_once() {
    let broken = "def f(:\n    pass\n";
    let output = kaos(&["--tools-string", broken, "--port", "0"])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "File \"<tools-string>\", line 1",
        "def f(:",
        "^",
        "SyntaxError",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let missing = ["--tools-string", "", "--python", "no-such-python"];
    let output = kaos(&missing).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("install Python 3.9 or newer"), "{text}");
}
