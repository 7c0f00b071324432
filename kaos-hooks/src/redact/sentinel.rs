//! What stands where a secret stood.

use std::fmt::Write as _;

use super::ascii::{self, DIGIT, HEX};
use super::{Class, HashKey};

/// How every sentinel starts.
pub(crate) const OPENING: &str = "<redacted:";

/// Longest name of a class, in bytes.
pub(crate) const LONGEST_NAME: usize = 20;

/// Writes `<redacted:CLASS:N-chars>`, or the keyed token of `secret` when there is a key.
pub(crate) fn write(out: &mut String, class: &Class, secret: &str, key: Option<&HashKey>) {
    match key {
        Some(key) => {
            let token = key.token(class, secret);
            // Writing to a string cannot fail.
            let _written: Result<(), _> = write!(out, "{OPENING}{class}:{token}>");
        }
        None => write_count(out, class, secret.chars().count()),
    }
}

/// Writes `<redacted:CLASS:N-chars>`.
pub(crate) fn write_count(out: &mut String, class: &Class, chars: usize) {
    let _written: Result<(), _> = write!(out, "{OPENING}{class}:{chars}-chars>");
}

/// The sentinel for `chars` characters of `class`.
pub(crate) fn of(class: &Class, chars: usize) -> String {
    let mut text = String::new();
    write_count(&mut text, class, chars);
    text
}

/// Where the sentinel that starts at `start` ends, if one does.
///
/// Only what this module writes is recognised, so that nothing hides in a sentinel: a short name
/// in capitals, then a count or 16 hexadecimal digits.
pub(crate) fn end(bytes: &[u8], start: usize) -> Option<usize> {
    if !ascii::part(bytes, start, start + OPENING.len()).eq(OPENING.as_bytes()) {
        return None;
    }
    let name = start + OPENING.len();
    let name_end = ascii::short_run(
        bytes,
        name,
        ascii::UPPER | DIGIT | ascii::UNDERSCORE,
        LONGEST_NAME,
    );
    if name_end == name || ascii::at(bytes, name_end) != b':' {
        return None;
    }
    let value = name_end + 1;
    let digits = ascii::short_run(bytes, value, DIGIT, 10);
    if digits > value && ascii::part(bytes, digits, digits + 7) == b"-chars>" {
        return Some(digits + 7);
    }
    let token = ascii::short_run(bytes, value, HEX, 17);
    (token == value + 16 && ascii::at(bytes, token) == b'>').then_some(token + 1)
}

/// Whether there is anything in `text` but sentinels and signs around them.
pub(crate) fn hides_more(text: &str) -> bool {
    let mut rest = 0;
    let has_more = |from: usize, to: usize| {
        ascii::cut(text, from, to)
            .chars()
            .any(|letter| !letter.is_whitespace())
    };
    let ranges = ranges(text);
    if ranges.is_empty() {
        return has_more(0, text.len());
    }
    for (start, end) in ranges {
        if ascii::cut(text, rest, start).contains(char::is_alphanumeric) {
            return true;
        }
        rest = end;
    }
    ascii::cut(text, rest, text.len()).contains(char::is_alphanumeric)
}

/// The ranges of all sentinels in `text`.
pub(crate) fn ranges(text: &str) -> Vec<(usize, usize)> {
    memchr::memmem::find_iter(text.as_bytes(), OPENING)
        .filter_map(|start| Some((start, end(text.as_bytes(), start)?)))
        .collect()
}
