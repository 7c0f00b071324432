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
