//! One run: listed, shown, and proved to somebody who has no trail.

use std::process::Stdio;

use kaos_hooks::audit::SigningKey;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::{Shown, kaos, key, recorded};
use crate::command::said;

#[tokio::test]
async fn a_run_is_listed_shown_and_proved_and_the_proof_is_checked_without_the_trail() {
    let scratch = recorded("ui-run", &["What is 6 * 7?", "And 7 * 8?"]).await;
    let shown = Shown::of(scratch.path()).await;
    let list = shown.once("/api/runs", |it| it["found"] == 2).await;
    assert_eq!(
        list["runs"][0]["question"], "And 7 * 8?",
        "the newest is the first"
    );
    let found = shown
        .get("/api/runs?text=6+*&tool=calculator&status=complete")
        .await
        .json();
    assert_eq!((&found["found"], &found["total"]), (&json!(1), &json!(2)));
    let run = &found["runs"][0];
    let (trace, root) = (
        run["trace"].as_str().unwrap(),
        run["root"].as_str().unwrap(),
    );
    let read = shown.get(&format!("/api/run/{trace}/{root}")).await.json();
    let kinds: Vec<_> = read["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["turn", "step", "tool_call"]);
    let tool = read["spans"][2]["id"].as_str().unwrap();
    let records = shown
        .get(&format!("/api/records/{trace}/{root}?span={tool}"))
        .await
        .json();
    assert_eq!(records["records"][0]["event"]["content"], r#"{"a":6}"#);
    let proof = shown.get(&format!("/api/proof/{trace}/{root}")).await;
    assert_eq!(proof.status, 200, "{}", proof.body);
    assert_eq!(
        proof.body.lines().count(),
        1 + records_of(&shown, trace, root).await
    );

    let file = scratch.path().with_extension("proof");
    let check = async |text: String, key: &SigningKey| {
        std::fs::write(&file, text).unwrap();
        let public = key.verifying_key().to_string();
        let checked = kaos(&["audit", "check", file.to_str().unwrap(), "--key", &public])
            .output()
            .await
            .unwrap();
        (checked.status.code(), said(&checked))
    };
    let (code, told) = check(proof.body.clone(), &key()).await;
    assert!(
        code == Some(0) && told.contains("PROVED: 6 records"),
        "{told}"
    );
    let other = SigningKey::from_seed("test", &[8; 32]).unwrap();
    let (code, told) = check(proof.body.clone(), &other).await;
    assert!(code == Some(1) && told.contains("NOT PROVED"), "{told}");
    let fewer: Vec<_> = proof.body.lines().take(3).collect();
    let (code, told) = check(fewer.join("\n"), &key()).await;
    assert!(
        code == Some(2) && told.contains("it says that it has 6 records, and has 2"),
        "{told}"
    );
    let (code, told) = check(format!("{}\n{}", proof.body, fewer[1]), &key()).await;
    assert!(
        code == Some(2) && told.contains("it says that it has 6 records, and has more"),
        "{told}"
    );
    let lines: Vec<_> = proof.body.lines().collect();
    let (first, others) = (lines[1], &lines[..lines.len() - 1]);
    let (code, told) = check([others, &[first]].concat().join("\n"), &key()).await;
    assert!(code == Some(2) && told.contains("there twice"), "{told}");
    let lines = lines.len() - 1;
    let (head, _) = proof.body.split_once('\n').unwrap();
    let (code, told) = check(
        [head, "\n", &[first, "\n"].concat().repeat(lines)].concat(),
        &key(),
    )
    .await;
    assert!(code == Some(2) && !told.contains("PROVED: 6"), "{told}");
    let renamed = proof.body.replacen("\"seq\":", "\"seq\":1", 1);
    let (code, told) = check(renamed, &key()).await;
    assert!(code == Some(2) && told.contains("another record"), "{told}");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn a_proof_is_of_the_trace_that_it_names_in_the_order_of_the_log_and_says_what_it_does_not_prove()
 {
    let scratch = recorded("ui-proofs", &["one", "two"]).await;
    let shown = Shown::of(scratch.path()).await;
    let list = shown.once("/api/runs", |it| it["found"] == 2).await;
    let mut proofs = Vec::new();
    for run in list["runs"].as_array().unwrap() {
        let (trace, root) = (&run["trace"], &run["root"]);
        let target = format!(
            "/api/proof/{}/{}",
            trace.as_str().unwrap(),
            root.as_str().unwrap()
        );
        proofs.push((
            trace.as_str().unwrap().to_owned(),
            shown.get(&target).await.body,
        ));
    }
    let (trace, ours) = &proofs[0];
    let (other, theirs) = &proofs[1];
    let (head, lines) = ours.split_once('\n').unwrap();
    let (_, other_lines) = theirs.split_once('\n').unwrap();
    let with = |records: usize| head.replace("\"records\":6", &format!("\"records\":{records}"));
    let each: Vec<&str> = lines.lines().collect();
    let turned: Vec<&str> = each.iter().rev().copied().collect();
    let without: Vec<&str> = [&each[..2], &each[3..]].concat();
    let renamed = lines.replace("\"trail\":\"", "\"trail\":\"evil-");
    let of = |head: &str, lines: &str| format!("{head}\n{}\n", lines.trim_end());
    let file = scratch.path().with_extension("proof");
    for (what, text, code, says) in [
        ("as it is", ours.clone(), 0, trace.as_str()),
        ("its agent", ours.clone(), 0, "by assistant"),
        ("what is not", ours.clone(), 0, "others may be missing"),
        (
            "another trace in its head",
            of(&head.replace(trace, other), lines),
            2,
            "it is of the trace",
        ),
        (
            "no trace in its head",
            of(&head.replace("\"trace\":", "\"was\":"), lines),
            2,
            "no file of proofs",
        ),
        (
            "another run's records",
            of(head, other_lines),
            2,
            "it is of the trace",
        ),
        (
            "two runs'",
            of(&with(12), &[other_lines, lines].concat()),
            2,
            "it is of the trace",
        ),
        (
            "turned round",
            of(head, &turned.join("\n")),
            2,
            "the order of the log",
        ),
        (
            "one left out",
            of(&with(5), &without.join("\n")),
            0,
            "the log has 1 more",
        ),
        ("another trail's name", of(head, &renamed), 0, "PROVED"),
    ] {
        std::fs::write(&file, text).unwrap();
        let public = key().verifying_key().to_string();
        let checked = kaos(&["audit", "check", file.to_str().unwrap(), "--key", &public])
            .output()
            .await
            .unwrap();
        let told = said(&checked);
        assert_eq!(checked.status.code(), Some(code), "{what}: {told}");
        assert!(told.contains(says), "{what}: {told}");
        assert!(!told.contains("evil"), "{what}: {told}");
    }
    std::fs::remove_file(&file).unwrap();
}

async fn records_of(shown: &Shown, trace: &str, root: &str) -> usize {
    let records = shown
        .get(&format!("/api/records/{trace}/{root}"))
        .await
        .json();
    records["records"].as_array().unwrap().len()
}

/// A pipe is read once; a file without an end is not read for ever.
#[tokio::test]
async fn proofs_are_taken_from_a_pipe_too() {
    let scratch = recorded("ui-piped", &["What is 6 * 7?"]).await;
    let trail = scratch.path().to_str().unwrap();
    let one = kaos(&["audit", "prove", trail, "--record", "1"])
        .output()
        .await;
    let one = one.unwrap();
    assert!(one.status.success(), "{}", said(&one));
    let public = key().verifying_key().to_string();
    let proof = String::from_utf8(one.stdout).unwrap();
    for (from, text, code, told) in [
        ("/dev/stdin", proof.clone(), 0, "PROVED"),
        ("-", proof, 0, "PROVED"),
        ("-", String::new(), 2, "standard input: it is empty"),
        (
            "/dev/stdin",
            "no proof\n".repeat(200_000),
            2,
            "none is longer than 1 MiB",
        ),
        (
            "/dev/stdin",
            "{".repeat(33 << 20),
            2,
            "a line of more than 32 MiB",
        ),
        ("/dev/stdin", String::new(), 2, "it is empty"),
    ] {
        let mut check = kaos(&["audit", "check", from, "--key", &public]);
        let mut check = check.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = check.stdin.take().unwrap();
        // It may have read enough before this is over.
        let _written = stdin.write_all(text.as_bytes()).await.is_ok();
        drop(stdin);
        let checked = check.wait_with_output().await.unwrap();
        let all = said(&checked);
        assert!(
            checked.status.code() == Some(code) && all.contains(told),
            "{all}"
        );
    }
}
