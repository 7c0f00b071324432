//! A line of a trail: a record's JSON object with `trail_seq`, `synced` and `h` at its end.

use super::Hash;

/// What stands between the part that is hashed and the hash.
const HASH: &[u8] = b",\"h\":\"";
const END: &[u8] = b"\"}";
const SEQ: &[u8] = b",\"trail_seq\":";
const SYNCED: &[u8] = b",\"synced\":";

/// The most bytes of a line, its line break not counted.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// The highest number of a record: there is always one after it that can be told, and no sum of two
/// overflows.
pub(super) const MAX_NUMBER: u64 = (1 << 63) - 1;

/// How far above the number that is expected one is taken for a record's: 2^32.
const MAX_AHEAD: u64 = 1 << 32;

/// How many bytes the three last fields take at most.
pub(super) const MAX_TAIL_BYTES: usize = 160;

/// Appends the line of `body`, a JSON object, and its line break; gives the line's hash.
pub(super) fn write(
    to: &mut Vec<u8>,
    body: &[u8],
    seq: u64,
    synced: Option<u64>,
    prev: &Hash,
) -> Hash {
    let begin = to.len();
    to.extend_from_slice(body.strip_suffix(b"}").unwrap_or(body));
    to.extend_from_slice(SEQ);
    decimal(to, seq);
    to.extend_from_slice(SYNCED);
    match synced {
        Some(synced) => decimal(to, synced),
        None => to.extend_from_slice(b"null"),
    }
    let hashed = to.get(begin..).unwrap_or_default();
    let h = Hash::of(&[prev.as_bytes(), hashed]);
    to.extend_from_slice(HASH);
    h.write(to);
    to.extend_from_slice(END);
    to.push(b'\n');
    h
}

fn decimal(to: &mut Vec<u8>, number: u64) {
    use std::io::Write as _;
    // Writing to memory does not fail.
    let _written: std::io::Result<()> = write!(to, "{number}");
}

/// A line taken apart; not yet compared with the lines before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'l> {
    /// All of it, without the line break: a leaf of the tree.
    pub(super) bytes: &'l [u8],
    /// What is hashed.
    pub(super) hashed: &'l [u8],
    /// The record, without the closing brace.
    pub(super) body: &'l [u8],
    pub(super) seq: u64,
    pub(super) synced: Option<u64>,
    pub(super) h: Hash,
}

impl<'l> Line<'l> {
    /// Takes a line apart; `None` when it does not have the form that [`write`] gives it.
    pub(super) fn parse(bytes: &'l [u8]) -> Option<Self> {
        let rest = bytes.strip_suffix(END)?;
        let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(64)?)?;
        let hashed = rest.strip_suffix(HASH)?;
        let (rest, synced) = split_last(hashed, SYNCED)?;
        let (body, seq) = split_last(rest, SEQ)?;
        let synced = match synced {
            b"null" => None,
            digits => Some(number(digits)?),
        };
        (bytes.len() <= MAX_LINE_BYTES && body.first() == Some(&b'{')).then_some(Self {
            bytes,
            hashed,
            body,
            seq: number(seq)?,
            synced,
            h: Hash::read(digits)?,
        })
    }

    /// Whether its hash is that of the line before it and of its own bytes.
    pub(super) fn follows(&self, prev: &Hash) -> bool {
        Hash::of(&[prev.as_bytes(), self.hashed]) == self.h
    }

    /// Whether a number as this one may stand where another is expected. One that is far above it was
    /// made up, and would lead what comes after astray.
    pub(super) const fn may_stand_at(&self, expected: u64) -> bool {
        self.seq <= expected.saturating_add(MAX_AHEAD)
    }

    /// The record as it was before it got its place.
    pub(super) fn record(&self) -> Vec<u8> {
        [self.body, b"}"].concat()
    }
}

fn split_last<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = memchr::memmem::rfind(bytes, mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// A number as [`write`] writes it: no sign, no leading zero.
fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let number: u64 = text.parse().ok()?;
    (number <= MAX_NUMBER && number.to_string() == text).then_some(number)
}
