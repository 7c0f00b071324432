//! `--open`: what a browser is given, and who else sees it.

use std::fs;
use std::path::Path;

use super::super::program_at;
use super::{Shown, recorded};

/// A browser that writes down what it was given, and how it may be read.
const BROWSER: &str = r#"#!/bin/sh
for given in "$@"; do :; done
{ echo "$@"; stat -c %a "$given"; cat "$given"; } > "$0.new" 2>&1
mv "$0.new" "$0.seen"
"#;

/// The states of a process' children.
fn children(of: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((_, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = rest.split(' ');
        let state = fields.next().unwrap().to_owned();
        if fields.next() == Some(&of.to_string()) {
            found.push(state);
        }
    }
    found
}

#[tokio::test]
async fn a_browser_is_given_a_file_of_the_users_own_and_no_token_and_is_waited_for() {
    let scratch = recorded("ui-open", &["What is it?"]).await;
    let home = scratch.path().with_extension("home");
    let _gone = fs::remove_dir_all(&home).is_ok();
    fs::create_dir_all(&home).unwrap();
    let browser = home.join("xdg-open");
    program_at(&browser, BROWSER);
    let path = std::env::var("PATH").unwrap();
    let trail = scratch.path().to_str().unwrap();
    let shown = Shown::start_with(&home, &["--open", trail], |command| {
        command.env("PATH", format!("{}:{path}", home.display()));
        command.env("KAOS_UI_TOKEN", "a<\"&'token-of-mine");
    })
    .await;
    let seen = home.join("xdg-open.seen");
    let pid = shown.child.id().unwrap();
    for round in 0.. {
        // Answering it takes a moment.
        shown.get("/").await;
        if seen.exists() && children(pid).is_empty() {
            break;
        }
        assert!(round < 20_000, "{:?}: {}", children(pid), seen.exists());
    }
    let seen = fs::read_to_string(&seen).unwrap();
    let mut lines = seen.splitn(3, '\n');
    let given = lines.next().unwrap();
    assert!(!given.contains("token"), "{given}");
    assert_eq!(lines.next(), Some("600"), "{seen}");
    let page = lines.next().unwrap();
    let to = format!(
        "0; url=http://{}/#token=a%3C%22%26%27token%2Dof%2Dmine\"",
        shown.at
    );
    assert!(page.contains(&to), "{page}");

    let file = Path::new(given).to_owned();
    let stopped = shown.stopped().await;
    assert!(stopped.success(), "{stopped}");
    assert!(!file.exists(), "it goes when the server goes");
    fs::remove_dir_all(&home).unwrap();
}
