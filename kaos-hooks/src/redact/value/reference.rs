//! What stands where a secret could: placeholders, templates, variables, expressions, labels.

use std::sync::LazyLock;

use super::template::{BRACKETS, has_template, sign_of, signs_in};
use crate::redact::ascii::{self, ALPHA, DASH, DIGIT, DOT, LOWER, SLUG, SPACE, UPPER, WORD};
use crate::redact::sentinel;
use crate::redact::word_set::WordSet;

/// Words that stand where a value would: types, nothing, and what a form says.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "true", "false", "null", "nil", "none", "undefined", "string", "str", "text", "bool",
    "boolean", "int", "integer", "number", "float", "object", "any", "bytes", "char", "varchar",
    "required", "optional", "redacted", "masked", "hidden", "secret", "password", "passwd",
    "token", "apikey", "key", "value", "example", "changeme", "changeit", "todo", "default",
    "empty", "test", "u8", "u16", "u32", "u64", "i32", "i64", "usize", "int32", "int64", "uint8",
    "uint32", "uint64", "float32", "float64", "base64", "sha1", "sha256", "sha512", "md5", "utf8",
    "utf-8", "uuid", "guid", "hs256", "rs256", "es256", "oauth2", "bearer", "basic", "self",
    "this", "yes", "no", "on", "off", "enabled", "disabled", "unset", "unknown", "placeholder",
    "n/a", "tbd", "dict", "list", "map", "option", "sequence", "mapping", "tuple", "callable",
    "function", "symbol", "void", "never", "file", "env", "prompt", "stdin", "vault", "keyring",
];

static IS_WORD: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(WORDS));

/// How a form asks for a value, in front of what it asks for.
const ASKS: &[&str] = &[
    "your_", "your-", "your ", "<your", "my_", "my-", "insert", "enter ", "replace",
];

/// Whether `value` only says that a value goes here.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = without_quotes(value);
    let bytes = value.as_bytes();
    let is_filler = |b: &u8| {
        matches!(
            b,
            b'x' | b'X' | b'*' | b'.' | b'-' | b'_' | b'#' | b'?' | b' ' | b'\\'
        )
    };
    bytes.iter().all(is_filler)
        || (bytes.len() <= 11 && IS_WORD.has(value))
        || is_wrapped(value)
        || has_template(value)
        || is_variable(bytes)
        || (ASKS.iter().any(|start| ascii::has(bytes, 0, start)) && is_words(bytes))
}

/// Without the quotes around it.
fn without_quotes(value: &str) -> &str {
    let bytes = value.as_bytes();
    let is_other = |byte: &u8| !matches!(byte, b'\'' | b'"');
    let first = bytes.iter().position(is_other).unwrap_or(bytes.len());
    let last = bytes.iter().rposition(is_other).map_or(first, |at| at + 1);
    ascii::cut(value, first, last)
}

/// Whether a value in quotes as a whole only says where one goes: `****`, `$DB_PASSWORD`,
/// `${DB_PASSWORD}`, `{{ vault.pw }}`, `<your password>`.
pub(crate) fn is_left_open(value: &str) -> bool {
    let bytes = value.as_bytes();
    let between = |open: &str, close: &str, set| {
        let inner = value
            .strip_prefix(open)
            .and_then(|it| it.strip_suffix(close));
        inner.is_some_and(|inner| !inner.is_empty() && ascii::all(inner.as_bytes(), set))
    };
    let is_shouted = || {
        ascii::at(bytes, 0) == b'$'
            && ascii::is(ascii::at(bytes, 1), UPPER)
            && ascii::all(
                ascii::part(bytes, 1, bytes.len()),
                UPPER | DIGIT | ascii::UNDERSCORE,
            )
    };
    (bytes.len() >= 3 && bytes.iter().all(|byte| *byte == b'*'))
        || between("${", "}", WORD | DOT)
        || between("{{", "}}", WORD | DOT | SPACE)
        || between("<", ">", ALPHA | SPACE | DASH | ascii::UNDERSCORE)
        || is_shouted()
}

