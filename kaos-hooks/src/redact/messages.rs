//! Content in the messages schema of the GenAI conventions, redacted in whole.
//!
//! What a policy names obeys it: texts, thoughts, arguments, results. Everything else in a message
//! is unnamed: fields of other schemas, parts of unknown types, values of the wrong type. It could
//! be any content, so it leaves only as the strictest policy lets any content leave.

mod fields;
mod says;

use std::collections::HashMap;

use fields::{CALL_IDS, FINISH_REASONS, ROLES, claims_to_be_messages, plain, text_of, word};
use says::{Says, Tool};
use serde_json::{Map, Value};

use super::{ContentPolicies, ContentPolicy, Field, Redacted, Redactor, Report};

/// Where unnamed content stands that leaves as one token.
const UNNAMED: &str = "unnamed";

impl ContentPolicies {
    /// What may leave of a JSON list of messages; `field` is what their texts are.
    ///
    /// A text obeys the policy of `field`, and thoughts, arguments and results within the messages
    /// obey their own, by their type or the role of the message: what a tool says is its result.
    /// Everything that no policy names obeys the strictest of all, and so does what claims to be
    /// messages and cannot be read. What is no list of messages is one text.
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
            // Messages that were cut off, quoted or nest too deeply may hold anything.
            _ if claims_to_be_messages(text) => return self.unnamed().apply(redactor, text),
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
        let kind = fields.get("type").filter(|kind| *kind != "message");
        if kind.is_some() && !fields.contains_key("role") {
            // An item of a list that has no messages around its parts.
            return self.part(message, &Says::OfField);
        }
        let says = if kind.is_some() {
            Says::Unnamed
        } else {
            self.speaker(fields)
        };
        self.remember_calls(fields);
        let mut named = Map::new();
        word(fields, &mut named, "role", ROLES);
        word(fields, &mut named, "finish_reason", FINISH_REASONS);
        for key in ["parts", "content"] {
            match fields.remove(key) {
                Some(Value::Array(mut parts)) => {
                    parts.retain_mut(|part| self.part(part, &says).is_some());
                    named.insert(key.to_owned(), Value::Array(parts));
                }
                Some(mut text) if key == "content" => {
                    let left = if text.get("type").is_some() {
                        self.part(&mut text, &says)
                    } else {
                        self.said(&says, &mut text)
                    };
                    if left.is_some() {
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

    /// What the texts of a message are, by who speaks.
    fn speaker(&self, fields: &Map<String, Value>) -> Says {
        let Some(role) = fields.get("role") else {
            return Says::OfField;
        };
        match role.as_str() {
            Some("tool" | "function") => {
                let tool = self.answered(fields, text_of(fields, "name"));
                Says::Of(Field::Result, tool)
            }
            Some(role) if ROLES.contains(&role) => Says::OfField,
            _ => Says::Unnamed,
        }
    }

    /// The tool that a result answers, by its name or the id of its call; none if they differ.
    fn answered(&self, fields: &Map<String, Value>, name: Option<String>) -> Tool {
        let mut names: Vec<Option<String>> = name.into_iter().map(Some).collect();
        for key in CALL_IDS {
            let known = text_of(fields, key).and_then(|id| self.tools.get(&id));
            names.extend(known.cloned());
        }
        match names.split_first() {
            Some((first, rest)) if rest.iter().all(|name| name == first) => Tool::of(first.clone()),
            _ => Tool::Unknown,
        }
    }

    fn part(&mut self, part: &mut Value, says: &Says) -> Option<()> {
        let Value::Object(fields) = part else {
            return self.unnamed(part);
        };
        let kind = text_of(fields, "type");
        let (keys, says): (&[&str], Says) = match kind.as_deref() {
            Some("text") => (&["content"], says.clone()),
            Some("reasoning" | "thinking") => (
                &["content", "thinking"],
                Says::Of(Field::Thinking, Tool::Unneeded),
            ),
            Some("tool_call") => {
                let name = text_of(fields, "name");
                if let Some(id) = text_of(fields, "id") {
                    self.remember(id, name.clone());
                }
                (&["arguments"], Says::Of(Field::Arguments, Tool::of(name)))
            }
            Some("tool_call_response" | "tool_result" | "function_call_output") => (
                &["response", "content", "output"],
                Says::Of(Field::Result, self.answered(fields, None)),
            ),
            // Files, images, and what other schemas have: content that no policy names.
            _ => return self.unnamed(part),
        };
        let mut named = Map::new();
        named.extend(fields.remove_entry("type"));
        for key in keys {
            if let Some(mut content) = fields.remove(*key) {
                self.said(&says, &mut content)?;
                named.insert((*key).to_owned(), content);
            }
        }
        // What a call is called is as private as what it says.
        if let Says::Of(Field::Arguments | Field::Result, _) = says {
            let policies = self.policies;
            let policy = policies.said(self.field, &says);
            for key in CALL_IDS.iter().chain(&["name"]) {
                if let Some(mut name) = fields.remove(*key)
                    && self.by(policy, &mut name).is_some()
                {
                    named.insert((*key).to_owned(), name);
                }
            }
        }
        self.finish(part, named);
        Some(())
    }

    /// Keeps in mind the calls of a message that lists them beside its content.
    fn remember_calls(&mut self, fields: &Map<String, Value>) {
        let calls = fields.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten().filter_map(Value::as_object) {
            let function = call.get("function").and_then(Value::as_object);
            let name = function.and_then(|function| text_of(function, "name"));
            if let Some(id) = text_of(call, "id") {
                self.remember(id, name.or_else(|| text_of(call, "name")));
            }
        }
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

    /// What may leave of a content that is known by what it says.
    fn said(&mut self, says: &Says, value: &mut Value) -> Option<()> {
        let Says::Of(field, Tool::Known(tool)) = says else {
            return self.by(self.policies.said(self.field, says), value);
        };
        let plain = plain(value);
        let safe = self
            .policies
            .apply(self.redactor, *field, Some(tool), &plain)?;
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
