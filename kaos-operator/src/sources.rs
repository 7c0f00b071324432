//! Texts to read resources from: files, folders, the standard input.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::finding::{Finding, Place, Rule};

/// A text and the name that findings call it by.
#[derive(Clone)]
pub struct Source {
    /// A file's path, or `-` for the standard input.
    pub name: Arc<str>,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A text that is there already.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({:?}, {} bytes)", self.name, self.text.len())
    }
}

/// Bytes of one file that are read.
const FILE: u64 = 8 * 1024 * 1024;
/// Bytes of all of them.
const ALL: u64 = 64 * 1024 * 1024;
/// Files of all folders.
const FILES: usize = 10_000;

/// Reads what `-f` names: files, folders with all `.yaml`, `.yml` and `.json` files at any depth (hidden ones
/// left out), and `-` for the standard input. In a folder files come in the order of their names, links to folders are not followed,
/// and what is no regular file is passed over. At most 8 MiB of a file, 64 MiB and ten thousand files in all are read; more is an error.
#[must_use]
pub fn sources(paths: &[PathBuf]) -> (Vec<Source>, Vec<Finding>) {
    let mut reading = Reading::default();
    for path in paths {
        if path.as_os_str() == "-" {
            reading.take("-", io::stdin().lock());
        } else {
            reading.named(path);
        }
    }
    (reading.sources, reading.findings)
}

#[derive(Default)]
struct Reading {
    sources: Vec<Source>,
    findings: Vec<Finding>,
    bytes: u64,
    files: usize,
}

impl Reading {
    /// A path that somebody named: a folder, or a file of whatever name.
    fn named(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(it) if it.is_dir() => self.folder(path),
            // A pipe is fine where it was named: `-f <(helm template …)`.
            Ok(_) => self.file(path),
            Err(error) => self.refuse(path, unreadable(&error)),
        }
    }

    fn folder(&mut self, root: &Path) {
        let before = self.files;
        let mut files = BTreeSet::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.refuse(&folder, unreadable(&error));
                    continue;
                }
            };
            for entry in entries.flatten() {
                let path = entry.path();
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                match entry.file_type() {
                    Ok(it) if it.is_dir() => waiting.push(path),
                    _ if !is_yaml(&path) => {}
                    // A link to a file is that file: so a mounted ConfigMap looks.
                    _ if fs::metadata(&path).as_ref().is_ok_and(Metadata::is_file) => {
                        files.insert(path);
                    }
                    _ => self.refuse(&path, "is no regular file".to_owned()),
                }
                if files.len() > FILES {
                    self.refuse(root, format!("has more than {FILES} files"));
                    return;
                }
            }
        }
        for file in files {
            self.file(&file);
        }
        if self.files == before {
            self.refuse(root, "has no .yaml, .yml or .json file".to_owned());
        }
    }

    fn file(&mut self, path: &Path) {
        self.files += 1;
        match File::open(path) {
            Ok(file) => self.take(&path.display().to_string(), file),
            Err(error) => self.refuse(path, unreadable(&error)),
        }
    }

    fn take(&mut self, name: &str, from: impl Read) {
        let mut bytes = Vec::new();
        let read = from.take(FILE + 1).read_to_end(&mut bytes);
        let length = bytes.len() as u64;
        self.bytes += length;
        let text = match read {
            Err(error) => Err(unreadable(&error)),
            Ok(_) if length > FILE => Err(format!("is larger than {} MiB", FILE >> 20)),
            Ok(_) if self.bytes > ALL => Err(format!(
                "is more than the {} MiB that are read in all",
                ALL >> 20
            )),
            Ok(_) => String::from_utf8(bytes).map_err(|error| {
                format!("is not UTF-8 at byte {}", error.utf8_error().valid_up_to())
            }),
        };
        match text {
            Ok(text) => self.sources.push(Source::new(name, text)),
            Err(why) => self.refuse(Path::new(name), why),
        }
    }

    fn refuse(&mut self, path: &Path, why: String) {
        let place = Place {
            source: path.display().to_string().into(),
            line: 0,
            column: 0,
        };
        self.findings
            .push(Finding::new(Rule::Unreadable, Some(place), why));
    }
}

fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(|it| it.to_str());
    extension.is_some_and(|it| ["yaml", "yml", "json"].contains(&it))
}

fn unreadable(error: &io::Error) -> String {
    format!("could not be read: {error}")
}