/// `<your password>`, `{password}`, `[REDACTED]`, `%PASSWORD%`, and a sentinel.
///
/// What is between the brackets has to be words: a secret may stand between brackets, too.
fn is_wrapped(value: &str) -> bool {
    let bytes = value.as_bytes();
    let (first, last) = (ascii::at(bytes, 0), ascii::before(bytes, bytes.len()));
    let has_brackets = matches!(
        (first, last),
        (b'<', b'>') | (b'{', b'}') | (b'[', b']') | (b'%', b'%') | (b'(', b')')
    );
    // What only begins as a sentinel hides something.
    if value.starts_with(sentinel::OPENING) {
        return sentinel::end(bytes, 0) == Some(bytes.len());
    }
    if !has_brackets || bytes.len() < 2 {
        return false;
    }
    let inner = ascii::part(bytes, 1, bytes.len() - 1);
    let digits = inner.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    digits <= 2
        && inner.iter().all(|byte| {
            ascii::is(*byte, WORD | SPACE | DASH | DOT) || b":!$/,'\"|<>&".contains(byte)
        })
}

/// Letters in words, perhaps with a number of two digits behind.
fn is_words(bytes: &[u8]) -> bool {
    let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    let is_shouted = bytes.iter().all(|byte| !ascii::is(*byte, LOWER));
    (digits <= 2 || is_shouted)
        && bytes
            .iter()
            .all(|byte| ascii::is(*byte, WORD | SPACE | DASH | DOT) || b"<>'".contains(byte))
}

/// `$name`, `$env:NAME`, `@name` and `$name->field`.
fn is_variable(bytes: &[u8]) -> bool {
    match bytes {
        [b'$' | b'@', rest @ ..] => {
            ascii::is(ascii::at(rest, 0), WORD)
                && rest
                    .iter()
                    .all(|b| ascii::is(*b, SLUG | DOT) || matches!(b, b':' | b'>'))
        }
        _ => false,
    }
}

/// Whether it is a piece of a program between two strings, or an expression.
pub(crate) fn is_code(value: &str) -> bool {
    let bytes = value.as_bytes();
    let is_piece = matches!(
        ascii::at(bytes, 0),
        b'+' | b')' | b',' | b';' | b' ' | b']' | b'}' | b'|' | b'='
    ) || (ascii::at(bytes, 0) == b'.' && matches!(ascii::at(bytes, 1), b'$' | b' '))
        || ["['", "[\"", " + ", "());"]
            .iter()
            .any(|sign| ascii::find(bytes, sign.as_bytes()).is_some());
    is_piece && !is_strong(value)
}

/// One word of eight or more with both cases, a digit and a sign: no piece of a program.
fn is_strong(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < 8 {
        return false;
    }
    let sets = ascii::sets(bytes);
    sets & SPACE == 0
        && [UPPER, LOWER, DIGIT].iter().all(|set| sets & set != 0)
        && bytes
            .iter()
            .any(|byte| !ascii::is(*byte, WORD | DASH | DOT) && *byte > b' ')
        && !["()", "['", "[\"", "::", "->", "=="]
            .iter()
            .any(|mark| ascii::find(bytes, mark.as_bytes()).is_some())
}

/// What an unquoted value starts with that is looked up elsewhere.
#[rustfmt::skip]
const OBJECTS: &[&str] = &[
    "self.", "this.", "env.", "process.", "os.", "config.", "secrets.", "args.", "var.", "vars.",
    "module.", "data.", "local.", "params.", "opts.", "options.", "settings.", "request.", "req.",
];

static IS_OBJECT: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(OBJECTS));

/// Whether an unquoted value is an expression: a call, a path, a type.
pub(crate) fn is_expression(value: &str, next: u8) -> bool {
    let bytes = value.as_bytes();
    if matches!(next, b'(' | b'[' | b'{' | b'<') {
        return true;
    }
    let signs = signs_in(bytes);
    let has = |sign: &str| {
        signs & sign_of(ascii::at(sign.as_bytes(), 0)) != 0
            && ascii::find(bytes, sign.as_bytes()).is_some()
    };
    signs & BRACKETS != 0
        || has("::")
        || has("->")
        || IS_OBJECT.is_at(bytes, 0)
        || matches!(
            ascii::at(bytes, 0),
            b'&' | b'*'
                | b'!'
                | b'('
                | b'['
                | b'{'
                | b'|'
                | b'>'
                | b'<'
                | b'='
                | b'/'
                | b'\\'
                | b'.'
        )
}

/// `SecretStr`, `Optional`: a type by its capitals.
pub(crate) fn is_type(value: &str) -> bool {
    let bytes = value.as_bytes();
    let humps = bytes.iter().filter(|byte| ascii::is(**byte, UPPER)).count();
    ascii::all(bytes, ALPHA)
        && ascii::is(ascii::at(bytes, 0), UPPER)
        && humps >= 2
        && humps < bytes.len()
}
