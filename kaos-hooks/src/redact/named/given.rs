//! The value that a name was given, and how much of it is looked at.

use crate::redact::ascii;
use crate::redact::vocabulary::Meaning;

/// Longest value, in bytes.
pub(super) const MAX_VALUE_LEN: usize = 4096;

/// How much of a value is judged, in bytes: values without an end overlap.
const JUDGED: usize = 128;

/// The part of `start..end` by which a value is judged.
pub(super) fn head(text: &str, start: usize, end: usize) -> &str {
    let mut to = end.min(start + JUDGED);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    ascii::cut(text, start, to)
}

/// A name and the value it was given.
#[derive(Debug)]
pub(crate) struct Named {
    /// The range of the value, without quotes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) meaning: Meaning,
    /// The rule by which the value is a secret.
    pub(crate) rule: Option<&'static str>,
    /// Whether the value is only compared with.
    pub(crate) is_compared: bool,
}
