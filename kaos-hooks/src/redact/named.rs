//! A value that its name gives away, in any of the syntaxes that prompts, tools and logs carry.
//!
//! The name comes first: it is read around a telling word; then the form that joins it to a value,
//! then the value. What the name means, the form, and whether the value is quoted choose a rule
//! of the table in `rules`, and the rule says what the value has to look like.

mod extent;
mod form;
mod given;
mod header;
mod join;
mod line;
mod rules;
mod sibling;

use super::ascii::{self, ALPHA, DASH, DOT, WORD};
use super::letter;
use super::lookahead::Lookahead;
use super::value;
use super::vocabulary::{Meaning, Seen};
use given::Named;
pub(crate) use join::Joint;
pub(crate) use line::{ends_in_block_mark, indent_of, is_block_line, is_block_mark, is_form_part};

/// Longest name, in bytes; a longer run of name bytes names nothing.
const MAX_NAME_LEN: usize = 80;

/// The range of the name around a telling word.
pub(crate) fn name_around(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut name_start = ascii::run_back(bytes, start, WORD | DASH | DOT, MAX_NAME_LEN);
    while ascii::before(bytes, name_start) >= 0x80 && start - name_start < MAX_NAME_LEN {
        let Some(letter) = ascii::cut(text, 0, name_start)
            .chars()
            .next_back()
            .filter(|letter| letter::is(*letter))
        else {
            break;
        };
        name_start -= letter.len_utf8();
        name_start = ascii::run_back(bytes, name_start, WORD | DASH | DOT, MAX_NAME_LEN);
    }
    let mut name_end = ascii::run(bytes, end, WORD | DASH | DOT);
    while ascii::at(bytes, name_end) >= 0x80 && name_end - end < MAX_NAME_LEN {
        let Some(letter) = text
            .get(name_end..)
            .and_then(|rest| rest.chars().next())
            .filter(|letter| letter::is(*letter))
        else {
            break;
        };
        name_end += letter.len_utf8();
        name_end = ascii::run(bytes, name_end, WORD | DASH | DOT);
    }
    // A sentence ends in a point, a flag may end in a dash: neither belongs to the name.
    while name_end > end && matches!(ascii::before(bytes, name_end), b'.' | b'-') {
        name_end -= 1;
    }
    (name_start, name_end)
}

/// Reads the value whose name is `name_start..name_end`.
pub(crate) fn read(
    text: &str,
    name_start: usize,
    name_end: usize,
    seen: &mut Seen,
    ahead: &mut Lookahead,
) -> Option<Named> {
    let bytes = text.as_bytes();
    if name_end - name_start > MAX_NAME_LEN {
        return None;
    }
    // `a::b` is a path of a program, and what follows it is no value of `b`.
    if ascii::part(bytes, name_start.saturating_sub(2), name_start) == b"::" {
        return None;
    }
    let join = form::read(text, name_start, name_end)?;
    let name = ascii::cut(text, name_start, name_end);
    let meaning = meaning(text, (name_start, name_end), join.form, seen)?;
    match meaning {
        Meaning::Authorization => return header::authorization(text, &join, ahead),
        Meaning::Cookie => return header::cookie(text, name, &join, ahead),
        _ => {}
    }
    if join.form == Joint::Colon
        && let Some((start, end)) = line::block(bytes, name_start, join.value)
    {
        let is_secret = meaning == Meaning::Password
            || meaning == Meaning::Token && value::is_token(ascii::cut(text, start, end));
        return Some(Named {
            start,
            end,
            meaning,
            rule: is_secret.then_some("block of lines below a key"),
            is_compared: false,
        });
    }
    if meaning == Meaning::Password
        && join.form == Joint::Colon
        && let Some((start, end)) = line::object(bytes, join.value)
    {
        return Some(Named {
            start,
            end,
            meaning,
            rule: Some("object below a password's key"),
            is_compared: false,
        });
    }
    let value = extent::read(text, (name_start, name_end), &join, ahead)?;
    let rule = rules::decide(meaning, name, &value, ahead);
    Some(Named {
        start: value.start,
        end: value.end,
        meaning,
        rule,
        is_compared: value.form == Joint::Compare,
    })
}

/// What the name means, with the word before it if it says little alone: `Api Key`.
fn meaning(
    text: &str,
    (start, end): (usize, usize),
    form: Joint,
    seen: &mut Seen,
) -> Option<Meaning> {
    let alone = seen.meaning(ascii::cut(text, start, end));
    let meaning = match alone {
        None | Some(Meaning::Weak) => with_word_before(text, start)
            .and_then(|before| seen.meaning(ascii::cut(text, before, end)))
            .filter(|wider| matches!(wider, Meaning::Token | Meaning::Password))
            .or(alone),
        _ => alone,
    };
    match meaning? {
        Meaning::Token if form == Joint::Definition => Some(Meaning::Password),
        meaning => Some(meaning),
    }
}

/// Where the word before a name starts.
fn with_word_before(text: &str, name_start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if ascii::before(bytes, name_start) != b' ' {
        return None;
    }
    let start = ascii::run_back(bytes, name_start - 1, ALPHA, 16);
    (start + 1 < name_start).then_some(start)
}

/// Whether the name `start..end` may be joined to a value: a cheap test with no false answer no.
pub(crate) fn may_assign(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    end - start <= MAX_NAME_LEN
        && (form::read(text, start, end).is_some()
            || opens_login(bytes, start)
            || [" for ", " of "]
                .iter()
                .any(|link| ascii::has(bytes, end, link)))
}

/// Whether a line is `login NAME` or `USER NAME`: the password may stand on the next.
pub(crate) fn opens_login(bytes: &[u8], start: usize) -> bool {
    ["login ", "USER "]
        .iter()
        .any(|word| ascii::part(bytes, start, start + word.len()) == word.as_bytes())
        && {
            let indent = ascii::run_back(bytes, start, ascii::SPACE, 64);
            matches!(ascii::before(bytes, indent), b'\n' | 0)
        }
}

/// Where the value of the name `start..end` starts, if it is joined to one.
pub(crate) fn value_start(text: &str, start: usize, end: usize) -> Option<(Joint, usize)> {
    if end - start > MAX_NAME_LEN {
        return None;
    }
    form::read(text, start, end).map(|join| (join.form, join.value))
}

/// Whether this may be the name of an account's name: a cheap test with no false answer no.
pub(crate) fn may_name_account(name: &str) -> bool {
    let bytes = name.as_bytes();
    (0..bytes.len()).any(|index| {
        matches!(ascii::at(bytes, index) | 0x20, b'u' | b'l')
            && ["user", "login", "uid"]
                .iter()
                .any(|word| ascii::has(bytes, index, word))
    })
}

/// Whether this is the name of an account's name.
pub(crate) fn names_account(name: &str, seen: &mut Seen) -> bool {
    seen.meaning(name) == Some(Meaning::User)
}
