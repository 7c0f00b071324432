//! Base64 as `Basic` credentials and wrapped PEM blocks use it.

use super::ascii;

/// The bytes of `text`, in the standard or the URL alphabet, padded or not.
///
/// A cut end (a last group of fewer than four digits) decodes as far as it goes.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |index| index + 1);
    let mut decoded = Vec::with_capacity(digits * 3 / 4);
    for group in ascii::part(text, 0, digits).chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            bits = bits << 6 | value(*digit)?;
        }
        bits <<= 6 * (4 - group.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        decoded.extend_from_slice(ascii::part(&bytes, 0, group.len() - 1));
    }
    Some(decoded)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}
