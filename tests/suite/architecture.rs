//! The shape of the workspace: which crate sees which, which folder which, and how large a file may be.

mod code_map;
mod modules;
mod rooms;
mod shown;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The library crates, and those of the workspace that each may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("kaos-events", &[]),
    ("kaos-hooks", &["kaos-events"]),
    ("kaos-otel-hook", &["kaos-events", "kaos-hooks"]),
    ("kaos-runner", &["kaos-events", "kaos-hooks"]),
    ("kaos-operator", &[]),
    (
        "kaos-cli",
        &[
            "kaos-hooks",
            "kaos-operator",
            "kaos-otel-hook",
            "kaos-runner",
        ],
    ),
];

/// Crates that a library crate must not see, itself excepted.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("kaos-events", &["tokio", "opentelemetry", "tracing"]),
    ("kaos-hooks", &["opentelemetry"]),
    // The API alone is fine, for context; the SDK is not.
    ("kaos-runner", &["opentelemetry_sdk", "opentelemetry-proto"]),
    (
        "kaos-operator",
        &["tokio", "hyper", "reqwest", "opentelemetry", "tracing"],
    ),
    ("kaos-cli", &["opentelemetry"]),
];

fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// A line of a table in a `Cargo.toml`.
#[derive(Debug)]
struct Entry {
    table: String,
    name: String,
    rest: String,
}

impl Entry {
    fn is_dependency(&self) -> bool {
        self.table.ends_with("dependencies")
    }

    /// What a feature adds is its users' choice.
    fn is_optional(&self) -> bool {
        self.rest.contains("optional = true") && self.table == "dependencies"
    }

    fn is_of_the_library(&self) -> bool {
        self.is_dependency() && !self.table.ends_with("dev-dependencies")
    }
}

/// The entries of a member's manifest. Ours have one entry a line, and no table per dependency:
/// that, too, is checked.
fn manifest(member: &str) -> Vec<Entry> {
    let text = fs::read_to_string(workspace().join(member).join("Cargo.toml")).unwrap();
    let mut table = String::new();
    let mut entries = Vec::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            let (name, _) = header.split_once(']').unwrap();
            let name = name.trim_start_matches('[');
            assert!(
                !name.contains("dependencies."),
                "{member}: write [{name}] as one line of its table"
            );
            name.clone_into(&mut table);
        } else if let Some((name, rest)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            entries.push(Entry {
                table: table.clone(),
                name: name.trim().trim_end_matches(".workspace").to_owned(),
                rest: rest.trim().to_owned(),
            });
        }
    }
    entries
}

/// The workspace's members, as its manifest lists them.
fn members() -> Vec<String> {
    let text = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let (_, list) = text.split_once("members = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    list.split(',')
        .map(|member| member.trim().trim_matches('"').to_owned())
        .filter(|member| !member.is_empty())
        .collect()
}

#[track_caller]
fn check_edges(member: &str, allowed: &[&str]) {
    let manifest = manifest(member);
    for entry in manifest.iter().filter(|entry| entry.is_dependency()) {
        let name = entry.name.as_str();
        assert!(
            !name.starts_with("kaos-") || allowed.contains(&name),
            "{member} must not depend on {name}"
        );
    }
}

#[test]
fn crates_see_each_other_along_the_edges_only() {
    for (member, allowed) in EDGES {
        check_edges(member, allowed);
    }
}

#[test]
fn each_member_is_a_known_library_or_sees_all() {
    let libraries: BTreeSet<_> = EDGES.iter().map(|(member, _)| *member).collect();
    let members = members();
    let members: BTreeSet<_> = members.iter().map(String::as_str).collect();
    let others: Vec<_> = members.difference(&libraries).copied().collect();
    assert_eq!(others, ["examples", "tests", "tests/reference"]);
    assert!(libraries.is_subset(&members));
}

#[test]
fn one_library_crate_names_the_opentelemetry_sdk() {
    let naming: Vec<_> = EDGES
        .iter()
        .map(|(member, _)| *member)
        .filter(|member| {
            let named = manifest(member)
                .iter()
                .any(|entry| entry.is_dependency() && entry.name == "opentelemetry_sdk");
            named
                || sources(member)
                    .values()
                    .any(|text| text.contains("opentelemetry_sdk"))
        })
        .collect();
    assert_eq!(naming, ["kaos-otel-hook"]);
}

#[test]
fn a_crate_does_not_see_what_is_not_its_business() {
    for (member, forbidden) in FORBIDDEN {
        for entry in manifest(member)
            .iter()
            .filter(|entry| entry.is_of_the_library() && !entry.is_optional())
        {
            let found = forbidden.iter().find(|name| {
                // `opentelemetry` stands for its whole family, `opentelemetry_sdk` for itself.
                entry.name == **name || (**name == "opentelemetry" && entry.name.starts_with(*name))
            });
            assert_eq!(found, None, "{member} must not depend on {}", entry.name);
        }
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    for member in members() {
        for entry in manifest(&member)
            .iter()
            .filter(|entry| entry.is_dependency())
        {
            let reason = entry
                .rest
                .rsplit_once('#')
                .map_or("", |(_, reason)| reason.trim());
            assert!(
                reason.len() > 5,
                "{member}: a comment behind {} must say why it is needed",
                entry.name
            );
        }
    }
}

#[test]
fn every_version_stands_in_the_workspace_manifest() {
    for member in members() {
        for entry in manifest(&member)
            .iter()
            .filter(|entry| entry.is_dependency())
        {
            assert!(
                entry.rest.contains("workspace = true"),
                "{member}: the version of {} belongs into the workspace's manifest",
                entry.name
            );
        }
    }
}

/// The source files beneath a member's `src`, by path.
fn sources(member: &str) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![workspace().join(member).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.insert(path, text);
            }
        }
    }
    assert!(!files.is_empty(), "{member} has no source");
    files
}

