//! Rows that a statement inserts: `INSERT INTO users (name, password) VALUES ('kim', 'x')`.

use smallvec::SmallVec;

use super::is_written;
use crate::redact::ascii::{self, BLANK, DOT, QUOTE, SPACE, WORD};
use crate::redact::finding::Findings;
use crate::redact::value;
use crate::redact::vocabulary::{self, Meaning};

/// How a statement opens that names its columns.
pub(crate) const OPENING: &str = "insert into ";

/// Longest list of columns, and longest list of values, in bytes.
const MAX_COLUMNS_LEN: usize = 1024;
const MAX_VALUES_LEN: usize = 4096;

/// Finds the secrets in the rows of the statement that opens up to `end`; gives how far it read.
pub(crate) fn insert(text: &str, end: usize, findings: &mut Findings) -> usize {
    let bytes = text.as_bytes();
    let table = ascii::short_run(bytes, end, WORD | DOT | QUOTE, 128);
    let open = ascii::short_run(bytes, table, SPACE, 8);
    if ascii::at(bytes, open) != b'(' {
        return end;
    }
    let Some((columns, close)) = columns(text, open + 1) else {
        return end;
    };
    let mut row = ascii::short_run(bytes, close, BLANK, 64);
    if !ascii::has(bytes, row, "values") || columns.iter().all(Option::is_none) {
        return end;
    }
    row = ascii::short_run(bytes, row + "values".len(), BLANK, 64);
    let limit = row + MAX_VALUES_LEN;
    while ascii::at(bytes, row) == b'(' && row < limit {
        let Some(close) = values(text, row + 1, limit, &columns, findings) else {
            break;
        };
        let comma = ascii::short_run(bytes, close, BLANK, 64);
        row = ascii::short_run(bytes, comma + 1, BLANK, 64);
        if ascii::at(bytes, comma) != b',' {
            break;
        }
    }
    row
}

/// What the columns mean whose list starts at `start`, and where it is closed.
fn columns(text: &str, start: usize) -> Option<(SmallVec<[Option<Meaning>; 16]>, usize)> {
    let bytes = text.as_bytes();
    let window = ascii::part(bytes, start, start + MAX_COLUMNS_LEN);
    let close = window.iter().position(|byte| {
        !ascii::is(*byte, WORD | DOT | QUOTE | BLANK) && !matches!(byte, b',' | b'[' | b']')
    })?;
    if ascii::at(window, close) != b')' {
        return None;
    }
    let list = ascii::cut(text, start, start + close);
    let of = |name: &str| {
        let name = name.trim_matches([' ', '\t', '\r', '\n', '"', '`', '\'', '[', ']']);
        vocabulary::meaning(name)
            .filter(|means| matches!(means, Meaning::Password | Meaning::Token | Meaning::Certain))
    };
    Some((list.split(',').map(of).collect(), start + close + 1))
}

/// Finds the secrets in the row that starts at `start`; gives where it is closed.
fn values(
    text: &str,
    start: usize,
    limit: usize,
    columns: &[Option<Meaning>],
    findings: &mut Findings,
) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut position = start;
    for column in columns {
        position = ascii::short_run(bytes, position, BLANK, 64);
        let quote = ascii::at(bytes, position);
        let end = if ascii::is(quote, QUOTE) {
            let end = literal(ascii::part(bytes, 0, limit), position)?;
            let content = ascii::cut(text, position + 1, end);
            let is_secret = match column {
                Some(Meaning::Password) => content.len() >= 2 && is_written(content),
                Some(_) => value::is_token(content) && is_written(content),
                None => false,
            };
            if let Some(means) = column.filter(|_| is_secret) {
                findings.add(
                    position + 1,
                    end,
                    means.class(),
                    "column of an inserted row",
                );
            }
            end + 1
        } else {
            let rest = ascii::part(bytes, position, limit);
            position
                + rest
                    .iter()
                    .position(|b| matches!(b, b',' | b')' | b'(' | b'\''))?
        };
        position = ascii::short_run(bytes, end, BLANK, 64);
        match ascii::at(bytes, position) {
            b',' => position += 1,
            b')' => return Some(position + 1),
            _ => return None,
        }
    }
    None
}

/// Where the literal closes that opens at `open`; two quotes are one that is written.
fn literal(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = ascii::at(bytes, open);
    let mut position = open + 1;
    loop {
        position += memchr::memchr2(quote, b'\\', bytes.get(position..)?)?;
        let is_pair =
            ascii::at(bytes, position) == b'\\' || ascii::at(bytes, position + 1) == quote;
        if !is_pair {
            return Some(position);
        }
        position += 2;
    }
}
