//! A line as its fields, each with its place.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{DecodeError, DecodeErrorKind};
/// The fields of a line's object, unparsed.
pub(super) struct Fields<'l> {
    line: &'l str,
    by_name: HashMap<Cow<'l, str>, &'l RawValue>,
}

impl<'l> Fields<'l> {
    pub(super) fn parse(line: &'l str) -> Result<Self, DecodeError> {
        let Parsed { by_name, twice } =
            serde_json::from_str(line).map_err(|error| DecodeError::json(0, line, &error))?;
        if let Some((name, value)) = twice {
            let kind = DecodeErrorKind::DuplicateField(name);
            return Err(DecodeError::new(offset(line, value), kind));
        }
        Ok(Self { line, by_name })
    }

    /// The field's JSON text, unless it is absent or null.
    pub(super) fn raw(&self, name: &'static str) -> Option<&'l RawValue> {
        self.by_name
            .get(name)
            .copied()
            .filter(|raw| raw.get() != "null")
    }

    pub(super) fn offset_of(&self, name: &'static str) -> usize {
        self.by_name
            .get(name)
            .map_or(self.line.len(), |raw| offset(self.line, raw))
    }

    /// The field, unless it is absent or null.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, DecodeError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|error| DecodeError::json(offset(self.line, raw), raw.get(), &error))
    }

    /// The field, read by `read`, unless it is absent or null. It must be an object: the fields of
    /// a struct would be taken from a list, too.
    pub(super) fn object<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'l str) -> serde_json::Result<T>,
    ) -> Result<Option<T>, DecodeError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        if !raw.get().starts_with('{') {
            return Err(self.bad(name, "an object"));
        }
        read(raw.get())
            .map(Some)
            .map_err(|error| DecodeError::json(offset(self.line, raw), raw.get(), &error))
    }

    pub(super) fn require<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<T, DecodeError> {
        self.get(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn missing(&self, name: &'static str) -> DecodeError {
        DecodeError::new(self.line.len(), DecodeErrorKind::MissingField(name))
    }

    pub(super) fn bad(&self, field: &'static str, expected: &'static str) -> DecodeError {
        DecodeError::new(
            self.offset_of(field),
            DecodeErrorKind::BadValue { field, expected },
        )
    }
}

fn offset(line: &str, part: &RawValue) -> usize {
    part.get()
        .as_ptr()
        .addr()
        .saturating_sub(line.as_ptr().addr())
}

struct Parsed<'l> {
    by_name: HashMap<Cow<'l, str>, &'l RawValue>,
    twice: Option<(String, &'l RawValue)>,
}

/// A key, borrowed where it holds no escape.
#[derive(Deserialize)]
struct Key<'l>(#[serde(borrow)] Cow<'l, str>);

impl<'de> Deserialize<'de> for Parsed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Parsed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed<'de>, A::Error> {
                let mut parsed = Parsed {
                    by_name: HashMap::with_capacity(24),
                    twice: None,
                };
                while let Some((Key(name), value)) = map.next_entry::<Key<'de>, &RawValue>()? {
                    if parsed.by_name.contains_key(&name) {
                        parsed
                            .twice
                            .get_or_insert_with(|| (name.clone().into_owned(), value));
                    }
                    parsed.by_name.insert(name, value);
                }
                Ok(parsed)
            }
        }

        deserializer.deserialize_map(Object)
    }
}
