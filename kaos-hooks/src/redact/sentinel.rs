//! What stands where a secret stood.

use std::fmt::Write as _;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use smallvec::SmallVec;

use super::ascii::{self, DIGIT, HEX};
use super::{Class, HashKey, letter};

/// Places in a text, from and to.
pub(crate) type Ranges = SmallVec<[(usize, usize); 4]>;

/// How every sentinel starts.
pub(crate) const OPENING: &str = "<redacted:";

/// Made once: every short string of a document asks for sentinels.
static FIND_OPENING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OPENING));

/// Longest name of a class, in bytes.
pub(crate) const MAX_NAME_LEN: usize = 20;

/// Most digits of a count: with more, it could be a number that somebody hides.
const MAX_DIGITS: usize = 9;

/// Writes `<redacted:CLASS:N-chars>`, or the keyed token of `secret` when there is a key.
pub(crate) fn write(out: &mut String, class: &Class, secret: &str, key: Option<&HashKey>) {
    match key {
        Some(key) => {
            let token = key.token(class, secret);
            for part in [OPENING, class.as_str(), ":", &token, ">"] {
                out.push_str(part);
            }
        }
        None => write_count(out, class, secret.chars().count()),
    }
}

/// Writes `<redacted:CLASS:N-chars>`.
pub(crate) fn write_count(out: &mut String, class: &Class, chars: usize) {
    for part in [OPENING, class.as_str(), ":"] {
        out.push_str(part);
    }
    // Writing to a string cannot fail.
    let _written: Result<(), _> = write!(out, "{chars}");
    out.push_str("-chars>");
}

/// The sentinel for `chars` characters of `class`.
pub(crate) fn of(class: &Class, chars: usize) -> String {
    let mut text = String::new();
    write_count(&mut text, class, chars);
    text
}

/// Where the sentinel that starts at `start` ends, if one does.
///
/// Only what this module writes is recognised, so that nothing hides in a sentinel: a short name
/// in capitals, then a count or 16 hexadecimal digits.
pub(crate) fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let is_opening = ascii::at(bytes, start) == b'<'
        && ascii::part(bytes, start, start + OPENING.len()) == OPENING.as_bytes();
    if !is_opening {
        return None;
    }
    let name = start + OPENING.len();
    let name_end = ascii::short_run(
        bytes,
        name,
        ascii::UPPER | DIGIT | ascii::UNDERSCORE,
        MAX_NAME_LEN,
    );
    if name_end == name || ascii::at(bytes, name_end) != b':' {
        return None;
    }
    let value = name_end + 1;
    let digits = ascii::short_run(bytes, value, DIGIT, 10);
    if digits > value
        && digits <= value + MAX_DIGITS
        && ascii::part(bytes, digits, digits + 7) == b"-chars>"
    {
        return Some(digits + 7);
    }
    let token = ascii::short_run(bytes, value, HEX, 17);
    (token == value + 16 && ascii::at(bytes, token) == b'>').then_some(token + 1)
}

/// Whether there is anything in `text` but sentinels and signs around them.
pub(crate) fn hides_more(text: &str) -> bool {
    let mut rest = 0;
    let has_more = |from: usize, to: usize| {
        ascii::cut(text, from, to)
            .chars()
            .any(|letter| !letter.is_whitespace())
    };
    let ranges = ranges(text);
    if ranges.is_empty() {
        return has_more(0, text.len());
    }
    for (start, end) in ranges {
        if ascii::cut(text, rest, start).contains(letter::is) {
            return true;
        }
        rest = end;
    }
    ascii::cut(text, rest, text.len()).contains(letter::is)
}

/// The class in the sentinel that starts at `start`, and whether a keyed token stands behind it.
pub(crate) fn parts(text: &str, (start, end): (usize, usize)) -> (&str, bool) {
    let inner = ascii::cut(text, start + OPENING.len(), end);
    let (class, value) = inner.split_once(':').unwrap_or((inner, ""));
    (class, !value.ends_with("-chars>"))
}

/// How far the one word goes that starts at `start`, if it is glued to a sentinel: `end` gives
/// where a stretch without one ends.
pub(crate) fn glued(
    bytes: &[u8],
    start: usize,
    mut end: impl FnMut(usize) -> usize,
) -> Option<usize> {
    let mut position = start;
    let (mut has_sentinel, mut has_more) = (false, false);
    loop {
        if let Some(behind) = self::end(bytes, position) {
            has_sentinel = true;
            position = behind;
            continue;
        }
        let stop = end(position);
        let goes_on = self::end(bytes, stop).is_some();
        // Most words are not glued to anything, and may be long.
        if !has_sentinel && !goes_on {
            return None;
        }
        has_more |= has_word(ascii::part(bytes, position, stop));
        position = stop;
        if !goes_on {
            return (has_sentinel && has_more).then_some(position);
        }
    }
}

/// Whether there is more than signs between two sentinels.
pub(crate) fn has_word(between: &[u8]) -> bool {
    between
        .iter()
        .any(|byte| ascii::is(*byte, ascii::WORD) || *byte >= 0x80)
}

/// Whether there is nothing but sentinels in a range.
pub(crate) fn covers(sentinels: &[(usize, usize)], start: usize, end: usize) -> bool {
    let from = sentinels.partition_point(|sentinel| sentinel.1 <= start);
    let rest = sentinels.iter().skip(from);
    let covered = rest
        .take_while(|sentinel| sentinel.0 < end)
        .try_fold(start, |at, sentinel| {
            (sentinel.0 <= at).then_some(sentinel.1)
        });
    covered.is_some_and(|covered| covered >= end)
}

/// What stands behind the first `sign` that is in no sentinel.
pub(crate) fn behind(text: &str, sign: u8) -> Option<&str> {
    let hidden = ranges(text);
    let is_in_sight = |at: &usize| !covers(&hidden, *at, at + 1);
    let at = memchr::memchr_iter(sign, text.as_bytes()).find(is_in_sight)?;
    Some(ascii::cut(text, at + 1, text.len()))
}

/// What is between the sentinels of a text, from a place on to another.
pub(crate) struct Gaps<'s> {
    sentinels: std::slice::Iter<'s, (usize, usize)>,
    from: usize,
    to: usize,
}

impl<'s> Gaps<'s> {
    pub(crate) fn new(sentinels: &'s [(usize, usize)], from: usize, to: usize) -> Self {
        let first = sentinels.partition_point(|sentinel| sentinel.1 <= from);
        Self {
            sentinels: sentinels.get(first..).unwrap_or_default().iter(),
            from,
            to,
        }
    }
}

impl Iterator for Gaps<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        while self.from < self.to {
            let (start, end) = *self.sentinels.next().unwrap_or(&(self.to, self.to));
            let gap = (self.from, start.min(self.to));
            self.from = self.from.max(end);
            if gap.0 < gap.1 {
                return Some(gap);
            }
        }
        None
    }
}

/// The ranges of all sentinels in `text`.
pub(crate) fn ranges(text: &str) -> Ranges {
    let bytes = text.as_bytes();
    // Most text has no such sign, which is found sooner than a whole opening.
    match memchr::memchr(b'<', bytes) {
        Some(first) => ranges_from(text, first).collect(),
        None => Ranges::new(),
    }
}

/// The ranges of the sentinels that start at or behind `from`.
pub(crate) fn ranges_from(text: &str, from: usize) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    FIND_OPENING
        .find_iter(ascii::part(bytes, from, bytes.len()))
        .filter_map(move |start| Some((from + start, end(bytes, from + start)?)))
}
