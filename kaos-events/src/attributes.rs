use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{AttributeValue, Str};

/// What users add to a span beyond its typed fields: a small ordered map.
///
/// A key is set once; setting it again replaces the value. Costs one word while empty.
///
/// # Example
///
/// ```
/// use kaos_events::Attributes;
///
/// let mut attributes = Attributes::new();
/// attributes.set("retrieval.top_k", 5);
/// attributes.set("retrieval.index", "leases");
/// assert_eq!(attributes.iter().count(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    clippy::box_collection,
    reason = "nearly always empty, and part of every event: one word, not three"
)]
pub struct Attributes(Option<Box<Vec<(Str, AttributeValue)>>>);

impl Attributes {
    /// How many attributes of one span are read from a line; more are refused.
    pub const MAX_DECODED: usize = 1024;

    /// No attributes.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Sets `key` to `value`, replacing an earlier value.
    pub fn set(&mut self, key: impl Into<Str>, value: impl Into<AttributeValue>) {
        let (key, value) = (key.into(), value.into());
        let pairs = self.0.get_or_insert_default();
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => pairs.push((key, value)),
        }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&AttributeValue> {
        self.pairs()
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// Keys and values in the order they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &AttributeValue)> {
        self.pairs().iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn pairs(&self) -> &[(Str, AttributeValue)] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Of pairs with different keys.
    pub(crate) fn of_pairs(pairs: Vec<(Str, AttributeValue)>) -> Self {
        Self((!pairs.is_empty()).then(|| Box::new(pairs)))
    }
}

impl<K: Into<Str>, V: Into<AttributeValue>> FromIterator<(K, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut attributes = Self::new();
        for (key, value) in pairs {
            attributes.set(key, value);
        }
        attributes
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.pairs().len()))?;
        for (key, value) in self.pairs() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attributes {
    /// A null is absent; values of any other shape (objects, mixed lists, whole numbers beyond 64
    /// bits) are kept as their JSON text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                // Absent ones, too: they count, and none may stand twice.
                let mut pairs: Vec<(Str, Option<AttributeValue>)> = Vec::new();
                while let Some(key) = map.next_key::<Str>()? {
                    if pairs.iter().any(|(known, _)| *known == key) {
                        return Err(serde::de::Error::custom("duplicate key"));
                    }
                    if pairs.len() == Attributes::MAX_DECODED {
                        return Err(serde::de::Error::custom("too many attributes"));
                    }
                    let raw: &serde_json::value::RawValue = map.next_value()?;
                    pairs.push((key, AttributeValue::read(raw.get())));
                }
                let pairs: Vec<_> = pairs
                    .into_iter()
                    .filter_map(|(key, value)| Some((key, value?)))
                    .collect();
                Ok(Attributes::of_pairs(pairs))
            }
        }

        deserializer.deserialize_map(Map)
    }
}
