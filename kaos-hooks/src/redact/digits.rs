//! Numbers that mean a person or an account: cards, SSN, ITIN, EIN.

mod card;
mod groups;

use card::card;
use groups::{grouped, is_separator};

use super::Class;
use super::ascii::{self, ALNUM, DIGIT};
use super::finding::Findings;

/// Fewest digits that any of these numbers has.
const FEWEST: usize = 9;

/// Finds all numbers that start in `from..to`.
pub(crate) fn scan(bytes: &[u8], from: usize, to: usize, findings: &mut Findings) {
    if to - from < FEWEST {
        return;
    }
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
