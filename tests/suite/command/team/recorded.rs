//! What is kept of questions: trees, trails and lines.

use std::process::Stdio;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{Home, QUESTION, SCRIPTED, Up, all_gone, said};

/// One question over six processes, whether telemetry is on or not: each span below its parent, with its component.
#[tokio::test]
async fn a_question_s_trace_is_a_tree_without_any_telemetry() {
    let home = Home::new("tree");
    let file = home.file(&SCRIPTED.replace(r#"{"query": "rent"}"#, r#"{"query": "owner"}"#));
    let mut up = Up::start(home.kaos(&["up", "-f", &file]));
    up.until("kaos down").await;
    let asked = home
        .run(&["invoke", "--trace", "coordinator", QUESTION])
        .await;
    let beside = String::from_utf8(asked.stderr).unwrap();
    let mut lines = beside.lines();
    assert_eq!(lines.next(), Some("530 + 101 tokens"));
    let trace = lines.next().unwrap().to_owned();
    assert!(trace.starts_with("trace "), "{beside}");
    let rows: Vec<&str> = lines.collect();
    let outline: Vec<String> = rows.iter().map(|it| outline(it)).collect();
    let wanted: Vec<&str> = include_str!("shown.txt").lines().collect();
    assert_eq!(outline, wanted, "{beside}");
    assert!(rows.iter().all(|it| it.chars().count() <= 80), "{beside}");
    // In the file of all, too.
    let all = said(&home.run(&["logs", "traces"]).await);
    assert!(all.contains(&trace) && all.contains(rows[0]), "{all}");
    // A pipe's lines are for programs.
    let piped = home.run(&["invoke", "analyst", "36 times 1250?"]).await;
    assert_eq!(said(&piped).matches(" | ").count(), 0, "{}", said(&piped));
    up.signal(Signal::TERM);
    let (shown, code) = up.end().await;
    assert_eq!(code, Some(0));
    let told = shown.iter().filter(|it| it.contains("\"Begun\""));
    assert_eq!(told.count(), 0, "what is told is no line: {shown:#?}");
    // The next team of the name has nothing of the one before, whatever its size.
    let up = home.run(&["up", "-d", "-f", &file]).await;
    assert_eq!(up.status.code(), Some(0), "{}", said(&up));
    assert_eq!(said(&home.run(&["logs", "traces"]).await), "");
    let again = home
        .run(&["invoke", "--trace", "coordinator", QUESTION])
        .await;
    assert_eq!(
        said(&again).matches(" | ").count(),
        rows.len(),
        "{}",
        said(&again)
    );
    let down = home.run(&["down"]).await;
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
}

/// Without how long it took.
fn outline(row: &str) -> String {
    let (component, rest) = row.split_once(" | ").unwrap();
    let (words, error) = match rest.trim_end().split_once("  [") {
        Some((words, error)) => (words, format!("  [{error}")),
        None => (rest, String::new()),
    };
    // A number and its unit are its last words.
    let mut words = words.trim_end().rsplitn(3, ' ');
    let name = words.nth(2).unwrap().trim_end();
    format!("{}: {name}{error}", component.trim_end())
}

/// Each agent's trail has the question under one trace id, is whole, and signed.
#[tokio::test]
async fn each_agent_s_trail_has_the_question_under_its_trace_and_verifies() {
    let home = Home::new("trails");
    let file = home.file(SCRIPTED);
    let (trails, key) = (home.0.join("trails"), home.0.join("trail.key"));
    let (trails, key) = (trails.display().to_string(), key.display().to_string());
    let made = home.run(&["audit", "keygen", &key]).await;
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let arguments = ["up", "-f", &file, "--trail", &trails, "--trail-key", &key];
    let mut up = Up::start(home.kaos(&arguments));
    up.until("kaos down").await;
    let asked = said(&home.run(&["invoke", "coordinator", QUESTION]).await);
    let trace = asked.split("trace ").nth(1).unwrap().trim().to_owned();
    let open = home
        .run(&["audit", "verify", &format!("{trails}/analyst")])
        .await;
    assert!(said(&open).contains("OPEN"), "{}", said(&open));
    up.signal(Signal::TERM);
    assert_eq!(up.end().await.1, Some(0));
    let public = format!("{key}.pub");
    for (agent, tools) in [("coordinator", 0), ("researcher", 2), ("analyst", 1)] {
        let trail = format!("{trails}/{agent}");
        let verified = home
            .run(&["audit", "verify", &trail, "--key", &public])
            .await;
        assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
        assert!(said(&verified).starts_with("INTACT"), "{}", said(&verified));
        let shown = said(
            &home
                .run(&["audit", "show", &trail, "--trace", &trace])
                .await,
        );
        assert!(shown.contains(&format!("agent \"{agent}\"")), "{shown}");
        assert_eq!(shown.matches(" tool.").count(), tools, "{shown}");
    }
}

/// `logs -f` shows what comes, and ends with the team.
#[tokio::test]
async fn lines_are_followed_as_long_as_the_team_runs() {
    let home = Home::new("follow");
    let file = home.file(&SCRIPTED.replace(r#"{"query": "rent"}"#, r#"{"query": "owner"}"#));
    let up = home.run(&["up", "-d", "-f", &file]).await;
    assert_eq!(up.status.code(), Some(0), "{}", said(&up));
    let processes = home.processes();
    let mut follow = home.kaos(&["logs", "-f", "-n", "1", "researcher"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let before = lines.next_line().await.unwrap().unwrap();
    assert!(
        before.contains("listens at") || before.contains("OTel"),
        "{before}"
    );
    let asked = home.run(&["invoke", "coordinator", QUESTION]).await;
    assert_eq!(asked.status.code(), Some(0), "{}", said(&asked));
    let line = lines.next_line().await.unwrap().unwrap();
    assert!(
        line.contains("WARN") && line.contains("span=tool.search"),
        "{line}"
    );
    let down = home.run(&["down"]).await;
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    while lines.next_line().await.unwrap().is_some() {}
    assert_eq!(follow.wait().await.unwrap().code(), Some(0));
    all_gone(&processes);
    let late = home.run(&["logs", "-n", "1", "researcher"]).await;
    assert_eq!(
        said(&late).lines().count(),
        1,
        "lines are there after its end"
    );
}
