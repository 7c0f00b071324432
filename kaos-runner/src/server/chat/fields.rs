//! The fields of a JSON object, by type. A field that is `null` is as one that is not there.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::server::error::ApiError;

/// The fields of an object.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    of: &'a Map<String, Value>,
    /// Where the object stands, with a dot behind it.
    place: String,
}

impl<'a> Fields<'a> {
    /// Those of the whole body.
    pub(super) fn of(body: &'a Map<String, Value>) -> Self {
        Self {
            of: body,
            place: String::new(),
        }
    }

    /// Those of an object that stands at this place.
    pub(super) fn at(object: &'a Map<String, Value>, place: &str) -> Self {
        Self {
            of: object,
            place: format!("{place}."),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.of.get(name).filter(|value| !value.is_null())
    }

    /// How the field is called from outside.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }

    pub(super) fn wrong(&self, name: &str, what: &str) -> ApiError {
        ApiError::field(self.place(name), what)
    }

    fn read<T>(
        &self,
        name: &str,
        what: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let read = |value| read(value).ok_or_else(|| self.wrong(name, what));
        self.get(name).map(read).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.read(name, "must be a text", Value::as_str)
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, ApiError> {
        let text = self.text(name)?;
        text.ok_or_else(|| self.wrong(name, "is missing"))
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.read(name, "must be true or false", Value::as_bool)
    }

    /// At least 1.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let read = |value: &Value| value.as_u64().filter(|count| *count >= 1);
        self.read(name, "must be a whole number of at least 1", read)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.read(name, "must be a whole number", Value::as_i64)
    }

    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ApiError> {
        let what = format!("must be a number from {} to {}", range.start(), range.end());
        let read = |value: &Value| value.as_f64().filter(|number| range.contains(number));
        self.read(name, &what, read)
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, ApiError> {
        self.read(name, "must be a list", Value::as_array)
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, ApiError> {
        let object = self.read(name, "must be an object", Value::as_object)?;
        Ok(object.map(|object| Self::at(object, &self.place(name))))
    }
}
