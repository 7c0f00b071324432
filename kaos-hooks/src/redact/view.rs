//! Text as its reader will decode it: without escapes, zero-width and full-width characters.

use super::ascii;
use super::draft::{Changed, Given, Known};
use super::hit::Hit;
use super::looks::Looks;
use super::sentinel::Ranges;

/// Most backslashes before the letter of one escape.
const LONGEST_RUN: usize = 64;

/// A decoded text that knows where its bytes came from.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) text: String,
    /// Where its escapes stood; the first is none, and stands at the start.
    steps: Vec<Step>,
}

/// An escape that was decoded: behind it both texts go on alike.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Where the decoded text goes on.
    at: usize,
    /// Where the escape starts in the original, and where that goes on.
    start: usize,
    end: usize,
}

impl View {
    /// Becomes the decoded text; whether there is anything to decode.
    pub(super) fn decode(&mut self, text: &str) -> bool {
        let mut escapes = Escapes::new(text.as_bytes(), 0, text.len());
        let Some(first) = escapes.next() else {
            return false;
        };
        self.text.clear();
        self.text.reserve(text.len());
        self.steps.clear();
        self.steps.push(Step::default());
        let mut copied = 0;
        for escape in std::iter::once(first).chain(escapes) {
            self.text.push_str(ascii::cut(text, copied, escape.start));
            if let Some(letter) = escape.letter {
                self.text.push(letter);
            }
            self.steps.push(Step {
                at: self.text.len(),
                start: escape.start,
                end: escape.end,
            });
            copied = escape.end;
        }
        self.text.push_str(ascii::cut(text, copied, text.len()));
        true
    }

    /// The decoded text with its literals and sentinels, which are left empty.
    pub(super) fn known<'v>(
        &'v self,
        hits: &'v [Hit],
        sentinels: &mut Ranges,
        changed: Option<Changed>,
    ) -> Known<'v> {
        Known {
            text: &self.text,
            given: Given {
                hits,
                start: 0,
                looks: Looks::ALL,
            },
            is_ours: changed.is_some() || sentinels.is_empty(),
            sentinels: std::mem::take(sentinels),
            changed,
        }
    }

    /// The offset for one of the original; nothing inside an escape.
    pub(super) fn offset(&self, original: usize) -> Option<usize> {
        let after = self.steps.partition_point(|step| step.end <= original);
        let last = self.steps.get(after.checked_sub(1)?)?;
        let is_inside = self
            .steps
            .get(after)
            .is_some_and(|next| next.start < original);
        (!is_inside).then_some(last.at + (original - last.end))
    }

    /// Becomes `text`, which has sentinels in the place of some ranges of the original; for each,
    /// its range in the view, too, and how long the sentinel is. Whether any escape is left.
    pub(super) fn cut(&mut self, text: &mut String, cuts: &[Cut]) -> bool {
        std::mem::swap(&mut self.text, text);
        let mut cuts = cuts.iter().peekable();
        // How far both texts were moved, modulo what an offset holds.
        let (mut view, mut original) = (0usize, 0usize);
        self.steps.retain_mut(|step| {
            while let Some(cut) = cuts.next_if(|cut| cut.original.1 <= step.start) {
                view = view
                    .wrapping_add(cut.written)
                    .wrapping_sub(cut.view.1 - cut.view.0);
                original = original
                    .wrapping_add(cut.written)
                    .wrapping_sub(cut.original.1 - cut.original.0);
            }
            // It is gone with what was cut.
            let is_cut =
                step.end > 0 && cuts.peek().is_some_and(|cut| cut.original.0 <= step.start);
            *step = Step {
                at: step.at.wrapping_add(view),
                start: step.start.wrapping_add(original),
                end: step.end.wrapping_add(original),
            };
            !is_cut
        });
        self.steps.len() > 1
    }

    /// The offset of the original for an offset of the view.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|step| step.at <= offset);
        let last = after.checked_sub(1).and_then(|last| self.steps.get(last));
        let last = last.copied().unwrap_or_default();
        last.end + (offset - last.at)
    }

    /// The offset of the original behind the last byte before an offset of the view.
    pub(crate) fn original_end(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|step| step.at < offset);
        let exact = self.steps.get(after).filter(|step| step.at == offset);
        let last = exact.or_else(|| after.checked_sub(1).and_then(|last| self.steps.get(last)));
        let last = last.copied().unwrap_or_default();
        last.end + (offset - last.at)
    }
}

/// A range that a sentinel replaces.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) original: (usize, usize),
    pub(super) view: (usize, usize),
    /// How long the sentinel is.
    pub(super) written: usize,
}

impl Cut {
    /// A range of a text, not yet of its views.
    pub(super) fn of(start: usize, end: usize) -> Self {
        Self {
            original: (start, end),
            view: (start, end),
            written: 0,
        }
    }
}

/// Where the next escape or foreign form of an ASCII character starts.
pub(crate) fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    // In blocks: a text with many of the one kind is not read to its end for the other each time.
    let mut size = 64;
    let mut start = from;
    while start < bytes.len() {
        let end = (start + size).min(bytes.len());
        let block = ascii::part(bytes, start, end);
        let mut escapes = Escapes::new(bytes, start, end);
        let has_any = memchr::memchr2(b'%', b'\\', block).is_some()
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
struct Escape {
    start: usize,
    end: usize,
    letter: Option<char>,
}

/// For each byte, whether an escape or a foreign form may start with it.
#[expect(
    clippy::indexing_slicing,
    reason = "checked when the table is made, at compile time"
)]
static STARTS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'%' as usize] = true;
    table[b'\\' as usize] = true;
    table[0xc2] = true;
    table[0xe2] = true;
    table[0xef] = true;
    table
};

/// The escapes and foreign forms that start in a stretch, in order.
struct Escapes<'t> {
    bytes: &'t [u8],
    /// Where the last one ended.
    end: usize,
    to: usize,
}

impl<'t> Escapes<'t> {
    fn new(bytes: &'t [u8], from: usize, to: usize) -> Self {
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
            // No other backslash of a run begins an escape, but those of a run too long for one.
            let run = ascii::run(self.bytes, start, ascii::BACKSLASH);
            self.end = run.saturating_sub(LONGEST_RUN).max(start + 1);
            if run > start && run - start <= LONGEST_RUN {
                self.end = run;
            }
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
            let slashes = ascii::short_run(bytes, start, ascii::BACKSLASH, LONGEST_RUN);
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
