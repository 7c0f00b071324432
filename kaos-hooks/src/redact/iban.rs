//! International Bank Account Numbers.

use super::Class;
use super::ascii::{self, ALNUM, BASE32, DIGIT, UPPER};
use super::finding::Findings;

/// Country and length, IBAN registry of SWIFT, release 98.
#[rustfmt::skip]
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16),
    (b"BG", 22), (b"BH", 22), (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22),
    (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28), (b"EE", 20),
    (b"EG", 29), (b"ES", 24), (b"FI", 18), (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22),
    (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27), (b"GT", 28), (b"HR", 21), (b"HU", 28),
    (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26), (b"IT", 27), (b"JO", 30), (b"KW", 30),
    (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20), (b"LU", 20), (b"LV", 21),
    (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20), (b"MR", 27),
    (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23), (b"PK", 24),
    (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22), (b"RU", 33),
    (b"SA", 24), (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27),
    (b"SO", 23), (b"ST", 25), (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29),
    (b"VA", 22), (b"VG", 24), (b"XK", 20), (b"YE", 30),
];

/// The shortest of them: Norway's.
const SHORTEST: usize = 15;

/// Finds all account numbers that start in `from..to`, in one piece or in groups of four.
pub(crate) fn scan(bytes: &[u8], from: usize, to: usize, findings: &mut Findings) {
    if to - from < SHORTEST {
        return;
    }
    let mut from = from;
    while let Some(start) = candidate(ascii::part(bytes, 0, to), from) {
        from = match number(bytes, start) {
            Some(end) => {
                findings.add(start, end, Class::Iban, "IBAN");
                end
            }
            None => start + 1,
        };
    }
}

/// Where the next two capitals stand that two digits follow.
pub(crate) fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    // Every third byte is looked at: four bytes of this form have one of them in the second
    // to fourth place.
    let mut position = from + 2;
    while position < bytes.len() {
        // A digit is the third or fourth of them, a capital the first or second.
        let byte = ascii::at(bytes, position);
        let back = if ascii::is(byte, DIGIT) {
            Some((3, 2))
        } else {
            ascii::is(byte, UPPER).then_some((1, 0))
        };
        if let Some((first, last)) = back {
            let (first, last) = (
                position.saturating_sub(first),
                position.saturating_sub(last),
            );
            for start in first.max(from)..=last {
                if starts(bytes, start) {
                    return Some(start);
                }
            }
        }
        position += 3;
    }
    None
}

fn starts(bytes: &[u8], start: usize) -> bool {
    let &[first, second, third, fourth] = ascii::part(bytes, start, start + 4) else {
        return false;
    };
    ascii::is(first, UPPER)
        && ascii::is(second, UPPER)
        && ascii::is(third, DIGIT)
        && ascii::is(fourth, DIGIT)
        && !ascii::is(ascii::before(bytes, start), ALNUM)
}

/// Where the account number ends that starts at `start`.
fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let country = ascii::part(bytes, start, start + 2);
    let &(_, length) = LENGTHS
        .iter()
        .find(|(code, _)| code.as_slice() == country)?;
    let spaced = ascii::at(bytes, start + 4) == b' ';
    let mut characters = [0u8; 34];
    let mut read = 0;
    let mut position = start;
    while read < length {
        let byte = ascii::at(bytes, position);
        let gap = spaced && byte == b' ' && read > 0 && read.is_multiple_of(4);
        if ascii::is(byte, BASE32) {
            *characters.get_mut(read)? = byte;
            read += 1;
        } else if !gap || ascii::before(bytes, position) == b' ' {
            return None;
        }
        position += 1;
    }
    (!ascii::is(ascii::at(bytes, position), ALNUM) && is_valid(ascii::part(&characters, 0, length)))
        .then_some(position)
}

/// ISO 7064 mod 97-10: country and check digits at the end, letters as two digits, rest one.
pub(crate) fn is_valid(characters: &[u8]) -> bool {
    let (head, tail) = characters.split_at(characters.len().min(4));
    let rest = tail.iter().chain(head).fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.wrapping_sub(b'A')) + 10) % 97,
    });
    rest == 1
}
