//! Names: words of the field, and one meaning for each type that users see.

use std::collections::{BTreeMap, BTreeSet};

use super::{EDGES, sources};

/// Words that named many things here and so none: no identifier has one as a part.
const DIALECT: &[&str] = &["told", "heard", "company", "peace"];

/// Public types of two crates with one name, and why a reader is not misled.
const SHARED: &[(&str, &str)] = &[
    (
        "Bounds",
        "of a queue, of a server: each in the module of what it bounds",
    ),
    ("Finding", "of a trail, of a YAML file: nobody has both"),
    (
        "Limits",
        "of an agent, of spans: each in the settings of what it limits",
    ),
    (
        "Refused",
        "an event's place, a trail's opening: each is an error's inside",
    ),
    (
        "RemoteAgent",
        "the agent, and the subject of the span that is the call of it",
    ),
    (
        "Server",
        "what serves, and the address in a model call's span",
    ),
    (
        "Subagent",
        "the agent, and the subject of the span that is the call of it",
    ),
    (
        "TelemetryConfig",
        "the same block: as a resource has it, as `from_env` found it",
    ),
];

/// The code of a file: without comments and without what stands in quotes.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let mut chars = line.chars().peekable();
        while let Some(it) = chars.next() {
            match it {
                '\\' if quoted => _ = chars.next(),
                '"' => quoted = !quoted,
                '/' if !quoted && chars.peek() == Some(&'/') => break,
                _ if quoted => {}
                _ => code.push(it),
            }
        }
        code.push('\n');
    }
    code
}

/// The identifiers of a file's code.
fn identifiers(code: &str) -> BTreeSet<&str> {
    let words = code.split(|it: char| !it.is_alphanumeric() && it != '_');
    words.filter(|word| !word.is_empty()).collect()
}

fn files() -> impl Iterator<Item = (&'static str, String, String)> {
    EDGES.iter().flat_map(|(member, _)| {
        let files = sources(member).into_iter();
        files.map(|(path, text)| (*member, path.display().to_string(), code(&text)))
    })
}

#[test]
fn no_identifier_is_of_a_private_dialect_and_a_maximum_is_a_max() {
    let mut found = Vec::new();
    for (_, path, code) in files() {
        for identifier in identifiers(&code) {
            let lower = identifier.to_lowercase();
            let maximum = ["MOST", "LONGEST"];
            if lower.split('_').any(|part| DIALECT.contains(&part))
                || identifier.split('_').any(|part| maximum.contains(&part))
            {
                found.push(format!("{path}: {identifier}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_public_type_s_name_is_that_of_one_crate() {
    let mut crates: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (member, _, code) in files() {
        for line in code.lines() {
            let mut words = line.split_whitespace();
            let is_type = words.next() == Some("pub")
                && words
                    .next()
                    .is_some_and(|it| ["struct", "enum", "trait", "type"].contains(&it));
            let name = words.next().unwrap_or_default();
            let name = name.split(|it: char| !it.is_alphanumeric()).next();
            if let Some(name) = name.filter(|name| is_type && !name.is_empty()) {
                crates.entry(name.to_owned()).or_default().insert(member);
            }
        }
    }
    let several = crates.iter().filter(|(_, of)| of.len() > 1);
    let found: Vec<&str> = several.map(|(name, _)| name.as_str()).collect();
    let listed: Vec<&str> = SHARED.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, listed);
}
