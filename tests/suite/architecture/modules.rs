//! Which module of a crate names which other: a small reader of `use` lines and of paths that begin
//! with `crate`, `super` or a module beneath.
//!
//! It knows as much of Rust as our sources need: comments, texts and unit tests are no code, a name
//! that a module only re-exports belongs to the module that has it, and a re-export itself names
//! nobody. What it cannot see are calls of methods, and what a macro's user writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module by its place beneath `src`: `turn/steps`; the crate itself is empty.
pub(super) type Module = Vec<String>;
/// The edges of a graph.
pub(super) type Edges<N> = BTreeSet<(N, N)>;

/// A module as text.
pub(super) fn shown(module: &[String]) -> String {
    if module.is_empty() {
        "lib".to_owned()
    } else {
        module.join("/")
    }
}

/// `a::b as c`: the path, the name that it has here, and whether others get it from here.
struct Use {
    path: Vec<String>,
    name: String,
    passed_on: bool,
}

#[derive(Default)]
struct Source {
    uses: Vec<Use>,
    /// Other paths in code.
    paths: Vec<Vec<String>>,
}

/// The modules of a crate.
pub(super) struct Modules(BTreeMap<Module, Source>);

impl Modules {
    /// Those beneath this `src`.
    pub(super) fn read(src: &Path) -> Self {
        let mut modules = BTreeMap::new();
        let mut folders = vec![src.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let place = path.strip_prefix(src).unwrap().with_extension("");
                let place: Module = place.iter().map(|it| it.to_str().unwrap().into()).collect();
                let is_rust = path.extension().is_some_and(|it| it == "rs");
                if is_rust && place != ["main"] && place.last().unwrap() != "tests" {
                    let place = if place == ["lib"] { Vec::new() } else { place };
                    let text = fs::read_to_string(path).unwrap();
                    modules.insert(place, source(&words(&code(&text))));
                }
            }
        }
        Self(modules)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Module> {
        self.0.keys()
    }

    /// Whether other modules are in its folder.
    pub(super) fn is_folder(&self, module: &[String]) -> bool {
        let within = |it: &Module| it.len() > module.len() && it.starts_with(module);
        self.0.keys().any(within)
    }

    /// Which module names which.
    pub(super) fn edges(&self) -> Edges<Module> {
        let mut edges = Edges::new();
        for (module, source) in &self.0 {
            let used = source.uses.iter().filter(|it| !it.passed_on);
            let paths = used.map(|it| &it.path).chain(&source.paths);
            for path in paths {
                let found = self.resolved(module, path, &mut BTreeSet::new());
                if let Some(found) = found.filter(|found| found != module) {
                    edges.insert((module.clone(), found));
                }
            }
        }
        edges
    }

    /// The module that has what a path names in this module; `None` for another crate's.
    fn resolved(
        &self,
        from: &[String],
        path: &[String],
        seen: &mut BTreeSet<(Module, String)>,
    ) -> Option<Module> {
        let mut at = from.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (at, rest) = (Module::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while let Some(("super", after)) = rest.split_first().map(|(a, b)| (&**a, b)) {
                    at.pop();
                    rest = after;
                }
            }
            child if self.0.contains_key(&[from, &[child.to_owned()]].concat()) => {}
            _ => return None,
        }
        while let Some((name, after)) = rest.split_first() {
            let child = [&at[..], std::slice::from_ref(name)].concat();
            if self.0.contains_key(&child) {
                (at, rest) = (child, after);
                continue;
            }
            let uses = &self.0.get(&at)?.uses;
            // A module's own macro is handed on by its bare name.
            let handed = uses.iter().find(|it| it.name == *name && it.path.len() > 1);
            let Some(handed) = handed.filter(|_| seen.insert((at.clone(), name.clone()))) else {
                return Some(at);
            };
            let whole = [&handed.path[..], after].concat();
            return self.resolved(&at, &whole, seen);
        }
        Some(at)
    }
}

/// The code without comments, texts, and unit tests.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw(rest, &code) {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = hashes + 2;
            body + rest[body..].find(&end).unwrap() + end.len()
        } else if next == '"' {
            quoted(rest, '"')
        } else if next == '\'' && is_char(rest) {
            quoted(rest, '\'')
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skipped..];
    }
    let tests = code.find("#[cfg(test)]\nmod tests {");
    tests.map_or(code.clone(), |tests| code[..tests].to_owned())
}

