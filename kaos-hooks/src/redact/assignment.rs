//! `NAME = value` in any of the syntaxes that prompts, tools and logs carry.
//!
//! The name comes first: it is read around a telling word, then what joins it to a value, then
//! the value. How much the value must look like a secret depends on how much the name says and
//! on how the two are joined.

mod header;
mod join;

use super::ahead::{Ahead, Mark};
use super::ascii::{self, ALNUM, ALPHA, ANY_BASE64, DASH, DIGIT, DOT, SPACE, WORD};
use super::key_name::{self, Strength};
use super::value;
pub(crate) use join::{Join, Style};

/// Longest name, in bytes; a longer run of name bytes names nothing.
const LONGEST_NAME: usize = 80;

/// Longest value, in bytes.
const LONGEST_VALUE: usize = 4096;

/// A name and the value it was given.
#[derive(Debug)]
pub(crate) struct Assignment {
    /// The range of the value, without quotes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) strength: Strength,
    /// Whether the value is to be redacted.
    pub(crate) is_secret: bool,
    /// Whether the value is only compared with.
    pub(crate) is_compared: bool,
}

/// The range of the name around a telling word.
pub(crate) fn name_around(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    let name_start = ascii::run_back(bytes, start, WORD | DASH | DOT, LONGEST_NAME);
    let mut name_end = ascii::run(bytes, end, WORD | DASH | DOT);
    // A sentence ends in a point, a flag may end in a dash: neither belongs to the name.
    while name_end > end && matches!(ascii::before(bytes, name_end), b'.' | b'-') {
        name_end -= 1;
    }
    (name_start, name_end)
}

/// Reads the assignment whose name is `name_start..name_end`.
pub(crate) fn read(
    text: &str,
    name_start: usize,
    name_end: usize,
    ahead: &mut Ahead,
) -> Option<Assignment> {
    let bytes = text.as_bytes();
    if name_end - name_start > LONGEST_NAME {
        return None;
    }
    // `a::b` is a path of a program, and what follows it is no value of `b`.
    if ascii::part(bytes, name_start.saturating_sub(2), name_start) == b"::" {
        return None;
    }
    let join = join::read(text, name_start, name_end)?;
    let name = ascii::cut(text, name_start, name_end);
    let mut strength = key_name::strength(name);
    if matches!(strength, None | Some(Strength::Weak)) {
        let wider = key_name::strength(&with_word_before(text, name_start, name));
        strength = wider
            .filter(|wider| matches!(wider, Strength::Token | Strength::Password))
            .or(strength);
    }
    let strength = match strength? {
        Strength::Token if join.style == Style::Definition => Strength::Password,
        strength => strength,
    };
    match strength {
        Strength::Authorization => return header::authorization(text, &join, ahead),
        Strength::Cookie => return header::cookie(text, name, &join, ahead),
        _ => {}
    }
    let (start, end, quoted) = value_range(bytes, &join, ahead)?;
    let assigned = ascii::cut(text, start, end);
    // `NAME: Type = value`.
    let is_type = !quoted && join.style == Style::Colon && ascii::has(bytes, end, " =");
    let is_word_of_line = strength == Strength::Password
        && !quoted
        && join.style == Style::Colon
        && is_line(bytes, name_start, end)
        && value::is_long_word(assigned);
    let is_secret = !assigned.is_empty()
        && strength != Strength::User
        && !is_type
        && !is_plain(strength, &join, bytes, (start, end), ahead)
        && (is_word_of_line
            || judge(
                strength,
                &join,
                quoted,
                assigned,
                name,
                ascii::at(bytes, end),
            ));
    let is_compared = join.style == Style::Compare;
    Some(Assignment {
        start,
        end,
        strength,
        is_secret,
        is_compared,
    })
}

