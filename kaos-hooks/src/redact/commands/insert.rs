//! Rows that a statement inserts: `INSERT INTO users (name, password) VALUES ('kim', 'x')`.

use smallvec::SmallVec;

use super::is_written;
use crate::redact::ascii::{self, BLANK, DOT, QUOTE, WORD};
use crate::redact::finding::Findings;
use crate::redact::value;
use crate::redact::vocabulary::{self, Meaning};

/// How a statement opens that names its columns.
pub(crate) const OPENING: &str = "insert into ";

/// Longest list of columns, and longest row, in bytes.
const MAX_COLUMNS_LEN: usize = 1024;
const MAX_ROW_LEN: usize = 4096;

type Columns = SmallVec<[Option<Meaning>; 16]>;

/// Finds the secrets in the rows of the statement that opens up to `end`; gives how far it read.
pub(crate) fn insert(text: &str, end: usize, findings: &mut Findings) -> usize {
    let Some((columns, row)) = opening(text, end) else {
        return end;
    };
    rows(text, row, &columns, findings).0
}

/// Where the first row starts that is not whole, of the statement that opens up to `end`, if one of its columns is secret and
/// the text ends before it does.
pub(crate) fn open_row(text: &str, end: usize) -> Option<usize> {
    let (columns, row) = opening(text, end)?;
    let (row, is_over) = rows(text, row, &columns, &mut Findings::default());
    let rest = ascii::part(text.as_bytes(), row, text.len());
    let is_open = rest.is_empty() || rest.starts_with(b"(") && rest.len() < MAX_ROW_LEN;
    (!is_over && is_open).then_some(row)
}

/// Whether rows with a secret may stand on the lines below the opening that ends at `end`.
pub(crate) fn opens_rows(line: &str, end: usize) -> bool {
    let bytes = line.as_bytes();
    let Some(open) = list(bytes, end) else {
        return false;
    };
    match columns(line, open) {
        Some((columns, _)) => columns.iter().any(Option::is_some),
        None => ascii::part(bytes, open, bytes.len())
            .iter()
            .all(|byte| is_of_list(*byte)),
    }
}

/// Whether a statement ends with a line: at its `;`, or where there is nothing.
pub(crate) fn ends_rows(line: &str) -> bool {
    let line = line.trim_ascii_end();
    line.is_empty() || line.ends_with(';')
}

/// Where the list of columns starts of a statement that opens up to `end`.
fn list(bytes: &[u8], end: usize) -> Option<usize> {
    let table = ascii::short_run(bytes, end, WORD | DOT | QUOTE, 128);
    let open = ascii::short_run(bytes, table, BLANK, 64);
    (ascii::at(bytes, open) == b'(').then_some(open + 1)
}

/// What the columns mean, and where the first row starts, if any of them is secret.
fn opening(text: &str, end: usize) -> Option<(Columns, usize)> {
    let bytes = text.as_bytes();
    let (columns, close) = columns(text, list(bytes, end)?)?;
    let values = ascii::short_run(bytes, close, BLANK, 64);
    if !ascii::has(bytes, values, "values") || columns.iter().all(Option::is_none) {
        return None;
    }
    let row = ascii::short_run(bytes, values + "values".len(), BLANK, 64);
    Some((columns, row))
}

/// Finds the secrets in the rows from `row` on; gives where the first starts that is not whole, or where they end and that they do.
fn rows(text: &str, mut row: usize, columns: &Columns, findings: &mut Findings) -> (usize, bool) {
    let bytes = text.as_bytes();
    while ascii::at(bytes, row) == b'(' {
        let Some(close) = values(text, row + 1, row + MAX_ROW_LEN, columns, findings) else {
            break;
        };
        let comma = ascii::short_run(bytes, close, BLANK, 64);
        if ascii::at(bytes, comma) != b',' {
            return (close, comma < bytes.len());
        }
        row = ascii::short_run(bytes, comma + 1, BLANK, 64);
    }
    (row, false)
}

/// What the columns mean whose list starts at `start`, and where it is closed.
fn columns(text: &str, start: usize) -> Option<(Columns, usize)> {
    let bytes = text.as_bytes();
    let window = ascii::part(bytes, start, start + MAX_COLUMNS_LEN);
    let close = window.iter().position(|byte| !is_of_list(*byte))?;
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

/// Whether a list of columns may have a byte.
fn is_of_list(byte: u8) -> bool {
    ascii::is(byte, WORD | DOT | QUOTE | BLANK) || matches!(byte, b',' | b'[' | b']')
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
