//! Escapes and foreign forms of ASCII characters, and what they stand for.

use crate::redact::ascii;

/// Most backslashes before the letter of one escape.
const MAX_RUN_LEN: usize = 64;

/// Where the next escape or foreign form of an ASCII character starts.
pub(crate) fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    // In blocks: a text with many of the one kind is not read to its end for the other each time.
    let mut size = 64;
    let mut start = from;
    while start < bytes.len() {
        let end = (start + size).min(bytes.len());
        let block = ascii::part(bytes, start, end);
        let mut escapes = Escapes::new(bytes, start, end);
        let has_any = memchr::memchr3(b'%', b'\\', b'&', block).is_some()
            || memchr::memchr3(0xe2, 0xef, 0xc2, block).is_some();
        if has_any && let Some(found) = escapes.next() {
            return Some(found.start);
        }
        start = end.max(escapes.end);
        size = 512;
    }
    None
}

/// An escape: what it stands for (nothing for a zero-width character), and its range.
pub(super) struct Escape {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) letter: Option<char>,
}

/// For each byte, whether an escape or a foreign form may start with it.
#[expect(
    clippy::indexing_slicing,
    reason = "checked when the table is made, at compile time"
)]
static STARTS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'%' as usize] = true;
    table[b'&' as usize] = true;
    table[b'\\' as usize] = true;
    table[0xc2] = true;
    table[0xe2] = true;
    table[0xef] = true;
    table
};

/// The escapes and foreign forms that start in a stretch, in order.
pub(super) struct Escapes<'t> {
    bytes: &'t [u8],
    /// Where the last one ended.
    end: usize,
    to: usize,
}

impl<'t> Escapes<'t> {
    pub(super) fn new(bytes: &'t [u8], from: usize, to: usize) -> Self {
        Self {
            bytes,
            end: from,
            to,
        }
    }
}

impl Iterator for Escapes<'_> {
    type Item = Escape;

    fn next(&mut self) -> Option<Escape> {
        loop {
            let rest = ascii::part(self.bytes, self.end, self.to);
            let index = rest
                .iter()
                .position(|byte| STARTS.get(usize::from(*byte)) == Some(&true))?;
            let start = self.end + index;
            if let Some((letter, end)) = escape(self.bytes, start) {
                self.end = end;
                return Some(Escape { start, end, letter });
            }
            if ascii::at(self.bytes, start) != b'\\' {
                self.end = start + 1;
                continue;
            }
            // No other backslash of a run begins an escape, but those of a run too long for one.
            let run = ascii::run(self.bytes, start, ascii::BACKSLASH);
            self.end = if run - start <= MAX_RUN_LEN {
                run
            } else {
                run - MAX_RUN_LEN
            };
        }
    }
}

/// What the escape at `start` stands for (nothing for a zero-width character), and its end.
fn escape(bytes: &[u8], start: usize) -> Option<(Option<char>, usize)> {
    let byte = |after: usize| ascii::at(bytes, start + after);
    match byte(0) {
        b'%' => Some((Some(ascii_char(number(bytes, start + 1, 2)?)?), start + 3)),
        b'\\' => {
            // A run of backslashes is the same escape inside nested strings.
            let slashes = ascii::short_run(bytes, start, ascii::BACKSLASH, MAX_RUN_LEN);
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
        b'&' => entity(bytes, start),
        0xc2 if byte(1) == 0xad => Some((None, start + 2)),
        0xc2 if byte(1) == 0xa0 => Some((Some(' '), start + 2)),
        0xe2 | 0xef => {
            let bits = |after: usize, mask: u8| u32::from(byte(after) & mask);
            let letter = char::from_u32(bits(0, 0x0f) << 12 | bits(1, 0x3f) << 6 | bits(2, 0x3f))?;
            Some((plain(letter)?, start + 3))
        }
        _ => None,
    }
}

/// Characters by their names in HTML and XML: those that stand between a name and its value.
const NAMED: &[(&str, char)] = &[("&quot;", '"'), ("&apos;", '\''), ("&amp;", '&')];

/// What the reference `&name;` or `&#number;` at `start` stands for, and its end.
fn entity(bytes: &[u8], start: usize) -> Option<(Option<char>, usize)> {
    if ascii::at(bytes, start + 1) != b'#' {
        let (name, letter) = NAMED
            .iter()
            .find(|(name, _)| ascii::has(bytes, start, name))?;
        return Some((Some(*letter), start + name.len()));
    }
    let is_hex = ascii::at(bytes, start + 2) | 0x20 == b'x';
    let (from, set, radix) = if is_hex {
        (start + 3, ascii::ANY_HEX, 16)
    } else {
        (start + 2, ascii::DIGIT, 10)
    };
    let end = ascii::short_run(bytes, from, set, 7);
    let digits = std::str::from_utf8(ascii::part(bytes, from, end)).ok()?;
    let letter = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    (ascii::at(bytes, end) == b';').then_some((plain(letter)?, end + 1))
}

fn ascii_char(code: u32) -> Option<char> {
    u8::try_from(code).ok().filter(u8::is_ascii).map(char::from)
}

fn number(bytes: &[u8], start: usize, length: usize) -> Option<u32> {
    let digits = ascii::part(bytes, start, start + length);
    if digits.len() != length {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some(number << 4 | u32::from(digit))
    })
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
