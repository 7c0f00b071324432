//! E-mail addresses.

use super::Class;
use super::ascii::{self, ALNUM, ALPHA, DASH, DOT, PERCENT, SLUG, Set};
use super::finding::Findings;

/// Longest local part, in bytes (RFC 5321, section 4.5.3.1).
const MAX_LOCAL_LEN: usize = 64;

/// Longest domain, in bytes.
const MAX_DOMAIN_LEN: usize = 255;

const DOMAIN: Set = ALNUM | DASH | DOT;

/// Finds all addresses of `text`.
pub(crate) fn scan(text: &str, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let mut least = 0;
    for at in memchr::memchr_iter(b'@', bytes) {
        if let Some((start, end)) = address(text, at, least) {
            findings.add(start, end, Class::Email, "e-mail address");
            least = end;
        }
    }
}

/// The address around the `@` at `at`.
fn address(text: &str, at: usize, least: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (end, _) = domain(bytes, at + 1)?;
    let start = local(text, at).max(least);
    if start == at {
        return None;
    }
    // `git@host:path` names a service, not a person.
    let local = ascii::part(bytes, start, at);
    (local != b"git").then_some((start, end))
}

/// Where the local part starts: letters of any script, digits and `._%+-`.
fn local(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let is_local = |byte: u8| ascii::is(byte, SLUG | DOT | PERCENT) || byte == b'+' || byte >= 0x80;
    let from = at.saturating_sub(MAX_LOCAL_LEN);
    let head = ascii::part(bytes, from, at);
    let mut start = from
        + head
            .iter()
            .rposition(|byte| !is_local(*byte))
            .map_or(0, |index| index + 1);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    // The letter of an escape such as `\n` does not belong to the address.
    if ascii::before(bytes, start) == b'\\' && matches!(ascii::at(bytes, start), b'n' | b't' | b'r')
    {
        start += 1;
    }
    start
        + ascii::part(bytes, start, at)
            .iter()
            .take_while(|byte| matches!(byte, b'.' | b'-' | b'%'))
            .count()
}

/// Where the domain ends: labels with at least one point, and a last label of letters.
fn domain(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let mut end = ascii::short_run(bytes, start, DOMAIN, MAX_DOMAIN_LEN);
    while end > start && matches!(ascii::before(bytes, end), b'.' | b'-') {
        end -= 1;
    }
    let name = ascii::part(bytes, start, end);
    let point = name.iter().rposition(|byte| *byte == b'.')?;
    let last = ascii::part(name, point + 1, name.len());
    let sound = point > 0
        && (2..=24).contains(&last.len())
        && (ascii::all(last, ALPHA) || last.starts_with(b"xn--"))
        && ascii::is(ascii::at(bytes, start), ALNUM);
    sound.then_some((end, point))
}
