//! Private keys in PEM and `OpenPGP` armour, whole or cut off.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Class;
use super::ascii::{self, ANY_BASE64, BLANK, UPPER};
use super::finding::Findings;

/// How a block of armour starts.
pub(crate) const BEGIN: &str = "-----BEGIN ";

/// Longest part of a line that is read at once, in bytes.
const MAX_LINE_LEN: usize = 4096;

/// Made once: a soup of headers looks for the next one at each of them.
static FIND_BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN));

const END: &[u8] = b"-----END ";

/// Longest label between `BEGIN` and the dashes, in bytes.
const MAX_LABEL_LEN: usize = 64;

/// Longest first line of a private key, in bytes.
pub(crate) const MAX_BEGIN_LEN: usize = BEGIN.len() + MAX_LABEL_LEN + 5;

/// How other private keys start, on a line of their own: RFC 4716's envelope, and `PuTTY`'s files.
pub(crate) const OTHERS: &[&str] = &[
    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
    "Private-Lines: ",
];

/// Whether bytes end within the first line of a private key, as far as one can tell.
pub(crate) fn ends_in_begin(bytes: &[u8]) -> bool {
    let is_open = |begin: &str| {
        let start = memchr::memmem::rfind(bytes, begin.as_bytes());
        start.is_some_and(|start| body(bytes, start).is_none())
    };
    is_open(BEGIN) || OTHERS.iter().any(|begin| is_open(begin))
}

/// Where the body of the private key starts whose `-----BEGIN ` starts at `start`.
pub(crate) fn body(bytes: &[u8], start: usize) -> Option<usize> {
    if OTHERS.iter().any(|other| ascii::has(bytes, start, other)) {
        let window = ascii::part(bytes, start, start + MAX_LABEL_LEN);
        return memchr::memchr(b'\n', window).map(|end| start + end + 1);
    }
    let label = start + BEGIN.len();
    let window = ascii::part(bytes, label, label + MAX_LABEL_LEN);
    let dashes = ascii::run(window, 0, UPPER | ascii::SPACE | ascii::DIGIT);
    let name = ascii::part(window, 0, dashes);
    let is_private = name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK");
    (is_private && ascii::part(window, dashes, dashes + 5) == b"-----")
        .then_some(label + dashes + 5)
}

/// Where the key ends that starts at `start` and whose body starts at `body`.
///
/// Without an end line the key was cut off: it goes on as far as lines look like a key's.
pub(crate) fn end(bytes: &[u8], body: usize) -> usize {
    let mut position = body;
    loop {
        // A longer line is read in parts: a soup of headers asks for its end at each of them.
        let window = ascii::part(bytes, position, position + MAX_LINE_LEN);
        let line_end =
            position + memchr::memchr(b'\n', window).map_or(window.len(), |length| length + 1);
        // The next key ends this one, wherever it stands.
        let line = ascii::part(bytes, position, line_end);
        let starts = line.starts_with(BEGIN.as_bytes());
        let next = if starts {
            Some(0)
        } else {
            FIND_BEGIN.find(line)
        };
        let line = ascii::part(line, 0, next.unwrap_or(line.len()));
        if let Some(found) = find_end(line) {
            let label = position + found + END.len();
            let window = ascii::part(bytes, label, label + MAX_LABEL_LEN);
            let close = memchr::memmem::find(window, b"-----").map_or(0, |dashes| dashes + 5);
            return label + close;
        }
        match body_part(line) {
            length if length == line.len() && next.is_none() && line_end < bytes.len() => {
                position = line_end;
            }
            length => return trimmed(bytes, body, position + length),
        }
    }
}

/// Where an end line's dashes start, looked for only where a dash is.
fn find_end(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'-', line).find(|dash| ascii::part(line, *dash, dash + END.len()) == END)
}

/// Whether a whole line can be a part of a key.
pub(crate) fn is_body(line: &[u8]) -> bool {
    body_part(line) == line.len()
}

/// How much of the start of a line belongs to a key: base64 in any kind of quoting.
fn body_part(line: &[u8]) -> usize {
    let text = ascii::run(line, 0, BLANK);
    let word_end = ascii::run(line, text, ANY_BASE64 | ascii::BACKSLASH);
    if ascii::run(line, word_end, BLANK) == line.len() {
        return line.len();
    }
    if ascii::has(line, text, BEGIN) {
        return 0;
    }
    // Prose is told from a key by its first bytes; headers of armour end in a colon.
    if ["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Hash:"]
        .iter()
        .any(|header| ascii::has(line, text, header))
    {
        return line.len();
    }
    let word = |byte: u8| ascii::is(byte, ANY_BASE64 | ascii::BACKSLASH);
    let other = line
        .iter()
        .position(|byte| !word(*byte) && !is_wrapping(*byte));
    let length = other.unwrap_or(line.len());
    // Lines of prose have no word as long as a line of a key; the last line may be short.
    let longest = ascii::part(line, 0, length)
        .split(|byte| !word(*byte))
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0);
    let words = ascii::part(line, text, length)
        .split(|byte| ascii::is(*byte, ascii::SPACE))
        .filter(|w| w.len() > 3)
        .count();
    if longest >= 32 || words <= 1 {
        length
    } else {
        0
    }
}

/// Quotes and signs with which programs join the lines of a key.
fn is_wrapping(byte: u8) -> bool {
    ascii::is(byte, BLANK | ascii::QUOTE) || matches!(byte, b'+' | b'.' | b',' | b';')
}

/// Whether there is nothing but such signs: the key may go on behind them.
pub(crate) fn is_wrapped(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| is_wrapping(*byte) || *byte == b'\\')
}

/// Leaves blanks and quotes behind the key where they are.
fn trimmed(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut end = end;
    while end > start
        && (is_wrapping(ascii::before(bytes, end)) || ascii::before(bytes, end) == b'\\')
    {
        end -= 1;
    }
    end
}

/// Finds the private key whose `-----BEGIN ` starts at `start`; gives where it ends.
pub(crate) fn find(bytes: &[u8], start: usize, findings: &mut Findings) -> Option<usize> {
    let end = end(bytes, body(bytes, start)?);
    findings.add(start, end, Class::PrivateKey, "private key block");
    Some(end)
}
