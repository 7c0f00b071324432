//! JSON as providers write it: read leniently, for an answer that arrived is not thrown away for a
//! field that is odd.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

/// What some begin UTF-8 with.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads JSON. Where it is none only because of half a surrogate pair, bytes that are no UTF-8,
/// control characters in a string, or numbers that JSON does not know, it is mended first: U+FFFD
/// for what cannot be a character, `null` for what cannot be a number.
pub(super) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    serde_json::from_slice(bytes).or_else(|why| {
        let mended = mended(&String::from_utf8_lossy(bytes));
        serde_json::from_str(&mended).map_err(|_first_is_said| why)
    })
}

fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '"' => {
                mended.push('"');
                string(&mut rest, &mut mended);
            }
            '-' | '+' | '.' | '0'..='9' | 'N' | 'I' => {
                let mut word = String::from(next);
                while let Some(more) =
                    rest.next_if(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c))
                {
                    word.push(more);
                }
                let number = word.parse::<f64>().is_ok_and(f64::is_finite);
                let json = number && serde_json::from_str::<Value>(&word).is_ok();
                mended.push_str(if json { &word } else { "null" });
            }
            other => mended.push(other),
        }
    }
    mended
}

/// The rest of a string, its closing quote included.
fn string(rest: &mut Peekable<Chars<'_>>, mended: &mut String) {
    while let Some(next) = rest.next() {
        match next {
            '"' => {
                mended.push('"');
                return;
            }
            '\\' if rest.peek() == Some(&'u') => {
                rest.next();
                escaped(rest, mended);
            }
            '\\' => {
                mended.push('\\');
                mended.extend(rest.next());
            }
            control if control < ' ' => {
                let escape = format!("\\u{:04x}", u32::from(control));
                mended.push_str(&escape);
            }
            other => mended.push(other),
        }
    }
}

/// A character by its number, `\u` being read.
fn escaped(rest: &mut Peekable<Chars<'_>>, mended: &mut String) {
    const REPLACEMENT: &str = "\\ufffd";
    let Some(unit) = four_digits(rest) else {
        return mended.push_str(REPLACEMENT);
    };
    match unit {
        0xd800..0xdc00 => {
            let mut ahead = rest.clone();
            let second = (ahead.next() == Some('\\') && ahead.next() == Some('u'))
                .then(|| four_digits(&mut ahead))
                .flatten();
            match second {
                Some(low @ 0xdc00..0xe000) => {
                    *rest = ahead;
                    let pair = format!("\\u{unit:04x}\\u{low:04x}");
                    mended.push_str(&pair);
                }
                _ => mended.push_str(REPLACEMENT),
            }
        }
        0xdc00..0xe000 => mended.push_str(REPLACEMENT),
        _ => {
            let escape = format!("\\u{unit:04x}");
            mended.push_str(&escape);
        }
    }
}

fn four_digits(rest: &mut Peekable<Chars<'_>>) -> Option<u32> {
    let mut number = 0;
    for _ in 0..4 {
        let digit = rest.next_if(char::is_ascii_hexdigit)?;
        number = number * 16 + digit.to_digit(16)?;
    }
    Some(number)
}

/// A text, whatever it stands as: a string, parts, or something else.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(parts) => parts.iter().map(text).collect::<String>().into(),
        Value::Object(part) => match part.get("text").or_else(|| part.get("content")) {
            Some(inner) => text(inner),
            // A part that is no text, such as a thought.
            None if part.contains_key("type") => Cow::Borrowed(""),
            None => Cow::Owned(value.to_string()),
        },
        Value::Bool(_) | Value::Number(_) => Cow::Owned(value.to_string()),
    }
}

/// A word, such as a name or an id; `None` where it is missing or empty.
pub(super) fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(word) if word.is_empty() => None,
        Value::String(word) => Some(word.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The largest number that counts something, a million million: of what is beyond, sums would say nothing.
const MAX_COUNT: u64 = 1_000_000_000_000;

/// A count; `None` for what is none.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    let number = match value? {
        Value::Number(number) => match number.as_u64() {
            Some(count) => return (count <= MAX_COUNT).then_some(count),
            None => number.as_f64()?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "within the range"
    )]
    (0.0..=MAX_COUNT as f64)
        .contains(&number)
        .then_some(number as u64)
}
