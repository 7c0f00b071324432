//! Content in the messages schema of the GenAI conventions: each part under its own field's policy.

use std::collections::HashMap;

use serde_json::Value;

use super::{ContentPolicies, ContentPolicy, Field, Redacted, Redactor, Report};

impl ContentPolicies {
    /// What may leave of a JSON list of messages; `field` is what their texts are.
    ///
    /// A text part obeys the policy of `field`, and thoughts, arguments and results within the
    /// messages obey their own. What is no list of messages is one text.
    pub fn apply_to_messages<'t>(
        &self,
        redactor: &Redactor,
        field: Field,
        text: &'t str,
    ) -> Option<Redacted<'t>> {
        if self.is_one_for_all() {
            return self.apply(redactor, field, None, text);
        }
        let Ok(Value::Array(mut messages)) = serde_json::from_str(text) else {
            return self.apply(redactor, field, None, text);
        };
        let report = self.redact_messages(redactor, field, &mut messages)?;
        Some(Redacted::new(
            Value::Array(messages).to_string().into(),
            report,
        ))
    }

    /// Takes out of messages what may not leave, and reports what was found in the rest. `None`
    /// when one of them is no message.
    pub fn redact_messages(
        &self,
        redactor: &Redactor,
        field: Field,
        messages: &mut [Value],
    ) -> Option<Report> {
        let mut parts = Parts {
            policies: self,
            redactor,
            field,
            tools: HashMap::new(),
            report: Report::default(),
        };
        for message in messages {
            let of_message = message.get_mut("parts").and_then(Value::as_array_mut)?;
            of_message.retain_mut(|part| parts.redact(part).is_some());
        }
        Some(parts.report)
    }

    /// Whether there is no other policy than that for everything, and it is to redact.
    fn is_one_for_all(&self) -> bool {
        matches!(self.policy(Field::Input, None), ContentPolicy::Redacted)
            && self.has_no_exceptions()
    }
}

struct Parts<'p> {
    policies: &'p ContentPolicies,
    redactor: &'p Redactor,
    /// What texts are.
    field: Field,
    /// The tool of each call seen so far, by its id.
    tools: HashMap<String, String>,
    report: Report,
}

impl Parts<'_> {
    /// Makes one part safe; `None` when nothing of it may leave.
    fn redact(&mut self, part: &mut Value) -> Option<()> {
        let text_of = |key| part.get(key).and_then(Value::as_str).map(str::to_owned);
        let id = text_of("id");
        let (key, field, tool) = match part.get("type").and_then(Value::as_str) {
            Some("text") => ("content", self.field, None),
            Some("reasoning") => ("content", Field::Thinking, None),
            Some("tool_call") => {
                let name = text_of("name");
                if let (Some(id), Some(name)) = (id, &name) {
                    self.tools.insert(id, name.clone());
                }
                ("arguments", Field::Arguments, name)
            }
            Some("tool_call_response") => {
                let tool = id.and_then(|id| self.tools.get(&id).cloned());
                ("response", Field::Result, tool)
            }
            // Other parts (files, images) are not ours to judge.
            _ => return None,
        };
        let Some(value) = part.get_mut(key) else {
            return Some(());
        };
        let plain = match &*value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let policies = self.policies;
        let safe = policies.apply(self.redactor, field, tool.as_deref(), &plain)?;
        self.report.merge(safe.report());
        let text = || Value::String(safe.as_str().to_owned());
        *value = if value.is_string() {
            text()
        } else {
            serde_json::from_str(safe.as_str()).unwrap_or_else(|_no_json| text())
        };
        Some(())
    }
}
