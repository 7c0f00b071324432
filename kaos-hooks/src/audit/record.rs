//! An event as a record: redacted, and short enough for a line.

mod shorten;

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kaos_events::{Attributes, ContentKind, EventBuf, Str, TextVisitor, Value};

use crate::redact::{Class, ContentPolicies, ContentPolicy, Field, Redactor, sentinel};
use shorten::{CUTS, MAX_BYTES, Shorten, fewer, oversize, shorter};

/// The most names that are remembered as safe, and the longest: in all no more than half a megabyte,
/// with what is written of them.
const MAX_KNOWN: usize = 1024;
const MAX_KNOWN_LEN: usize = 256;

/// Makes records of events. Owned by the writer's thread, so that a long text holds up no turn.
pub(super) struct Recorder {
    policies: ContentPolicies,
    redactor: Redactor,
    /// Names that were looked at, and what is written of them: the same few come again and again.
    known: HashMap<Str, Str>,
}

/// Whether an event is recorded: pieces of a text are not, the whole stands in a span's end.
pub(super) fn is_recorded(value: &Value) -> bool {
    !matches!(
        value,
        Value::TextDelta(_) | Value::ThinkingDelta(_) | Value::ToolCallArgsDelta(_)
    )
}

impl Recorder {
    pub(super) fn new(policies: ContentPolicies, redactor: Redactor) -> Self {
        Self {
            policies,
            redactor,
            known: HashMap::new(),
        }
    }

    /// The record of an event, as a JSON object.
    pub(super) fn record(&mut self, event: &mut EventBuf) -> Vec<u8> {
        if catch_unwind(AssertUnwindSafe(|| event.visit_texts(self))).is_err() {
            // Fail closed: the event stands, and no text of it.
            event.visit_texts(&mut Shorten::unread());
        }
        let mut line = event.to_line();
        for (longest, most) in CUTS {
            if line.len() <= MAX_BYTES {
                break;
            }
            let mut event = event.clone();
            event.visit_texts(&mut Shorten::to(longest, most));
            line = event.to_line();
        }
        line.into_bytes()
    }

    /// What is written of a text that is no part of an event.
    pub(super) fn safe(&self, text: &str) -> String {
        self.redactor.text(text).as_str().to_owned()
    }

    fn field(kind: ContentKind) -> Field {
        match kind {
            ContentKind::Input | ContentKind::InputMessages => Field::Input,
            ContentKind::Output | ContentKind::OutputMessages => Field::Output,
            ContentKind::Instructions => Field::Instructions,
            ContentKind::Thinking => Field::Thinking,
            ContentKind::Arguments => Field::Arguments,
            ContentKind::Result => Field::Result,
            ContentKind::Error => Field::Error,
        }
    }
}

impl TextVisitor for Recorder {
    fn name(&mut self, name: &mut Str) {
        if name.is_empty() {
            return;
        }
        if let Some(known) = self.known.get(name) {
            name.clone_from(known);
            return;
        }
        if name.len() > MAX_BYTES {
            // It fits no record: to look for secrets in it would only take time.
            *name = Str::from(sentinel::of(&Class::Oversize, name.chars().count()));
            return;
        }
        let safe = self.redactor.text(name);
        let safe = if safe.report().is_empty() {
            name.clone()
        } else {
            Str::copied(safe.as_str())
        };
        if name.len().max(safe.len()) <= MAX_KNOWN_LEN {
            if self.known.len() >= MAX_KNOWN {
                self.known.clear();
            }
            self.known.insert(name.clone(), safe.clone());
        }
        *name = safe;
    }

    fn names(&mut self, names: &mut Vec<Str>) {
        for (longest, most) in CUTS {
            if names.iter().map(|name| name.len()).sum::<usize>() <= MAX_BYTES {
                break;
            }
            Shorten::to(longest, most).names(names);
        }
        for name in names {
            self.name(name);
        }
    }

    fn content(&mut self, kind: ContentKind, tool: Option<&str>, content: &mut Str) -> bool {
        let field = Self::field(kind);
        let length = content.len();
        let safe = match kind {
            ContentKind::InputMessages | ContentKind::OutputMessages => self
                .policies
                .apply_to_messages(&self.redactor, field, content),
            _ => self.policies.apply(&self.redactor, field, tool, content),
        };
        match safe {
            Some(safe) => {
                if let Cow::Owned(safe) = safe.into_text() {
                    *content = Str::from(safe);
                }
                let policy = self.policies.policy(field, tool);
                if length > MAX_BYTES && matches!(policy, ContentPolicy::Hash(_)) {
                    // The token is its hash; how much there was it does not say.
                    *content = Str::from(format!("{content} bytes:{length}"));
                } else if content.len() > MAX_BYTES {
                    *content = oversize(content);
                }
                true
            }
            None => false,
        }
    }

    /// As JSON, so that a value is judged by its key, too.
    fn attributes(&mut self, attributes: &mut Attributes) {
        if attributes.is_empty() {
            return;
        }
        fewer(attributes, Attributes::MAX_DECODED);
        shorter(attributes);
        let json = serde_json::to_string(attributes).unwrap_or_default();
        let safe = self.redactor.json(&json);
        if !safe.report().is_empty() {
            *attributes = serde_json::from_str(safe.as_str())
                .or_else(|_twice| serde_json::from_str(&once(safe.as_str())?))
                .unwrap_or_default();
        }
    }
}

/// The object with each key once: of keys that are redacted alike, the last one's value stays.
fn once(json: &str) -> serde_json::Result<String> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)?;
    serde_json::to_string(&object)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is remembered, in bytes.
    fn remembered(recorder: &Recorder) -> usize {
        let texts = recorder.known.iter();
        texts.map(|(name, safe)| name.len() + safe.len()).sum()
    }

    #[test]
    fn names_of_any_length_and_number_are_remembered_within_a_bound() {
        let mut recorder = Recorder::new(ContentPolicies::default(), Redactor::new());
        for length in [1, 200, 257, 60_000] {
            for number in 0..2_000 {
                let filler = "x".repeat(length);
                let mut name = Str::from(format!("tool-{number}-{filler}"));
                recorder.name(&mut name);
                if length > 1000 && number > 20 {
                    break;
                }
            }
            assert!(remembered(&recorder) <= 2 * MAX_KNOWN * MAX_KNOWN_LEN);
        }
    }
}
