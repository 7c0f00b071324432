//! Rows that a statement inserts: `INSERT INTO users (name, password) VALUES ('kim', 'x')`.

use std::iter;

use smallvec::SmallVec;

use super::is_written;
use crate::redact::ascii::{self, BLANK, DOT, QUOTE, WORD};
use crate::redact::finding::Findings;
use crate::redact::value;
use crate::redact::vocabulary::{self, Meaning};

/// How a statement opens that names its columns.
pub(crate) const OPENINGS: &[&str] = &["insert into ", "ignore into ", "replace into "];

/// Longest name of a table, list of columns, and row, in bytes.
const MAX_TABLE_LEN: usize = 128;
const MAX_COLUMNS_LEN: usize = 4096;
const MAX_ROW_LEN: usize = 64 * 1024;

/// How many calls and brackets of a value may be in each other.
const MAX_DEPTH: usize = 4;

/// How many words may stand between the columns and `VALUES`, as `OVERRIDING SYSTEM VALUE`.
const MAX_WORDS: usize = 6;

type Columns = SmallVec<[Option<Meaning>; 16]>;

/// Finds the secrets in the rows of the statement that opens up to `end`; gives how far it read.
pub(crate) fn insert(text: &str, end: usize, findings: &mut Findings) -> usize {
    let Some((columns, row)) = opening(text, end) else {
        return end;
    };
    rows(text, row, &columns, findings).0
}

/// How far the statement that opens up to `end` was read, and whether the first row that is not whole starts there: one of
/// its columns is secret, and the text ends before it does.
pub(crate) fn read(text: &str, end: usize) -> (usize, bool) {
    let Some((columns, row)) = opening(text, end) else {
        return (end, false);
    };
    let (row, is_over) = rows(text, row, &columns, &mut Findings::default());
    let rest = ascii::part(text.as_bytes(), row, text.len());
    (row, !is_over && (rest.is_empty() || rest.starts_with(b"(")))
}

/// Whether rows with a secret may stand on the lines below the opening that ends at `end`.
pub(crate) fn opens_rows(line: &str, end: usize) -> bool {
    let bytes = line.as_bytes();
    let Some(open) = list(bytes, end) else {
        // The columns may stand below the name of the table.
        let table = table_end(bytes, end);
        return table > end && ascii::run(bytes, table, BLANK) == bytes.len();
    };
    match columns(line, open) {
        Some((columns, _)) => columns.iter().any(Option::is_some),
        None => ascii::part(bytes, open, bytes.len())
            .iter()
            .all(|byte| is_of_list(*byte)),
    }
}

/// Whether a line ends the statement that its rows belong to: at a `;`, or where there is nothing and no row was to come.
pub(crate) fn ends_rows(line: &str, is_to_go_on: bool) -> bool {
    let line = line.trim_ascii_end();
    line.ends_with(';') || line.is_empty() && !is_to_go_on
}

/// Where the name of a table ends that starts at `start`.
fn table_end(bytes: &[u8], start: usize) -> usize {
    let window = ascii::part(bytes, start, start + MAX_TABLE_LEN);
    let is_end = |byte: &u8| ascii::is(*byte, BLANK) || matches!(byte, b'(' | b',' | b';');
    start + window.iter().position(is_end).unwrap_or(window.len())
}

/// Where the list of columns starts of a statement that opens up to `end`.
fn list(bytes: &[u8], end: usize) -> Option<usize> {
    let table = table_end(bytes, ascii::short_run(bytes, end, BLANK, 8));
    let mut open = between(bytes, table);
    if ascii::has(bytes, open, "as ") {
        open = between(bytes, table_end(bytes, open + 3));
    }
    (ascii::at(bytes, open) == b'(').then_some(open + 1)
}

/// What the columns mean, and where the first row starts, if any of them is secret.
fn opening(text: &str, end: usize) -> Option<(Columns, usize)> {
    let bytes = text.as_bytes();
    let (columns, mut position) = columns(text, list(bytes, end)?)?;
    if columns.iter().all(Option::is_none) {
        return None;
    }
    for _ in 0..MAX_WORDS {
        position = between(bytes, position);
        let word = ascii::short_run(bytes, position, WORD | DOT, MAX_TABLE_LEN);
        if word == position + "values".len() && ascii::has(bytes, position, "values") {
            return Some((columns, between(bytes, word)));
        }
        position = word + usize::from(ascii::at(bytes, word) == b',');
    }
    None
}

/// Finds the secrets in the rows from `row` on; gives where the first starts that is not whole, or where they end and that they do.
fn rows(text: &str, mut row: usize, columns: &Columns, findings: &mut Findings) -> (usize, bool) {
    let bytes = text.as_bytes();
    while ascii::at(bytes, row) == b'(' {
        let Some(close) = values(text, row + 1, columns, findings) else {
            break;
        };
        let comma = between(bytes, close);
        if ascii::at(bytes, comma) != b',' {
            return (close, comma < bytes.len());
        }
        row = between(bytes, comma + 1);
    }
    (row, false)
}

/// Where blanks and comments end that start at `start`.
fn between(bytes: &[u8], start: usize) -> usize {
    let mut position = start;
    loop {
        position = ascii::run(bytes, position, BLANK);
        let window = ascii::part(bytes, position, position + MAX_COLUMNS_LEN);
        let length = if window.starts_with(b"--") || window.starts_with(b"#") {
            memchr::memchr(b'\n', window)
        } else if window.starts_with(b"/*") {
            memchr::memmem::find(window, b"*/").map(|end| end + 2)
        } else {
            None
        };
        let Some(length) = length else {
            return position;
        };
        position += length;
    }
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
    ascii::is(byte, WORD | DOT | QUOTE | BLANK)
        || matches!(byte, b',' | b'[' | b']' | b'-')
        || byte >= 0x80
}

/// Finds the secrets in the row that starts at `start`; gives where it is closed.
fn values(
    text: &str,
    start: usize,
    columns: &[Option<Meaning>],
    findings: &mut Findings,
) -> Option<usize> {
    let mut position = start;
    for column in columns.iter().copied().chain(iter::repeat(None)) {
        let end = value(text, (position, start + MAX_ROW_LEN), column, findings)?;
        if ascii::at(text.as_bytes(), end) == b')' {
            return Some(end + 1);
        }
        position = end + 1;
    }
    None
}

/// Finds the secret in a value, which may be a literal or have some: `N'kim'`, `md5('x')`; gives where the sign stands
/// that ends it.
fn value(
    text: &str,
    (start, limit): (usize, usize),
    column: Option<Meaning>,
    findings: &mut Findings,
) -> Option<usize> {
    let bytes = ascii::part(text.as_bytes(), 0, limit);
    let (mut position, mut depth) = (start, 0);
    loop {
        match bytes.get(position)? {
            b'(' if depth == MAX_DEPTH => return None,
            b'(' => depth += 1,
            b')' | b',' if depth == 0 => return Some(position),
            b')' => depth -= 1,
            quote if ascii::is(*quote, QUOTE) => {
                let end = literal(bytes, position)?;
                let content = ascii::cut(text, position + 1, end);
                let is_secret = match column {
                    Some(Meaning::Password) => content.len() >= 2 && is_written(content),
                    Some(_) => value::is_token(content) && is_written(content),
                    None => false,
                };
                if let Some(means) = column.filter(|_| is_secret) {
                    let (start, class) = (position + 1, means.class());
                    findings.add(start, end, class, "column of an inserted row");
                }
                position = end;
            }
            _ => {}
        }
        position += 1;
    }
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
