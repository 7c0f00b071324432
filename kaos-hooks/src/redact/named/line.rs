//! Lines of configuration: `password = harbor` alone on its line, and blocks below a key.

use super::given::MAX_VALUE_LEN;
use super::join::{Join, Joint};
use crate::redact::ascii::{self, BLANK, DASH, SPACE, WORD};

/// What may stand before a name on its line.
const LEADS: &[&str] = &[
    "export ",
    "set ",
    "setx ",
    "declare -x ",
    "local ",
    "env ",
    "arg ",
    "- ",
    "-e ",
    "# ",
    "#",
    "// ",
    "; ",
    "$env:",
    "$",
];

/// The value of a name that has its line for itself, as in `.env`, `.ini` and YAML files.
///
/// A line of a program is told by what ends it, by spaces around its sign where it is indented,
/// and by more than one word behind the sign.
pub(super) fn whole(
    text: &str,
    (name_start, _): (usize, usize),
    join: &Join,
) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_colon = join.form == Joint::Colon;
    if is_colon && ascii::before(bytes, join.value) == b':' {
        return None;
    }
    let indent = lead(bytes, name_start)?;
    if indent > 0 && !is_colon {
        return None;
    }
    let (start, end) = word(bytes, join.value)?;
    let value = ascii::part(bytes, start, end);
    let ends_statement = matches!(
        ascii::before(value, value.len()),
        b',' | b';' | b'{' | b'(' | b'['
    );
    let is_marked = matches!(
        ascii::at(value, 0),
        b'&' | b'*' | b'!' | b'|' | b'>' | b'{' | b'['
    );
    // `a=1&b=2` and `a=1;b=2` are parameters.
    let has_parameters = value
        .iter()
        .enumerate()
        .any(|(index, byte)| matches!(byte, b'&' | b';') && is_key(value, index + 1));
    (!ends_statement && !is_marked && !has_parameters).then_some((start, end))
}

fn is_key(bytes: &[u8], start: usize) -> bool {
    let end = ascii::short_run(bytes, start, WORD, 40);
    end > start && ascii::at(bytes, end) == b'='
}

/// How far the name is indented, if nothing but its indentation or a lead stands before it.
fn lead(bytes: &[u8], name: usize) -> Option<usize> {
    let before = ascii::before(bytes, name);
    if !ascii::is(before, BLANK | ascii::QUOTE) && !matches!(before, 0 | b'#' | b'$' | b':') {
        return None;
    }
    let quote = usize::from(ascii::is(before, ascii::QUOTE));
    let head_end = name - quote;
    let from = head_end.saturating_sub(64);
    let head = ascii::part(bytes, from, head_end);
    let head = match memchr::memrchr(b'\n', head) {
        Some(index) => ascii::part(head, index + 1, head.len()),
        None if from == 0 => head,
        None => return None,
    };
    let indent = ascii::run(head, 0, SPACE);
    let rest = ascii::part(head, indent, head.len());
    if rest.is_empty() {
        return Some(indent);
    }
    LEADS
        .iter()
        .any(|lead| lead.len() == rest.len() && ascii::has(rest, 0, lead))
        .then_some(0)
}

/// The one word between `start` and the end of the line, or the comment at its end.
pub(super) fn word(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let window = ascii::part(bytes, start, start + MAX_VALUE_LEN);
    let end = window
        .iter()
        .position(|byte| ascii::is(*byte, BLANK))
        .unwrap_or(window.len());
    let rest = ascii::run(window, end, SPACE);
    let is_last = matches!(ascii::at(window, rest), b'\n' | b'\r' | b'#' | 0)
        || (rest > end
            && [";", "//"]
                .iter()
                .any(|comment| ascii::has(window, rest, comment)));
    (end > 0 && is_last).then_some((start, start + end))
}

/// The words of a passphrase: three to twenty-four of small letters, alone on its line.
pub(super) fn phrase(
    bytes: &[u8],
    (name_start, name_end): (usize, usize),
    join: &Join,
) -> Option<(usize, usize)> {
    let name = ascii::part(bytes, name_start, name_end);
    let tail = ascii::part(name, name.len().saturating_sub(8), name.len());
    let is_phrase = ["phrase", "mnemonic", "seed"]
        .iter()
        .any(|word| tail.len() >= word.len() && ascii::has(tail, tail.len() - word.len(), word));
    if !is_phrase {
        return None;
    }
    // `seed phrase: …`
    let before = ascii::run_back(bytes, name_start, SPACE, 1);
    let before = ascii::run_back(bytes, before, ascii::ALPHA, 16);
    lead(bytes, name_start).or_else(|| lead(bytes, before))?;
    let window = ascii::part(bytes, join.value, join.value + 512);
    let end = ascii::run(window, 0, ascii::LOWER | SPACE);
    let text = ascii::part(window, 0, end).trim_ascii_end();
    let words = text.split(|byte| ascii::is(*byte, SPACE)).count();
    let is_last = matches!(ascii::at(window, end), b'\n' | b'\r' | 0);
    (is_last && (3..=24).contains(&words)).then_some((join.value, join.value + text.len()))
}

