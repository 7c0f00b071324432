//! What names a secret and is none: labels, selectors, paths, resources.

use std::sync::LazyLock;

use super::shape::{is_dotted_words, is_random};
use crate::redact::ascii::{self, ALPHA, DASH, DIGIT, DOT, SPACE, WORD};
use crate::redact::word_set::WordSet;

/// Words that a label, a selector or a path names a secret with.
const LABELS: &[&str] = &["passw", "secret", "token", "passphrase", "key", "pin code"];

static IS_LABEL: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(LABELS));

/// Words with the telling one among them: a label, a selector, a path, not the value.
pub(crate) fn is_label(value: &str) -> bool {
    let bytes = value.as_bytes();
    let names_it = || bytes.len() <= 256 && IS_LABEL.is_in(bytes);
    let is_titled =
        || matches!(bytes, [words @ .., b':'] if words.iter().all(|b| ascii::is(*b, ALPHA)));
    let is_slug = || {
        bytes.iter().all(|b| {
            ascii::is(*b, ALPHA | ascii::UNDERSCORE | DASH | DOT) || matches!(b, b'#' | b'/')
        }) && !ascii::all(bytes, ALPHA)
    };
    let is_path = || ascii::at(bytes, 0) == b'/' && memchr::memchr_iter(b'/', bytes).count() >= 2;
    let has_space = memchr::memchr2(b' ', b'\t', bytes).is_some();
    ((has_space || is_titled() || is_slug()) && names_it())
        || memchr::memchr(b'/', bytes).is_some() && (is_path() || is_file(value) || is_route(bytes))
        || has_space && memchr::memchr_iter(b' ', bytes).count() > 3
        || is_url(value)
}

/// `some/file.txt`, `name@host/path`.
fn is_file(value: &str) -> bool {
    is_dotted_words(value)
        && value
            .bytes()
            .all(|byte| ascii::is(byte, WORD | DASH | DOT | SPACE) || b"/:~@+,".contains(&byte))
}

/// `Resources/AWS::Stack/Properties/*`: words of letters with slashes between.
fn is_route(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'/', bytes).count() >= 2
        && bytes.iter().all(|byte| {
            ascii::is(*byte, ALPHA | ascii::UNDERSCORE | DASH) || b"/:*.".contains(byte)
        })
}

/// The name of a resource, or a range of versions: whatever its key says, this is no password.
pub(crate) fn names_a_thing(value: &str) -> bool {
    let range = value.trim_start_matches(['^', '~', '>', '=', '<']);
    let is_range = range.len() < value.len()
        && range.len() >= 3
        && ascii::all(range.as_bytes(), DIGIT | DOT)
        && range.contains('.');
    value.starts_with("arn:") || is_range
}

fn is_url(value: &str) -> bool {
    ["http://", "https://", "arn:", "urn:", "file:", "mailto:"]
        .iter()
        .any(|scheme| value.starts_with(scheme))
}

/// Whether the value only repeats the name, as in `password=password1` or a table of labels.
pub(crate) fn only_repeats(value: &str, name: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphabetic)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let bytes = value.as_bytes();
    bytes.len() <= 2 * name.len() + 16
        && !ascii::any(bytes, DIGIT)
        && bytes
            .iter()
            .all(|b| ascii::is(*b, WORD | DASH | DOT | SPACE))
        && !is_random(value)
        && {
            let letters = plain(value);
            !letters.is_empty() && letters == plain(name)
        }
}

/// The words of a wallet's seed (BIP 39: 12 to 24 of three to eight small letters, the last perhaps
/// cut off where a value is judged): they look like a label.
pub(crate) fn is_seed(value: &str) -> bool {
    let words = value.split(' ');
    let count = words.clone().count();
    (12..=24).contains(&count)
        && words.enumerate().all(|(index, word)| {
            let is_last = index + 1 == count;
            (is_last || word.len() >= 3)
                && word.len() <= 8
                && word.bytes().all(|byte| ascii::is(byte, ascii::LOWER))
        })
}
