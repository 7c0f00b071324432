//! Rooms: which folder of a crate sees which, how long files are, and what they are called.

use std::collections::BTreeMap;

use super::modules::{Edges, Module, Modules, circles, shown};
use super::{EDGES, sources, workspace};
use kaos_tests::Folder;

/// What closes a circle inside a folder, and why it may.
const ALLOWED: &[(&str, &str, &str, &str)] = &[
    (
        "kaos-events",
        "texts",
        "call_summary",
        "a visitor of texts is shown the calls of a summary as a whole, which are fields that it is shown",
    ),
    (
        "kaos-runner",
        "turn/call/subagent",
        "turn/answer",
        "a sub-agent's turn is a turn inside a turn",
    ),
];

/// The longest source file, in lines, and the longest of the middle one of all crates.
const MAX_LINES: usize = 300;
const MAX_MEDIAN: usize = 110;

fn module(place: &str) -> Module {
    place.split('/').map(str::to_owned).collect()
}

fn modules(member: &str) -> Modules {
    Modules::read(&workspace().join(member).join("src"))
}

/// A crate's edges without those that are allowed.
fn edges(member: &str) -> Edges<Module> {
    let mut edges = modules(member).edges();
    let allowed = ALLOWED.iter().map(|(of, from, to, _)| (of, from, to));
    for (_, from, to) in allowed.filter(|(of, _, _)| **of == member) {
        let known = (module(from), module(to));
        assert!(edges.remove(&known), "{member}: {from} does not name {to}");
    }
    edges
}

#[track_caller]
fn no_circles(what: &str, edges: &Edges<Module>) {
    let circles = circles(edges);
    let Some(circle) = circles.first() else {
        return;
    };
    let mut seen = String::new();
    for (from, to) in edges {
        if circle.contains(from) && circle.contains(to) {
            seen.push_str(&["\n    ", &shown(from), " names ", &shown(to)].concat());
        }
    }
    panic!("{what} go round in a circle; which type stands in the wrong place?{seen}");
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    for (member, _) in EDGES {
        no_circles(&format!("{member}: files"), &edges(member));
    }
}

/// The edges inside a folder, with each folder in it as one.
fn inside(folder: &[String], edges: &Edges<Module>) -> Edges<Module> {
    let depth = folder.len();
    let within = |it: &Module| it.len() > depth && it.starts_with(folder);
    let inside = edges.iter().filter(|(from, to)| within(from) && within(to));
    let inside = inside.map(|(from, to)| (from[..=depth].to_vec(), to[..=depth].to_vec()));
    inside.filter(|(from, to)| from != to).collect()
}

#[test]
fn no_folders_name_each_other_in_a_circle() {
    for (member, _) in EDGES {
        let (edges, modules) = (edges(member), modules(member));
        for folder in modules.all().filter(|it| modules.is_folder(it)) {
            let what = format!("{member}: folders in {}", shown(folder));
            no_circles(&what, &inside(folder, &edges));
        }
    }
}

/// Two folders are never excused: what is allowed is inside one.
#[test]
fn what_is_allowed_is_inside_one_folder_and_closes_a_circle() {
    for (member, from, to, why) in ALLOWED {
        let folder = |place: &str| {
            module(place)
                .first()
                .cloned()
                .filter(|_| place.contains('/'))
        };
        assert_eq!(folder(from), folder(to), "{member}: {from}, {to}");
        assert!(why.len() > 20, "{from}, {to}: say why");
        let mut edges = edges(member);
        edges.insert((module(from), module(to)));
        let modules = modules(member);
        let folders = modules.all().filter(|it| modules.is_folder(it));
        let mut folders = folders.map(|folder| inside(folder, &edges));
        let closes = !circles(&edges).is_empty() || folders.any(|it| !circles(&it).is_empty());
        assert!(closes, "{from} may name {to} without being allowed to");
    }
}

#[test]
fn no_source_file_holds_more_than_one_concept() {
    let mut all = Vec::new();
    for (member, _) in EDGES {
        for (path, text) in sources(member) {
            let lines = text.lines().count();
            all.push(lines);
            let place = path.strip_prefix(workspace()).unwrap().to_str().unwrap();
            assert!(
                lines <= MAX_LINES,
                "{place} has {lines} lines: which second concept moved in?"
            );
        }
    }
    all.sort_unstable();
    let median = all[all.len() / 2];
    assert!(median <= MAX_MEDIAN, "the middle file has {median} lines");
}

/// A name comes twice only where folders say what each is; a room may give its name to what a folder
/// has of it.
#[test]
fn no_file_is_called_like_one_on_the_ground_floor() {
    let mut found = Vec::new();
    for (member, _) in EDGES {
        let modules = modules(member);
        let mut by_name: BTreeMap<&String, Vec<&Module>> = BTreeMap::new();
        for place in modules.all().filter(|it| !it.is_empty()) {
            by_name
                .entry(place.last().unwrap())
                .or_default()
                .push(place);
        }
        for places in by_name.values().filter(|places| places.len() > 1) {
            if places
                .iter()
                .any(|it| it.len() == 1 && !modules.is_folder(it))
            {
                let above = places.iter().filter(|it| it.len() > 1);
                found.extend(above.map(|it| format!("{member} {}", shown(it))));
            }
        }
    }
    assert!(found.is_empty(), "{found:?}");
}

/// What belongs into a room does not stand on the ground floor.
#[test]
fn a_ground_floor_holds_its_rooms_and_what_belongs_to_none() {
    let of_otel_hook: &[_] = &["conventions", "notice", "prices", "scope", "sdk", "semconv"];
    let floors = [
        ("kaos-otel-hook", of_otel_hook),
        ("kaos-runner", &["http_client", "runner"]),
    ];
    for (member, expected) in floors {
        let modules = modules(member);
        let ground = modules
            .all()
            .filter(|it| it.len() == 1 && !modules.is_folder(it));
        let ground: Vec<String> = ground.map(|it| shown(it)).collect();
        assert_eq!(ground, expected, "{member}");
    }
}

#[test]
fn the_reader_sees_what_it_should() {
    let folder = Folder::new("rooms");
    let write = |file: &str, text: &str| {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "lib.rs",
        "mod a;\nmod b;\npub use a::Thing;\npub use b::deep::{Other as Named, Third};\n",
    );
    write(
        "a.rs",
        "use crate::{Named, b::{self, deep}};\npub struct Thing; // crate::b::Comment\n",
    );
    write(
        "b.rs",
        "mod deep;\nmacro_rules! it { () => {} }\npub(crate) use it;\nfn x() -> &'static str { deep::z(); \"crate::a\" }\n",
    );
    write(
        "b/deep.rs",
        "use super::it;\nfn y(_: super::super::Thing) {}\n#[cfg(test)]\nmod tests {\n use crate::a;\n}\n",
    );
    let modules = Modules::read(&folder);
    let edges: Vec<String> = modules
        .edges()
        .iter()
        .map(|(from, to)| format!("{} {}", shown(from), shown(to)))
        .collect();
    assert_eq!(
        edges,
        ["a b", "a b/deep", "b b/deep", "b/deep a", "b/deep b"]
    );
    let circles = circles(&modules.edges());
    assert_eq!(circles.len(), 1);
    assert_eq!(circles[0].len(), 3);
}
