//! Foreign text, as it is installed on this machine: how much of it looks like a secret and is none.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use kaos_hooks::redact::{Class, Redactor};

/// How many megabytes of each kind are read; none without this variable: it takes a while.
const MEGABYTES: &str = "KAOS_FOREIGN_MB";

/// Further folders to look in, separated as in `PATH`.
const FOLDERS: &str = "KAOS_FOREIGN_FOLDERS";

/// Prints every finding with what stands around it, to judge it by hand.
const SHOW: &str = "KAOS_FOREIGN_SHOW";

/// Files that are made of URLs with passwords in them, to test a parser: what is found there is
/// what it looks like.
const OF_PASSWORDS: [&str; 2] = ["urltestdata.json", "setters_tests.json"];

const KINDS: [&str; 4] = ["rs", "py", "md", "json"];

#[test]
fn foreign_text_has_at_most_one_finding_a_megabyte_and_class() {
    let Some(megabytes) = env::var(MEGABYTES).ok().and_then(|it| it.parse().ok()) else {
        println!("not measured: {MEGABYTES} is not set");
        return;
    };
    let redactor = Redactor::new();
    let mut over = Vec::new();
    for kind in KINDS {
        let (locks, files): (Vec<PathBuf>, Vec<PathBuf>) =
            files(kind).into_iter().partition(|path| is_lock(path));
        over.extend(measure(&redactor, kind, &files, megabytes));
        if kind == "json" {
            over.extend(measure(&redactor, "lock", &locks, megabytes));
        }
    }
    assert!(over.is_empty(), "{over:?}");
}

/// Prints the findings a megabyte; gives those over their limit.
fn measure(redactor: &Redactor, kind: &str, files: &[PathBuf], megabytes: usize) -> Vec<String> {
    let mut by_class: BTreeMap<Class, usize> = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut read = 0;
    for path in spread(files) {
        let Some(text) = fs::read_to_string(path)
            .ok()
            .filter(|it| it.len() < 2_000_000)
        else {
            continue;
        };
        // The same file in two versions of a package is no further text, and ours is not foreign.
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let is_of_passwords = OF_PASSWORDS.iter().any(|name| path.ends_with(name));
        if !seen.insert(hasher.finish())
            || is_of_passwords
            || path.to_string_lossy().contains("kaos")
        {
            continue;
        }
        read += text.len();
        for found in redactor.explain(&text) {
            *by_class.entry(found.class().clone()).or_default() += 1;
            if env::var(SHOW).is_ok_and(|class| found.class().as_str() == class) {
                let place = found.place();
                let from = place.start.saturating_sub(60);
                let to = text.len().min(place.end.min(place.start + 60) + 20);
                let shown = String::from_utf8_lossy(&text.as_bytes()[from..to]);
                let rule = found.rule();
                println!("{kind} {rule}: {shown:?} {}", path.display());
            }
        }
        if read >= megabytes * 1_000_000 {
            break;
        }
    }
    println!("{kind}: {read} bytes");
    let mut over = Vec::new();
    for (class, count) in &by_class {
        let count = f64::from(u32::try_from(*count).unwrap());
        let rate = count * 1e6 / f64::from(u32::try_from(read).unwrap());
        let most = match (kind, class) {
            (_, Class::Email) => f64::INFINITY,
            ("lock", Class::Token) => 0.0,
            (_, Class::Token) => 2.0,
            _ => 1.0,
        };
        println!("  {class:<20} {count:>6} {rate:>8.2} a MB, at most {most}");
        if rate > most {
            over.push(format!("{kind} {class} {rate:.2}"));
        }
    }
    over
}

/// The files in turns, one of each package: large packages have no larger part in what is read.
fn spread(files: &[PathBuf]) -> Vec<&PathBuf> {
    let mut packages: BTreeMap<PathBuf, Vec<&PathBuf>> = BTreeMap::new();
    for path in files {
        let depth = path
            .components()
            .take_while(|part| {
                let name = part.as_os_str().to_string_lossy();
                !name.starts_with("site-packages") && name != "node_modules" && name != "src"
            })
            .count();
        let package = path.components().take(depth + 3).collect();
        packages.entry(package).or_default().push(path);
    }
    let most = packages.values().map(Vec::len).max().unwrap_or(0);
    (0..most)
        .flat_map(|turn| {
            packages
                .values()
                .filter_map(move |files| files.get(turn).copied())
        })
        .collect()
}

fn is_lock(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().contains("lock"))
}

/// The installed files of one kind, sorted.
fn files(kind: &str) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os(FOLDERS)
        .map(|list| env::split_paths(&list).collect())
        .unwrap_or_default();
    let home = env::var_os("HOME").map(PathBuf::from);
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    folders.extend(
        cargo
            .or(home.map(|home| home.join(".cargo")))
            .map(|it| it.join("registry/src")),
    );
    let python = Command::new("python3")
        .args([
            "-c",
            "import sysconfig; print(sysconfig.get_paths()['stdlib'])",
        ])
        .output();
    folders.extend(
        python
            .ok()
            .map(|said| PathBuf::from(String::from_utf8_lossy(&said.stdout).trim().to_owned())),
    );
    folders.push(PathBuf::from("/usr/lib/node_modules"));
    folders.push(PathBuf::from("/usr/share/nodejs"));
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|it| it.is_symlink());
            if path.is_dir() && !is_link {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == kind)
                || kind == "json"
                    && is_lock(&path)
                    && path.extension().is_some_and(|it| it == "lock")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
