//! Where a text may be cut so that each part can be redacted alone.
//!
//! A unit is a line; a line that opens something which goes on below takes the next lines with
//! it. Where a unit ends depends only on what it contains, so a text that comes in chunks is cut
//! exactly where the whole text would be: that is what makes the streaming form equal to the
//! whole.

mod cut;
mod lines;
mod open;
mod pieces;
mod reach;
mod unit;

use cut::Cut;
pub(crate) use cut::MAX_LEN;
pub(crate) use open::Open;
pub(crate) use pieces::Pieces;
pub(crate) use unit::line;
use unit::{Place, one};

use super::ascii;
use super::candidates::Candidates;
use super::commands;
use super::draft::Given;
use super::engine::Engine;
use super::named;
use super::vocabulary::Seen;
use super::{Class, HashKey, pem, sentinel, token};

/// Redacts as many whole units as `pieces` holds; gives how far it came.
///
/// With `last`, the text ends here and every unit is whole.
pub(crate) fn redact(
    engine: &Engine,
    key: Option<&HashKey>,
    open: &mut Open,
    pieces: &mut Pieces<'_, '_>,
    last: bool,
) -> usize {
    let text = pieces.text;
    let bytes = text.as_bytes();
    let whole = if last {
        bytes.len()
    } else {
        memchr::memrchr(b'\n', bytes).map_or(0, |index| index + 1)
    };
    let mut candidates = Candidates::default();
    let mut position = 0;
    while position < bytes.len() {
        if let Open::Token(chars) = open {
            let Some(end) = discard(text, position, chars) else {
                pieces.replace(position, bytes.len(), "");
                position = bytes.len();
                break;
            };
            let total = *chars;
            *open = Open::Nothing;
            close_token(pieces, position, end, total);
            position = end;
            continue;
        }
        if let Open::Lines(lines) = open {
            let (end, is_over) = lines.discard(text, position, last);
            let total = lines.chars;
            pieces.replace(position, end, "");
            position = end;
            if !is_over {
                break;
            }
            *open = Open::Nothing;
            close_lines(pieces, position, total);
            continue;
        }
        if position < whole {
            position = skip(
                engine,
                &mut candidates,
                ascii::cut(text, 0, whole),
                position,
            );
            if position >= whole {
                continue;
            }
        }
        let seen = &mut pieces.scratch.seen;
        let (end, cut) = match end(engine, &mut candidates, seen, text, position, last) {
            End::At(end) => (end, None),
            End::Cut(end, cut) => {
                candidates.ask_again();
                (end, Some(cut))
            }
            End::Token => {
                pieces.replace(position, position, "");
                *open = Open::Token(0);
                continue;
            }
            End::Unknown => break,
        };
        let looks = candidates.before(end);
        let given = Given {
            // Also names without a value: a cut may join one to them.
            hits: candidates.hits(engine, text, position, end),
            start: position,
            looks,
        };
        let place = Place {
            start: position,
            end,
            cut,
        };
        one(engine, key, open, pieces, place, given);
        position = end;
    }
    match open {
        Open::Token(chars) if last => {
            let total = *chars;
            *open = Open::Nothing;
            close_token(pieces, bytes.len(), bytes.len(), total);
        }
        Open::Lines(lines) if last => {
            let total = lines.chars;
            *open = Open::Nothing;
            close_lines(pieces, bytes.len(), total);
        }
        _ => {}
    }
    position
}

/// Counts the characters of a discarded token; gives where it ends.
fn discard(text: &str, start: usize, chars: &mut usize) -> Option<usize> {
    let rest = ascii::cut(text, start, text.len());
    let length = rest.bytes().position(|byte| ascii::is(byte, ascii::BLANK));
    *chars += ascii::cut(rest, 0, length.unwrap_or(rest.len()))
        .chars()
        .count();
    length.map(|length| start + length)
}

