//! Content in the messages schema of the GenAI conventions, redacted in whole.
//!
//! What a policy names obeys it: texts, thoughts, arguments, results. Everything else in a message
//! is unnamed: fields of other schemas, parts of unknown types, values of the wrong type. It could
//! be any content, so it leaves only as the strictest policy lets any content leave.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{ContentPolicies, ContentPolicy, Field, Redacted, Redactor, Report};

/// The words that say who speaks.
const ROLES: &[&str] = &[
    "system",
    "developer",
    "user",
    "assistant",
    "model",
    "tool",
    "function",
];

/// The words that say why a message ended.
const FINISH_REASONS: &[&str] = &[
    "stop",
    "length",
    "content_filter",
    "tool_call",
    "tool_calls",
    "error",
];

/// Where unnamed content stands that leaves as one token.
const UNNAMED: &str = "unnamed";

impl ContentPolicies {
    /// What may leave of a JSON list of messages; `field` is what their texts are.
    ///
    /// A text part obeys the policy of `field`, and thoughts, arguments and results within the
    /// messages obey their own. Everything that no policy names obeys the strictest of all, and
    /// is at least redacted. What is no list of messages is one text.
    pub fn apply_to_messages<'t>(
        &self,
        redactor: &Redactor,
        field: Field,
        text: &'t str,
    ) -> Option<Redacted<'t>> {
        if self.is_one_for_all() {
            return self.apply(redactor, field, None, text);
        }
        let mut messages = match serde_json::from_str(text) {
            Ok(Value::Array(messages)) => messages,
            Ok(message @ Value::Object(_)) => vec![message],
            // Messages that were cut off or nest too deeply may hold anything.
            Err(_) if text.contains("\"parts\"") => return self.unnamed().apply(redactor, text),
            _ => return self.apply(redactor, field, None, text),
        };
        let is_one = !text.trim_start().starts_with('[');
        let report = self.redact_messages(redactor, field, &mut messages);
        let safe = match (is_one, messages.pop()) {
            (true, last) => last?,
            (false, last) => {
                messages.extend(last);
                Value::Array(messages)
            }
        };
        Some(Redacted::new(safe.to_string().into(), report))
    }

    /// Takes out of messages what may not leave, and reports what was found in the rest.
    pub fn redact_messages(
        &self,
        redactor: &Redactor,
        field: Field,
        messages: &mut Vec<Value>,
    ) -> Report {
        let mut stage = Stage {
            policies: self,
            redactor,
            field,
            tools: HashMap::new(),
            report: Report::default(),
        };
        messages.retain_mut(|message| stage.message(message).is_some());
        stage.report
    }
}

/// One list of messages on its way out. Its functions give `None` when nothing may leave.
struct Stage<'p> {
    policies: &'p ContentPolicies,
    redactor: &'p Redactor,
    /// What texts are.
    field: Field,
    /// The tool of each call seen so far, by its id; none when two calls share one.
    tools: HashMap<String, Option<String>>,
    report: Report,
}

