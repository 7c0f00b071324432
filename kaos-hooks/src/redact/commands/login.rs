//! Calls and statements that log in: what they are given.

use std::sync::LazyLock;

use super::is_written;
use super::recent::Recent;
use crate::redact::Class;
use crate::redact::ascii::{self, SPACE};
use crate::redact::finding::Findings;
use crate::redact::lookahead::{Lookahead, Mark};
use crate::redact::word_set::WordSet;

/// Calls whose last words are an account and its password.
pub(crate) const LOGINS: &[&str] = &[
    "connect(",
    "auth=(",
    "login(",
    "logon(",
    "signin(",
    "sign_in(",
    "authenticate(",
    "auth(",
    "basicauth(",
    "basic_auth(",
    "credentials(",
    "credential(",
    "connection(",
    "identified by ",
    "convertto-securestring ",
    "usernamepassword(",
    "passwordauthentication(",
];

/// Finds the literals that the login call ending at `end` is given: `connect(url, "user", "pass")`.
///
/// `connect` and `connection` join other things, too: they need something before both.
pub(crate) fn login(
    text: &str,
    (start, end): (usize, usize),
    (ahead, recent): (&mut Lookahead, &mut Recent),
    findings: &mut Findings,
) {
    let bytes = text.as_bytes();
    let line = ascii::part(bytes, end, end + 256);
    let line = ascii::part(line, 0, memchr::memchr(b'\n', line).unwrap_or(line.len()));
    let is = |name: &str| ascii::has(bytes, start, name);
    let first = ahead.find(bytes, Mark::Literal, end, end + line.len());
    let has_literal = first.is_some_and(|at| matches!(ascii::at(bytes, at), b'"' | b'\''));
    if !has_literal && !is("identified") {
        return;
    }
    let mut literals = [(0, 0); 4];
    let count = read_literals(line, &mut literals);
    let literal = |index: usize| {
        literals
            .get(index)
            .map(|(from, to)| (end + from, end + to))
            .filter(|(from, to)| is_credential(ascii::cut(text, *from, *to)))
    };
    if is("identified") || is("convertto") {
        let is_next = ascii::is(ascii::at(line, 0), ascii::QUOTE);
        if (count > 0 && (is_next || is("convertto")))
            && let Some((from, to)) = literal(0)
        {
            findings.add(from, to, Class::Password, STATEMENT);
        } else if is("identified")
            && names_account(bytes, start, recent)
            && let Some((from, to)) = super::word(bytes, end)
        {
            let to = to - usize::from(ascii::before(bytes, to) == b';');
            let value = ascii::cut(text, from, to);
            if value.len() >= 2 && is_credential(value) {
                findings.add(from, to, Class::Password, STATEMENT);
            }
        }
        return;
    }
    let Some(last) = count.checked_sub(1) else {
        return;
    };
    let Some((_, close)) = literals.get(last).copied() else {
        return;
    };
    let closes = ascii::run(line, close + 1, SPACE);
    let first = literals
        .get(last.saturating_sub(1))
        .map_or(0, |literal| literal.0);
    let has_more = ascii::part(line, 0, first.saturating_sub(1)).contains(&b',');
    let between = literals
        .get(last.saturating_sub(1))
        .map_or(&[][..], |literal| {
            ascii::part(line, literal.1 + 1, literals.get(last).map_or(0, |it| it.0))
        });
    let are_neighbours = last > 0
        && between
            .iter()
            .all(|byte| ascii::is(*byte, SPACE | ascii::QUOTE) || *byte == b',');
    let joins_others = is("connect(") || is("connection(");
    if !matches!(ascii::at(line, closes), b')' | b',')
        || !are_neighbours
        || (joins_others && !has_more)
    {
        return;
    }
    if let (Some(name), Some(password)) = (literal(last - 1), literal(last)) {
        findings.add(name.0, name.1, Class::Username, "arguments of a login");
        findings.add(
            password.0,
            password.1,
            Class::Password,
            "arguments of a login",
        );
    }
}

const STATEMENT: &str = "statement that sets a password";

static IS_ACCOUNT: LazyLock<WordSet> =
    LazyLock::new(|| WordSet::new(&["create user ", "alter user "]));

/// Whether the statement makes or changes an account: `ALTER USER kim IDENTIFIED BY x`.
fn names_account(bytes: &[u8], start: usize, recent: &mut Recent) -> bool {
    let from = start.saturating_sub(128);
    recent
        .account
        .before(bytes, &IS_ACCOUNT, from, start)
        .is_some()
}

/// One word that is written out, and no address, path or call.
fn is_credential(value: &str) -> bool {
    value.len() >= 2
        && is_written(value)
        && !value
            .bytes()
            .any(|byte| matches!(byte, b' ' | b'/' | b'(' | b'{' | b'\\'))
        && !value.starts_with('.')
}

/// The string literals of a call's arguments, up to where it closes.
fn read_literals(line: &[u8], literals: &mut [(usize, usize); 4]) -> usize {
    let mut count = 0;
    let mut position = 0;
    while let Some(slot) = literals.get_mut(count) {
        let rest = ascii::part(line, position, line.len());
        let Some(found) = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\'' | b')' | b';'))
        else {
            break;
        };
        let open = position + found;
        let quote = ascii::at(line, open);
        if !matches!(quote, b'"' | b'\'') {
            break;
        }
        let Some(length) = memchr::memchr(quote, ascii::part(line, open + 1, line.len())) else {
            break;
        };
        *slot = (open + 1, open + 1 + length);
        position = open + length + 2;
        count += 1;
    }
    count
}
