//! The shape of random bytes, and what has it and is none.

use crate::redact::ascii::{self, ANY_HEX, DIGIT, LOWER, UPPER};
use crate::redact::base64;

/// Length of a token, in bytes.
pub(super) const SHORTEST: usize = 32;
const MAX_LEN: usize = 100;

/// How the base64 of files starts: images, fonts, archives, certificates.
#[rustfmt::skip]
const FILES: &[&str] = &[
    "iVBORw0KGgo", "/9j/", "R0lGOD", "JVBER", "UEsDB", "H4sI", "AGFzbQ", "d09G", "MII", "PHN2Zy",
    "PD94bW", "Qk0", "T2dnU", "SUQz", "AAAA", "LS0tLS1",
];

/// Whether the bytes have the shape of random ones.
pub(super) fn is_shape(token: &[u8]) -> bool {
    let length = token.len();
    if !(SHORTEST..=MAX_LEN).contains(&length) || matches!(length, 64 | 76) {
        return false;
    }
    let [mut lower, mut upper, mut digits, mut pairs, mut turns] = [0; 5];
    let mut seen = 0u128;
    let mut before = 0;
    for byte in token {
        let kind = if ascii::is(*byte, LOWER) {
            lower += 1;
            LOWER
        } else if ascii::is(*byte, UPPER) {
            upper += 1;
            UPPER
        } else if ascii::is(*byte, DIGIT) {
            digits += 1;
            DIGIT
        } else {
            0
        };
        // A sign between words is no turn.
        if kind != 0 && before != 0 {
            pairs += 1;
            turns += usize::from(kind != before);
        }
        before = kind;
        seen |= 1 << (byte & 127);
    }
    let signs = length - lower - upper - digits;
    if lower * 7 < length || upper * 7 < length || digits < 2 || signs * 6 > length {
        return false;
    }
    let different = usize::try_from(seen.count_ones()).unwrap_or(0);
    // Random bytes of 62 turn in 62 of 100 places; the words of an identifier in 33.
    turns * 100 >= pairs * 45
        && different * 100 >= expected(length) * 72
        && !is_hex(token)
        && !is_file(token)
}

/// How many different letters so many random ones of 62 have.
fn expected(length: usize) -> usize {
    const AT: &[(usize, usize)] = &[(32, 25), (40, 30), (50, 34), (60, 38), (80, 45), (101, 50)];
    AT.iter()
        .find(|(most, _)| length <= *most)
        .map_or(50, |(_, different)| *different)
}

fn is_hex(token: &[u8]) -> bool {
    let digits = token.strip_prefix(b"0x").unwrap_or(token);
    ascii::all(digits, ANY_HEX | ascii::DASH)
}

/// Whether it is the base64 of a file or of plain text.
fn is_file(token: &[u8]) -> bool {
    FILES
        .iter()
        .any(|start| token.starts_with(start.as_bytes()))
        || base64::decode(token).is_some_and(|bytes| {
            let plain = bytes
                .iter()
                .filter(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'))
                .count();
            plain * 100 >= bytes.len() * 95
        })
}