/// The object in braces that starts at `start`, on one line, with a string as a value.
pub(super) fn object(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let window = ascii::part(bytes, start, start + 256);
    if ascii::at(window, 0) != b'{' {
        return None;
    }
    let mut depth = 0;
    let end = window.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'\n' => return true,
            _ => {}
        }
        depth == 0
    })?;
    let inner = ascii::part(window, 1, end);
    let has = |text: &[u8]| memchr::memmem::find(inner, text).is_some();
    let has_string = has(b"\":\"") || has(b"\": \"") || has(b"\\\":\\\"");
    // What describes a password has a type.
    (ascii::at(window, end) == b'}' && has_string && !has(b"\"type") && !has(b"\"$ref"))
        .then_some((start + 1, start + end))
}

/// Whether the value that starts at `value` is `|` or `>`: the lines below are the value.
pub(crate) fn is_block_mark(bytes: &[u8], value: usize) -> bool {
    let sign = ascii::short_run(bytes, value + 1, ascii::DIGIT | DASH | ascii::PLUS_SLASH, 3);
    matches!(ascii::at(bytes, value), b'|' | b'>')
        && matches!(
            ascii::at(bytes, ascii::short_run(bytes, sign, SPACE, 64)),
            b'\n' | b'\r' | 0
        )
}

/// Whether the last line of a text with anything on it is a key with such a mark.
pub(crate) fn ends_in_block_mark(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_end();
    let sign = ascii::run_back(text, text.len(), ascii::DIGIT | DASH | ascii::PLUS_SLASH, 3);
    let mark = sign.saturating_sub(1);
    let key = ascii::run_back(text, mark, SPACE, 64);
    is_block_mark(text, mark) && ascii::before(text, key) == b':'
}

/// Whether the name `start..end` is told by `name: NAME` on one line, and its value by `value: …`
/// on the next.
pub(super) fn is_stated_above(bytes: &[u8], start: usize, end: usize) -> bool {
    let rest = ascii::short_run(bytes, end, SPACE, 64);
    let head = ascii::run_back(bytes, start, ascii::QUOTE, 1);
    let head = ascii::part(bytes, head.saturating_sub(6), head);
    matches!(ascii::at(bytes, rest), b'\n' | b'\r' | 0)
        && ["name: ", "key: "]
            .iter()
            .any(|key| key.len() <= head.len() && ascii::has(head, head.len() - key.len(), key))
}

/// Whether the name at `start` is one of a form whose parts have headers:
/// `Content-Disposition: form-data; name="password"`.
pub(crate) fn is_form_part(bytes: &[u8], start: usize) -> bool {
    let head = ascii::part(bytes, start.saturating_sub(18), start);
    head.eq_ignore_ascii_case(b" form-data; name=\"") || head.ends_with(b"form-data; name=\"")
}

/// Where the value of a part starts whose header ends at `end`: behind a blank line, with at most
/// one more header before. The end if there is none.
pub(super) fn value_of_part(bytes: &[u8], end: usize) -> usize {
    let next_line = |from: usize| {
        let window = ascii::part(bytes, from, from + 256);
        memchr::memchr(b'\n', window).map(|at| from + at + 1)
    };
    let is_blank = |at: usize| matches!(ascii::at(bytes, at), b'\n' | b'\r');
    let value = || {
        let mut line = next_line(end)?;
        if ascii::has(bytes, line, "content-") {
            line = next_line(line)?;
        }
        next_line(line).filter(|_| is_blank(line))
    };
    value().unwrap_or(end)
}

/// Where the value starts that `value:` gives on the line behind `end`; the end if there is none.
pub(super) fn value_below(bytes: &[u8], end: usize) -> usize {
    let start = ascii::short_run(bytes, end, BLANK, 128);
    let breaks = memchr::memchr_iter(b'\n', ascii::part(bytes, end, start)).count();
    if breaks == 1 && ascii::has(bytes, start, "value:") {
        ascii::short_run(bytes, start + 6, SPACE, 64)
    } else {
        end
    }
}

/// Whether a line is indented by more than `indent`, or blank.
pub(crate) fn is_block_line(line: &[u8], indent: usize) -> bool {
    let start = ascii::run(line, 0, SPACE);
    start > indent || matches!(ascii::at(line, start), b'\n' | b'\r' | 0)
}

/// The lines below the mark at `value` that belong to it: from the first letter to the last.
pub(super) fn block(bytes: &[u8], name: usize, value: usize) -> Option<(usize, usize)> {
    if !is_block_mark(bytes, value) {
        return None;
    }
    let indent = indent_of(bytes, name);
    let mut position = value + memchr::memchr(b'\n', ascii::part(bytes, value, bytes.len()))? + 1;
    let start = ascii::run(bytes, position, BLANK);
    while position < bytes.len() {
        let rest = ascii::part(bytes, position, bytes.len());
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |length| length + 1);
        if !is_block_line(ascii::part(rest, 0, length), indent) {
            break;
        }
        position += length;
    }
    let end = ascii::run_back(bytes, position, BLANK, position);
    (end > start).then_some((start, end))
}

/// How far the line of `name` is indented.
pub(crate) fn indent_of(bytes: &[u8], name: usize) -> usize {
    let from = name.saturating_sub(256);
    let head = ascii::part(bytes, from, name);
    let line = memchr::memrchr(b'\n', head).map_or(0, |index| index + 1);
    ascii::run(head, line, SPACE) - line
}
