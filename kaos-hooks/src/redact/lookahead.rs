//! What lies ahead, looked at once: text that asks at every word how far its line goes on costs
//! no more than its length.

use super::ascii;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A quote, backslash or line break, which ends the value of a header.
    Header,
    /// The same, or a `;`.
    SetCookie,
    /// What ends an unquoted value behind a flag.
    Flag,
    /// What ends an unquoted value behind a colon.
    Colon,
    /// What ends any other unquoted value.
    Other,
    /// A decimal digit.
    Digit,
    /// The sign of a parameter.
    Equals,
    /// What parts the parameters of a header.
    Comma,
    /// What ends the one word of credentials of a header.
    Word,
    /// What ends a sentinel that is none.
    Forged,
}

/// How many kinds of marks there are.
const KINDS: usize = 10;

/// What is known about the way to the next mark of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// From here...
    from: usize,
    /// ...to here there is none.
    to: usize,
    /// Whether one stands there.
    is_mark: bool,
}

/// The next marks of one text.
#[derive(Debug, Default)]
pub(crate) struct Lookahead {
    marks: [Known; KINDS],
    /// A stretch of at most five different bytes, and where it ends.
    few: (usize, usize),
}

impl Lookahead {
    /// Where the first mark stands in `start..limit`.
    pub(crate) fn find(
        &mut self,
        bytes: &[u8],
        mark: Mark,
        start: usize,
        limit: usize,
    ) -> Option<usize> {
        let known = self.marks.get_mut(mark as usize)?;
        let limit = limit.min(bytes.len());
        if start < known.from || known.to < start {
            *known = Known {
                from: start,
                to: start,
                is_mark: false,
            };
        }
        let bit = 1 << mark as u8;
        if !known.is_mark && known.to < limit {
            let found = ascii::part(bytes, known.to, limit).iter().position(|byte| {
                MARKS
                    .get(usize::from(*byte))
                    .is_some_and(|marks| marks & bit != 0)
            });
            known.is_mark = found.is_some();
            known.to = found.map_or(limit, |found| known.to + found);
        }
        (known.is_mark && known.to < limit).then_some(known.to)
    }

    /// Whether `start..end` has at most five different bytes.
    pub(crate) fn is_few(&mut self, bytes: &[u8], start: usize, end: usize) -> bool {
        if start < self.few.0 || self.few.1 <= start {
            let mut seen = 0u128;
            let more = ascii::part(bytes, start, bytes.len())
                .iter()
                .position(|byte| {
                    seen |= 1 << (byte & 127);
                    seen.count_ones() > 5
                });
            self.few = (start, more.map_or(bytes.len(), |more| start + more));
        }
        end <= self.few.1
    }

    /// [`Lookahead::find`], or the end of what was looked at.
    pub(crate) fn end(&mut self, bytes: &[u8], mark: Mark, start: usize, limit: usize) -> usize {
        self.find(bytes, mark, start, limit)
            .unwrap_or(limit.min(bytes.len()))
    }
}

/// For each byte, the marks that it is, as bits.
static MARKS: [u16; 256] = marks();

#[expect(
    clippy::indexing_slicing,
    reason = "checked when the table is made, at compile time"
)]
const fn marks() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let header = matches!(byte, b'"' | b'\'' | b'`' | b'\r' | b'\n' | b'\\');
        let value = matches!(
            byte,
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'<' | b'>' | b'|'
        );
        let closing = matches!(byte, b';' | b'&' | b',' | b')' | b'}' | b']');
        table[byte as usize] = (header as u16) << Mark::Header as u8
            | ((header || byte == b';') as u16) << Mark::SetCookie as u8
            | (value as u16) << Mark::Flag as u8
            | ((value || closing || byte == b'`') as u16) << Mark::Colon as u8
            | ((value || closing) as u16) << Mark::Other as u8
            | (byte.is_ascii_digit() as u16) << Mark::Digit as u8
            | ((byte == b'=') as u16) << Mark::Equals as u8
            | ((byte == b',') as u16) << Mark::Comma as u8
            | (matches!(byte, b' ' | b')' | b'}' | b']') as u16) << Mark::Word as u8
            | (matches!(byte, b'>' | b'\n') as u16) << Mark::Forged as u8;
        byte += 1;
    }
    table
}
