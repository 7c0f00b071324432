//! What stands between a name and its value.

mod call;
mod markup;
mod words;

use call::{defines, is_method_pass, setter};
use markup::{is_element, next_element, tag_end};

use super::line;
use crate::redact::ascii::{self, ALNUM, ALPHA, BLANK, SPACE, UPPER, WORD};
use crate::redact::sentinel;

/// The form that joins a name to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `name = value`, `name=value` or `name: value` alone on its line, as configuration has it.
    Line,
    /// Words alone on the line of a passphrase's name.
    Phrase,
    /// `name: value`.
    Colon,
    /// `name = value`, `name := value`, `name => value`.
    Equals,
    /// `NAME=value` without spaces.
    Constant,
    /// `?name=value&`, `;name=value;`.
    Query,
    /// `name=value` among its like, with blanks between.
    Pair,
    /// `name == "value"`.
    Compare,
    /// `define('NAME', 'value')` and its kin, which give names to values.
    Definition,
    /// `f("name", "value")`.
    Argument,
    /// `name("value")`.
    Call,
    /// `key="name" value="value"`.
    Attribute,
    /// `name: NAME` on one line, `value: …` on the next.
    Told,
    /// `<name>value</name>`.
    Element,
    /// `| name | value |`, `<td>name</td><td>value</td>`, `name` and `value` with a tab between.
    Cell,
    /// `--name value`, `login x password value`.
    Flag,
    /// `name 'value'` alone on its line, `:name "value"`, `PASSWORD 'value'`.
    Block,
    /// `name:` and the value on the next line.
    NextLine,
    /// `the name is value`.
    Sentence,
    /// `name value`, where only a random value is one.
    Beside,
}

/// A form and where its value starts.
#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) form: Form,
    pub(crate) value: usize,
}

/// Signs of two and three bytes that give a value to a name.
const SIGNS: &[&str] = &["??=", "||=", "?=", ".=", "+=", "|=", "~>", "<-", "~="];

/// Reads what joins the name `start..end` to a value.
pub(crate) fn read(text: &str, start: usize, end: usize) -> Option<Join> {
    let bytes = text.as_bytes();
    // The class in a sentinel is no name.
    let opening = sentinel::OPENING.len();
    if ascii::before(bytes, start) == b':'
        && start >= opening
        && sentinel::end(bytes, start - opening).is_some()
    {
        return None;
    }
    let (closed, is_closed) = closers(bytes, end);
    // The quotes have to be those of the name, not of a text that ends in it.
    let quoted = is_closed && (start == 0 || !ascii::is(ascii::before(bytes, start), BLANK));
    let spaced = ascii::short_run(bytes, closed, SPACE, 64);
    let join = |form, from: usize| {
        Some(Join {
            form,
            value: skip(bytes, from),
        })
    };
    match ascii::at(bytes, spaced) {
        // `arn:x:secret:y` has fields, no names.
        b':' if ascii::before(bytes, start) == b':'
            && !ascii::is(ascii::at(bytes, spaced + 1), BLANK) =>
        {
            None
        }
        b':' => colon(bytes, spaced),
        b'=' => match (ascii::at(bytes, spaced + 1), ascii::at(bytes, spaced + 2)) {
            (b'>', _) => join(Form::Equals, spaced + 2),
            (b'=', b'=') => join(Form::Compare, spaced + 3),
            (b'=', _) => join(Form::Compare, spaced + 2),
            (b' ' | b'\t', _) => join(Form::Equals, spaced + 1),
            _ if spaced > closed => join(Form::Equals, spaced + 1),
            _ => join(tight(bytes, start, end), spaced + 1),
        },
        b'!' if ascii::at(bytes, spaced + 1) == b'=' => {
            let from = spaced + 2 + usize::from(ascii::at(bytes, spaced + 2) == b'=');
            join(Form::Compare, from)
        }
        b'?' | b'.' | b'+' | b'|' | b'~' | b'<'
            if let Some(sign) = SIGNS.iter().find(|sign| ascii::has(bytes, spaced, sign)) =>
        {
            join(Form::Equals, spaced + sign.len())
        }
        b',' if quoted && ascii::at(bytes, start) == b'-' => join(Form::Flag, spaced + 1)
            .filter(|join| ascii::is(ascii::at(bytes, join.value), ascii::QUOTE)),
        b',' if quoted && defines(bytes, start) => join(Form::Definition, spaced + 1),
        // Back quotes part the items of a sentence.
        b',' if quoted && ascii::at(bytes, end) != b'`' => join(Form::Argument, spaced + 1),
        b'(' if !is_closed
            && !is_method_pass(bytes, start, end)
            && ascii::is(ascii::at(bytes, spaced + 1), ascii::QUOTE) =>
        {
            join(setter(bytes, start, end), spaced + 1)
        }
        b'>' if quoted => join(Form::Element, spaced + 1),
        b'>' if is_element(bytes, start, spaced) => join(Form::Element, spaced + 1),
        b'|' if ascii::is(ascii::before(bytes, start), SPACE)
            || ascii::before(bytes, start) == b'|' =>
        {
            join(Form::Cell, spaced + 1)
        }
        b'<' => next_element(bytes, start, spaced),
        _ if spaced > closed
            && let Some(close) = tag_end(bytes, start, spaced) =>
        {
            join(Form::Element, close + 1)
        }
        _ if quoted && spaced > closed && ascii::has(bytes, spaced, "value=") => {
            join(Form::Attribute, spaced + 6)
        }
        b'\n' | b'\r' | 0 if is_closed && line::is_form_part(bytes, start) => Some(Join {
            form: Form::Told,
            value: line::value_of_part(bytes, closed),
        }),
        b'\n' | b'\r' | 0 if line::is_told_above(bytes, start, closed) => Some(Join {
            form: Form::Told,
            value: line::value_below(bytes, closed),
        }),
        _ if spaced > closed && !is_closed => words::words(bytes, start, end, spaced),
        _ => None,
    }
}

