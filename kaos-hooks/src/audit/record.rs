//! An event as a record: redacted, and short enough for a line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kaos_events::{AttributeValue, Attributes, ContentKind, EventBuf, Str, TextVisitor, Value};

use super::line::{MOST_LINE_BYTES, MOST_TAIL_BYTES};
use crate::redact::{Class, ContentPolicies, Field, Redactor, sentinel};

/// The most bytes of a record.
const MOST_BYTES: usize = MOST_LINE_BYTES - MOST_TAIL_BYTES;

/// The most names that are remembered as safe.
const MOST_KNOWN: usize = 4096;

/// The most items of a list in a record that is too long.
const MOST_ITEMS: usize = 64;

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
    pub(super) fn record(&mut self, event: EventBuf) -> Vec<u8> {
        let redacted = catch_unwind(AssertUnwindSafe(|| {
            let mut event = event.clone();
            event.visit_texts(self);
            event
        }));
        let mut event = redacted.unwrap_or_else(|_panic| {
            // Fail closed: the event stands, and no text of it.
            let mut event = event;
            event.visit_texts(&mut Shorten::unread());
            event
        });
        let mut line = event.to_line();
        let mut longest = 16 * 1024;
        while line.len() > MOST_BYTES && longest > 0 {
            event.visit_texts(&mut Shorten::to(longest));
            line = event.to_line();
            longest /= 8;
        }
        line.into_bytes()
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
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        let safe = self.redactor.text(name);
        let safe = if safe.report().is_empty() {
            name.clone()
        } else {
            Str::copied(safe.as_str())
        };
        self.known.insert(name.clone(), safe.clone());
        *name = safe;
    }

    fn content(&mut self, kind: ContentKind, tool: Option<&str>, content: &mut Str) -> bool {
        let field = Self::field(kind);
        if content.len() > MOST_BYTES {
            // It would be cut afterwards: there is no use in reading it.
            *content = oversize(content);
            return true;
        }
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
        let json = serde_json::to_string(attributes).unwrap_or_default();
        let safe = self.redactor.json(&json);
        if !safe.report().is_empty() {
            *attributes = serde_json::from_str(safe.as_str()).unwrap_or_default();
        }
    }
}

fn oversize(text: &str) -> Str {
    Str::from(sentinel::of(&Class::Oversize, text.chars().count()))
}

/// Puts a sentinel in the place of each text that is longer than so many bytes.
struct Shorten {
    longest: usize,
    class: Class,
}

impl Shorten {
    const fn to(longest: usize) -> Self {
        Self {
            longest,
            class: Class::Oversize,
        }
    }

    /// Of an event that could not be redacted.
    const fn unread() -> Self {
        Self {
            longest: 0,
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
        names.truncate(MOST_ITEMS);
        names.iter_mut().for_each(|name| self.cut(name));
    }

    fn content(&mut self, _kind: ContentKind, _tool: Option<&str>, content: &mut Str) -> bool {
        self.cut(content);
        true
    }

    fn attributes(&mut self, attributes: &mut Attributes) {
        *attributes = attributes
            .iter()
            .take(MOST_ITEMS)
            .map(|(key, value)| {
                let (mut key, mut value) = (key.clone(), value.clone());
                self.cut(&mut key);
                match &mut value {
                    AttributeValue::Str(text) => self.cut(text),
                    AttributeValue::List(texts) => {
                        texts.truncate(MOST_ITEMS);
                        texts.iter_mut().for_each(|text| self.cut(text));
                    }
                    AttributeValue::Bool(_) | AttributeValue::Int(_) | AttributeValue::Float(_) => {
                    }
                }
                (key, value)
            })
            .collect();
    }
}
