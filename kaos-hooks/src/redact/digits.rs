//! Numbers that mean a person or an account: cards, SSN, ITIN, EIN.

use super::Class;
use super::ascii::{self, ALNUM, DIGIT};
use super::finding::Findings;

/// Fewest digits that any of these numbers has.
const FEWEST: usize = 9;

/// Longest sequence that is read as one number with its separators, in digits.
const LONGEST: usize = 19;

/// Finds all numbers that start in `from..to`.
pub(crate) fn scan(bytes: &[u8], from: usize, to: usize, findings: &mut Findings) {
    let mut from = from;
    while let Some(start) = candidate(ascii::part(bytes, 0, to), from) {
        from = sequence(bytes, start, findings);
    }
}

/// Where the next sequence starts that has enough digits: blocks of text without are skipped.
pub(crate) fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 16;
    // Nine digits with single separators span 17 bytes or fewer, so one of two neighbouring
    // blocks has at least four.
    let (mut position, mut from) = (from, from);
    while position < bytes.len() {
        let block = ascii::part(bytes, position, position + BLOCK);
        let digits: u8 = block
            .iter()
            .map(|byte| u8::from(byte.wrapping_sub(b'0') < 10))
            .sum();
        if digits >= 4 {
            let start = position.saturating_sub(BLOCK).max(from);
            let end = (position + 2 * BLOCK).min(bytes.len());
            if let Some(found) = dense(bytes, start, end) {
                return Some(found);
            }
            // No sequence starts before, so none is looked for there again.
            from = end;
            position = end;
            continue;
        }
        position += BLOCK;
    }
    None
}

/// The first digit in `start..end` that begins a sequence of at least nine digits.
fn dense(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let mut position = start;
    while position < end {
        if ascii::is(ascii::at(bytes, position), DIGIT) {
            let (digits, next) = span(bytes, position, FEWEST);
            if digits >= FEWEST {
                return Some(position);
            }
            position = next;
        } else {
            position += 1;
        }
    }
    None
}

/// How many digits with single separators follow each other from `start`, and where they end;
/// it stops counting at `enough`.
fn span(bytes: &[u8], start: usize, enough: usize) -> (usize, usize) {
    let (mut digits, mut position) = (0, start);
    while digits < enough {
        let byte = ascii::at(bytes, position);
        if ascii::is(byte, DIGIT) {
            digits += 1;
        } else if !(is_separator(byte) && ascii::is(ascii::at(bytes, position + 1), DIGIT)) {
            break;
        }
        position += 1;
    }
    (digits, position)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.')
}

/// Reads the number that starts at `start`, or its first group; gives where to go on.
fn sequence(bytes: &[u8], start: usize, findings: &mut Findings) -> usize {
    let group_end = ascii::run(bytes, start, DIGIT);
    let prev = ascii::before(bytes, start);
    let in_word = ascii::is(prev, ascii::WORD)
        || prev >= 0x80
        || (is_separator(prev)
            && prev != b' '
            && ascii::is(ascii::before(bytes, start - 1), ALNUM));
    if !in_word && let Some((end, class)) = number(bytes, start, group_end) {
        findings.add(start, end, class, "number with a check");
        return end;
    }
    // The next group is a start of its own: a table may put a card behind other numbers.
    group_end
}

fn number(bytes: &[u8], start: usize, group_end: usize) -> Option<(usize, Class)> {
    let first = group_end - start;
    if first == 3
        && let Some(end) = grouped(bytes, start, &[3, 2, 4])
    {
        let area = value(bytes, start, 3);
        let group = value(bytes, start + 4, 2);
        let serial = value(bytes, start + 7, 4);
        if is_ssn(area, group, serial) {
            return Some((end, Class::Ssn));
        }
        if is_itin(area, group) {
            return Some((end, Class::Itin));
        }
    }
    if first == 2
        && ascii::at(bytes, group_end) == b'-'
        && let Some(end) = grouped(bytes, start, &[2, 7])
        && is_ein(value(bytes, start, 2))
    {
        return Some((end, Class::Ein));
    }
    let may_be_card = first >= 4
        && !is_in_table(bytes, start)
        && !is_in_list(bytes, start, group_end)
        && matches!(ascii::at(bytes, start), b'2'..=b'6');
    if may_be_card {
        card(bytes, start, first).map(|end| (end, Class::Card))
    } else {
        None
    }
}