/// Whether `name: value` is all that stands on its line.
fn is_line(bytes: &[u8], start: usize, end: usize) -> bool {
    let indent = ascii::run_back(bytes, start, SPACE | DASH, 64);
    matches!(ascii::before(bytes, indent), b'\n' | 0)
        && matches!(
            ascii::at(bytes, ascii::run(bytes, end, SPACE)),
            b'\n' | b'\r' | 0
        )
}

/// `Api Key`: the name with the word before it.
fn with_word_before(text: &str, name_start: usize, name: &str) -> String {
    let bytes = text.as_bytes();
    if ascii::before(bytes, name_start) != b' ' {
        return String::new();
    }
    let start = ascii::run_back(bytes, name_start - 1, ALPHA, 16);
    format!("{}_{name}", ascii::cut(text, start, name_start - 1))
}

/// The value behind a join: what is between quotes, or up to the next delimiter.
fn value_range(bytes: &[u8], join: &Join, ahead: &mut Ahead) -> Option<(usize, usize, bool)> {
    let mut start = join.value;
    let escapes = ascii::short_run(bytes, start, ascii::BACKSLASH, 4) - start;
    let quote = ascii::at(bytes, start + escapes);
    if matches!(quote, b'"' | b'\'' | b'`') {
        start += escapes + 1;
        let window = ascii::part(bytes, start, start + LONGEST_VALUE);
        let mut position = 0;
        loop {
            let rest = window.get(position..)?;
            let found = memchr::memchr2(quote, b'\n', rest).map(|found| position + found);
            let Some(found) = found.filter(|found| ascii::at(window, *found) != b'\n') else {
                // A cut text may have lost the closing quote: one random word counts.
                let end = ascii::run(window, 0, ANY_BASE64 | DOT);
                let word = std::str::from_utf8(ascii::part(window, 0, end)).ok()?;
                let is_last = matches!(ascii::at(window, end), 0 | b'\r' | b'\n');
                return (is_last && value::is_random(word)).then_some((start, start + end, true));
            };
            let backslashes = found - ascii::run_back(window, found, ascii::BACKSLASH, found);
            if backslashes <= escapes {
                return Some((start, start + found - backslashes, true));
            }
            position = found + 1;
        }
    }
    if matches!(
        join.style,
        Style::Compare | Style::Argument | Style::Attribute
    ) {
        return None;
    }
    let window = ascii::part(bytes, start, start + LONGEST_VALUE);
    let mark = match join.style {
        Style::Flag => Mark::Flag,
        Style::Colon => Mark::Colon,
        _ => Mark::Other,
    };
    let mut end = match join.style {
        Style::Element => start + memchr::memchr2(b'<', b'\n', window)?,
        _ => ahead.end(bytes, mark, start, start + LONGEST_VALUE),
    };
    while end > start && matches!(ascii::before(bytes, end), b'.' | b',' | b';' | b':' | b'\\') {
        end -= 1;
    }
    Some((start, end, false))
}

/// Whether a long value cannot look like a secret, because it has no digit and is no one word.
///
/// A value without an end that repeats its name is asked for at each of them.
fn is_plain(
    strength: Strength,
    join: &Join,
    bytes: &[u8],
    (start, end): (usize, usize),
    ahead: &mut Ahead,
) -> bool {
    let has_to_look = match strength {
        Strength::Weak => true,
        Strength::Token | Strength::Certain => join.style != Style::Query,
        _ => join.style == Style::Beside,
    };
    if !has_to_look || end - start <= 64 {
        return false;
    }
    let has_to_be_random = strength == Strength::Weak || join.style == Style::Beside;
    if has_to_be_random && ahead.is_few(bytes, start, end) {
        return true;
    }
    ahead.find(bytes, Mark::Digit, start, end).is_none()
        && !ascii::all(ascii::part(bytes, start, end), ALNUM | DASH)
}

