//! Where a value starts and ends: what is between quotes, or up to what ends it in its form.

use super::given::{MAX_VALUE_LEN, head};
use super::join::{Join, Joint};
use super::{line, sibling};
use crate::redact::ascii::{self, ANY_BASE64, BLANK, DOT, SPACE, WORD};
use crate::redact::lookahead::{Lookahead, Mark};
use crate::redact::{sentinel, value};

/// A value with all that a rule asks about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) form: Joint,
    pub(super) is_quoted: bool,
    /// Whether it stands behind a colon on a line of its own.
    pub(super) is_yaml: bool,
    /// The byte behind it.
    pub(super) next: u8,
}

impl Value<'_> {
    /// The value with no more of its text than a rule has to look at.
    pub(super) fn head(&self) -> Self {
        Self {
            text: head(self.text, 0, self.text.len()),
            ..*self
        }
    }
}

/// Calls that only wrap a value that is written out.
const WRAPPERS: &[&str] = &[
    "secretstr(",
    "secret(",
    "secretstring(",
    "from(",
    "new(",
    "some(",
    "string(",
    "bytes(",
    "password(",
];

/// The value behind a join, if one is written there.
pub(super) fn read<'t>(
    text: &'t str,
    name: (usize, usize),
    join: &Join,
    ahead: &mut Lookahead,
) -> Option<Value<'t>> {
    let bytes = text.as_bytes();
    let value = |(start, end): (usize, usize), form, is_quoted| Value {
        bytes,
        text: ascii::cut(text, start, end),
        start,
        end,
        form,
        is_quoted,
        is_yaml: form == Joint::Line && join.form == Joint::Colon,
        next: ascii::at(bytes, end),
    };
    let start = wrapped(bytes, join.value);
    let escapes = ascii::short_run(bytes, start, ascii::BACKSLASH, 4) - start;
    if ascii::is(ascii::at(bytes, start + escapes), ascii::QUOTE) {
        return quoted(bytes, start, escapes).map(|range| value(range, join.form, true));
    }
    let start = join.value;
    let limit = start + MAX_VALUE_LEN;
    // What begins as a sentinel and is none may hide something.
    let is_forged = ascii::part(bytes, start, limit).starts_with(sentinel::OPENING.as_bytes())
        && sentinel::end(bytes, start).is_none();
    if is_forged && !matches!(join.form, Joint::Beside | Joint::Sentence) {
        let end = ahead.end(bytes, Mark::Forged, start, limit);
        return Some(value((start, end), Joint::Query, true));
    }
    let mark = match join.form {
        Joint::Colon => Some(Mark::Colon),
        Joint::Equals | Joint::Constant | Joint::Query | Joint::Pair => Some(Mark::Other),
        Joint::Flag => Some(Mark::Flag),
        _ => None,
    };
    if let Some(mark) = mark
        && let Some(end) = ahead.glued(bytes, mark, start, limit)
    {
        return Some(value((start, end), Joint::Query, true));
    }
    let range = match join.form {
        Joint::Compare
        | Joint::Argument
        | Joint::Call
        | Joint::Attribute
        | Joint::Definition
        | Joint::Block => return None,
        Joint::Element => element(bytes, start)?,
        Joint::Cell => cell(bytes, start)?,
        Joint::NextLine | Joint::Stated => line::word(bytes, start)?,
        Joint::Colon | Joint::Equals | Joint::Constant => {
            if let Some(range) = line::whole(text, name, join) {
                return Some(value(range, Joint::Line, false));
            }
            if let Some(range) = line::phrase(bytes, name, join) {
                return Some(value(range, Joint::Phrase, false));
            }
            let mark = if join.form == Joint::Colon {
                Mark::Colon
            } else {
                Mark::Other
            };
            (start, ahead.end(bytes, mark, start, limit))
        }
        Joint::Flag => (start, ahead.end(bytes, Mark::Flag, start, limit)),
        _ => (start, ahead.end(bytes, Mark::Other, start, limit)),
    };
    let (start, end) = (range.0, trimmed(bytes, range));
    // `NAME: Type = value`.
    if join.form == Joint::Colon && ascii::has(bytes, end, " =") {
        return None;
    }
    let is_parameter = matches!(join.form, Joint::Equals | Joint::Constant)
        && (sibling::is_pair(bytes, name.0, end)
            || sibling::is_first_parameter(bytes, end)
            || sibling::is_form_field(bytes, name, end))
        || matches!(join.form, Joint::Equals | Joint::Constant | Joint::Colon)
            && sibling::is_shown(bytes, name, end, ahead);
    let form = if is_parameter { Joint::Pair } else { join.form };
    Some(value((start, end), form, false))
}

