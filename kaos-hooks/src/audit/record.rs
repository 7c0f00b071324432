//! An event as a record: redacted, and short enough for a line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kaos_events::{
    AttributeValue, Attributes, ContentKind, EventBuf, Str, TextVisitor, ToolCallSummary, Value,
};

use super::Hash;
use super::line::{MOST_LINE_BYTES, MOST_TAIL_BYTES};
use crate::redact::{Class, ContentPolicies, ContentPolicy, Field, Redactor, sentinel};

/// The most bytes of a record.
const MOST_BYTES: usize = MOST_LINE_BYTES - MOST_TAIL_BYTES;

/// The most names that are remembered as safe, and the longest: in all no more than half a megabyte,
/// with what is written of them.
const MOST_KNOWN: usize = 1024;
const LONGEST_KNOWN: usize = 256;

/// How a record that is too long is cut, ever more: the longest text, the most items of a list.
const CUTS: [(usize, usize); 5] = [(16 * 1024, 1024), (2048, 256), (256, 64), (32, 16), (4, 4)];

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
            if line.len() <= MOST_BYTES {
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
        if name.len() > MOST_BYTES {
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
        if name.len().max(safe.len()) <= LONGEST_KNOWN {
            if self.known.len() >= MOST_KNOWN {
                self.known.clear();
            }
            self.known.insert(name.clone(), safe.clone());
        }
        *name = safe;
    }

    fn names(&mut self, names: &mut Vec<Str>) {
        for (longest, most) in CUTS {
            if names.iter().map(|name| name.len()).sum::<usize>() <= MOST_BYTES {
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
                if length > MOST_BYTES && matches!(policy, ContentPolicy::Hash(_)) {
                    // The token is its hash; how much there was it does not say.
                    *content = Str::from(format!("{content} bytes:{length}"));
                } else if content.len() > MOST_BYTES {
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
        fewer(attributes, Attributes::MOST_DECODED);
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

/// Leaves at most so many attributes: in place of the rest, how many they were.
fn fewer(attributes: &mut Attributes, most: usize) {
    let count = attributes.iter().count();
    if count <= most {
        return;
    }
    let kept = most.saturating_sub(1);
    let rest = attributes.iter().skip(kept);
    let chars = rest.map(|(key, _)| key.chars().count()).sum();
    let left = i64::try_from(count - kept).unwrap_or(i64::MAX);
    let mut fewer: Attributes = attributes
        .iter()
        .take(kept)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    fewer.set(sentinel::of(&Class::Oversize, chars), left);
    *attributes = fewer;
}

/// Shortens attributes that fit no record, before they are redacted: whole texts go, so none is left
/// of which a part was a secret, and with a key its value, which is judged by it.
fn shorter(attributes: &mut Attributes) {
    let text = |value: &AttributeValue| match value {
        AttributeValue::Str(text) => text.len(),
        AttributeValue::List(texts) => texts.iter().map(|text| text.len()).sum(),
        AttributeValue::Bool(_) | AttributeValue::Int(_) | AttributeValue::Float(_) => 0,
    };
    for (longest, most) in CUTS {
        let bytes = attributes
            .iter()
            .map(|(key, value)| key.len() + text(value));
        if bytes.sum::<usize>() <= MOST_BYTES {
            return;
        }
        let without = |(key, value): (&Str, &AttributeValue)| {
            let value = if key.len() > longest {
                AttributeValue::Str(Str::from(sentinel::of(&Class::Oversize, text(value))))
            } else {
                value.clone()
            };
            (key.clone(), value)
        };
        *attributes = attributes.iter().map(without).collect();
        Shorten::to(longest, most).attributes(attributes);
    }
}

/// The longest text of [`oversize`], in bytes.
const MOST_OVERSIZE_BYTES: usize = 140;

/// What stands in the place of content that is too long: how much there was, and a hash of it, so
/// that who has it can show that it was this. What the policy keeps from the trail is taken out
/// before.
fn oversize(text: &str) -> Str {
    let sentinel = sentinel::of(&Class::Oversize, text.chars().count());
    let (hash, bytes) = (Hash::of(&[text.as_bytes()]), text.len());
    Str::from(format!("{sentinel} sha256:{hash} bytes:{bytes}"))
}

/// Puts a sentinel in the place of each text that is longer than so many bytes, and of the items
/// of a list beyond so many.
struct Shorten {
    longest: usize,
    most: usize,
    class: Class,
}

impl Shorten {
    const fn to(longest: usize, most: usize) -> Self {
        Self {
            longest,
            most,
            class: Class::Oversize,
        }
    }

    /// Of an event that could not be redacted.
    const fn unread() -> Self {
        Self {
            longest: 0,
            most: Attributes::MOST_DECODED,
            class: Class::Unstable,
        }
    }

    fn cut(&self, text: &mut Str) {
        let is_sentinel = sentinel::end(text.as_bytes(), 0) == Some(text.len());
        if text.len() > self.longest && !is_sentinel {
            *text = Str::from(sentinel::of(&self.class, text.chars().count()));
        }
    }
}

impl TextVisitor for Shorten {
    fn name(&mut self, name: &mut Str) {
        self.cut(name);
    }

    fn names(&mut self, names: &mut Vec<Str>) {
        if names.len() > self.most {
            let rest = names.drain(self.most.saturating_sub(1)..);
            let chars = rest.map(|name| name.chars().count()).sum();
            names.push(sentinel::of(&self.class, chars).into());
        }
        for name in names {
            self.cut(name);
        }
    }

    fn calls(&mut self, calls: &mut Vec<ToolCallSummary>) {
        if calls.len() > self.most {
            let rest = calls.drain(self.most.saturating_sub(1)..);
            let chars = rest.map(|call| call.tool.chars().count()).sum();
            calls.push(ToolCallSummary::new(sentinel::of(&self.class, chars)));
        }
    }

    fn content(&mut self, _kind: ContentKind, _tool: Option<&str>, content: &mut Str) -> bool {
        if self.class != Class::Oversize {
            self.cut(content);
        } else if content.len() > self.longest.max(MOST_OVERSIZE_BYTES) {
            *content = oversize(content);
        }
        true
    }

    fn attributes(&mut self, attributes: &mut Attributes) {
        fewer(attributes, self.most);
        *attributes = attributes
            .iter()
            .map(|(key, value)| {
                let (mut key, mut value) = (key.clone(), value.clone());
                self.cut(&mut key);
                match &mut value {
                    AttributeValue::Str(text) => self.cut(text),
                    AttributeValue::List(texts) => self.names(texts),
                    AttributeValue::Bool(_) | AttributeValue::Int(_) | AttributeValue::Float(_) => {
                    }
                }
                (key, value)
            })
            .collect();
    }
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
            assert!(remembered(&recorder) <= 2 * MOST_KNOWN * LONGEST_KNOWN);
        }
    }
}
