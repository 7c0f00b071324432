//! The code map of ARCHITECTURE.md and the tree say the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{EDGES, members, sources, workspace};

/// The lines of the map, under the folder that each is about.
fn map() -> Vec<(PathBuf, String)> {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let (_, map) = text.split_once("## Code map\n").unwrap();
    let (_, map) = map.split_once("```text\n").unwrap();
    let (map, _) = map.split_once("```").unwrap();
    let mut crate_ = PathBuf::new();
    let mut room = PathBuf::new();
    let mut lines = Vec::new();
    for line in map.lines() {
        let depth = line.len() - line.trim_start().len();
        let first = line.split_whitespace().next().unwrap_or_default();
        if depth == 0 {
            let member = first.trim_end_matches('/');
            let src = workspace().join(member).join("src");
            let has_src = src.is_dir();
            crate_ = if has_src {
                src
            } else {
                workspace().join(member)
            };
            room.clone_from(&crate_);
        } else if depth == 2 && first.ends_with('/') {
            room = crate_.join(first);
        } else if depth == 2 {
            room.clone_from(&crate_);
        }
        lines.push((room.clone(), line.to_owned()));
    }
    lines
}

/// The files and folders that a line names: words that end in `.rs`, `.py` or `/`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|it: char| it.is_whitespace() || "(),;:`".contains(it));
    let is_file = |word: &str| [".rs", ".py"].iter().any(|it| word.ends_with(it));
    words.filter(move |word| is_file(word) || word.len() > 1 && word.ends_with('/'))
}

#[test]
fn all_that_the_code_map_names_is_there() {
    let mut checked = 0;
    for (room, line) in map() {
        for name in named(&line) {
            let at = [room.clone(), room.parent().unwrap().to_owned(), workspace()];
            let there = room.ends_with(name) || at.iter().any(|at| at.join(name).exists());
            assert!(
                there,
                "ARCHITECTURE.md's code map: no {name} in {}",
                room.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}

/// It is read from the left: what stands first in a line is what the line is about.
#[test]
fn a_line_of_the_code_map_is_about_one_file_or_folder() {
    for (_, line) in map().iter().filter(|(_, line)| line.starts_with(' ')) {
        let first = line.split_whitespace().next().unwrap();
        assert_eq!(named(line).next(), Some(first), "{line}");
        assert!(named(line).count() <= 3, "{line}");
    }
}

#[test]
fn the_code_map_names_each_crate_and_each_folder_of_it() {
    let map = map();
    for member in members() {
        let begins = |(_, line): &(PathBuf, String)| line.starts_with(&format!("{member}/"));
        assert!(map.iter().any(begins), "{member} is not in the code map");
    }
    let mut missing = BTreeSet::new();
    for (member, _) in EDGES {
        let src = workspace().join(member).join("src");
        for path in sources(member).keys() {
            let place = path.strip_prefix(&src).unwrap();
            let Some(folder) = place.parent().and_then(|it| it.iter().next()) else {
                continue;
            };
            let name = folder.to_str().unwrap();
            let is_named = map.iter().any(|(room, line)| {
                room.starts_with(&src) && named(line).any(|it| it.trim_end_matches('/') == name)
            });
            if !is_named {
                missing.insert(format!("{member}/src/{name}/"));
            }
        }
    }
    assert!(missing.is_empty(), "not in the code map: {missing:?}");
}
