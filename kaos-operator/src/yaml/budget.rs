//! How much a stream of documents may become: a few lines of aliases can stand for more than there is memory.

use super::node::{Node, Value};

/// Values that aliases may add to all documents of one source.
const VALUES: usize = 100_000;
/// Bytes of text that they may add.
const BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Budget {
    values: usize,
    bytes: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            values: VALUES,
            bytes: BYTES,
        }
    }

    /// A copy, if there is room for it.
    pub(super) fn copy(&mut self, node: &Node) -> Option<Node> {
        self.spend(node)?;
        Some(node.clone())
    }

    /// Counts, and stops where it is too much.
    fn spend(&mut self, node: &Node) -> Option<()> {
        self.values = self.values.checked_sub(1)?;
        match &node.value {
            Value::Text(text) => self.bytes = self.bytes.checked_sub(text.len())?,
            Value::List(items) => {
                for item in items {
                    self.spend(item)?;
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.bytes = self.bytes.checked_sub(entry.key.len())?;
                    self.spend(&entry.node)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Some(())
    }
}
