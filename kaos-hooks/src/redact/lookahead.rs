//! What lies ahead, looked at once: text that asks at every word how far its line goes on costs
//! no more than its length.

use super::{ascii, sentinel};

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
    /// What opens a string among the arguments of a call, or ends them.
    Literal,
    /// An ASCII letter.
    Letter,
}

/// How many kinds of marks there are.
const KINDS: usize = 12;

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
    chain: Option<Chain>,
    /// Where a bracket or an end of a statement stood last, and how far it was looked for.
    bracket: (Option<usize>, usize),
}

/// Sentinels glued to each other with nothing but words between.
#[derive(Clone, Copy, Debug)]
struct Chain {
    /// What would end it.
    mark: Mark,
    /// Where the last word starts that came further: one behind it looks no less far.
    start: usize,
    /// Where the first of them starts, and the last that was come to.
    first: usize,
    last: usize,
    /// The last with a word before it.
    worded: usize,
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

    /// Where the last bracket, line break or `;` stands in `from..to`.
    pub(crate) fn bracket_before(&mut self, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
        let last = |from: usize| {
            let is_end =
                |byte: &u8| matches!(byte, b'{' | b'[' | b'(' | b')' | b'}' | b']' | b'\n' | b';');
            let found = ascii::part(bytes, from, to).iter().rposition(is_end);
            found.map(|index| from + index)
        };
        let (known, looked) = &mut self.bracket;
        if to < *looked {
            return last(from);
        }
        *known = last(from.max(*looked)).or(*known);
        *looked = to;
        known.filter(|at| *at >= from)
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

    /// How far the one word goes that starts at `start`, if it is glued to a sentinel; a stretch
    /// without one ends at a mark, or at `limit`.
    pub(crate) fn glued(
        &mut self,
        bytes: &[u8],
        mark: Mark,
        start: usize,
        limit: usize,
    ) -> Option<usize> {
        let mut position = start;
        // The chain of this word, when its first sentinel was come to.
        let mut chain: Option<Chain> = None;
        let (mut is_worded, mut has_more) = (false, false);
        loop {
            if let Some(behind) = sentinel::end(bytes, position) {
                let on = match chain.or(self.chain) {
                    // The next of this chain.
                    Some(it) if chain.is_some() => Chain {
                        start,
                        last: position,
                        worded: if is_worded { position } else { it.worded },
                        ..it
                    },
                    // One that another word is in, too: how it goes on is known.
                    Some(it)
                        if it.mark == mark
                            && it.start <= start
                            && (it.first..=it.last).contains(&position) =>
                    {
                        it
                    }
                    _ => Chain {
                        mark,
                        start,
                        first: position,
                        last: position,
                        worded: position,
                    },
                };
                has_more |= on.worded > position;
                position = if on.last > position {
                    sentinel::end(bytes, on.last).unwrap_or(on.last)
                } else {
                    behind
                };
                chain = Some(on);
                self.chain = chain;
                is_worded = false;
                continue;
            }
            let stop = self.end(bytes, mark, position, limit.max(position));
            let goes_on = sentinel::end(bytes, stop).is_some();
            // Most words are not glued to anything, and may be long.
            if chain.is_none() && !goes_on {
                return None;
            }
            is_worded = sentinel::has_word(ascii::part(bytes, position, stop));
            has_more |= is_worded;
            position = stop;
            if !goes_on {
                return has_more.then_some(position);
            }
        }
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
            | (matches!(byte, b'>' | b'\n') as u16) << Mark::Forged as u8
            | (matches!(byte, b'"' | b'\'' | b')' | b';') as u16) << Mark::Literal as u8
            | (byte.is_ascii_alphabetic() as u16) << Mark::Letter as u8;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Lookahead, Mark};
    use crate::redact::sentinel;

    #[test]
    fn what_is_glued_is_the_same_for_each_word_of_a_chain() {
        const PIECES: &[&str] = &[
            "<redacted:EMAIL:5-chars>",
            "a",
            "=",
            "\"",
            "<",
            " ",
            "é",
            ";",
        ];
        let mut number = 1u64;
        let mut below = |bound: usize| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            usize::try_from(number >> 33).unwrap() % bound
        };
        for _ in 0..5_000 {
            // Mostly the first ones, so that chains are long.
            let count = 1 + below(40);
            let text: String = (0..count)
                .map(|_| {
                    let most = 1 + below(PIECES.len());
                    PIECES[below(most)]
                })
                .collect();
            let bytes = text.as_bytes();
            let length = 1 + below(200);
            let mut ahead = Lookahead::default();
            let mut start = 0;
            while start < bytes.len() {
                let mark = [Mark::Colon, Mark::Other][below(8) / 7];
                let limit = start + length;
                let known = sentinel::glued(bytes, start, |from| {
                    Lookahead::default().end(bytes, mark, from, limit.max(from))
                });
                assert_eq!(
                    ahead.glued(bytes, mark, start, limit),
                    known,
                    "{text:?} at {start} up to {limit}"
                );
                start += 1 + below(30);
            }
        }
    }
}