/// Without the signs that end a sentence or a statement.
fn trimmed(bytes: &[u8], (start, end): (usize, usize)) -> usize {
    let mut end = end;
    while end > start && matches!(ascii::before(bytes, end), b'.' | b',' | b';' | b':' | b'\\') {
        end -= 1;
    }
    end
}

/// The literal in a call that wraps it, as in `SecretStr("…")`; or `start` itself.
fn wrapped(bytes: &[u8], start: usize) -> usize {
    let end = ascii::short_run(bytes, start, WORD | DOT, 48);
    let end = if ascii::at(bytes, end) == b':' && ascii::at(bytes, end + 1) == b':' {
        ascii::short_run(bytes, end + 2, WORD, 24)
    } else {
        end
    };
    let literal = end + 1;
    let is_call = ascii::at(bytes, end) == b'('
        && matches!(ascii::at(bytes, literal), b'"' | b'\'')
        && WRAPPERS.iter().any(|wrapper| {
            literal.checked_sub(wrapper.len()).is_some_and(|from| {
                from >= start
                    && ascii::has(bytes, from, wrapper)
                    && (from == start || !ascii::is(ascii::before(bytes, from), WORD))
            })
        });
    if is_call { literal } else { start }
}

/// What is between the quotes that open at `start`, behind so many backslashes.
fn quoted(bytes: &[u8], start: usize, escapes: usize) -> Option<(usize, usize)> {
    let quote = ascii::at(bytes, start + escapes);
    let mut start = start + escapes + 1;
    // Three quotes open a string of Python.
    if ascii::at(bytes, start) == quote && ascii::at(bytes, start + 1) == quote {
        start += 2;
    }
    let window = ascii::part(bytes, start, start + MAX_VALUE_LEN);
    let mut position = 0;
    loop {
        let rest = window.get(position..)?;
        let found = memchr::memchr2(quote, b'\n', rest).map(|found| position + found);
        let Some(found) = found.filter(|found| ascii::at(window, *found) != b'\n') else {
            // A cut text may have lost the closing quote: one random word counts.
            let end = ascii::run(window, 0, ANY_BASE64 | DOT);
            let word = std::str::from_utf8(ascii::part(window, 0, end)).ok()?;
            let is_last = matches!(ascii::at(window, end), 0 | b'\r' | b'\n');
            return (is_last && value::is_random(word)).then_some((start, start + end));
        };
        // SQL, YAML and PowerShell write a quote as two.
        if quote == b'\'' && found > position && ascii::at(window, found + 1) == quote {
            position = found + 2;
            continue;
        }
        let backslashes = found - ascii::run_back(window, found, ascii::BACKSLASH, found);
        if backslashes <= escapes {
            return Some((start, start + found - backslashes));
        }
        position = found + 1;
    }
}

/// What opens text in XML that is no markup; case aside.
const CDATA: &str = "<![cdata[";

/// The text before the next tag, without the blanks and breaks around it.
fn element(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let start = ascii::short_run(bytes, start, BLANK, 64);
    if ascii::has(bytes, start, CDATA) {
        let start = start + CDATA.len();
        let window = ascii::part(bytes, start, start + MAX_VALUE_LEN);
        let end = memchr::memmem::find(window, b"]]>")?;
        return Some((start, start + end));
    }
    // `<setting name="x"><value>y</value>`.
    let tag = ascii::short_run(bytes, start + 1, WORD, 16);
    let is_tag = ascii::at(bytes, start) == b'<' && ascii::at(bytes, tag) == b'>';
    let start = if is_tag { tag + 1 } else { start };
    let window = ascii::part(bytes, start, start + MAX_VALUE_LEN);
    let end = start + memchr::memchr2(b'<', b'\n', window)?;
    let closes = ascii::short_run(bytes, end, BLANK, 64);
    ascii::has(bytes, closes, "</")
        .then(|| (start, ascii::run_back(bytes, end, BLANK, end - start)))
}

/// The text of a table's cell.
fn cell(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let window = ascii::part(bytes, start, start + 256);
    let end = window
        .iter()
        .position(|byte| matches!(byte, b'|' | b'\t' | b'\n' | b'<'))
        .unwrap_or(window.len());
    let end = ascii::run_back(window, end, BLANK | ascii::QUOTE, end);
    let word = ascii::part(window, 0, end);
    (!word.is_empty() && !ascii::any(word, SPACE)).then_some((start, start + end))
}