/// How many `#` a raw text has that begins here.
fn raw(rest: &str, before: &str) -> Option<usize> {
    let within = before.ends_with(|it: char| it.is_alphanumeric() && it != 'b' || it == '_');
    let body = rest.strip_prefix('r').filter(|_| !within)?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    body[hashes..].starts_with('"').then_some(hashes)
}

/// Not a lifetime.
fn is_char(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

/// How long a text is, its quotes included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, it)| {
        let ends = *it == quote && !escaped;
        escaped = *it == '\\' && !escaped;
        ends
    });
    end.unwrap().0 + 1
}

/// Names, `::`, and other signs one by one.
fn words(code: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(next) = rest.chars().next() {
        let is_name = |it: char| it.is_alphanumeric() || it == '_';
        let length = if is_name(next) {
            rest.find(|it| !is_name(it)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            next.len_utf8()
        };
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}

fn source(words: &[String]) -> Source {
    let mut source = Source::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let before = at.checked_sub(1).map_or(";", |before| &*words[before]);
        if word == "use" && [";", "{", "}", ")", "]", "pub"].contains(&before) {
            let passed_on = before == "pub" || before == ")" && visible(&words[..at]);
            at = tree(words, at + 1, &[], passed_on, &mut source.uses) + 1;
        } else if names(Some(word))
            && before != "::"
            && before != "in"
            && words.get(at + 1).is_some_and(|it| it == "::")
        {
            let mut path = vec![word.clone()];
            at += 1;
            while words.get(at).is_some_and(|it| it == "::") && names(words.get(at + 1)) {
                path.push(words[at + 1].clone());
                at += 2;
            }
            source.paths.push(path);
        } else {
            at += 1;
        }
    }
    source
}

fn names(word: Option<&String>) -> bool {
    word.is_some_and(|it| it.starts_with(|it: char| it.is_alphabetic() || it == '_'))
}

/// Whether this ends with `pub(…)`.
fn visible(words: &[String]) -> bool {
    let open = words.iter().rposition(|it| it == "(");
    open.and_then(|open| open.checked_sub(1))
        .is_some_and(|it| words[it] == "pub")
}

/// Reads one tree of a `use` from here; gives where it ends.
fn tree(
    words: &[String],
    mut at: usize,
    around: &[String],
    passed_on: bool,
    uses: &mut Vec<Use>,
) -> usize {
    let mut path = around.to_vec();
    loop {
        match &*words[at] {
            "{" => {
                at += 1;
                while words[at] != "}" {
                    at = tree(words, at, &path, passed_on, uses);
                    at += usize::from(words[at] == ",");
                }
                return at + 1;
            }
            "self" if !path.is_empty() => {}
            "*" => {}
            name => path.push(name.to_owned()),
        }
        let whole = words[at] == "*";
        at += 1;
        if words[at] == "::" {
            at += 1;
            continue;
        }
        let mut name = path.last().unwrap().clone();
        if words[at] == "as" {
            name.clone_from(&words[at + 1]);
            at += 2;
        }
        let name = if whole { "*".to_owned() } else { name };
        uses.push(Use {
            path,
            name,
            passed_on,
        });
        return at;
    }
}

/// The circles of a graph: those who reach each other.
pub(super) fn circles<N: Ord + Clone>(edges: &Edges<N>) -> Vec<BTreeSet<N>> {
    let mut after: BTreeMap<&N, Vec<&N>> = BTreeMap::new();
    for (from, to) in edges {
        after.entry(from).or_default().push(to);
    }
    let reached = |from: &N| {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(at) = waiting.pop() {
            for to in after.get(at).into_iter().flatten() {
                if reached.insert((*to).clone()) {
                    waiting.push(to);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&N, BTreeSet<N>> = after.keys().map(|it| (*it, reached(it))).collect();
    let mut circles: Vec<BTreeSet<N>> = Vec::new();
    for (node, from) in &reached {
        if !from.contains(node) || circles.iter().any(|circle| circle.contains(*node)) {
            continue;
        }
        let back = |other: &&N| reached.get(*other).is_some_and(|it| it.contains(*node));
        circles.push(from.iter().filter(back).cloned().collect());
    }
    circles
}