/// Whether what stands there is a secret.
fn judge(
    strength: Strength,
    join: &Join,
    quoted: bool,
    assigned: &str,
    name: &str,
    next: u8,
) -> bool {
    // The cheap questions come first: most values do not look like anything.
    let looks = match strength {
        _ if join.style == Style::Beside => value::is_random(assigned),
        // The account number of Twilio is no secret, though it stands beside one.
        Strength::Weak => value::is_random(assigned) && !assigned.starts_with("AC"),
        Strength::Number => {
            (3..=8).contains(&assigned.len()) && ascii::all(assigned.as_bytes(), DIGIT)
        }
        Strength::Token | Strength::Certain => match join.style {
            Style::Query => assigned.len() >= 8 && !value::is_identifier(assigned),
            Style::Compare => value::is_random(assigned),
            _ => value::is_token(assigned),
        },
        Strength::Password => is_password(join, quoted, assigned, next),
        Strength::User => false,
        Strength::Authorization | Strength::Cookie => true,
    };
    let is_expression = || {
        !quoted
            && join.style != Style::Element
            && value::is_expression(assigned, next)
            && !value::is_random(assigned)
    };
    let is_code = || quoted && value::is_code(assigned);
    let is_other = || {
        value::is_placeholder(assigned) || is_code() || is_expression() || same_name(assigned, name)
    };
    looks && !is_other()
}

fn is_password(join: &Join, quoted: bool, assigned: &str, next: u8) -> bool {
    // The parts of a connection string are assignments of their own.
    if assigned.contains('=') && assigned.contains(';') {
        return false;
    }
    if value::is_label(assigned) && !value::is_random(assigned) {
        return false;
    }
    if quoted || join.style == Style::Element {
        return match join.style {
            Style::Argument => {
                value::is_token(assigned) && !assigned.contains('=')
                    || value::is_password(assigned) && !value::is_identifier(assigned)
            }
            _ => assigned.len() >= 2,
        };
    }
    match join.style {
        Style::Query => assigned.len() >= 2,
        Style::Constant => {
            assigned.len() >= 3 && !value::is_identifier(assigned)
                || assigned.len() >= 6 && next != b'.'
        }
        Style::Flag => assigned.len() >= 3 && !assigned.starts_with('-'),
        Style::Words => value::is_password(assigned) && assigned.len() >= 5,
        Style::Equals => {
            (value::is_password(assigned) && !value::is_identifier(assigned))
                || value::is_token(assigned)
                || (value::is_password(assigned) && !matches!(next, b')' | b',' | b'('))
        }
        _ => value::is_password(assigned) || value::is_token(assigned),
    }
}

/// Whether the value only repeats the name, as in `password=password1` or a table of labels.
fn same_name(assigned: &str, name: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphabetic)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let letters = plain(assigned);
    !letters.is_empty()
        && letters == plain(name)
        && assigned
            .bytes()
            .all(|b| ascii::is(b, WORD | DASH | DOT | SPACE))
        && !ascii::any(assigned.as_bytes(), DIGIT)
}

/// Whether the name `start..end` may be joined to a value: a cheap test with no false answer no.
pub(crate) fn may_assign(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    end - start <= LONGEST_NAME
        && (join::read(text, start, end).is_some()
            || [" for ", " of "]
                .iter()
                .any(|link| ascii::has(bytes, end, link)))
}

/// Where the value of the name `start..end` starts, if it is joined to one.
pub(crate) fn value_start(text: &str, start: usize, end: usize) -> Option<usize> {
    if end - start > LONGEST_NAME {
        return None;
    }
    join::read(text, start, end).map(|join| join.value)
}

/// Whether this is the name of an account's name.
pub(crate) fn names_account(name: &str) -> bool {
    let bytes = name.as_bytes();
    let tells = bytes.windows(4).any(|part| {
        ["user", "ogin", "uid"]
            .iter()
            .any(|word| ascii::has(part, 0, word))
    });
    (tells || ascii::has(bytes, bytes.len().saturating_sub(3), "uid"))
        && key_name::strength(name) == Some(Strength::User)
}
