//! Where a unit is cut that is as long as it may be, though it belongs to what follows.

use smallvec::SmallVec;

use crate::redact::engine::Engine;
use crate::redact::hit::Hit;
use crate::redact::hits::Hits;
use crate::redact::literals::Trigger;
use crate::redact::{ascii, commands, pem};

/// Longest unit, in bytes: what a stream holds back at most.
pub(crate) const MAX_LEN: usize = 64 * 1024;

/// What is not over where a unit is cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// The value of a key, whose lines are indented by more than so much.
    Block(usize),
    /// The rows that a statement inserts.
    Rows,
    /// Something else, as far as one can tell.
    Other,
}

/// Where the first row starts that is not whole, of the statement that is not over where the unit ends that starts at `start`,
/// if it inserts secrets; `hits` are the unit's literals.
pub(super) fn row(engine: &Engine, text: &str, start: usize, hits: &[Hit]) -> Option<usize> {
    let unit = ascii::cut(text, start, ascii::floor(text, start + MAX_LEN));
    let mut read_to = 0;
    for hit in hits.iter().filter_map(|hit| hit.moved(start, 0)) {
        let is_statement = matches!(engine.literals().trigger(hit), Some(Trigger::Insert));
        // One within a row says nothing, and is not read again.
        if is_statement && hit.start >= read_to {
            let (row, is_open) = commands::read_rows(unit, hit.end);
            if is_open {
                return Some(start + row);
            }
            read_to = row;
        }
    }
    None
}

/// How much of the end of a unit is looked at for a good place, in bytes.
const NEAR_END: usize = 4096;

/// How many places are looked at.
const PLACES: usize = 64;

/// Where the unit is cut that starts at `start` and whose last line, which is not whole, at `line`: behind a blank of that
/// line, away from any name, or before it; nothing where it is the only line and has no blank.
pub(super) fn place(engine: &Engine, bytes: &[u8], start: usize, line: usize) -> Option<usize> {
    let window = ascii::part(bytes, start, start + MAX_LEN);
    let is_blank =
        |index: usize, byte: u8| ascii::is(byte, ascii::BLANK) || ends_ideograph(window, index);
    let mut blanks = window
        .iter()
        .enumerate()
        .skip(line - start)
        .rev()
        .filter(|(index, byte)| is_blank(*index, **byte))
        .map(|(index, _)| index);
    let before_line = (line > start).then_some(line);
    let Some(last) = blanks.next() else {
        return before_line;
    };
    let near = blanks.take_while(|index| last - index < NEAR_END);
    let near: SmallVec<[usize; PLACES]> = std::iter::once(last).chain(near).take(PLACES).collect();
    let before =
        |place: usize, length: usize| ascii::part(window, place.saturating_sub(length), place);
    // The groups of a number have blanks between them.
    let is_digit = |index: usize| ascii::is(ascii::at(window, index), ascii::DIGIT);
    let is_number = |place: usize| is_digit(place.wrapping_sub(1)) || is_digit(place + 1);
    let is_quiet = |place: &&usize| {
        if is_number(**place) {
            return false;
        }
        let before = before(**place, 256);
        let mut hits = Hits::default();
        hits.read_to(engine.literals(), before, before.len());
        hits.behind(0) == 0 && hits.get(0).is_none()
    };
    let quiet = near.iter().find(is_quiet);
    let is_short = start + window.len() - line < NEAR_END;
    if let (None, true, Some(line)) = (quiet, is_short, before_line) {
        return Some(line);
    }
    // At least not within a number or the first line of a private key.
    let is_apart = |place: &&usize| {
        !is_number(**place) && !pem::ends_in_begin(before(**place, pem::MAX_BEGIN_LEN))
    };
    let place = quiet.or_else(|| near.iter().find(is_apart));
    Some(start + place.unwrap_or(&last) + 1)
}

/// Whether a letter of the scripts that are written without blanks ends at `index`, or one of
/// their signs: no token goes on behind it.
fn ends_ideograph(bytes: &[u8], index: usize) -> bool {
    // U+3000 to U+D7FF have three bytes, and the first of them is one of these.
    ascii::at(bytes, index) >= 0x80
        && index >= 2
        && matches!(ascii::at(bytes, index - 2), 0xe3..=0xed)
}
