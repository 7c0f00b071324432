//! Places that programs fill: `${x}`, `{{ x }}`, `%s`.

use crate::redact::ascii::{self, ALPHA, DASH, DOT, QUOTE, SPACE, WORD};

/// The signs of programs that a value is asked for, all at once: it may be long, and asked for at
/// every name before it.
const SIGNS: &[u8; 11] = b"$<%&#@{([:-";

/// Those of them that open a template.
const OPENINGS: u16 = 0b111_1111;

/// Those that call, index or build.
pub(super) const BRACKETS: u16 = 0b1_1100_0000;

/// For each byte, which of the signs it is.
#[expect(
    clippy::indexing_slicing,
    reason = "checked when the table is made, at compile time"
)]
static SIGN: [u16; 256] = {
    let mut table = [0; 256];
    let mut sign = 0;
    while sign < SIGNS.len() {
        table[SIGNS[sign] as usize] = 1 << sign;
        sign += 1;
    }
    table
};

pub(super) fn sign_of(byte: u8) -> u16 {
    SIGN.get(usize::from(byte)).copied().unwrap_or(0)
}

pub(super) fn signs_in(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |signs, byte| signs | sign_of(*byte))
}

/// A place that a program fills, where it opens.
#[derive(Clone, Copy)]
enum Place {
    /// How long its opening is, and how it closes.
    Between(usize, &'static str),
    /// `%s` and `%d`.
    Printed,
    /// `$.name`.
    Path,
    /// `<your`.
    Asked,
}

use Place::{Asked, Between, Path, Printed};

/// What opens at `at`, where one of the signs for it stands; and its number, to tell it from others.
fn place(bytes: &[u8], at: usize) -> Option<(u32, Place)> {
    let rest = ascii::part(bytes, at, at + 5);
    Some(match rest {
        [b'$', b'{', ..] => (0, Between(2, "}")),
        [b'$', b'(', ..] => (1, Between(2, ")")),
        [b'{', b'{', ..] => (2, Between(2, "}}")),
        [b'<', b'%', ..] => (3, Between(2, "%>")),
        [b'&', b'l', b't', b';', ..] => (4, Between(4, "&gt;")),
        [b'%', b'(', ..] => (5, Between(2, ")")),
        [b'#', b'{', ..] => (6, Between(2, "}")),
        [b'$', b'[', ..] => (7, Between(2, "]")),
        [b'@', b'{', ..] => (8, Between(2, "}")),
        [b'%', b's', ..] => (9, Printed),
        [b'%', b'd', ..] => (10, Printed),
        [b'$', b'.', ..] => (11, Path),
        b"<your" => (12, Asked),
        _ => return None,
    })
}

/// Whether there is a place in it that a program fills: of each kind, the first counts.
pub(super) fn has_template(value: &str) -> bool {
    let bytes = value.as_bytes();
    if signs_in(bytes) & OPENINGS == 0 {
        return false;
    }
    let mut seen = 0u16;
    bytes.iter().enumerate().any(|(at, byte)| {
        if sign_of(*byte) & OPENINGS == 0 {
            return false;
        }
        let Some((number, place)) = place(bytes, at) else {
            return false;
        };
        let is_first = seen & 1 << number == 0;
        // `%d` counts where there is no `%s`.
        let counts = number != 10 || ascii::find(bytes, b"%s").is_none();
        seen |= 1 << number;
        is_first && counts && is_filled(bytes, at, place)
    })
}

/// Whether a program fills the place that opens at `at`.
fn is_filled(bytes: &[u8], at: usize, place: Place) -> bool {
    match place {
        Between(opening, close) => {
            // The closing sign may be cut off; what is between is a name or a small expression.
            let inner = ascii::part(bytes, at + opening, bytes.len());
            let end = ascii::find(inner, close.as_bytes()).unwrap_or(inner.len());
            ascii::part(inner, 0, end).iter().all(|byte| {
                ascii::is(*byte, WORD | SPACE | DASH | DOT | QUOTE) || b":()|/,[]?$>".contains(byte)
            })
        }
        Printed => {
            !ascii::is(ascii::before(bytes, at), WORD) && !ascii::is(ascii::at(bytes, at + 2), WORD)
        }
        Path => ascii::is(ascii::at(bytes, at + 2), ALPHA),
        Asked => true,
    }
}