/// The end of a number written in groups of these lengths with one kind of separator.
fn grouped(bytes: &[u8], start: usize, groups: &[usize]) -> Option<usize> {
    let separator = ascii::at(bytes, start + groups.first()?);
    if !is_separator(separator) {
        return None;
    }
    let mut position = start;
    for (index, length) in groups.iter().enumerate() {
        if index > 0 {
            if ascii::at(bytes, position) != separator {
                return None;
            }
            position += 1;
        }
        let end = ascii::short_run(bytes, position, DIGIT, length + 1);
        if end - position != *length {
            return None;
        }
        position = end;
    }
    ends_number(bytes, position).then_some(position)
}

/// Whether no letter or digit goes on at `end`, not even behind a dash or point.
fn ends_number(bytes: &[u8], end: usize) -> bool {
    let next = ascii::at(bytes, end);
    if ascii::is(next, ascii::WORD) {
        return false;
    }
    !(matches!(next, b'-' | b'.') && ascii::is(ascii::at(bytes, end + 1), DIGIT))
}

fn value(bytes: &[u8], start: usize, length: usize) -> u32 {
    ascii::part(bytes, start, start + length)
        .iter()
        .fold(0, |value, digit| {
            value * 10 + u32::from(digit.wrapping_sub(b'0'))
        })
}

/// Whether a column of four hexadecimal digits stands before: a table, not a card.
fn is_in_table(bytes: &[u8], start: usize) -> bool {
    let Some(column) = start.checked_sub(5) else {
        return false;
    };
    let before = ascii::part(bytes, column, start - 1);
    ascii::before(bytes, start) == b' '
        && ascii::all(before, DIGIT | ascii::HEX_UPPER)
        && !ascii::is(ascii::before(bytes, column), ALNUM)
}

/// The end of a card number: 12 to 19 digits in one group or in groups of three to six.
/// Whether a number is an item of a program's list: indented, with a comma behind, alone on its
/// line.
fn is_in_list(bytes: &[u8], start: usize, end: usize) -> bool {
    const INDENT: usize = 4;
    let indent = ascii::run_back(bytes, start, ascii::SPACE, 64);
    start - indent >= INDENT
        && matches!(ascii::before(bytes, indent), b'\n' | 0)
        && ascii::at(bytes, end) == b','
        && matches!(ascii::at(bytes, end + 1), b'\n' | b'\r')
}

fn card(bytes: &[u8], start: usize, first: usize) -> Option<usize> {
    let mut digits = Digits::default();
    let mut position = start;
    let mut separator = 0;
    let mut length = first;
    let mut longest = None;
    loop {
        for digit in ascii::part(bytes, position, position + length.min(LONGEST + 1)) {
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
        if !(2..=6).contains(&length) || digits.length + length > LONGEST {
            return longest;
        }
        position += 1;
    }
}

/// Up to 19 digits.
#[derive(Default)]
struct Digits {
    digits: [u8; LONGEST],
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

/// Areas 000, 666 and 900 to 999, group 00 and serial 0000 were never given out.
fn is_ssn(area: u32, group: u32, serial: u32) -> bool {
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0
}

/// A taxpayer number starts with 9; its group is in the ranges that the IRS gives out.
fn is_itin(area: u32, group: u32) -> bool {
    matches!(area, 900..=999) && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// The prefixes of the campuses of the IRS that give out employer numbers.
fn is_ein(prefix: u32) -> bool {
    matches!(prefix, 1..=6 | 10..=16 | 20..=27 | 30..=48 | 50..=68 | 71..=77 | 80..=88 | 90..=95 | 98 | 99)
}
