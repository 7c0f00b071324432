//! `[[mcp]]`.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{answering, said};
use crate::audit::Scratch;
use crate::mcp_rogues::by_hand;

/// Settings, a place to run in, and what `kaos run` says with these variables.
async fn run(name: &str, settings: &str, variables: &[(&str, &str)]) -> std::process::Output {
    let scratch = Scratch::new(&format!("servers-{name}"));
    fs::create_dir(scratch.path()).unwrap();
    fs::write(scratch.path().join("its.toml"), settings).unwrap();
    let arguments = ["run", "-q", "Hi!", "--config", "its.toml"];
    let mut command = answering(&arguments, scratch.path());
    command.envs(variables.iter().copied());
    command.output().await.unwrap()
}

#[tokio::test]
async fn a_server_gets_the_token_and_the_headers_that_the_settings_say() {
    let (place, heads) = by_hand(|method, _| match method {
        "tools/list" => Some(json!({ "result": { "tools": [] } })),
        _ => Some(json!({ "error": { "code": -32601, "message": "no" } })),
    });
    let settings = format!(
        "[[mcp]]\nserver = \"http://{place}/mcp\"\ntoken_env = \"TOKEN\"\nheaders = {{ X-Team = \"blue\" }}\nheaders_env = {{ X-Key = \"KEY\" }}\n"
    );
    let variables = [("TOKEN", "token-word"), ("KEY", "key-word")];
    let output = run("headers", &settings, &variables).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output), "Hello.\n");
    let heads = heads.lock().unwrap().clone();
    assert!(!heads.is_empty());
    for head in heads {
        let head = head.to_ascii_lowercase();
        for line in [
            "authorization: bearer token-word",
            "x-team: blue",
            "x-key: key-word",
        ] {
            assert!(head.contains(line), "{head}");
        }
    }
}

#[tokio::test]
async fn a_program_gets_its_arguments_and_the_environment_that_the_settings_say() {
    let scratch = Scratch::new("servers-notes");
    fs::create_dir(scratch.path()).unwrap();
    let notes = scratch.path().join("my notes");
    let settings = format!(
        "[[mcp]]\nserver = {:?}\nargs = [\"good\", \"writes\", {:?}]\nenv = {{ MODE = \"read\" }}\nenv_from = [\"FILES_TOKEN\"]\n",
        env!("CARGO_BIN_EXE_mcp_stdio_server"),
        notes.display().to_string(),
    );
    let variables = [
        ("FILES_TOKEN", "token-word"),
        ("OPENAI_API_KEY", "sk-not-for-servers"),
        ("LANG", "C"),
    ];
    let output = run("env", &settings, &variables).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let notes = fs::read_to_string(notes).unwrap();
    let got: BTreeSet<&str> = notes
        .lines()
        .filter_map(|line| line.strip_prefix("env "))
        .collect();
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    let expected = [
        "FILES_TOKEN=token-word",
        "LANG=C",
        "MODE=read",
        path.as_str(),
    ];
    assert_eq!(got, BTreeSet::from(expected));
}

#[tokio::test]
async fn a_server_that_never_begins_has_the_seconds_that_the_settings_say() {
    let settings = format!(
        "[[mcp]]\nserver = {:?}\nargs = [\"never begins\"]\nname = \"slow\"\nstart_seconds = 1\n",
        env!("CARGO_BIN_EXE_mcp_stdio_server"),
    );
    let began = Instant::now();
    let output = run("slow", &settings, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    let said = said(&output);
    assert!(said.contains("did not list its tools within 1s"), "{said}");
    assert!(said.contains("server=\"slow\""), "{said}");
}

/// What `kaos run` says beside a program that behaves so.
async fn beside(name: &str, words: &str) -> String {
    let settings = format!(
        "[[mcp]]\nserver = {:?}\nargs = {words}\nname = \"rogue\"\n",
        env!("CARGO_BIN_EXE_mcp_stdio_server"),
    );
    let output = run(name, &settings, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    said(&output)
}

#[tokio::test]
async fn what_a_program_writes_to_its_standard_error_is_redacted() {
    let said = beside("secrets", "[\"good\", \"tells secrets\"]").await;
    assert!(
        said.contains("kaos: rogue: Authorization: Bearer <redacted:"),
        "{said}"
    );
    assert!(!said.contains("38bb7b31"), "{said}");
}

#[tokio::test]
async fn a_program_that_floods_its_standard_error_floods_no_terminal() {
    let said = beside("floods", "[\"good\", \"floods\"]").await;
    let shown = said
        .lines()
        .filter(|line| line.ends_with("the same complaint"));
    let shown = shown.count();
    // A hundred in each second that it takes to read them.
    assert!((1..5_000).contains(&shown), "{shown} lines");
    let more = said
        .lines()
        .filter_map(|line| line.strip_suffix(" more lines"));
    let more = more.filter_map(|line| line.rsplit_once("… ")?.1.parse::<usize>().ok());
    let more: usize = more.sum();
    // What it has not read when the program ends is neither.
    assert!(more > 0 && shown + more <= 20_000, "{shown} and {more}");
}

#[tokio::test]
async fn tools_that_are_left_out_are_a_line_for_each_reason() {
    let said = beside("left-out", "[\"tools without end\"]").await;
    let lines: Vec<&str> = said.lines().filter(|it| it.contains("left out")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("count=201"), "{lines:?}");
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused_before_anything_starts() {
    let cases = [
        ("server = \"\"", "server is missing"),
        ("name = \"a\"", "server is missing"),
        (
            "server = \"http://a\"\ntoken_env = \"UNSET\"",
            "the variable UNSET is not set",
        ),
        (
            "server = \"http://a\"\ntoken_env = \"EMPTY\"",
            "the variable EMPTY is not set",
        ),
        (
            "server = \"http://a\"\ntoken_env = \"LINES\"",
            "what LINES holds cannot be a token",
        ),
        (
            "server = \"http://a\"\nheaders = { \"a b\" = \"secret-word\" }",
            "the header a b",
        ),
        (
            "server = \"http://a\"\nheaders = { a = \"secret-word\\n\" }",
            "the header a cannot",
        ),
        (
            "server = \"http://a\"\nargs = [\"secret-word\"]",
            "are for programs",
        ),
        (
            "server = \"http://a\"\nenv = { A = \"secret-word\" }",
            "are for programs",
        ),
        (
            "server = \"a\"\nheaders = { a = \"secret-word\" }",
            "are for URLs",
        ),
        ("server = \"a\"\ntoken_env = \"SET\"", "are for URLs"),
        (
            "server = \"a\"\nenv_from = [\"UNSET\"]",
            "the variable UNSET is not set",
        ),
        ("server = \"a\"\nstart_seconds = 0", "start_seconds is 0"),
        ("server = \"a\"\ncall_seconds = 0", "call_seconds is 0"),
        (
            "server = \"a\"\ncall_seconds = \"secret-word\"",
            "its.toml:3: invalid type",
        ),
        (
            "server = \"a\"\ntoken = \"secret-word\"",
            "its.toml:3: unknown field `token`",
        ),
    ];
    let variables = [
        ("EMPTY", ""),
        ("LINES", "secret-word\n"),
        ("SET", "secret-word"),
    ];
    for (number, (settings, why)) in cases.iter().enumerate() {
        let settings = format!("[[mcp]]\n{settings}\n");
        let output = run(&number.to_string(), &settings, &variables).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{settings}: {said}");
        assert!(said.contains(why), "{settings}: {said}");
        assert!(!said.contains("secret-word"), "{settings}: {said}");
    }
}
