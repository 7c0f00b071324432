//! What a value has to look like, and what only stands for one.

use crate::redact::ascii::{self, ALNUM, DASH, DIGIT, SPACE, WORD};
use crate::redact::lookahead::{Lookahead, Mark};
use crate::redact::named::extent::Value;
use crate::redact::named::join::Joint::{Cell, Element, Flag, Line, Phrase, Query, Stated};
use crate::redact::value;
use crate::redact::vocabulary::Meaning::{self, About, Password};

/// What the value has to look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// Written out, in so many characters at least.
    Written(usize),
    /// A digit or a sign between letters, as people make passwords, in so many at least.
    Typed(usize),
    /// The same, and no identifier; or a token.
    TypedOrToken,
    /// The same where a program may follow: no argument of a call.
    TypedOrTokenOutsideCalls,
    /// A word that is no identifier, or a long one.
    LongWord,
    /// Letters and digits as in a token.
    Token,
    /// Eight or more, and no identifier.
    NoIdentifier,
    /// What no one writes by hand.
    Random,
    /// Three to eight digits.
    Digits,
}

impl Look {
    pub(super) fn is_met_by(self, value: &Value<'_>) -> bool {
        let text = value.text;
        let is_typed =
            || value::is_password(text) && !value::is_identifier(text) || value::is_token(text);
        match self {
            Self::Written(least) => text.len() >= least,
            Self::Typed(least) => text.len() >= least && value::is_password(text),
            Self::TypedOrToken if value.is_quoted => {
                is_typed() && (value::is_password(text) || !text.contains('='))
            }
            Self::TypedOrToken => value::is_password(text) || value::is_token(text),
            Self::TypedOrTokenOutsideCalls => {
                is_typed() || value::is_password(text) && !matches!(value.next, b')' | b',' | b'(')
            }
            Self::LongWord => {
                text.len() >= 3 && !value::is_identifier(text)
                    || text.len() >= 6 && value.next != b'.'
            }
            Self::Token => value::is_token(text),
            Self::NoIdentifier => text.len() >= 8 && !value::is_identifier(text),
            // The account number of Twilio is no secret, though it stands beside one.
            Self::Random => value::is_random(text) && !text.starts_with("AC"),
            Self::Digits => (3..=8).contains(&text.len()) && ascii::all(text.as_bytes(), DIGIT),
        }
    }
}

/// Whether a long value cannot look like a token, because it has no digit and is no one word, nor
/// typed, because it has no letter and is no number.
///
/// A value without an end that repeats its name is asked for at each of them.
pub(super) fn is_plain(look: Look, value: &Value<'_>, ahead: &mut Lookahead) -> bool {
    if value.text.len() <= 64 {
        return false;
    }
    let bytes = value.bytes;
    if matches!(
        look,
        Look::Typed(_) | Look::TypedOrToken | Look::TypedOrTokenOutsideCalls
    ) {
        let end = value.start + value.text.len();
        let letter = ahead.find(bytes, Mark::Letter, value.start, end);
        return letter.is_none() && !ascii::all(value.text.as_bytes(), DIGIT);
    }
    if !matches!(look, Look::Token | Look::Random) {
        return false;
    }
    if matches!(look, Look::Random) && ahead.is_few(bytes, value.start, value.end) {
        return true;
    }
    ahead
        .find(bytes, Mark::Digit, value.start, value.end)
        .is_none()
        && !ascii::all(value.text.as_bytes(), ALNUM | DASH)
}

/// Whether the value only stands for one, or is no value at all.
pub(super) fn stands_for_a_value(meaning: Meaning, name: &str, value: &Value<'_>) -> bool {
    let text = value.text;
    let names_words = matches!(meaning, Password | About);
    value::is_placeholder(text)
        || value.form == Query && is_badge(value)
        || value::only_repeats(text, name)
        || (names_words && value.form != Phrase && value::is_label(text) && !value::is_random(text) && !value::is_seed(text))
        // The parts of a connection string are values of their own.
        || (names_words && value.is_quoted && has_parts(text))
        || if value.is_quoted {
            value::is_code(text)
        } else {
            match value.form {
                Element | Cell | Stated | Phrase => false,
                Flag => text.starts_with('-') || is_reference(value),
                Line => (value.is_yaml && value::is_type(text)) || is_reference(value),
                _ => is_reference(value),
            }
        }
}

/// The token of a picture that shows a state, as pages link it.
fn is_badge(value: &Value<'_>) -> bool {
    let head = ascii::part(value.bytes, value.start.saturating_sub(80), value.start);
    let word = head
        .iter()
        .rposition(|byte| ascii::is(*byte, ascii::BLANK | ascii::QUOTE))
        .map_or(0, |index| index + 1);
    ascii::find(ascii::part(head, word, head.len()), b".svg?").is_some()
}

/// `Server=x;Password=y`.
fn has_parts(text: &str) -> bool {
    let bytes = text.as_bytes();
    let key = ascii::short_run(bytes, 0, WORD | SPACE, 40);
    key > 0 && ascii::at(bytes, key) == b'=' && memchr::memchr(b';', bytes).is_some()
}

fn is_reference(value: &Value<'_>) -> bool {
    value::is_expression(value.text, value.next) && !value::is_random(value.text)
}
