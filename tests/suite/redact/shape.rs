//! JSON as it is written: fields in order, and what redaction may do to each.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A JSON value whose fields keep their order.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Leaf(Value),
    List(Vec<Self>),
    Fields(Vec<(String, Self)>),
}

impl Node {
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("JSON in, JSON out")
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Fields(fields))
    }
}

/// Whether two values have the same shape: leaves may have become strings; at each position
/// stands the same key, or one with a sentinel.
pub(super) fn same(before: &Node, after: &Node) -> bool {
    match (before, after) {
        (Node::List(before), Node::List(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(b, a)| same(b, a))
        }
        (Node::Fields(before), Node::Fields(after)) => {
            before.len() == after.len()
                && before
                    .iter()
                    .zip(after)
                    .all(|((b, below), (a, under))| same_key(b, a) && same(below, under))
        }
        (Node::List(_) | Node::Fields(_), _) => false,
        (before, after) => before == after || matches!(after, Node::Leaf(Value::String(_))),
    }
}

/// Whether a key is the same, or the same around sentinels, with a suffix if it collided.
fn same_key(before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    let parts = after.split_once("<redacted:").zip(after.rsplit_once('>'));
    parts.is_some_and(|((head, _), (_, tail))| {
        let without = |open: &str, close: &str| {
            let tail = tail.strip_suffix(close)?;
            let head = tail.trim_end_matches(|c: char| c.is_ascii_digit());
            head.strip_suffix(open).filter(|_| head.len() < tail.len())
        };
        let numbered = [without("-", ""), without(" (", ")")];
        let mut tails = numbered.into_iter().flatten().chain([tail]);
        before.starts_with(head) && tails.any(|tail| before.ends_with(tail))
    })
}
