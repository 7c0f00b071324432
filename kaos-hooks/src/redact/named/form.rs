//! What stands between a name and its value.

mod between;
mod call;
mod markup;
mod words;

use between::{closers, skip, typed, untagged};
use call::{defines, is_method_pass, setter};
use markup::{is_element, next_element, tag_end};

use super::join::{Join, Joint};
use super::line;
use crate::redact::ascii::{self, ALPHA, BLANK, SPACE, UPPER};
use crate::redact::sentinel;

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
            (b'>', _) => join(Joint::Equals, spaced + 2),
            (b'=', b'=') => join(Joint::Compare, spaced + 3),
            (b'=', _) => join(Joint::Compare, spaced + 2),
            (b' ' | b'\t', _) => join(Joint::Equals, spaced + 1),
            _ if spaced > closed => join(Joint::Equals, spaced + 1),
            _ => join(tight(bytes, start, end), spaced + 1),
        },
        b'!' if ascii::at(bytes, spaced + 1) == b'=' => {
            let from = spaced + 2 + usize::from(ascii::at(bytes, spaced + 2) == b'=');
            join(Joint::Compare, from)
        }
        b'?' | b'.' | b'+' | b'|' | b'~' | b'<'
            if let Some(sign) = SIGNS.iter().find(|sign| ascii::has(bytes, spaced, sign)) =>
        {
            join(Joint::Equals, spaced + sign.len())
        }
        b',' if quoted && ascii::at(bytes, start) == b'-' => join(Joint::Flag, spaced + 1)
            .filter(|join| ascii::is(ascii::at(bytes, join.value), ascii::QUOTE)),
        b',' if quoted && defines(bytes, start) => join(Joint::Definition, spaced + 1),
        // Back quotes part the items of a sentence.
        b',' if quoted && ascii::at(bytes, end) != b'`' => join(Joint::Argument, spaced + 1),
        b'(' if !is_closed
            && !is_method_pass(bytes, start, end)
            && ascii::is(ascii::at(bytes, spaced + 1), ascii::QUOTE) =>
        {
            join(setter(bytes, start, end), spaced + 1)
        }
        b'>' if quoted => join(Joint::Element, spaced + 1),
        b'>' if is_element(bytes, start, spaced) => join(Joint::Element, spaced + 1),
        b'|' if ascii::is(ascii::before(bytes, start), SPACE)
            || ascii::before(bytes, start) == b'|' =>
        {
            join(Joint::Cell, spaced + 1)
        }
        b'<' => next_element(bytes, start, spaced),
        _ if spaced > closed
            && let Some(close) = tag_end(bytes, start, spaced) =>
        {
            join(Joint::Element, close + 1)
        }
        _ if quoted && spaced > closed && ascii::has(bytes, spaced, "value=") => {
            join(Joint::Attribute, spaced + 6)
        }
        b'\n' | b'\r' | 0 if is_closed && line::is_form_part(bytes, start) => Some(Join {
            form: Joint::Stated,
            value: line::value_of_part(bytes, closed),
        }),
        b'\n' | b'\r' | 0 if line::is_stated_above(bytes, start, closed) => Some(Join {
            form: Joint::Stated,
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
            form: Joint::Equals,
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
                form: Joint::NextLine,
                value: below,
            });
        }
    }
    Some(Join {
        form: Joint::Colon,
        value,
    })
}

/// How `name=value` is meant, by what stands before the name.
fn tight(bytes: &[u8], start: usize, end: usize) -> Joint {
    let previous = ascii::before(bytes, start);
    let name = ascii::part(bytes, start, end);
    let is_constant = ascii::any(name, UPPER)
        && name.iter().all(|b| !ascii::is(*b, ascii::LOWER))
        && name.len() > 2;
    match previous {
        b'?' | b'&' | b';' => Joint::Query,
        b'=' | b' ' if follows_option(bytes, start) => Joint::Flag,
        _ if is_constant => Joint::Constant,
        _ if name.starts_with(b"--") || name.starts_with(b"-D") => Joint::Flag,
        _ => Joint::Equals,
    }
}

/// Whether an option stands before the name: `--set a.password=x`, `--from-literal=password=x`.
fn follows_option(bytes: &[u8], start: usize) -> bool {
    let end = start.saturating_sub(1);
    let option = ascii::run_back(bytes, end, ALPHA | ascii::DASH, 40);
    ascii::part(bytes, option, option + 2) == b"--" && end > option + 2
}
