//! The addresses that `kaos ui` prints, and what it says at its start.

use std::process::Stdio;

use kaos_tests::Folder;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{Shown, kaos, recorded};
use crate::audit::Scratch;
use crate::command::said;

/// Starts it, and gives each address that it prints, until there are so many.
async fn printed(arguments: &[&str], count: usize) -> (Shown, Vec<String>) {
    let mut command = kaos(&[&["ui", "--port", "0"], arguments].concat());
    let home = Folder::new("ui-home");
    command.env("XDG_STATE_HOME", &*home);
    command.env("XDG_CACHE_HOME", &*home);
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let (mut all, mut token) = (Vec::new(), String::new());
    while all.len() < count {
        let line = said.next_line().await.unwrap().expect("it has ended");
        if let Some((_, rest)) = line.split_once("http://") {
            let (at, of) = rest.split_once("/#token=").unwrap();
            all.push(at.to_owned());
            of.clone_into(&mut token);
        }
    }
    let at = all[0].clone();
    (
        Shown {
            child,
            at,
            token,
            home: Some(home),
        },
        all,
    )
}

#[tokio::test]
async fn each_address_works_as_it_is_printed_and_no_other_name_does() {
    let scratch = recorded("ui-reached", &["What is it?"]).await;
    let trail = scratch.path().to_str().unwrap();
    for (arguments, count, names) in [
        (&[] as &[&str], 1, &[] as &[&str]),
        (&["--host", "127.0.0.2"], 1, &[]),
        (&["--host", "127.0.0.2", "--as", "box.lan"], 1, &["box.lan"]),
        (&["--host", "0.0.0.0"], 1, &["192.0.2.2:4400", "localhost"]),
        (
            &["--host", "0.0.0.0", "--as", "box.lan"],
            2,
            &["box.lan", "box.lan:80", "192.0.2.2"],
        ),
        (
            &["--host", "0.0.0.0", "--as", "box.lan:81"],
            2,
            &["box.lan:81"],
        ),
    ] {
        let (shown, printed) = printed(&[arguments, &[trail]].concat(), count).await;
        assert!(!printed[0].starts_with("0.0.0.0"), "{printed:?}");
        let bearer = format!("Authorization: Bearer {}", shown.token);
        let named = names.iter().map(|it| (*it).to_owned());
        for host in printed.iter().cloned().chain(named) {
            let own = [format!("Host: {host}"), format!("Origin: http://{host}")];
            let own = [own[0].as_str(), own[1].as_str(), &bearer];
            for target in ["/", "/api/runs", "/api/token"] {
                let answer = shown.ask("GET", target, &own, "").await;
                assert_eq!(answer.status, 200, "{arguments:?} {host} {target}");
            }
            let body = json!({"agent": "a", "question": "?"}).to_string();
            let asked = shown.ask("POST", "/api/ask", &own, &body).await;
            // Nothing of that name runs, which is the first that is said to who may ask.
            assert_eq!(asked.status, 409, "{arguments:?} {host}: {}", asked.body);
        }
        for host in ["evil.example", "box.lan.evil.example", "192.0.2.2.example"] {
            let host = format!("Host: {host}");
            for target in ["/", "/app.js", "/api/runs", "/api/token"] {
                for headers in [&[host.as_str()] as &[&str], &[&host, &bearer]] {
                    let answer = shown.ask("GET", target, headers, "").await;
                    assert_eq!(answer.status, 403, "{arguments:?} {headers:?} {target}");
                }
            }
        }
        let wrong = [&format!("Host: {}", shown.at), "Authorization: Bearer x"];
        let refused = shown.ask("GET", "/api/token", &wrong, "").await;
        assert_eq!(refused.status, 401);
        shown.stopped().await;
    }
}

#[tokio::test]
async fn a_token_that_is_guessed_or_cannot_be_sent_is_refused_in_words() {
    let scratch = recorded("ui-token", &["What is it?"]).await;
    for token in [
        "short",
        "fifteen-letters",
        "with a space in it",
        "größer als erlaubt",
    ] {
        let mut command = kaos(&["ui", "--port", "0", scratch.path().to_str().unwrap()]);
        let done = command.env("KAOS_UI_TOKEN", token).output().await.unwrap();
        assert_eq!(done.status.code(), Some(2), "{token}");
        assert!(said(&done).contains("KAOS_UI_TOKEN: expected"), "{token}");
        assert!(!said(&done).contains(token), "{token}");
    }
}

#[tokio::test]
async fn that_there_is_nothing_to_show_is_said_on_the_terminal() {
    let scratch = Scratch::new("ui-nothing");
    std::fs::create_dir_all(scratch.path()).unwrap();
    let empty = scratch.path().to_str().unwrap();
    for (arguments, expected) in [
        (&[empty] as &[&str], "there is no trail in "),
        (&["--name", "nosuch"], "no team called nosuch runs"),
    ] {
        let mut command = kaos(&[&["ui", "--port", "0"], arguments].concat());
        command.env("XDG_STATE_HOME", scratch.path().join("state"));
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let at = lines.next_line().await.unwrap().unwrap();
        assert!(at.contains("the page is at"), "{at}");
        let next = lines.next_line().await.unwrap().unwrap();
        assert!(next.contains(expected), "{next}");
        child.kill().await.unwrap();
    }
}

/// Browsers say whose page asks, also where they say no origin.
#[tokio::test]
async fn what_another_page_asks_for_is_not_made() {
    let scratch = Scratch::new("ui-another-page");
    std::fs::create_dir_all(scratch.path()).unwrap();
    let shown = Shown::of(scratch.path()).await;
    for (site, status) in [
        ("same-origin", 200),
        ("none", 200),
        ("same-site", 403),
        ("cross-site", 403),
    ] {
        let header = format!("Sec-Fetch-Site: {site}");
        let asked = shown.ask("GET", "/api/state", &[&header], "").await;
        assert_eq!(asked.status, status, "{site}");
        // A link may lead to the page.
        let page = shown.ask("GET", "/", &[&header], "").await;
        assert_eq!(page.status, 200, "{site}");
    }
}
