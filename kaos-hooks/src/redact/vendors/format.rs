//! How a vendor's keys look.

use crate::redact::ascii::{self, ALNUM, ALPHA, DIGIT, Set, WORD};
use crate::redact::base64;
use crate::redact::pattern::{Piece, Runs, matches};

/// What may stand before the distinctive part of a key.
const KEY_START: Set = WORD | ascii::TILDE | ascii::DOT;

/// A prefix of at least three bytes and what must follow it.
#[derive(Debug)]
pub(crate) struct Vendor {
    pub(crate) literal: &'static str,
    /// Bytes that may not stand before the prefix.
    not_after: Set,
    /// How many letters and digits before the prefix belong to the key, at least and at most.
    before: (usize, usize),
    body: Body,
    pieces: &'static [Piece],
}

/// What else the part after the prefix must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Nothing else: the format is distinctive.
    Any,
    /// Random-looking, since words can have the same form.
    Random,
    /// The base64 of a private key in PEM format.
    PrivatePem,
    /// Random-looking, and between quotes that are a part of the pattern.
    Quoted,
}

/// A format whose prefix never starts inside a word.
pub(super) const fn vendor(literal: &'static str, pieces: &'static [Piece]) -> Vendor {
    Vendor {
        literal,
        not_after: WORD,
        before: (0, 0),
        body: Body::Any,
        pieces,
    }
}

/// A format that words can have, too: `sk-` starts a key and many a class name.
pub(super) const fn wordy(literal: &'static str, pieces: &'static [Piece]) -> Vendor {
    Vendor {
        literal,
        not_after: ascii::SLUG,
        before: (0, 0),
        body: Body::Random,
        pieces,
    }
}

/// A PEM block in base64; certificates start in the same way.
pub(super) const fn pem_base64(literal: &'static str, pieces: &'static [Piece]) -> Vendor {
    Vendor {
        literal,
        not_after: ascii::BASE64,
        before: (0, 0),
        body: Body::PrivatePem,
        pieces,
    }
}

/// A format whose distinctive part stands inside.
pub(super) const fn inner(
    before: (usize, usize),
    literal: &'static str,
    pieces: &'static [Piece],
) -> Vendor {
    Vendor {
        literal,
        not_after: 0,
        before,
        body: Body::Any,
        pieces,
    }
}

/// A format between quotes, which stay.
pub(super) const fn quoted(literal: &'static str, pieces: &'static [Piece]) -> Vendor {
    Vendor {
        literal,
        not_after: WORD,
        before: (0, 0),
        body: Body::Quoted,
        pieces,
    }
}

impl Vendor {
    /// The key around the prefix `start..end`.
    pub(crate) fn find(
        &self,
        bytes: &[u8],
        start: usize,
        end: usize,
        runs: &mut Runs,
    ) -> Option<(usize, usize)> {
        if ascii::part(bytes, start, end) != self.literal.as_bytes() {
            return None;
        }
        // An escape such as `\n` before the prefix is not a part of its word.
        if ascii::is(ascii::before(bytes, start), self.not_after) && !is_after_escape(bytes, start)
        {
            return None;
        }
        let key_start = ascii::run_back(bytes, start, KEY_START, self.before.1);
        if start - key_start < self.before.0 {
            return None;
        }
        let key_end = matches(bytes, end, self.pieces, runs)?;
        let body = ascii::part(bytes, end, key_end);
        let accepted = match self.body {
            Body::Any => true,
            Body::Random | Body::Quoted => is_random(body),
            Body::PrivatePem => base64::decode(ascii::part(bytes, start, key_end.min(start + 64)))
                .is_some_and(|pem| memchr::memmem::find(&pem, b"PRIVATE KEY").is_some()),
        };
        let quote = usize::from(self.body == Body::Quoted);
        accepted.then_some((key_start + quote, key_end - quote))
    }
}

/// Whether the byte before `start` is the letter of `\n`, `\t` or `\r`.
fn is_after_escape(bytes: &[u8], start: usize) -> bool {
    start >= 2
        && ascii::at(bytes, start - 2) == b'\\'
        && matches!(ascii::at(bytes, start - 1), b'n' | b't' | b'r')
}

/// Whether the first 64 bytes have letters, digits and not just a few of them.
pub(crate) fn is_random(bytes: &[u8]) -> bool {
    let bytes = ascii::part(bytes, 0, 64);
    let mut seen = 0u128;
    for byte in bytes {
        seen |= 1 << (byte & 127);
    }
    // A word with a number at its end is no key.
    let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    digits >= 2
        && ascii::any(bytes, ALPHA)
        && seen.count_ones() >= 8
        && bytes
            .split(|byte| !ascii::is(*byte, ALNUM))
            .any(|word| ascii::any(word, ALPHA) && ascii::any(word, DIGIT) && word.len() >= 6)
}