impl Stage<'_> {
    fn message(&mut self, message: &mut Value) -> Option<()> {
        let Value::Object(fields) = message else {
            return self.unnamed(message);
        };
        let mut named = Map::new();
        word(fields, &mut named, "role", ROLES);
        word(fields, &mut named, "finish_reason", FINISH_REASONS);
        for key in ["parts", "content"] {
            match fields.remove(key) {
                Some(Value::Array(mut parts)) => {
                    parts.retain_mut(|part| self.part(part).is_some());
                    named.insert(key.to_owned(), Value::Array(parts));
                }
                Some(mut text) if key == "content" => {
                    let policy = self.policies.policy(self.field, None);
                    if self.by(policy, &mut text).is_some() {
                        named.insert(key.to_owned(), text);
                    }
                }
                Some(other) => {
                    fields.insert(key.to_owned(), other);
                }
                None => {}
            }
        }
        self.finish(message, named);
        Some(())
    }

    fn part(&mut self, part: &mut Value) -> Option<()> {
        let Value::Object(fields) = part else {
            return self.unnamed(part);
        };
        let text_of = |key| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        let id = text_of("id");
        let kind = text_of("type");
        let (key, field, tool) = match kind.as_deref() {
            Some("text") => ("content", self.field, Tool::Unneeded),
            Some("reasoning") => ("content", Field::Thinking, Tool::Unneeded),
            Some("tool_call") => {
                let name = text_of("name");
                if let Some(id) = id {
                    self.remember(id, name.clone());
                }
                ("arguments", Field::Arguments, Tool::of(name))
            }
            Some("tool_call_response") => {
                let name = id.and_then(|id| self.tools.get(&id).cloned().flatten());
                ("response", Field::Result, Tool::of(name))
            }
            // Files, images, and what other schemas have: content that no policy names.
            _ => return self.unnamed(part),
        };
        let policies = self.policies;
        let policy = match &tool {
            Tool::Unneeded => policies.policy(field, None),
            Tool::Known(name) => policies.policy(field, Some(name)),
            Tool::Unknown => policies.of_unknown_tool(field),
        };
        let mut named = Map::new();
        named.extend(fields.remove_entry("type"));
        if let Some(mut content) = fields.remove(key) {
            match &tool {
                Tool::Known(name) => self.of_tool(field, name, &mut content)?,
                _ => self.by(policy, &mut content)?,
            }
            named.insert(key.to_owned(), content);
        }
        // What a call is called is as private as what it says.
        if field == Field::Arguments || field == Field::Result {
            for key in ["id", "name"] {
                if let Some(mut name) = fields.remove(key)
                    && self.by(policy, &mut name).is_some()
                {
                    named.insert(key.to_owned(), name);
                }
            }
        }
        self.finish(part, named);
        Some(())
    }

    /// Two calls of one id could be of two tools: then neither is known.
    fn remember(&mut self, id: String, name: Option<String>) {
        self.tools
            .entry(id)
            .and_modify(|known| {
                if *known != name {
                    *known = None;
                }
            })
            .or_insert(name);
    }

    /// Puts the named fields beside what may leave of the others.
    fn finish(&mut self, object: &mut Value, named: Map<String, Value>) {
        let has_more = object.as_object().is_some_and(|rest| !rest.is_empty());
        let mut fields = named;
        if has_more && self.unnamed(object).is_some() {
            match object.take() {
                Value::Object(rest) => fields.extend(rest),
                other => {
                    fields.insert(UNNAMED.to_owned(), other);
                }
            }
        }
        *object = Value::Object(fields);
    }

    fn unnamed(&mut self, value: &mut Value) -> Option<()> {
        self.by(self.policies.unnamed(), value)
    }

    fn by(&mut self, policy: &ContentPolicy, value: &mut Value) -> Option<()> {
        let plain = plain(value);
        let safe = policy.apply(self.redactor, &plain)?;
        self.put(&safe, value);
        Some(())
    }

    fn of_tool(&mut self, field: Field, tool: &str, value: &mut Value) -> Option<()> {
        let plain = plain(value);
        let safe = self
            .policies
            .apply(self.redactor, field, Some(tool), &plain)?;
        self.put(&safe, value);
        Some(())
    }

    fn put(&mut self, safe: &Redacted<'_>, value: &mut Value) {
        self.report.merge(safe.report());
        let text = || Value::String(safe.as_str().to_owned());
        *value = if value.is_string() {
            text()
        } else {
            serde_json::from_str(safe.as_str()).unwrap_or_else(|_no_json| text())
        };
    }
}

/// Whose arguments or result a content is.
enum Tool {
    Unneeded,
    Known(String),
    Unknown,
}

impl Tool {
    fn of(name: Option<String>) -> Self {
        name.map_or(Self::Unknown, Self::Known)
    }
}

/// A string's text, or any other value's JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Moves a field whose value is one of `words`; any other value is unnamed.
fn word(
    fields: &mut Map<String, Value>,
    named: &mut Map<String, Value>,
    key: &str,
    words: &[&str],
) {
    let is_known = fields
        .get(key)
        .and_then(Value::as_str)
        .is_some_and(|value| words.contains(&value));
    if is_known {
        named.extend(fields.remove_entry(key));
    }
}