/// What will grow may grow without breaking its users; what is closed says why.
#[test]
fn every_public_enum_is_open_or_says_why_it_is_closed() {
    let mut seen = 0;
    for (member, _) in EDGES {
        for (path, text) in sources(member) {
            // Markers have no values, and the queue is ours.
            let exempt = ["into_hooks.rs", "queue", "testing"];
            if exempt.iter().any(|it| path.to_string_lossy().contains(it)) {
                continue;
            }
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                let Some(name) = line.strip_prefix("pub enum ") else {
                    continue;
                };
                let above = lines[..at].iter().rev();
                let own: Vec<&&str> = above
                    .take_while(|line| line.starts_with("///") || line.starts_with('#'))
                    .collect();
                let says = own.iter().any(|line| line.contains("Closed"));
                let open = own.iter().any(|line| **line == "#[non_exhaustive]");
                assert!(says != open, "{}: {name}: open or closed?", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

/// From intent to answer in one place, to be read from top to bottom.
#[test]
fn the_loop_is_one_function_of_at_most_120_lines() {
    let runner = sources("kaos-runner");
    let looping: Vec<&String> = runner
        .values()
        .filter(|text| text.contains("in 1..=limit {"))
        .collect();
    assert_eq!(looping.len(), 1, "one loop over the steps");
    let (_, work) = looping[0]
        .split_once("\npub(super) async fn work(")
        .unwrap();
    let (work, _) = work.split_once("\n}\n").unwrap();
    for part in [
        "intent::classify",
        "in 1..=limit {",
        "ask(",
        "tools::call_all",
        "Budget::Steps",
    ] {
        assert!(work.contains(part), "{part}");
    }
    assert!(work.lines().count() <= 120, "{}", work.lines().count());
}

/// The command's outputs are opened by one file, whose types print safely.
#[test]
fn the_command_prints_in_one_place() {
    let command = workspace().join("kaos-cli/src");
    let mut waiting = vec![command];
    let mut checked = 0;
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
            continue;
        }
        if path.ends_with("terminal.rs") {
            continue;
        }
        checked += 1;
        let text = fs::read_to_string(&path).unwrap();
        // A question to the parser of arguments.
        let text = text.replace("use_stderr()", "");
        for opened in [
            "stdout()",
            "stderr()",
            "print!",
            "println!",
            "/dev/tty",
            "Term::",
            "with_draw_target",
            "MultiProgress::new",
            "ProgressBar::new",
            ".print()",
            ".exit()",
        ] {
            assert!(!text.contains(opened), "{}: {opened}", path.display());
        }
    }
    assert!(checked > 20, "{checked}");
}
