//! Sets of ASCII bytes, and walks over text by them.

/// A set of ASCII bytes; sets are joined with `|`.
pub(crate) type Set = u32;

pub(crate) const DIGIT: Set = 1;
pub(crate) const HEX_LOWER: Set = 1 << 1;
pub(crate) const HEX_UPPER: Set = 1 << 2;
pub(crate) const REST_LOWER: Set = 1 << 3;
pub(crate) const REST_UPPER: Set = 1 << 4;
pub(crate) const UNDERSCORE: Set = 1 << 5;
pub(crate) const DASH: Set = 1 << 6;
pub(crate) const DOT: Set = 1 << 7;
pub(crate) const PLUS_SLASH: Set = 1 << 8;
pub(crate) const EQUALS: Set = 1 << 9;
pub(crate) const SPACE: Set = 1 << 10;
pub(crate) const BREAK: Set = 1 << 11;
pub(crate) const QUOTE: Set = 1 << 12;
pub(crate) const BACKSLASH: Set = 1 << 13;
pub(crate) const TILDE: Set = 1 << 14;
pub(crate) const PERCENT: Set = 1 << 15;
pub(crate) const BANG: Set = 1 << 16;

pub(crate) const LOWER: Set = HEX_LOWER | REST_LOWER;
pub(crate) const UPPER: Set = HEX_UPPER | REST_UPPER;
pub(crate) const ALPHA: Set = LOWER | UPPER;
pub(crate) const ALNUM: Set = ALPHA | DIGIT;
pub(crate) const WORD: Set = ALNUM | UNDERSCORE;
pub(crate) const SLUG: Set = WORD | DASH;
pub(crate) const HEX: Set = DIGIT | HEX_LOWER;
pub(crate) const ANY_HEX: Set = HEX | HEX_UPPER;
pub(crate) const BASE32: Set = DIGIT | UPPER;
pub(crate) const BASE36: Set = DIGIT | LOWER;
pub(crate) const BASE64: Set = ALNUM | PLUS_SLASH | EQUALS;
pub(crate) const ANY_BASE64: Set = BASE64 | UNDERSCORE | DASH;
pub(crate) const BLANK: Set = SPACE | BREAK;

static TABLE: [Set; 256] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "checked when the table is made, at compile time"
)]
const fn table() -> [Set; 256] {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' => HEX_LOWER,
            b'g'..=b'z' => REST_LOWER,
            b'A'..=b'F' => HEX_UPPER,
            b'G'..=b'Z' => REST_UPPER,
            b'_' => UNDERSCORE,
            b'-' => DASH,
            b'.' => DOT,
            b'+' | b'/' => PLUS_SLASH,
            b'=' => EQUALS,
            b' ' | b'\t' => SPACE,
            b'\r' | b'\n' | 0x0b | 0x0c => BREAK,
            b'"' | b'\'' | b'`' => QUOTE,
            b'\\' => BACKSLASH,
            b'~' => TILDE,
            b'%' => PERCENT,
            b'!' => BANG,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// Whether `byte` is in `set`.
#[inline]
pub(crate) fn is(byte: u8, set: Set) -> bool {
    TABLE
        .get(usize::from(byte))
        .is_some_and(|sets| sets & set != 0)
}

/// The byte at `index`, 0 outside.
#[inline]
pub(crate) fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or(0)
}

/// The byte before `index`, 0 at the start.
#[inline]
pub(crate) fn before(bytes: &[u8], index: usize) -> u8 {
    index.checked_sub(1).map_or(0, |index| at(bytes, index))
}

/// The bytes of a range, none outside.
#[inline]
pub(crate) fn part(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end.min(bytes.len())).unwrap_or_default()
}

/// The text of a range, nothing where it is no range of `text`.
#[inline]
pub(crate) fn cut(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// The last boundary of a character at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the run of `set` that starts at `start` ends.
#[inline]
pub(crate) fn run(bytes: &[u8], start: usize, set: Set) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start
        + rest
            .iter()
            .position(|byte| !is(*byte, set))
            .unwrap_or(rest.len())
}

/// Where a run ends, at most `most` bytes on.
#[inline]
pub(crate) fn short_run(bytes: &[u8], start: usize, set: Set, most: usize) -> usize {
    run(part(bytes, 0, start + most), start, set)
}

/// Where the run of `set` that ends at `end` starts, at most `most` bytes back.
#[inline]
pub(crate) fn run_back(bytes: &[u8], end: usize, set: Set, most: usize) -> usize {
    let from = end.saturating_sub(most);
    let head = part(bytes, from, end);
    from + head
        .iter()
        .rposition(|byte| !is(*byte, set))
        .map_or(0, |index| index + 1)
}

/// Whether `bytes` has `needle` at `index`, ASCII case aside.
#[inline]
pub(crate) fn has(bytes: &[u8], index: usize, needle: &str) -> bool {
    part(bytes, index, index + needle.len()).eq_ignore_ascii_case(needle.as_bytes())
}

/// Where `needle` stands first: for short text, where a searcher is not worth its making.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, last) = (needle.first()?, needle.last()?);
    let length = needle.len();
    memchr::memchr_iter(*first, bytes).find(|start| {
        // Two bytes tell mostly.
        at(bytes, start + length - 1) == *last && part(bytes, *start, start + length) == needle
    })
}

/// Whether every byte is in `set`, and there is one.
pub(crate) fn all(bytes: &[u8], set: Set) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is(*byte, set))
}

/// All sets that some byte is in.
pub(crate) fn sets(bytes: &[u8]) -> Set {
    bytes.iter().fold(0, |sets, byte| {
        sets | TABLE.get(usize::from(*byte)).copied().unwrap_or(0)
    })
}

/// Whether some byte is in `set`.
pub(crate) fn any(bytes: &[u8], set: Set) -> bool {
    bytes.iter().any(|byte| is(*byte, set))
}
