//! Names that were read before: text may be made of nothing but the same few.

use super::Meaning;
use crate::redact::ascii;

/// How many names are remembered.
const SLOTS: usize = 8;

/// What the last names of a text meant, by their ranges.
#[derive(Debug, Default)]
pub(crate) struct Seen([(usize, usize, Option<Meaning>); SLOTS]);

impl Seen {
    /// What the name `start..end` means.
    pub(crate) fn meaning(&mut self, text: &str, start: usize, end: usize) -> Option<Meaning> {
        let name = ascii::cut(text, start, end);
        let bytes = name.as_bytes();
        let first = usize::from(ascii::at(bytes, 0));
        let middle = usize::from(ascii::at(bytes, bytes.len() / 2));
        let slot = (first * 5 + middle * 3 + bytes.len()) % SLOTS;
        let Some(known) = self.0.get_mut(slot) else {
            return super::meaning(name);
        };
        if ascii::cut(text, known.0, known.1) != name {
            *known = (start, end, super::meaning(name));
        }
        known.2
    }

    /// What the key `start..end` of JSON says.
    pub(crate) fn meaning_in_json(
        &mut self,
        text: &str,
        start: usize,
        end: usize,
    ) -> Option<Meaning> {
        super::in_json(self.meaning(text, start, end), ascii::cut(text, start, end))
    }
}