fn close_lines(pieces: &mut Pieces<'_, '_>, at: usize, chars: usize) {
    if chars > 0 {
        close_token(pieces, at, at, chars);
        if !ascii::part(pieces.text.as_bytes(), at, at + 1).starts_with(b"\n") {
            pieces.copy.out.push('\n');
        }
    }
}

fn close_token(pieces: &mut Pieces<'_, '_>, start: usize, end: usize, chars: usize) {
    pieces.report.add(&Class::Oversize, "limit", start..end);
    pieces.replace(start, end, &sentinel::of(&Class::Oversize, chars));
}

/// The start of the next line on which anything may be found, or which is too long.
fn skip(engine: &Engine, candidates: &mut Candidates, text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let whole = bytes.len();
    let first = candidates.at(engine, text, start, false);
    let line = if first == whole {
        whole
    } else {
        memchr::memrchr(b'\n', ascii::part(bytes, start, first)).map_or(start, |i| start + i + 1)
    };
    // No line before it may be longer than a unit.
    let mut position = start;
    while line - position > MAX_LEN {
        match memchr::memrchr(b'\n', ascii::part(bytes, position, position + MAX_LEN)) {
            Some(index) => position += index + 1,
            None => return position,
        }
    }
    line
}

/// Where a unit ends.
enum End {
    At(usize),
    /// Where it is as long as a unit may be, though it belongs to what follows.
    Cut(usize, Cut),
    /// More text is needed.
    Unknown,
    /// Nowhere: it starts with a token that is longer than a unit.
    Token,
}

fn end(
    engine: &Engine,
    candidates: &mut Candidates,
    seen: &mut Seen,
    text: &str,
    start: usize,
    last: bool,
) -> End {
    let bytes = text.as_bytes();
    let limit = start + MAX_LEN;
    let mut line = start;
    let mut lines = 1usize;
    let mut in_armour = false;
    let mut block: Option<usize> = None;
    let mut rows = false;
    // Whether a comma was the last of what was not blank.
    let mut is_list = false;
    loop {
        let window = ascii::part(bytes, line, limit);
        let Some(length) = memchr::memchr(b'\n', window) else {
            return match bytes.len() {
                whole if whole >= limit => {
                    let hits = candidates.hits(engine, text, start, limit);
                    let is_going_on = line > start && (in_armour || block.is_some());
                    if let Some(row) = cut::row(engine, text, start, hits) {
                        return End::Cut(row, Cut::Rows);
                    }
                    let place = if is_going_on {
                        Some(line)
                    } else {
                        cut::place(engine, bytes, start, line)
                    };
                    let cut = block.map_or(Cut::Other, Cut::Block);
                    place.map_or(End::Token, |place| End::Cut(place, cut))
                }
                whole if last => End::At(whole),
                _ => End::Unknown,
            };
        };
        let line_end = line + length + 1;
        let content = ascii::cut(text, line, line_end);
        lines -= 1;
        // What a private key ends in belongs to the line that it starts in, when it is gone.
        let is_of_block = |indent| in_armour || named::is_block_line(content.as_bytes(), indent);
        block = block.filter(|indent| is_of_block(*indent));
        in_armour = in_armour && pem::is_body(content.as_bytes());
        if !in_armour {
            let literal = candidates.literal(engine, text, line);
            if literal < line_end {
                let hits = candidates.hits(engine, text, literal, line_end);
                let reach = reach::reach(engine, content, line, hits, seen);
                in_armour = reach.armour;
                block = block.or(reach.block);
                rows |= reach.rows;
                lines = lines.max(reach.lines);
            }
            if token::is_run_line(content.as_bytes()) {
                lines = lines.max(1);
            }
        }
        line = line_end;
        rows = rows && !commands::ends_rows(content, is_list);
        let shown = content.trim_ascii_end();
        is_list = shown.ends_with(',') || shown.is_empty() && is_list;
        let is_going_on = in_armour || block.is_some();
        if is_going_on || rows {
            lines = 1;
        } else if lines == 0 {
            return End::At(line);
        }
        if line >= bytes.len() && last {
            return End::At(line);
        }
    }
}
