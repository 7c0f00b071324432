//! Tokens without a name or a known form: long, of both cases and digits, and without any order.
//!
//! Much else is long and without order: digests, identifiers, images in base64, minified code. So
//! a run of token bytes needs the shape of a random one, and a place where people put secrets:
//! alone on its line, or behind a word such as *key* or *license*.

mod shape;

use std::sync::LazyLock;

use shape::{SHORTEST, is_shape};

use super::Class;
use super::ascii::{self, ALNUM, BLANK, DIGIT, LOWER, QUOTE, Set, UPPER};
use super::draft::Changed;
use super::finding::{Finding, Findings};
use super::sentinel::Gaps;
use super::word_set::WordSet;

const RULE: &str = "random token";

/// The bytes of a token; `=` may follow them as padding.
const TOKEN: Set = ALNUM
    | ascii::UNDERSCORE
    | ascii::DASH
    | ascii::DOT
    | ascii::PLUS_SLASH
    | ascii::TILDE
    | ascii::BANG;

/// Longest line of wrapped base64, in bytes; a run that is longer is no token and no line of one.
const MAX_LINE_LEN: usize = 128;

/// A line of base64 that is as long as this is one of many.
const WRAPPED: usize = 60;

/// How far before a token a word that tells of it may stand, in bytes.
const REACH: usize = 48;

/// Words before a token.
#[rustfmt::skip]
const TELLS: &[&str] = &[
    "key", "token", "access", "license", "licence", "secret", "auth", "credential", "bearer",
    "session", "private", "passw", "api ", "api_", "api-",
];

/// Words before what looks like a token and is public.
#[rustfmt::skip]
const SPARES: &[&str] = &[
    "sha", "hash", "digest", "checksum", "integrity", "commit", "etag", "fingerprint", "public",
    "signature", "certificate", "revision", "nonce", "cursor", "trace", "span", "uuid", "pubkey",
    "h1:", "md5", "blake", "crc", "hmac", "root", "verif", "http", "src=", "href",
];

static IS_TELLING: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(TELLS));

static IS_SPARING: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(SPARES));

/// Where the next run starts that could be a token, or a line of wrapped base64.
pub(crate) fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    loop {
        // One byte in so many is looked at, and those before it up to the last that is no token's.
        let probe = start + SHORTEST - 1;
        let head = bytes.get(start..=probe)?;
        if let Some(other) = head.iter().rposition(|byte| !ascii::is(*byte, TOKEN)) {
            start += other + 1;
            continue;
        }
        let end = ascii::run(bytes, probe, TOKEN);
        if end - start <= MAX_LINE_LEN
            && !ascii::is(ascii::before(bytes, start), TOKEN)
            && is_mixed(ascii::part(bytes, start, end))
        {
            return Some(start);
        }
        start = end;
    }
}

/// Whether both cases and digits occur.
fn is_mixed(run: &[u8]) -> bool {
    let sets = ascii::sets(run);
    sets & UPPER != 0 && sets & LOWER != 0 && sets & DIGIT != 0
}

/// Finds the tokens of a text where it has changed, between its sentinels.
pub(crate) fn scan(
    text: &str,
    sentinels: &[(usize, usize)],
    changed: &Changed,
    findings: &mut Findings,
) {
    let mut keys = None;
    for (from, to) in changed.within(text.len()) {
        for (from, to) in Gaps::new(sentinels, from, to) {
            scan_gap(text.as_bytes(), from, to, &mut keys, findings);
        }
    }
}

fn scan_gap(
    bytes: &[u8],
    from: usize,
    to: usize,
    keys: &mut Option<Keys>,
    findings: &mut Findings,
) {
    let mut from = from;
    while let Some(start) = candidate(ascii::part(bytes, 0, to), from) {
        let run_end = ascii::run(bytes, start, TOKEN);
        from = run_end;
        let (start, end) = trimmed(bytes, start, run_end);
        let token = ascii::part(bytes, start, end);
        if !is_shape(token) || is_digest(bytes, start) {
            continue;
        }
        let end = ascii::short_run(bytes, end, ascii::EQUALS, 2);
        if is_alone(bytes, start, end)
            || is_announced(bytes, start)
            || keys
                .get_or_insert_with(|| Keys::of(findings))
                .is_beside(bytes, start)
        {
            findings.add(start, end, Class::Token, RULE);
        }
    }
}

/// Where the keys end that other rules found, in order.
struct Keys(Vec<usize>);

impl Keys {
    fn of(findings: &Findings) -> Self {
        let is_key = |found: &&Finding| {
            matches!(
                found.class,
                Class::CloudKey | Class::ServiceKey | Class::CodeToken | Class::Secret
            )
        };
        let mut ends: Vec<usize> = findings.0.iter().filter(is_key).map(|it| it.end).collect();
        ends.sort_unstable();
        Self(ends)
    }

