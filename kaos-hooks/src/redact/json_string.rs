//! Strings as JSON writes them (RFC 8259, section 7).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::ascii;

/// Where the content of the string that opens at `quote` ends: at its closing quote.
pub(crate) fn end(bytes: &[u8], quote: usize) -> Option<usize> {
    let mut position = quote + 1;
    loop {
        let rest = bytes.get(position..)?;
        position += memchr::memchr2(b'"', b'\\', rest)?;
        if ascii::at(bytes, position) == b'"' {
            let content = ascii::part(bytes, quote + 1, position);
            return content.iter().all(|byte| *byte >= b' ').then_some(position);
        }
        position += 2;
    }
}

/// The text of a string's content; nothing when an escape is wrong.
pub(crate) fn decode(content: &str) -> Option<Cow<'_, str>> {
    let Some(first) = memchr::memchr(b'\\', content.as_bytes()) else {
        return Some(Cow::Borrowed(content));
    };
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    let mut next = Some(first);
    while let Some(start) = next {
        let (plain, escape) = rest.split_at_checked(start)?;
        text.push_str(plain);
        let (letter, length) = unescape(escape)?;
        text.push(letter);
        rest = escape.get(length..)?;
        next = memchr::memchr(b'\\', rest.as_bytes());
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// The character that an escape stands for, and the escape's length.
fn unescape(escape: &str) -> Option<(char, usize)> {
    let letter = match escape.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(escape),
        _ => return None,
    };
    Some((letter, 2))
}

fn unicode(escape: &str) -> Option<(char, usize)> {
    let first = code(escape)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, 6));
    }
    let second = code(escape.get(6..)?)?;
    let both =
        char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?]).next()?;
    Some((both.ok()?, 12))
}

fn code(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// `text` as a JSON string with its quotes.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write(&mut out, text);
    out
}

/// Writes `text` as a JSON string with its quotes.
pub(crate) fn write(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    let is_escaped = |byte: &u8| matches!(byte, b'"' | b'\\') || *byte < b' ';
    while let Some(at) = rest.as_bytes().iter().position(is_escaped) {
        out.push_str(ascii::cut(rest, 0, at));
        match ascii::at(rest.as_bytes(), at) {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let _written: Result<(), _> = write!(out, "\\u{control:04x}");
            }
        }
        rest = ascii::cut(rest, at + 1, rest.len());
    }
    out.push_str(rest);
    out.push('"');
}
