use serde::{Deserialize, Serialize};

use crate::Str;

/// A value of [`Attributes`](crate::Attributes): what an OpenTelemetry attribute can hold.
///
/// Closed: these are the types that attributes have, and who takes secrets out must have looked into
/// each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number; one that is not finite is written as `null` and read back as absent.
    Float(f64),
    /// Text.
    Str(Str),
    /// A list of texts.
    List(Vec<Str>),
}

impl AttributeValue {
    /// The value of this JSON text; `None` for null.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let whole = !json.contains(['.', 'e', 'E']);
        match serde_json::from_str(json) {
            // Too large for a whole number: a float would round it.
            Ok(Some(Self::Float(float))) if whole && float != 0.0 => {
                Some(Self::Str(Str::copied(json)))
            }
            Ok(value) => value,
            Err(_) => Some(Self::Str(Str::copied(json))),
        }
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for AttributeValue {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for AttributeValue {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for AttributeValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&'static str> for AttributeValue {
    fn from(value: &'static str) -> Self {
        Self::Str(value.into())
    }
}

impl From<String> for AttributeValue {
    fn from(value: String) -> Self {
        Self::Str(value.into())
    }
}

impl From<Str> for AttributeValue {
    fn from(value: Str) -> Self {
        Self::Str(value)
    }
}

impl From<Vec<Str>> for AttributeValue {
    fn from(value: Vec<Str>) -> Self {
        Self::List(value)
    }
}
