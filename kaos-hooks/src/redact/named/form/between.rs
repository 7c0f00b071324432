//! What stands between a name and its value and says nothing of either: quotes, blanks, types.

use crate::redact::ascii::{self, ALNUM, ALPHA, BLANK, SPACE, WORD};
use crate::redact::named::join::{Join, Joint};

/// Behind the tag of a type or the anchor of a YAML value: `!!str value`, `&name value`.
pub(super) fn untagged(bytes: &[u8], value: usize) -> usize {
    let name = if ascii::has(bytes, value, "!!") {
        value + 2
    } else {
        value + usize::from(ascii::at(bytes, value) == b'&')
    };
    let end = ascii::short_run(bytes, name, WORD | ascii::DASH, 64);
    let is_mark = name > value && end > name && ascii::at(bytes, end) == b' ';
    if is_mark && ascii::part(bytes, name, end) != b"mut" {
        ascii::short_run(bytes, end, SPACE, 64)
    } else {
        value
    }
}

/// Skips what closes around a name: an escaped quote, a bracket.
pub(super) fn closers(bytes: &[u8], end: usize) -> (usize, bool) {
    let escaped = ascii::short_run(bytes, end, ascii::BACKSLASH, 4);
    if !ascii::is(ascii::at(bytes, escaped), ascii::QUOTE) {
        // `params[:password]`, `password[0]`.
        let index = ascii::short_run(bytes, end + 1, ascii::DIGIT, 4);
        let closed = match ascii::at(bytes, end) {
            b']' => end + 1,
            b'[' if ascii::at(bytes, index) == b']' && index > end + 1 => index + 1,
            _ => end,
        };
        return (closed, false);
    }
    let closed = escaped + 1;
    (
        closed + usize::from(matches!(ascii::at(bytes, closed), b']' | b')')),
        true,
    )
}

/// Skips blanks, at most one line break among them, and the letter of a typed string.
pub(super) fn skip(bytes: &[u8], from: usize) -> usize {
    let mut start = ascii::short_run(bytes, from, BLANK, 64);
    let breaks = memchr::memchr_iter(b'\n', ascii::part(bytes, from, start)).count();
    if breaks > 1 || (breaks == 1 && !ascii::is(ascii::at(bytes, start), ascii::QUOTE)) {
        start = ascii::short_run(bytes, from, SPACE, 64);
    }
    let letter = ascii::at(bytes, start);
    let is_prefix = matches!(letter, b'b' | b'r' | b'f' | b'u' | b'L' | b'@' | b'$')
        && matches!(ascii::at(bytes, start + 1), b'"' | b'\'');
    start + usize::from(is_prefix)
}

/// `name: Type = value`, where the value is a string.
pub(super) fn typed(bytes: &[u8], from: usize) -> Option<Join> {
    let window = ascii::part(bytes, from, from + 48);
    let equals = window.iter().position(|byte| {
        !(ascii::is(*byte, ALNUM | SPACE | ascii::UNDERSCORE)
            || matches!(byte, b'&' | b'<' | b'>' | b'\'' | b':' | b'[' | b']' | b'?'))
    })?;
    let kind = ascii::part(window, 0, equals);
    if ascii::at(window, equals) != b'=' || !ascii::any(kind, ALPHA) {
        return None;
    }
    let value = skip(bytes, from + equals + 1);
    ascii::is(ascii::at(bytes, value), ascii::QUOTE).then_some(Join {
        form: Joint::Equals,
        value,
    })
}
