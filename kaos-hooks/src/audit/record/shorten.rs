//! Texts of an event that are too long for a record, and what stands in their place.

use kaos_events::{AttributeValue, Attributes, ContentKind, Str, TextVisitor, ToolCallSummary};

use crate::audit::Hash;
use crate::audit::line::{MAX_LINE_BYTES, MAX_TAIL_BYTES};
use crate::redact::{Class, sentinel};

/// The most bytes of a record.
pub(super) const MAX_BYTES: usize = MAX_LINE_BYTES - MAX_TAIL_BYTES;

/// How a record that is too long is cut, ever more: the longest text, the most items of a list.
pub(super) const CUTS: [(usize, usize); 5] =
    [(16 * 1024, 1024), (2048, 256), (256, 64), (32, 16), (4, 4)];

/// Leaves at most so many attributes: in place of the rest, how many they were.
pub(super) fn fewer(attributes: &mut Attributes, most: usize) {
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
pub(super) fn shorter(attributes: &mut Attributes) {
    let text = |value: &AttributeValue| match value {
        AttributeValue::Str(text) => text.len(),
        AttributeValue::List(texts) => texts.iter().map(|text| text.len()).sum(),
        AttributeValue::Bool(_) | AttributeValue::Int(_) | AttributeValue::Float(_) => 0,
    };
    for (longest, most) in CUTS {
        let bytes = attributes
            .iter()
            .map(|(key, value)| key.len() + text(value));
        if bytes.sum::<usize>() <= MAX_BYTES {
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
const MAX_OVERSIZE_BYTES: usize = 140;

/// What stands in the place of content that is too long: how much there was, and a hash of it, so
/// that who has it can show that it was this. What the policy keeps from the trail is taken out
/// before.
pub(super) fn oversize(text: &str) -> Str {
    let sentinel = sentinel::of(&Class::Oversize, text.chars().count());
    let (hash, bytes) = (Hash::of(&[text.as_bytes()]), text.len());
    Str::from(format!("{sentinel} sha256:{hash} bytes:{bytes}"))
}

/// Puts a sentinel in the place of each text that is longer than so many bytes, and of the items
/// of a list beyond so many.
pub(super) struct Shorten {
    longest: usize,
    most: usize,
    class: Class,
}

impl Shorten {
    pub(super) const fn to(longest: usize, most: usize) -> Self {
        Self {
            longest,
            most,
            class: Class::Oversize,
        }
    }

    /// Of an event that could not be redacted.
    pub(super) const fn unread() -> Self {
        Self {
            longest: 0,
            most: Attributes::MAX_DECODED,
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
        } else if content.len() > self.longest.max(MAX_OVERSIZE_BYTES) {
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
