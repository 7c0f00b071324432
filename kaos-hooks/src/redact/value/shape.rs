//! What a value looks like: an identifier, typed by hand, a token, random.

use crate::redact::ascii::{
    self, ALNUM, ALPHA, ANY_BASE64, ANY_HEX, DASH, DIGIT, DOT, LOWER, UPPER, WORD,
};

/// A name of a program: letters and underscores, perhaps a number at the end.
pub(crate) fn is_identifier(value: &str) -> bool {
    let bytes = value.as_bytes();
    let name = value.trim_end_matches(|c: char| c.is_ascii_digit());
    bytes.len() - name.len() <= 2
        && name
            .bytes()
            .all(|byte| ascii::is(byte, ALPHA | ascii::UNDERSCORE | DOT))
}

/// Letters and digits mixed, or long enough that no word has the length.
pub(crate) fn is_token(value: &str) -> bool {
    let bytes = value.as_bytes();
    let token_bytes = bytes.iter().all(|b| {
        ascii::is(*b, ANY_BASE64 | DOT | ascii::TILDE)
            || matches!(b, b':' | b'!' | b'$' | b'@' | b'%' | b'*' | b'|')
    });
    // Three points stand for what was left out.
    if !token_bytes || bytes.len() < 8 || is_broken_uuid(bytes) || bytes.ends_with(b"...") {
        return false;
    }
    if value.starts_with("0x") && bytes.len() <= 18 {
        return false;
    }
    // The cheap questions come first: most values do not look like anything.
    let sets = ascii::sets(bytes);
    let is_mixed = || {
        let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).take(2);
        sets & DIGIT != 0
            && sets & ALPHA != 0
            && (bytes.len() >= 16 || digits.count() == 2)
            && !is_dotted_words(value)
    };
    let is_long = bytes.len() >= 32 && ascii::all(bytes, ALNUM);
    (is_long || is_mixed()) && !is_compound(bytes)
}

/// `Ed25519PrivateKey`: at most one number, and at least half of it capitalised words of three or
/// more letters.
fn is_compound(bytes: &[u8]) -> bool {
    let numbers = bytes
        .split(|byte| !ascii::is(*byte, DIGIT))
        .filter(|number| !number.is_empty())
        .count();
    if numbers > 1 {
        return false;
    }
    let mut covered = 0;
    let mut position = 0;
    while position < bytes.len() {
        let end = ascii::run(bytes, position + 1, LOWER);
        if ascii::is(ascii::at(bytes, position), UPPER) && end - position >= 3 {
            covered += end - position;
        }
        position = end;
    }
    covered * 2 >= bytes.len()
}

/// `com.example.v2`, `some-name-2`, `path/to/file1`: words with a number.
pub(super) fn is_dotted_words(value: &str) -> bool {
    value
        .as_bytes()
        .split(|byte| !ascii::is(*byte, ALNUM))
        .all(|bytes| {
            let letters = bytes
                .iter()
                .take_while(|byte| ascii::is(**byte, ALPHA))
                .count();
            bytes.len() <= 16
                && (ascii::all(bytes, ALPHA)
                    || bytes.len() < 4 && ascii::any(bytes, ALPHA | DIGIT)
                    || bytes.is_empty()
                    || (letters >= 3
                        && bytes.len() - letters <= 2
                        && ascii::part(bytes, letters, bytes.len())
                            .iter()
                            .all(|b| ascii::is(*b, DIGIT))))
        })
}

/// 32 hexadecimal digits, a UUID, or at least 20 bytes that no one would write by hand.
pub(crate) fn is_random(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < 20
        || bytes.ends_with(b"--")
        || is_broken_uuid(bytes)
        || !bytes.iter().all(|byte| ascii::is(*byte, ANY_BASE64 | DOT))
    {
        return false;
    }
    let hex = bytes.iter().all(|byte| ascii::is(*byte, ANY_HEX | DASH))
        && bytes
            .iter()
            .filter(|byte| ascii::is(**byte, ANY_HEX))
            .count()
            >= 32;
    if hex {
        return is_varied(bytes);
    }
    let sets = ascii::sets(bytes);
    if sets & DIGIT == 0 {
        return false;
    }
    let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    let alternations = bytes
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if ascii::is(*a, DIGIT) != ascii::is(*b, DIGIT)))
        .count();
    let cases = sets & UPPER != 0 && sets & LOWER != 0;
    digits >= 2
        && is_varied(bytes)
        && !is_dotted_words(value)
        && (alternations >= 4 || (cases && alternations >= 2))
}

/// At least six different bytes.
fn is_varied(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(0u128, |seen, byte| seen | 1 << (byte & 127))
        .count_ones()
        >= 6
}

/// The length and dashes of a UUID with something else than hexadecimal digits between.
fn is_broken_uuid(bytes: &[u8]) -> bool {
    let is_dash = |index: usize| ascii::at(bytes, index) == b'-';
    bytes.len() == 36
        && [8, 13, 18, 23].into_iter().all(is_dash)
        && bytes
            .iter()
            .enumerate()
            .any(|(index, byte)| !matches!(index, 8 | 13 | 18 | 23) && !ascii::is(*byte, ANY_HEX))
}

/// A digit or a sign between letters: what people put into a password, not into a word.
pub(crate) fn is_password(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < 4 {
        return false;
    }
    let (mut letters, mut digits, mut signs) = (0, 0, 0);
    for byte in bytes {
        if ascii::is(*byte, ALPHA) {
            letters += 1;
        } else if ascii::is(*byte, DIGIT) {
            digits += 1;
        } else if !ascii::is(*byte, WORD | DOT | DASH) && *byte < 0x80 {
            signs += 1;
        }
        // Mostly the first few bytes tell.
        if (digits > 0 && letters > 0) || (signs > 0 && letters > 1) {
            return true;
        }
    }
    digits == bytes.len()
}
