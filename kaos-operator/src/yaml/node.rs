//! A value and its place.

use std::fmt;

use serde_json::{Map, Number};

/// A line and a column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value of a resource as it was written, and where it stands.
///
/// Its `Debug` text has no values.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) value: Value,
}

#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) mark: Mark,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn null(mark: Mark) -> Self {
        let value = Value::Null;
        Self { mark, value }
    }

    /// What an API server says, which has no lines.
    #[cfg(feature = "kubernetes")]
    pub(crate) fn from_json(json: serde_json::Value) -> Self {
        const NOWHERE: Mark = Mark { line: 0, column: 0 };
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(it) => Value::Bool(it),
            serde_json::Value::Number(it) => Value::Number(it),
            serde_json::Value::String(it) => Value::Text(it),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(Self::from_json).collect())
            }
            serde_json::Value::Object(fields) => {
                let entries = fields.into_iter().map(|(key, value)| Entry {
                    key,
                    mark: NOWHERE,
                    node: Self::from_json(value),
                });
                Value::Map(entries.collect())
            }
        };
        let mark = NOWHERE;
        Self { mark, value }
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key, unless it is null: to Kubernetes, null is absent.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        (!entry.node.is_null()).then_some(&entry.node)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value at a path such as `spec.mcpServers[1]`.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, part| {
            let (key, index) = part.split_once('[').unwrap_or((part, ""));
            let node = node.get(key)?;
            match index.trim_end_matches(']') {
                "" => Some(node),
                index => node.items().get(index.parse::<usize>().ok()?),
            }
        })
    }

    /// What is wrong with a value may be said of it: its type, never itself.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The value as JSON, without nulls in maps, which are absent.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(it) => (*it).into(),
            Value::Number(it) => it.clone().into(),
            Value::Text(it) => it.as_str().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let there = entries.iter().filter(|entry| !entry.node.is_null());
                let pairs = there.map(|entry| (entry.key.clone(), entry.node.to_json()));
                pairs.collect::<Map<_, _>>().into()
            }
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::List(items) => f.debug_list().entries(items).finish(),
            Value::Map(entries) => {
                let entries = entries.iter().map(|entry| (&entry.key, &entry.node));
                f.debug_map().entries(entries).finish()
            }
            _ => f.write_str(self.kind()),
        }
    }
}
