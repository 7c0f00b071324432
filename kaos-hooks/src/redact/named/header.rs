//! Headers whose value is more than one word.

use super::given::{self, MAX_VALUE_LEN, Named};
use super::join::{Join, Joint};
use crate::redact::ascii::{self, ALNUM, DASH, SPACE, WORD};
use crate::redact::lookahead::{Lookahead, Mark};
use crate::redact::vocabulary::Meaning;
use crate::redact::{sentinel, value};

/// `Authorization: SCHEME credentials`: the scheme stays.
pub(super) fn authorization(text: &str, join: &Join, ahead: &mut Lookahead) -> Option<Named> {
    let bytes = text.as_bytes();
    if !matches!(
        join.form,
        Joint::Colon | Joint::Equals | Joint::Constant | Joint::Argument | Joint::Query
    ) {
        return None;
    }
    let mut start = join.value;
    start += ascii::short_run(bytes, start, ascii::QUOTE | ascii::BACKSLASH, 4) - start;
    let mut end = ahead.end(bytes, Mark::Header, start, start + MAX_VALUE_LEN);
    while end > start && matches!(ascii::before(bytes, end), b' ' | b',' | b';') {
        end -= 1;
    }
    // `Authorization: Digest username="x"` reads as a type and a value, too.
    let head = ascii::part(bytes, start.saturating_sub(32), start + 7);
    if ascii::find(head, b"Digest ").is_some() {
        return digest(bytes, start);
    }
    let word_end = ascii::run(bytes, start, WORD | DASH);
    let has_scheme = ascii::at(bytes, word_end) == b' ' && word_end > start;
    let credentials = if has_scheme { word_end + 1 } else { start };
    // After one word of credentials comes prose, except in schemes with parameters.
    let mut has = |mark| ahead.find(bytes, mark, credentials, end).is_some();
    if !has(Mark::Equals) && !has(Mark::Comma) {
        end = ahead.end(bytes, Mark::Word, credentials, end);
    }
    let value = given::head(text, credentials, end);
    let glued = sentinel::glued(value.as_bytes(), 0, |from| {
        ascii::run(
            value.as_bytes(),
            from,
            ascii::ANY_BASE64 | ascii::DOT | ascii::TILDE,
        )
    });
    let is_secret = glued.is_some()
        || value.len() >= 6
            && (value::is_token(value) || value::is_password(value) || value.len() >= 24)
            && !value::is_placeholder(value)
            && !value::is_code(value)
            && !value::is_expression(value, 0);
    Some(Named {
        start: credentials,
        end,
        meaning: Meaning::Authorization,
        rule: is_secret.then_some("authorization header"),
        is_compared: false,
    })
}

/// What a client answers of its password: `Digest username="x", …, response="HEX"`.
fn digest(bytes: &[u8], start: usize) -> Option<Named> {
    const KEY: &[u8] = b"response=\"";
    let window = ascii::part(bytes, start, start + 1024);
    let line = memchr::memchr(b'\n', window).unwrap_or(window.len());
    let from = start + ascii::find(ascii::part(window, 0, line), KEY)? + KEY.len();
    let end = ascii::short_run(bytes, from, ascii::ANY_HEX, 128);
    Some(Named {
        start: from,
        end,
        meaning: Meaning::Authorization,
        rule: (end > from).then_some("authorization header"),
        is_compared: false,
    })
}

/// Whether the first cookie is a sentinel.
fn is_redacted(value: &str) -> bool {
    value
        .find("=<redacted:")
        .is_some_and(|equals| sentinel::end(value.as_bytes(), equals + 1).is_some())
}

/// `Cookie: a=b; c=d` whole, of `Set-Cookie: a=b; Path=/` the first part.
pub(super) fn cookie(text: &str, name: &str, join: &Join, ahead: &mut Lookahead) -> Option<Named> {
    let bytes = text.as_bytes();
    if join.form != Joint::Colon {
        return None;
    }
    let mut start = join.value;
    start += ascii::short_run(bytes, start, ascii::QUOTE | ascii::BACKSLASH, 4) - start;
    let set = name.len() > "cookie".len();
    let mark = if set { Mark::SetCookie } else { Mark::Header };
    let end = ahead.end(bytes, mark, start, start + MAX_VALUE_LEN);
    let value = ascii::cut(text, start, end);
    let equals = ahead.find(bytes, Mark::Equals, start, end);
    let is_secret = equals
        .is_some_and(|equals| !ascii::any(ascii::part(bytes, start, equals), SPACE))
        && ascii::is(ascii::at(bytes, start), ALNUM | ascii::UNDERSCORE)
        && !value::is_placeholder(value.trim_end())
        && !is_redacted(value);
    Some(Named {
        start,
        end,
        meaning: Meaning::Cookie,
        rule: is_secret.then_some("cookie header"),
        is_compared: false,
    })
}
