//! How the digits of one number stand in groups, with single separators between.

use crate::redact::ascii::{self, DIGIT};

/// Longest sequence that is read as one number with its separators, in digits.
pub(super) const MAX_LEN: usize = 19;

pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.')
}

/// The end of a number written in groups of these lengths with one kind of separator.
pub(super) fn grouped(bytes: &[u8], start: usize, groups: &[usize]) -> Option<usize> {
    let separator = ascii::at(bytes, start + groups.first()?);
    if !is_separator(separator) {
        return None;
    }
    let mut position = start;
    for (index, length) in groups.iter().enumerate() {
        if index > 0 {
            if ascii::at(bytes, position) != separator {
                return None;
            }
            position += 1;
        }
        let end = ascii::short_run(bytes, position, DIGIT, length + 1);
        if end - position != *length {
            return None;
        }
        position = end;
    }
    ends_number(bytes, position).then_some(position)
}

/// Whether no letter or digit goes on at `end`, not even behind a dash or point.
pub(super) fn ends_number(bytes: &[u8], end: usize) -> bool {
    let next = ascii::at(bytes, end);
    if ascii::is(next, ascii::WORD) {
        return false;
    }
    !(matches!(next, b'-' | b'.') && ascii::is(ascii::at(bytes, end + 1), DIGIT))
}
