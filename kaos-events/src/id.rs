use std::borrow::Cow;
use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Str;

/// Identifies a trace: 16 bytes, never all zero, 32 lower-case hex digits as text.
///
/// The `trace-id` of W3C Trace Context, level 1, section 3.2.2.3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

/// Identifies a span: 8 bytes, never all zero, 16 lower-case hex digits as text.
///
/// The `parent-id` of W3C Trace Context, level 1, section 3.2.2.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

/// A text is not the hex form of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {digits} lower-case hex digits, not all zero")]
pub struct InvalidId {
    digits: usize,
}

macro_rules! hex_id {
    ($id:ident, $int:ty, $nonzero:ty, $digits:literal) => {
        impl $id {
            /// The id with this value, or `None` for zero.
            pub const fn new(value: $int) -> Option<Self> {
                match <$nonzero>::new(value) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// The id as a number, most significant byte first on the wire.
            pub const fn get(self) -> $int {
                self.0.get()
            }

            /// The id as bytes, in wire order.
            pub const fn to_bytes(self) -> [u8; $digits / 2] {
                self.0.get().to_be_bytes()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $id {
            type Err = InvalidId;

            /// # Errors
            ///
            /// Refuses any other length, upper-case digits, signs and zero.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { digits: $digits };
                let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if text.len() != $digits || !text.bytes().all(hex) {
                    return Err(invalid);
                }
                <$int>::from_str_radix(text, 16)
                    .ok()
                    .and_then(Self::new)
                    .ok_or(invalid)
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(TraceId, u128, NonZeroU128, 32);
hex_id!(SpanId, u64, NonZeroU64, 16);

/// Identifies a run: one agent working on one turn.
///
/// Made by an [`IdSource`] it is a UUID (version 4); read from a line it is whatever stood there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RunId(RunIdRepr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum RunIdRepr {
    Uuid(uuid::Uuid),
    Text(Str),
}

impl RunId {
    /// The UUID (version 4) made of these random bits.
    pub fn from_random_bits(bits: u128) -> Self {
        let uuid = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        Self(RunIdRepr::Uuid(uuid))
    }

    /// The bits of its UUID, where it is one.
    pub(crate) const fn bits(&self) -> Option<u128> {
        match &self.0 {
            RunIdRepr::Uuid(uuid) => Some(uuid.as_u128()),
            RunIdRepr::Text(_) => None,
        }
    }

    /// The UUID of these bits, whatever its version.
    pub(crate) const fn from_bits(bits: u128) -> Self {
        Self(RunIdRepr::Uuid(uuid::Uuid::from_u128(bits)))
    }

    /// The id as text, where it is no UUID and so can be anything.
    pub(crate) const fn text(&self) -> Option<&Str> {
        match &self.0 {
            RunIdRepr::Uuid(_) => None,
            RunIdRepr::Text(text) => Some(text),
        }
    }
}

impl From<&str> for RunId {
    fn from(text: &str) -> Self {
        match uuid::Uuid::try_parse(text) {
            // Only the hyphenated lower-case form prints back as it was written.
            Ok(uuid) if uuid.hyphenated().encode_lower(&mut [0; 36]) == text => {
                Self(RunIdRepr::Uuid(uuid))
            }
            _ => Self(RunIdRepr::Text(Str::copied(text))),
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            RunIdRepr::Uuid(uuid) => fmt::Display::fmt(uuid, f),
            RunIdRepr::Text(text) => fmt::Display::fmt(text, f),
        }
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            RunIdRepr::Uuid(uuid) => serializer.collect_str(uuid),
            RunIdRepr::Text(text) => text.serialize(serializer),
        }
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
