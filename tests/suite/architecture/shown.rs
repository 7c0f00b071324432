//! Each public type and trait is met by name in code that a reader finds: in the documentation of its
//! crate, on a page, or in a program of `examples/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{EDGES, sources, workspace};

/// What nobody writes by name, by the beginning of its path, and why.
const EXCUSED: &[(&str, &str)] = &[(
    "kaos_hooks::marker::",
    "which `IntoHooks` a value is: the compiler infers it, so that users never see one",
)];

/// The public types and traits of all libraries: `kaos_hooks::audit::Trail`.
fn public() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for listing in files(&workspace().join(".ci/surface"), "txt") {
        let text = fs::read_to_string(listing).unwrap();
        found.extend(text.lines().filter_map(type_of).map(str::to_owned));
    }
    found
}

/// The type or trait that a line of a listing is about.
fn type_of(line: &str) -> Option<&str> {
    let item = line.trim_start_matches("#[non_exhaustive] ");
    let item = item.strip_prefix("pub ")?;
    let kinds = ["struct ", "enum ", "trait ", "union "];
    let named = kinds.iter().find_map(|kind| item.strip_prefix(kind))?;
    let is_path = |it: char| it.is_alphanumeric() || it == '_' || it == ':';
    let end = named.find(|it| !is_path(it)).unwrap_or(named.len());
    Some(named[..end].trim_end_matches(':'))
}

/// The files beneath a folder whose names end so.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

/// What stands between the fences of a page. A fence ends with as many backticks as it began with, so
/// that one may stand in another.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for line in page.lines().map(str::trim) {
        let ticks = line.bytes().take_while(|it| *it == b'`').count();
        match &mut open {
            Some((needed, block)) if ticks >= *needed && line.len() == ticks => {
                blocks.push(std::mem::take(block));
                open = None;
            }
            Some((_, block)) => block.push_str(&[line, "\n"].concat()),
            None if ticks >= 3 && !line[ticks..].contains('`') => {
                open = Some((ticks, String::new()));
            }
            None => {}
        }
    }
    blocks
}

/// The comments that document a source, as a page.
fn documentation(source: &str) -> String {
    let comments = source.lines().map(str::trim_start).filter_map(|line| {
        line.strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
    });
    comments.collect::<Vec<_>>().join("\n")
}

/// All code that a reader finds: each example's words.
fn examples() -> Vec<BTreeSet<String>> {
    let mut code = Vec::new();
    let mut pages = vec![workspace().join("README.md")];
    pages.extend(files(&workspace().join("docs"), "md"));
    for (member, _) in EDGES {
        for text in sources(member).values() {
            code.extend(blocks(&documentation(text)));
        }
        pages.extend(files(&workspace().join(member).join("docs"), "md"));
    }
    for page in pages {
        code.extend(blocks(&fs::read_to_string(page).unwrap()));
    }
    for program in files(&workspace().join("examples"), "rs") {
        code.push(fs::read_to_string(program).unwrap());
    }
    let words = |text: &String| {
        let words = text.split(|it: char| !it.is_alphanumeric() && it != '_');
        words.map(str::to_owned).collect()
    };
    code.iter().map(words).collect()
}

/// Whether an example names a type, and its crate or the one that hands it on: names of two crates are
/// told apart.
fn shows(example: &BTreeSet<String>, path: &str) -> bool {
    let (crate_, rest) = path.split_once("::").unwrap();
    let name = rest.rsplit("::").next().unwrap();
    let handed_on = crate_ == "kaos_events" && example.contains("kaos_hooks");
    example.contains(name) && (example.contains(crate_) || handed_on)
}

#[test]
fn every_public_type_and_trait_is_shown_in_an_example() {
    let (public, examples) = (public(), examples());
    assert!(public.len() > 300, "{}", public.len());
    let is_shown = |path: &&String| examples.iter().any(|example| shows(example, path));
    let missing: Vec<&String> = public.iter().filter(|it| !is_shown(it)).collect();
    let excused = |path: &&&String| EXCUSED.iter().any(|(begin, _)| path.starts_with(begin));
    let wrong: Vec<_> = missing.iter().filter(|it| !excused(it)).collect();
    assert!(
        wrong.is_empty(),
        "no example names them; need they be public? {wrong:#?}"
    );
    for (begin, why) in EXCUSED {
        let needed = missing.iter().any(|path| path.starts_with(begin));
        assert!(
            needed && why.len() > 20,
            "{begin} needs no excuse, or has none"
        );
    }
}

#[test]
fn the_reader_of_listings_knows_types_from_what_is_in_them() {
    let lines = [
        ("pub struct a::B<'x>", Some("a::B")),
        ("#[non_exhaustive] pub enum a::b::C", Some("a::b::C")),
        ("pub trait a::D: core::marker::Send", Some("a::D")),
        ("pub struct a::E(pub u8)", Some("a::E")),
        ("pub type a::F::Output = u8", None),
        ("pub a::b::C::Variant", None),
        ("impl a::B", None),
    ];
    for (line, expected) in lines {
        assert_eq!(type_of(line), expected, "{line}");
    }
}
