//! Text as its reader will decode it: without escapes, zero-width and full-width characters.

use super::ascii::{self, ANY_HEX};

/// How often an escape may itself be escaped and is still read.
pub(crate) const LEVELS: usize = 3;

/// A decoded text that knows where its bytes came from.
pub(crate) struct View {
    pub(crate) text: String,
    /// From an offset of the view on, the offset of the original.
    steps: Vec<(usize, usize)>,
}

impl View {
    /// The decoded text, if there is anything to decode.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let first = candidate(text.as_bytes(), 0)?;
        let mut view = Self {
            text: String::with_capacity(text.len()),
            steps: vec![(0, 0)],
        };
        let mut copied = 0;
        let mut next = Some(first);
        while let Some(start) = next {
            let (decoded, end) = escape(text.as_bytes(), start).unwrap_or((None, start));
            view.text.push_str(ascii::cut(text, copied, start));
            view.text.extend(decoded);
            view.steps.push((view.text.len(), end));
            copied = end;
            next = candidate(text.as_bytes(), end);
        }
        view.text.push_str(ascii::cut(text, copied, text.len()));
        Some(view)
    }

    /// The offset of the original for an offset of the view.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|step| step.0 <= offset);
        let (from, original) = after
            .checked_sub(1)
            .and_then(|last| self.steps.get(last))
            .copied()
            .unwrap_or((0, 0));
        original + (offset - from)
    }

    /// The offset of the original behind the last byte before an offset of the view.
    pub(crate) fn original_end(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|step| step.0 < offset);
        let exact = self.steps.get(after).filter(|step| step.0 == offset);
        let (from, original) = match exact {
            Some(step) => *step,
            None => after
                .checked_sub(1)
                .and_then(|last| self.steps.get(last))
                .copied()
                .unwrap_or((0, 0)),
        };
        original + (offset - from)
    }
}

/// Where the next escape or foreign form of an ASCII character starts.
pub(crate) fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    // In blocks: a text with many of the one kind is not read to its end for the other each time.
    const BLOCK: usize = 512;
    let mut start = from;
    while start < bytes.len() {
        let block = ascii::part(bytes, start, start + BLOCK);
        let is_escape = |index: &usize| escape(bytes, start + index).is_some();
        let escaped = memchr::memchr2_iter(b'%', b'\\', block).find(is_escape);
        let block = ascii::part(block, 0, escaped.unwrap_or(block.len()));
        let foreign = memchr::memchr3_iter(0xe2, 0xef, 0xc2, block).find(is_escape);
        if let Some(index) = foreign.or(escaped) {
            return Some(start + index);
        }
        start += BLOCK;
    }
    None
}

/// What the escape at `start` stands for (nothing for a zero-width character), and its end.
fn escape(bytes: &[u8], start: usize) -> Option<(Option<char>, usize)> {
    match ascii::at(bytes, start) {
        b'%' => Some((Some(ascii_char(number(bytes, start + 1, 2)?)?), start + 3)),
        b'\\' => {
            // A run of backslashes is the same escape inside nested strings.
            let slashes = ascii::short_run(bytes, start, ascii::BACKSLASH, 64);
            match ascii::at(bytes, slashes) {
                b'u' => {
                    let code = number(bytes, slashes + 1, 4)?;
                    Some((plain(char::from_u32(code)?)?, slashes + 5))
                }
                b'x' => Some((
                    Some(ascii_char(number(bytes, slashes + 1, 2)?)?),
                    slashes + 3,
                )),
                b'/' => Some((Some('/'), slashes + 1)),
                _ => None,
            }
        }
        0xc2 if ascii::at(bytes, start + 1) == 0xad => Some((None, start + 2)),
        0xc2 if ascii::at(bytes, start + 1) == 0xa0 => Some((Some(' '), start + 2)),
        0xe2 | 0xef => {
            let letter = std::str::from_utf8(ascii::part(bytes, start, start + 3)).ok()?;
            Some((plain(letter.chars().next()?)?, start + 3))
        }
        _ => None,
    }
}

fn ascii_char(code: u32) -> Option<char> {
    u8::try_from(code).ok().filter(u8::is_ascii).map(char::from)
}

fn number(bytes: &[u8], start: usize, length: usize) -> Option<u32> {
    let digits = ascii::part(bytes, start, start + length);
    if digits.len() != length || !ascii::all(digits, ANY_HEX) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The ASCII character that `letter` is or looks like, or nothing if it cannot be seen.
#[expect(
    clippy::option_option,
    reason = "none: not foreign; some none: a character without width"
)]
fn plain(letter: char) -> Option<Option<char>> {
    match letter {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => Some(None),
        '\u{2018}' | '\u{2019}' => Some(Some('\'')),
        '\u{201c}' | '\u{201d}' => Some(Some('"')),
        '\u{2007}' | '\u{2009}' | '\u{202f}' => Some(Some(' ')),
        '\u{ff01}'..='\u{ff5e}' => {
            Some(char::from_u32(u32::from(letter) - 0xfee0).filter(char::is_ascii))
        }
        letter if letter.is_ascii() => Some(Some(letter)),
        _ => None,
    }
}
