//! What becomes of a document's values: ranges of its text, and what replaces them.

use std::borrow::Cow;

use crate::redact::{Class, HashKey, ascii, json_string, sentinel};

/// Changes of one text. All that is put in stands in one buffer: a document may be made of
/// nothing but secrets of a letter.
#[derive(Default)]
pub(super) struct Changes {
    /// Ranges of the text, and where in the buffer that stands which replaces them.
    ranges: Vec<(usize, usize, usize, usize)>,
    with: String,
}

impl Changes {
    pub(super) fn count(&self) -> usize {
        self.ranges.len()
    }

    /// Puts a JSON string of `text` in the place of a range.
    pub(super) fn text(&mut self, start: usize, end: usize, text: &str) {
        let from = self.with.len();
        json_string::write(&mut self.with, text);
        self.ranges.push((start, end, from, self.with.len()));
    }

    /// Puts a JSON string of the sentinel of `secret` in the place of a range.
    pub(super) fn sentinel(
        &mut self,
        start: usize,
        end: usize,
        class: &Class,
        secret: &str,
        key: Option<&HashKey>,
    ) {
        let from = self.with.len();
        // A sentinel has nothing that JSON escapes.
        self.with.push('"');
        sentinel::write(&mut self.with, class, secret, key);
        self.with.push('"');
        self.ranges.push((start, end, from, self.with.len()));
    }

    /// The text with its changes.
    pub(super) fn apply(mut self, text: &str) -> Cow<'_, str> {
        if self.ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        // An account name is redacted when its password comes, after what stands between them.
        self.ranges.sort_by_key(|change| change.0);
        let mut out = String::with_capacity(text.len() + self.with.len());
        let mut copied = 0;
        for (start, end, from, to) in &self.ranges {
            out.push_str(ascii::cut(text, copied, *start));
            out.push_str(ascii::cut(&self.with, *from, *to));
            copied = *end;
        }
        out.push_str(ascii::cut(text, copied, text.len()));
        Cow::Owned(out)
    }
}
