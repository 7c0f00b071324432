//! What stands between a name and its value.

use crate::redact::ascii::{self, ALNUM, ALPHA, ANY_BASE64, BLANK, SPACE, UPPER, WORD};
use crate::redact::sentinel;

/// How a name and a value are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `define('NAME', 'value')`.
    Definition,
    /// `name: value`.
    Colon,
    /// `name = value`, `name := value`, `name => value`.
    Equals,
    /// `NAME=value` without spaces.
    Constant,
    /// `?name=value&`, `;name=value;`.
    Query,
    /// `name == "value"`.
    Compare,
    /// `f("name", "value")`.
    Argument,
    /// `key="name" value="value"`.
    Attribute,
    /// `<name>value</name>`.
    Element,
    /// `--name value`, `login x password value`.
    Flag,
    /// `the name is value`.
    Words,
    /// `name value`, where only a random value is one.
    Beside,
}

/// A join and where its value starts.
#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) style: Style,
    pub(crate) value: usize,
}

/// Reads what joins the name `start..end` to a value.
pub(crate) fn read(text: &str, start: usize, end: usize) -> Option<Join> {
    let bytes = text.as_bytes();
    // The class in a sentinel is no name.
    if ascii::before(bytes, start) == b':'
        && ascii::part(bytes, 0, start).ends_with(sentinel::OPENING.as_bytes())
    {
        return None;
    }
    let (closed, quoted) = closers(bytes, end);
    let spaced = ascii::short_run(bytes, closed, SPACE, 64);
    let join = |style, from: usize| {
        Some(Join {
            style,
            value: skip(bytes, from),
        })
    };
    match ascii::at(bytes, spaced) {
        b':' => match ascii::at(bytes, spaced + 1) {
            b':' => None,
            b'=' => join(Style::Equals, spaced + 2),
            _ => typed(bytes, spaced + 1).or_else(|| join(Style::Colon, spaced + 1)),
        },
        b'=' => match (ascii::at(bytes, spaced + 1), ascii::at(bytes, spaced + 2)) {
            (b'>', _) => join(Style::Equals, spaced + 2),
            (b'=', b'=') => join(Style::Compare, spaced + 3),
            (b'=', _) => join(Style::Compare, spaced + 2),
            (b' ' | b'\t', _) => join(Style::Equals, spaced + 1),
            _ if spaced > closed => join(Style::Equals, spaced + 1),
            _ => join(tight(bytes, start, end), spaced + 1),
        },
        b'!' if ascii::at(bytes, spaced + 1) == b'=' => {
            let from = spaced + 2 + usize::from(ascii::at(bytes, spaced + 2) == b'=');
            join(Style::Compare, from)
        }
        b',' if quoted && defines(bytes, start) => join(Style::Definition, spaced + 1),
        b',' if quoted => join(Style::Argument, spaced + 1),
        b'(' if !quoted && ascii::is(ascii::at(bytes, spaced + 1), ascii::QUOTE) => {
            join(Style::Argument, spaced + 1)
        }
        b'>' if quoted => join(Style::Element, spaced + 1),
        b'>' if quoted_element(bytes, start, spaced, quoted) => join(Style::Element, spaced + 1),
        _ if quoted && spaced > closed && ascii::has(bytes, spaced, "value=") => {
            join(Style::Attribute, spaced + 6)
        }
        _ if spaced > closed && !quoted => words(bytes, start, spaced),
        _ => None,
    }
}

/// Skips what closes around a name: an escaped quote, a bracket.
fn closers(bytes: &[u8], end: usize) -> (usize, bool) {
    let escaped = ascii::short_run(bytes, end, ascii::BACKSLASH, 4);
    if !ascii::is(ascii::at(bytes, escaped), ascii::QUOTE) {
        return (end, false);
    }
    let closed = escaped + 1;
    (
        closed + usize::from(matches!(ascii::at(bytes, closed), b']' | b')')),
        true,
    )
}

/// Skips blanks, at most one line break among them, and the letter of a typed string.
fn skip(bytes: &[u8], from: usize) -> usize {
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
fn typed(bytes: &[u8], from: usize) -> Option<Join> {
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
        style: Style::Equals,
        value,
    })
}

