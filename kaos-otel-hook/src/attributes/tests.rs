use super::kinds::{ALL, ANY, Kind, MAX_ATTRIBUTES};
use super::table::Names;
use crate::semconv;

fn each(names: &Names, act: &mut impl FnMut(&'static str)) {
    names.own.iter().for_each(|name| act(name));
    names.also.iter().for_each(|part| each(part, act));
}

/// When a span of this kind says it.
fn when(kind: &Kind, name: &str) -> String {
    let parts = [
        ("start", &kind.start),
        ("end", &kind.end),
        ("content", &kind.content),
    ];
    let said = parts.iter().filter(|(_, names)| names.has(name));
    said.map(|(when, _)| *when).collect::<Vec<_>>().join(", ")
}

/// The table of the documentation, as the tables of the code have it.
fn table() -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut note = |name| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    for kind in ALL {
        for part in [&kind.start, &kind.end, &kind.content] {
            each(part, &mut note);
        }
    }
    each(&ANY, &mut note);
    let is_own = |kind: &&&Kind| kind.start.most() + kind.end.most() + kind.content.most() > 0;
    let kinds: Vec<_> = ALL.iter().filter(is_own).collect();
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = kinds.iter().map(|kind| kind.name.to_owned());
    let first = ["attribute", "meaning"].map(str::to_owned);
    let mut table = row(first
        .into_iter()
        .chain(heads)
        .chain(["any span".to_owned()])
        .collect());
    table += &"|---".repeat(kinds.len() + 3);
    table += "|\n";
    for name in names {
        let meaning = semconv::MEANINGS.iter().find(|(known, _)| *known == name);
        let meaning = meaning.map_or("", |(_, meaning)| meaning.trim());
        let mut cells = vec![format!("`{name}`"), meaning.to_owned()];
        cells.extend(kinds.iter().map(|kind| when(kind, name)));
        cells.push(if ANY.has(name) { "end" } else { "" }.to_owned());
        table += &row(cells).replace("|  |", "| |").replace("|  |", "| |");
    }
    table
}

#[test]
fn the_documentation_has_the_table_of_the_code() {
    let page = include_str!("../../docs/attributes.md");
    let table = table();
    assert!(
        page.contains(&table),
        "docs/attributes.md lacks the table:\n{table}"
    );
    let least = format!("(128; {MAX_ATTRIBUTES} at least)");
    assert!(page.contains(&least), "docs/attributes.md lacks: {least}");
    let rows = |text: &str| text.lines().filter(|it| it.starts_with("| `")).count();
    assert_eq!(
        rows(page),
        rows(&table),
        "docs/attributes.md has rows that the code has not"
    );
}

#[test]
fn a_table_says_each_attribute_once() {
    for kind in ALL {
        for part in [&kind.start, &kind.content] {
            let mut names = Vec::new();
            each(part, &mut |name| names.push(name));
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", kind.name);
        }
    }
}