    /// Whether a key stands just before on the same line: the first half of a pair.
    fn is_beside(&self, bytes: &[u8], start: usize) -> bool {
        let before = self.0.partition_point(|end| *end <= start);
        let end = before.checked_sub(1).and_then(|last| self.0.get(last));
        end.is_some_and(|end| {
            start - end <= 16 && memchr::memchr(b'\n', ascii::part(bytes, *end, start)).is_none()
        })
    }
}

/// Whether a whole text is one token.
pub(crate) fn is_one(text: &str) -> bool {
    let bytes = text.as_bytes();
    let end = ascii::run_back(bytes, bytes.len(), ascii::EQUALS, 2);
    ascii::run(bytes, 0, TOKEN) == end && is_shape(ascii::part(bytes, 0, end))
}

/// Whether a line is a run of token bytes that could be one of wrapped base64.
pub(crate) fn is_run_line(line: &[u8]) -> bool {
    run_of(line).is_some_and(is_mixed)
}

fn run_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let end = ascii::run(line, 0, TOKEN);
    let padded = ascii::short_run(line, end, ascii::EQUALS, 2);
    ((SHORTEST..=MAX_LINE_LEN).contains(&end) && padded == line.len())
        .then(|| ascii::part(line, 0, end))
}

/// Without the signs of a sentence or a path around it.
fn trimmed(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    let run = ascii::part(bytes, start, end);
    let is_letter = |byte: &u8| ascii::is(*byte, ALNUM);
    let first = run.iter().position(is_letter).unwrap_or(0);
    let last = run.iter().rposition(is_letter).map_or(0, |last| last + 1);
    (start + first, start + last.max(first))
}

/// `sha256:…`, `sha512-…`, `h1:…`: a digest says how it was made.
fn is_digest(bytes: &[u8], start: usize) -> bool {
    let head = ascii::part(bytes, start, start + 8);
    let sign = ascii::run(head, 0, ALNUM);
    let is_algorithm = |name: &[u8]| {
        ["sha", "md5", "h1", "blake", "crc"]
            .iter()
            .any(|known| ascii::has(name, 0, known))
    };
    let before = ascii::before(bytes, start);
    let name = ascii::part(
        bytes,
        ascii::run_back(bytes, start.saturating_sub(1), ALNUM, 8),
        start.saturating_sub(1),
    );
    (ascii::at(head, sign) == b'-' && is_algorithm(head))
        || (matches!(before, b':' | b'-' | b'=') && is_algorithm(name))
}

/// Whether nothing else stands on its line, and the lines around are no wrapped base64.
fn is_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_frame = |byte: &u8| ascii::is(*byte, BLANK | QUOTE) || b",;|>*-[]()<#".contains(byte);
    let head = ascii::part(bytes, start.saturating_sub(64), start);
    let line = memchr::memrchr(b'\n', head).map(|index| index + 1);
    let Some(from) = line.or((start <= 64).then_some(0)) else {
        return false;
    };
    let tail = ascii::part(bytes, end, end + 64);
    let to = memchr::memchr(b'\n', tail).unwrap_or(tail.len());
    if to == 64
        || !ascii::part(head, from, head.len()).iter().all(is_frame)
        || !ascii::part(tail, 0, to).iter().all(is_frame)
    {
        return false;
    }
    let line_start = start - (head.len() - from);
    let above = ascii::part(
        bytes,
        line_start.saturating_sub(MAX_LINE_LEN + 64),
        line_start.saturating_sub(1),
    );
    let above = memchr::memrchr(b'\n', above)
        .map_or(above, |index| ascii::part(above, index + 1, above.len()));
    let below = ascii::part(bytes, end + to + 1, end + to + MAX_LINE_LEN + 64);
    let below = ascii::part(
        below,
        0,
        memchr::memchr(b'\n', below).unwrap_or(below.len()),
    );
    let is_wrapped = |line| run_of(line).is_some_and(|run| run.len() >= WRAPPED && is_mixed(run));
    // The third line of a signed checkpoint, below the tree's size, is the root's hash.
    let is_size = ascii::all(above.trim_ascii(), DIGIT) && line_start > 0;
    !is_wrapped(above) && !is_wrapped(below) && !is_size
}

/// Whether a word before it tells that it is a secret.
fn is_announced(bytes: &[u8], start: usize) -> bool {
    let head = ascii::part(bytes, start.saturating_sub(REACH), start);
    let line = memchr::memrchr(b'\n', head).map_or(0, |index| index + 1);
    let head = ascii::part(head, line, head.len());
    // The last of either.
    (0..head.len())
        .rev()
        .find(|at| IS_SPARING.is_at(head, *at) || IS_TELLING.is_at(head, *at))
        .is_some_and(|at| !IS_SPARING.is_at(head, at))
}
