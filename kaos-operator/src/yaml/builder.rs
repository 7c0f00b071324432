//! A document's events become its tree.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use super::budget::Budget;
use super::node::{Entry, Mark, Node, Value};

/// What is open while a document is read.
#[derive(Debug)]
struct OpenNode {
    mark: Mark,
    anchor: usize,
    inside: Inside,
}

#[derive(Debug)]
enum Inside {
    List(Vec<Node>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    lines: HashMap<String, Mark>,
    /// A key whose value comes next.
    key: Option<(String, Mark)>,
    merged: Vec<Node>,
}

impl std::fmt::Debug for OpenMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a map")
    }
}

/// Why a document is not taken.
pub(super) type Refused = (Mark, String);

#[derive(Debug)]
pub(super) struct Builder {
    open: Vec<OpenNode>,
    anchors: HashMap<usize, Node>,
    budget: Budget,
    root: Option<Node>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            open: Vec::new(),
            anchors: HashMap::new(),
            budget: Budget::new(),
            root: None,
        }
    }

    /// The document that is complete; anchors are its own.
    pub(super) fn take(&mut self) -> Option<Node> {
        self.anchors.clear();
        self.open.clear();
        self.root.take()
    }

    pub(super) fn list(&mut self, mark: Mark, anchor: usize) {
        let inside = Inside::List(Vec::new());
        self.open.push(OpenNode {
            mark,
            anchor,
            inside,
        });
    }

    pub(super) fn map(&mut self, mark: Mark, anchor: usize) {
        let inside = Inside::Map(OpenMap::default());
        self.open.push(OpenNode {
            mark,
            anchor,
            inside,
        });
    }

    /// The innermost list or map ends.
    pub(super) fn end(&mut self) -> Result<(), Refused> {
        let Some(OpenNode {
            mark,
            anchor,
            inside,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let value = match inside {
            Inside::List(items) => Value::List(items),
            Inside::Map(map) => Value::Map(merged(map)?),
        };
        self.add(Node { mark, value }, anchor)
    }

    pub(super) fn alias(&mut self, mark: Mark, anchor: usize) -> Result<(), Refused> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err((mark, "an alias inside of what it stands for".to_owned()));
        };
        let copy = self.budget.copy(node).ok_or((mark, TOO_MUCH.to_owned()))?;
        self.add(Node { mark, ..copy }, 0)
    }

    /// A scalar's text where the innermost map waits for a key, which is then taken.
    pub(super) fn key(&mut self, text: &str, mark: Mark, plain: bool) -> Result<bool, Refused> {
        let Some(OpenNode {
            inside: Inside::Map(map),
            ..
        }) = self.open.last_mut()
        else {
            return Ok(false);
        };
        if map.key.is_some() {
            return Ok(false);
        }
        let merges = plain && text == "<<";
        if !merges && let Some(first) = map.lines.insert(text.to_owned(), mark) {
            let message = format!(
                "`{text}` is here twice; the first is on line {}",
                first.line
            );
            return Err((mark, message));
        }
        map.key = Some((text.to_owned(), mark));
        Ok(true)
    }

    /// A value is complete: it goes where it belongs.
    pub(super) fn add(&mut self, node: Node, anchor: usize) -> Result<(), Refused> {
        if anchor != 0 {
            let copy = self.budget.copy(&node);
            let copy = copy.ok_or((node.mark, TOO_MUCH.to_owned()))?;
            self.anchors.insert(anchor, copy);
        }
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map(map)) => match map.key.take() {
                None => {
                    let message = format!("a key is {}; only texts are keys", node.kind());
                    return Err((node.mark, message));
                }
                Some((key, _)) if key == "<<" && !map.lines.contains_key("<<") => {
                    map.merged.push(node);
                }
                Some((key, mark)) => map.entries.push(Entry { key, mark, node }),
            },
        }
        Ok(())
    }
}

const TOO_MUCH: &str = "aliases stand for more than a hundred thousand values or 4 MiB of text";

/// The entries, with those of `<<` that are not there.
fn merged(map: OpenMap) -> Result<Vec<Entry>, Refused> {
    let OpenMap {
        mut entries,
        mut lines,
        merged,
        ..
    } = map;
    for node in merged {
        let sources = match node.value {
            Value::List(items) => items,
            _ => vec![node],
        };
        for source in sources {
            let Value::Map(others) = source.value else {
                return Err((
                    source.mark,
                    "`<<` takes a map, or a list of maps".to_owned(),
                ));
            };
            for entry in others {
                if let Slot::Vacant(slot) = lines.entry(entry.key.clone()) {
                    slot.insert(entry.mark);
                    entries.push(entry);
                }
            }
        }
    }
    Ok(entries)
}