/// `name: value`, `name := value`, `name ::= value`, `name: Type = value`, or the next line.
fn colon(bytes: &[u8], colon: usize) -> Option<Join> {
    let last = colon
        + ascii::part(bytes, colon, colon + 4)
            .iter()
            .take_while(|byte| **byte == b':')
            .count();
    if ascii::at(bytes, last) == b'=' {
        return Some(Join {
            form: Form::Equals,
            value: skip(bytes, last + 1),
        });
    }
    if last > colon + 1 {
        return None;
    }
    if let Some(join) = typed(bytes, last) {
        return Some(join);
    }
    let value = untagged(bytes, skip(bytes, last));
    if matches!(ascii::at(bytes, value), b'\n' | b'\r') {
        let below = ascii::short_run(bytes, value, BLANK, 64);
        let breaks = memchr::memchr_iter(b'\n', ascii::part(bytes, value, below)).count();
        if breaks == 1 && line::word(bytes, below).is_some() {
            return Some(Join {
                form: Form::NextLine,
                value: below,
            });
        }
    }
    Some(Join {
        form: Form::Colon,
        value,
    })
}

/// Behind the tag of a type or the anchor of a YAML value: `!!str value`, `&name value`.
fn untagged(bytes: &[u8], value: usize) -> usize {
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
fn closers(bytes: &[u8], end: usize) -> (usize, bool) {
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
        form: Form::Equals,
        value,
    })
}

/// How `name=value` is meant, by what stands before the name.
fn tight(bytes: &[u8], start: usize, end: usize) -> Form {
    let previous = ascii::before(bytes, start);
    let name = ascii::part(bytes, start, end);
    let is_constant = ascii::any(name, UPPER)
        && name.iter().all(|b| !ascii::is(*b, ascii::LOWER))
        && name.len() > 2;
    match previous {
        b'?' | b'&' | b';' => Form::Query,
        b'=' | b' ' if follows_option(bytes, start) => Form::Flag,
        _ if is_constant => Form::Constant,
        _ if name.starts_with(b"--") || name.starts_with(b"-D") => Form::Flag,
        _ => Form::Equals,
    }
}

/// Whether an option stands before the name: `--set a.password=x`, `--from-literal=password=x`.
fn follows_option(bytes: &[u8], start: usize) -> bool {
    let end = start.saturating_sub(1);
    let option = ascii::run_back(bytes, end, ALPHA | ascii::DASH, 40);
    ascii::part(bytes, option, option + 2) == b"--" && end > option + 2
}
