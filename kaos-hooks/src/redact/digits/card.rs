//! Card numbers: issuer, length and the Luhn sum.

use super::groups::{MAX_LEN, ends_number, is_separator};
use crate::redact::ascii::{self, DIGIT};

/// The end of a card number: 12 to 19 digits in one group or in groups of three to six.
pub(super) fn card(bytes: &[u8], start: usize, first: usize) -> Option<usize> {
    let mut digits = Digits::default();
    let mut position = start;
    let mut separator = 0;
    let mut length = first;
    let mut longest = None;
    loop {
        for digit in ascii::part(bytes, position, position + length.min(MAX_LEN + 1)) {
            digits.push(digit.wrapping_sub(b'0'))?;
        }
        position += length;
        if ends_number(bytes, position) && is_card(&digits) {
            longest = Some(position);
        }
        let next = ascii::at(bytes, position);
        if !is_separator(next) || (separator != 0 && next != separator) || first > 6 {
            return longest;
        }
        separator = next;
        length = ascii::short_run(bytes, position + 1, DIGIT, 8) - position - 1;
        if !(2..=6).contains(&length) || digits.length + length > MAX_LEN {
            return longest;
        }
        position += 1;
    }
}

/// Up to 19 digits.
#[derive(Default)]
struct Digits {
    digits: [u8; MAX_LEN],
    length: usize,
}

impl Digits {
    fn push(&mut self, digit: u8) -> Option<()> {
        *self.digits.get_mut(self.length)? = digit;
        self.length += 1;
        Some(())
    }

    fn prefix(&self, length: usize) -> u32 {
        self.digits
            .iter()
            .take(length)
            .fold(0, |value, digit| value * 10 + u32::from(*digit))
    }
}

/// Whether these digits are a card number: an issuer's prefix and length, and the Luhn sum.
fn is_card(digits: &Digits) -> bool {
    let length = digits.length;
    let issued = match digits.prefix(6) {
        400_000..=499_999 => matches!(length, 13 | 16 | 19),
        510_000..=559_999 | 222_100..=272_099 => length == 16,
        340_000..=349_999 | 370_000..=379_999 => length == 15,
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            (14..=19).contains(&length)
        }
        352_800..=358_999
        | 601_100..=601_199
        | 620_000..=629_999
        | 644_000..=659_999
        | 220_000..=220_499 => (16..=19).contains(&length),
        501_800..=501_899
        | 502_000..=502_099
        | 503_800..=503_899
        | 589_300..=589_399
        | 630_400..=630_499
        | 675_900..=675_999
        | 676_100..=676_399 => (12..=19).contains(&length),
        _ => false,
    };
    issued && luhn(digits.digits.get(..length).unwrap_or_default())
}

/// Whether the Luhn sum of these digits is a multiple of ten.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
