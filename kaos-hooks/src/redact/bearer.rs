//! Credentials behind `Bearer` and `Basic`, wherever they stand.

use super::Class;
use super::ascii::{self, ANY_BASE64, DOT};
use super::base64;
use super::finding::Findings;
use super::pattern::Runs;
use super::value;

/// Finds the token behind `Bearer `, which ends at `end`.
pub(crate) fn bearer(text: &str, end: usize, runs: &mut Runs, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let start = ascii::short_run(bytes, end, ascii::SPACE, 8);
    let token_end = runs.end(bytes, start, ANY_BASE64 | DOT | ascii::TILDE);
    let head = ascii::cut(text, start, token_end.min(start + 64));
    if value::is_token(head) && !value::is_placeholder(head) {
        findings.add(
            start,
            token_end,
            Class::Authorization,
            "token behind Bearer",
        );
    }
}

/// Finds the base64 of `user:password` behind `Basic `, which ends at `end`, or what SASL's
/// `AUTH PLAIN` has: the same with zeros between (RFC 4616).
pub(crate) fn basic(bytes: &[u8], end: usize, runs: &mut Runs, findings: &mut Findings) {
    let start = ascii::short_run(bytes, end, ascii::SPACE, 8);
    let word_end = runs.end(bytes, start, ANY_BASE64);
    let head = ascii::part(bytes, start, word_end.min(start + 256));
    let is_pair = head.len() >= 4
        && base64::decode(head).is_some_and(|pair| {
            let zeros = memchr::memchr_iter(0, &pair).count();
            let is_text = |byte: &u8| *byte >= b' ' && *byte != 0x7f;
            zeros == 2 && pair.iter().all(|byte| *byte == 0 || is_text(byte))
                || pair.contains(&b':') && pair.iter().all(is_text)
        });
    if is_pair {
        findings.add(start, word_end, Class::Authorization, "pair behind Basic");
    }
}

/// Finds a JSON Web Token, or the beginning of one, whose `eyJ` starts at `start`.
pub(crate) fn jwt(bytes: &[u8], start: usize, runs: &mut Runs, findings: &mut Findings) {
    if ascii::is(ascii::before(bytes, start), ascii::WORD) {
        return;
    }
    let header = runs.end(bytes, start, ANY_BASE64);
    if header - start < 12 || ascii::at(bytes, header) != b'.' {
        return;
    }
    let payload = runs.end(bytes, header + 1, ANY_BASE64);
    if payload - header < 12 {
        return;
    }
    let end = if ascii::at(bytes, payload) == b'.' {
        ascii::run(bytes, payload + 1, ANY_BASE64)
    } else {
        payload
    };
    findings.add(start, end, Class::Jwt, "JSON Web Token");
}
