//! The attributes of a log event.

use opentelemetry::logs::AnyValue;
use opentelemetry::{Key, KeyValue};
use serde_json::Value;

use crate::text::Fitted;

/// The attributes of a record.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) pairs: Vec<(Key, AnyValue)>,
    /// Whether content was cut.
    pub(super) cut: bool,
}

impl Collected {
    /// Content, structured: of no more characters than its JSON may have as text.
    pub(super) fn content(
        &mut self,
        key: &'static str,
        content: Option<Value>,
        limit: Option<usize>,
    ) {
        let Some(value) = content else {
            return;
        };
        let cut = match Fitted::new(&value, limit) {
            Some(whole) if !whole.is_cut() => None,
            Some(cut) => Some(serde_json::to_value(&cut).ok()),
            None => Some(None),
        };
        self.cut |= cut.is_some();
        let value = cut.unwrap_or(Some(value));
        self.pairs
            .extend(value.map(|value| (Key::new(key), any(value))));
    }
}

pub(super) fn pair(attribute: KeyValue) -> (Key, AnyValue) {
    use opentelemetry::{Array, Value};
    let value = match attribute.value {
        Value::Bool(value) => AnyValue::Boolean(value),
        Value::I64(value) => AnyValue::Int(value),
        Value::F64(value) => AnyValue::Double(value),
        Value::String(value) => AnyValue::String(value),
        Value::Array(Array::String(values)) => {
            let values = values.into_iter().map(AnyValue::String).collect();
            AnyValue::ListAny(Box::new(values))
        }
        other => AnyValue::from(other.to_string()),
    };
    (attribute.key, value)
}

/// JSON as a structured value.
fn any(json: Value) -> AnyValue {
    match json {
        Value::Null => AnyValue::from(""),
        Value::Bool(value) => AnyValue::Boolean(value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => AnyValue::Int(whole),
            None => AnyValue::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => AnyValue::from(text),
        Value::Array(items) => AnyValue::ListAny(Box::new(items.into_iter().map(any).collect())),
        Value::Object(fields) => AnyValue::Map(Box::new(
            fields
                .into_iter()
                .map(|(key, value)| (Key::from(key), any(value)))
                .collect(),
        )),
    }
}
