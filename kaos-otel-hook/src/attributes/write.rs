//! Writing attributes: typed, and no text longer than the limit.

use std::sync::Arc;

use kaos_hooks::{AttributeValue, Attributes, Str};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use serde_json::Value as Json;

use crate::Conventions;
use crate::text::Fitted;
use crate::text::bounded;

/// Where attributes go.
pub(crate) struct To<P> {
    limit: Option<usize>,
    conventions: Conventions,
    cut: bool,
    sink: P,
}

/// Takes attributes one by one.
pub(crate) trait Put {
    fn put(&mut self, make: impl FnOnce() -> KeyValue);
}

impl<F: FnMut(KeyValue)> Put for F {
    fn put(&mut self, make: impl FnOnce() -> KeyValue) {
        self(make());
    }
}

/// What a span says from its start on.
pub(crate) struct List(pub(crate) Vec<KeyValue>);

impl Put for List {
    /// Makes room first and then the attribute where it stays: moving it stalls on its own stores.
    fn put(&mut self, make: impl FnOnce() -> KeyValue) {
        self.0.extend(std::iter::once_with(make));
    }
}

impl<P: Put> To<P> {
    pub(crate) const fn new(limit: Option<usize>, to: P) -> Self {
        Self {
            limit,
            conventions: Conventions::Pinned,
            cut: false,
            sink: to,
        }
    }

    /// By these names.
    pub(crate) fn by(self, conventions: Conventions) -> Self {
        Self {
            conventions,
            ..self
        }
    }

    pub(crate) const fn conventions(&self) -> Conventions {
        self.conventions
    }

    pub(crate) const fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Whether JSON was cut.
    pub(crate) const fn has_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn into_inner(self) -> P {
        self.sink
    }

    pub(crate) fn text(&mut self, key: &'static str, value: &Str) {
        match value {
            Str::Static(text) if fits(text, self.limit) => self.word(key, text),
            Str::Shared(text) if fits(text, self.limit) => {
                self.sink.put(|| KeyValue::new(key, Arc::clone(text)));
            }
            Str::Lazy(text) if fits(text.made(), self.limit) => {
                self.sink
                    .put(|| KeyValue::new(key, Arc::clone(text.made())));
            }
            long => self.long(key, long),
        }
    }

    #[cold]
    fn long(&mut self, key: &'static str, value: &str) {
        self.made(key, value);
    }

    pub(crate) fn text_if(&mut self, key: &'static str, value: Option<&Str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// A text of ours, which is short.
    pub(crate) fn word(&mut self, key: &'static str, value: &'static str) {
        self.sink.put(|| KeyValue::new(key, value));
    }

    /// A text that was made for this.
    pub(crate) fn made(&mut self, key: &'static str, value: &str) {
        let value = bounded(value, self.limit);
        self.sink.put(|| KeyValue::new(key, value.into_owned()));
    }

    pub(crate) fn made_if(&mut self, key: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.made(key, &value);
        }
    }

    pub(crate) fn json_if(&mut self, key: &'static str, value: Option<Json>) {
        if let Some(value) = value {
            self.json(key, &value);
        }
    }

    /// JSON, which is JSON still when it is cut; left out when nothing of it fits.
    fn json(&mut self, key: &'static str, value: &Json) {
        let text = value.to_string();
        if fits(&text, self.limit) {
            return self.sink.put(|| KeyValue::new(key, text));
        }
        let fitted = Fitted::new(value, self.limit);
        self.cut |= fitted.as_ref().is_none_or(Fitted::is_cut);
        if let Some(fitted) = fitted {
            self.sink.put(|| KeyValue::new(key, fitted.text()));
        }
    }

    /// A text that should be JSON; what is none is cut as a text.
    pub(crate) fn json_text_if(&mut self, key: &'static str, text: Option<String>) {
        let Some(text) = text else {
            return;
        };
        if !fits(&text, self.limit)
            && let Ok(value) = serde_json::from_str::<Json>(&text)
        {
            return self.json(key, &value);
        }
        self.made(key, &text);
    }

    pub(crate) fn value(&mut self, key: &'static str, value: impl Into<Value>) {
        self.sink.put(|| KeyValue::new(key, value));
    }

    pub(crate) fn value_if<V: Into<Value>>(&mut self, key: &'static str, value: Option<V>) {
        if let Some(value) = value {
            self.value(key, value);
        }
    }

    /// Attributes have no unsigned numbers; nobody counts that far.
    pub(crate) fn count_if(&mut self, key: &'static str, value: Option<impl Into<u64>>) {
        if let Some(value) = value {
            self.value(key, i64::try_from(value.into()).unwrap_or(i64::MAX));
        }
    }

    pub(crate) fn list_if(&mut self, key: &'static str, values: &[Str]) {
        if !values.is_empty() {
            let values = list(values, self.limit);
            self.sink.put(|| KeyValue::new(key, values));
        }
    }

    /// What a user says under a name of their own.
    pub(crate) fn any(&mut self, key: &Str, value: &AttributeValue) {
        let value = any(value, self.limit);
        self.sink
            .put(|| KeyValue::new(String::from(key.as_str()), value));
    }

    /// One that was made before.
    pub(crate) fn again(&mut self, attribute: &KeyValue) {
        self.sink.put(|| attribute.clone());
    }

    pub(crate) fn all(&mut self, attributes: &Attributes) {
        for (key, value) in attributes.iter() {
            self.any(key, value);
        }
    }
}

/// The same text, shared rather than copied, unless it is too long.
pub(crate) fn string(value: &Str, limit: Option<usize>) -> StringValue {
    match value {
        Str::Static(text) if fits(text, limit) => StringValue::from(*text),
        Str::Shared(text) if fits(text, limit) => StringValue::from(Arc::clone(text)),
        long => StringValue::from(bounded(long, limit).into_owned()),
    }
}

/// There are no more characters than bytes.
fn fits(text: &str, limit: Option<usize>) -> bool {
    limit.is_none_or(|limit| text.len() <= limit)
}

fn list(values: &[Str], limit: Option<usize>) -> Value {
    let values = values.iter().map(|value| string(value, limit)).collect();
    Value::Array(Array::String(values))
}

fn any(value: &AttributeValue, limit: Option<usize>) -> Value {
    match value {
        AttributeValue::Bool(value) => Value::Bool(*value),
        AttributeValue::Int(value) => Value::I64(*value),
        AttributeValue::Float(value) => Value::F64(*value),
        AttributeValue::Str(value) => Value::String(string(value, limit)),
        AttributeValue::List(values) => list(values, limit),
    }
}
