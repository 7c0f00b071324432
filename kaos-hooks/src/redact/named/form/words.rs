//! Names and values with nothing but a blank or a verb between: flags, lines, sentences.

use super::between::typed;
use crate::redact::ascii::{self, ANY_BASE64, BLANK, SPACE, UPPER, WORD};
use crate::redact::named::join::{Join, Joint};

/// A flag and its value, a netrc line, or a sentence.
pub(super) fn words(bytes: &[u8], start: usize, end: usize, spaced: usize) -> Option<Join> {
    let name_starts_flag = ascii::at(bytes, start) == b'-'
        && ascii::is(ascii::before(bytes, start), BLANK | ascii::QUOTE)
        || (ascii::at(bytes, start) == b'-' && start == 0);
    if name_starts_flag || follows_login(bytes, start) || follows_setter(bytes, start) {
        let value = ascii::at(bytes, spaced);
        return (value != b'-').then_some(Join {
            form: Joint::Flag,
            value: spaced,
        });
    }
    let is_quoted = ascii::is(ascii::at(bytes, spaced), ascii::QUOTE);
    if is_quoted && is_statement(bytes, start, end, spaced) {
        return Some(Join {
            form: Joint::Block,
            value: spaced,
        });
    }
    if let Some(join) = typed(bytes, spaced) {
        return Some(join);
    }
    if ascii::part(bytes, end, spaced) == b"\t" {
        return Some(Join {
            form: Joint::Cell,
            value: spaced,
        });
    }
    if is_own_line(bytes, start, spaced) {
        return Some(Join {
            form: Joint::Sentence,
            value: spaced,
        });
    }
    let is_verb = ascii::has(bytes, start, "pass ");
    if !is_verb && is_quoted {
        return Some(Join {
            form: Joint::Argument,
            value: spaced,
        });
    }
    // One passes something to somebody: that verb is no noun.
    let verbs: &[&str] = if is_verb {
        &["is ", "was "]
    } else {
        &[
            "is ",
            "was ",
            "is: ",
            "should be ",
            "will be ",
            "to ",
            "set to ",
        ]
    };
    for verb in verbs {
        if ascii::has(bytes, spaced, verb) {
            return Some(Join {
                form: Joint::Sentence,
                value: spaced + verb.len(),
            });
        }
    }
    // Twenty bytes are the least that a random value has.
    let is_long = ascii::short_run(bytes, spaced, ANY_BASE64 | ascii::DOT, 20) == spaced + 20;
    is_long.then_some(Join {
        form: Joint::Beside,
        value: spaced,
    })
}

/// `name 'value'` on a line of its own, a keyword's `:name "value"`, SQL's `PASSWORD 'value'`.
fn is_statement(bytes: &[u8], start: usize, end: usize, value: usize) -> bool {
    if ascii::before(bytes, start) == b':' {
        return true;
    }
    let quote = ascii::at(bytes, value);
    let name = ascii::part(bytes, start, end);
    if quote == b'\'' && name.len() > 2 && ascii::all(name, UPPER | ascii::UNDERSCORE) {
        return true;
    }
    let indent = ascii::run_back(bytes, start, SPACE, 64);
    if !matches!(ascii::before(bytes, indent), b'\n' | 0) {
        return false;
    }
    let window = ascii::part(bytes, value + 1, value + 256);
    let Some(close) = memchr::memchr2(quote, b'\n', window) else {
        return false;
    };
    let rest = ascii::run(window, close + 1, SPACE);
    ascii::at(window, close) == quote
        && matches!(
            ascii::at(window, rest),
            b'\n' | b'\r' | b'#' | b';' | b',' | 0
        )
}

/// `ENV NAME value` of a container file, `setx NAME value`.
fn follows_setter(bytes: &[u8], start: usize) -> bool {
    ["ENV ", "ARG ", "setx ", "SETX "].iter().any(|word| {
        start.checked_sub(word.len()).is_some_and(|from| {
            ascii::part(bytes, from, start) == word.as_bytes()
                && matches!(ascii::before(bytes, from), b'\n' | 0)
        })
    })
}

/// `login NAME` before a password, as in a netrc file; `USER NAME` before `PASS`, as clients say it.
fn follows_login(bytes: &[u8], start: usize) -> bool {
    let login = if ascii::has(bytes, start, "password ") {
        "login"
    } else if ascii::part(bytes, start, start + 5) == b"PASS " {
        "USER"
    } else {
        return false;
    };
    let name_end = ascii::run_back(bytes, start, BLANK, 64);
    let head = ascii::part(bytes, name_end.saturating_sub(64), name_end);
    let name = head
        .iter()
        .rev()
        .take_while(|byte| !ascii::is(**byte, BLANK))
        .count();
    let word_end = ascii::run_back(bytes, name_end - name, BLANK, 8);
    ascii::part(bytes, ascii::run_back(bytes, word_end, WORD, 8), word_end) == login.as_bytes()
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