/// How `name=value` is meant, by what stands before the name.
fn tight(bytes: &[u8], start: usize, end: usize) -> Style {
    let previous = ascii::before(bytes, start);
    let name = ascii::part(bytes, start, end);
    let is_constant = ascii::any(name, UPPER)
        && name.iter().all(|b| !ascii::is(*b, ascii::LOWER))
        && name.len() > 2;
    match previous {
        b'?' | b'&' | b';' => Style::Query,
        _ if is_constant => Style::Constant,
        _ if name.starts_with(b"--") || name.starts_with(b"-D") => Style::Flag,
        _ => Style::Equals,
    }
}

/// Whether a call before the quoted name defines it or gives its default.
fn defines(bytes: &[u8], start: usize) -> bool {
    let call = ascii::run_back(bytes, start.saturating_sub(1), SPACE, 4);
    ["define(", "env("].iter().any(|word| {
        call.checked_sub(word.len())
            .is_some_and(|from| ascii::has(bytes, from, word))
    })
}

/// `<name>` with an end tag behind its value.
fn quoted_element(bytes: &[u8], start: usize, closed: usize, quoted: bool) -> bool {
    let previous = ascii::before(bytes, start);
    !quoted && (previous == b'<' || previous == b':') && {
        let window = ascii::part(bytes, closed, closed + 512);
        memchr::memmem::find(window, b"</").is_some()
    }
}

/// A flag and its value, a netrc line, or a sentence.
fn words(bytes: &[u8], start: usize, spaced: usize) -> Option<Join> {
    let name_starts_flag = ascii::at(bytes, start) == b'-'
        && ascii::is(ascii::before(bytes, start), BLANK | ascii::QUOTE)
        || (ascii::at(bytes, start) == b'-' && start == 0);
    if name_starts_flag || follows_login(bytes, start) {
        let value = ascii::at(bytes, spaced);
        return (value != b'-').then_some(Join {
            style: Style::Flag,
            value: spaced,
        });
    }
    if is_own_line(bytes, start, spaced) {
        return Some(Join {
            style: Style::Words,
            value: spaced,
        });
    }
    let is_verb = ascii::has(bytes, start, "pass ");
    if !is_verb && ascii::is(ascii::at(bytes, spaced), ascii::QUOTE) {
        return Some(Join {
            style: Style::Argument,
            value: spaced,
        });
    }
    for verb in ["is ", "was ", "is: ", "should be "] {
        if ascii::has(bytes, spaced, verb) {
            return Some(Join {
                style: Style::Words,
                value: spaced + verb.len(),
            });
        }
    }
    // Twenty bytes are the least that a random value has.
    let is_long = ascii::short_run(bytes, spaced, ANY_BASE64 | ascii::DOT, 20) == spaced + 20;
    is_long.then_some(Join {
        style: Style::Beside,
        value: spaced,
    })
}

/// `login NAME` before a password, as in a netrc file.
fn follows_login(bytes: &[u8], start: usize) -> bool {
    if !ascii::has(bytes, start, "password ") {
        return false;
    }
    let name_end = ascii::run_back(bytes, start, BLANK, 64);
    let head = ascii::part(bytes, name_end.saturating_sub(64), name_end);
    let name = head
        .iter()
        .rev()
        .take_while(|byte| !ascii::is(**byte, BLANK))
        .count();
    let word_end = ascii::run_back(bytes, name_end - name, BLANK, 8);
    ascii::part(bytes, ascii::run_back(bytes, word_end, WORD, 8), word_end) == b"login"
}

/// A line of two words, `password VALUE`.
fn is_own_line(bytes: &[u8], start: usize, value: usize) -> bool {
    if !["password ", "requirepass "]
        .iter()
        .any(|name| ascii::has(bytes, start, name))
    {
        return false;
    }
    let indent = ascii::run_back(bytes, start, SPACE, 64);
    let window = ascii::part(bytes, value, value + 256);
    let end = window
        .iter()
        .position(|byte| ascii::is(*byte, BLANK))
        .unwrap_or(window.len());
    matches!(ascii::before(bytes, indent), b'\n' | 0)
        && matches!(ascii::at(window, end), b'\n' | b'\r' | 0)
}
