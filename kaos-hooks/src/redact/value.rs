//! What a value looks like: written out, a placeholder, code, random.

use super::ascii::{
    self, ALNUM, ALPHA, ANY_BASE64, ANY_HEX, DASH, DIGIT, DOT, LOWER, SLUG, UPPER, WORD,
};

/// Words that stand where a value would: types, nothing, and what a form says.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "true", "false", "null", "nil", "none", "undefined", "string", "str", "text", "bool",
    "boolean", "int", "integer", "number", "float", "object", "any", "bytes", "char", "varchar",
    "required", "optional", "redacted", "masked", "hidden", "secret", "password", "passwd",
    "token", "apikey", "key", "value", "example", "changeme", "todo", "default", "empty", "test",
    "u8", "u16", "u32", "u64", "i32", "i64", "usize", "int32", "int64", "uint8", "uint32",
    "uint64", "float32", "float64", "base64", "sha1", "sha256", "sha512", "md5", "utf8", "utf-8",
    "uuid", "guid", "hs256", "rs256", "es256", "oauth2", "bearer", "basic", "self", "this",
];

/// Whether `value` only says that a value goes here.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = value.trim_matches(['\'', '"']);
    let bytes = value.as_bytes();
    let (first, last) = (ascii::at(bytes, 0), ascii::before(bytes, bytes.len()));
    if bytes.iter().all(|b| {
        matches!(
            b,
            b'x' | b'X' | b'*' | b'.' | b'-' | b'_' | b'#' | b'?' | b' ' | b'\\'
        )
    }) {
        return true;
    }
    if bytes.len() <= 9 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return true;
    }
    let wrapped = matches!(
        (first, last),
        (b'<', b'>') | (b'{', b'}') | (b'[', b']') | (b'%', b'%') | (b'(', b')')
    );
    wrapped
        || has_template(value)
        || is_variable(bytes)
        || [
            "your_", "your-", "your ", "<your", "my_", "my-", "insert", "enter ", "replace",
        ]
        .iter()
        .any(|start| ascii::has(bytes, 0, start))
}

/// Whether there is a place in it that a program fills.
fn has_template(value: &str) -> bool {
    if !value
        .bytes()
        .any(|byte| matches!(byte, b'$' | b'{' | b'<' | b'%' | b'&' | b'#'))
    {
        return false;
    }
    [
        "${", "$(", "{{", "<%", "&lt;", "%(", "#{", "$$(", "$[", "<your", "%s", "$.", "@{",
    ]
    .iter()
    .any(|mark| value.contains(mark))
}

/// `$name`, `$env:NAME`, `@name` and `$name->field`.
fn is_variable(bytes: &[u8]) -> bool {
    match bytes {
        [b'$' | b'@', rest @ ..] => {
            ascii::is(ascii::at(rest, 0), ALPHA | ascii::UNDERSCORE)
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
    matches!(
        ascii::at(bytes, 0),
        b'+' | b')' | b',' | b';' | b' ' | b']' | b'}' | b'|' | b'='
    ) || (ascii::at(bytes, 0) == b'.' && matches!(ascii::at(bytes, 1), b'$' | b' '))
        || (value.contains("['") || value.contains("[\"") || value.contains(" + "))
        || value.contains("());")
}

/// Whether an unquoted value is an expression: a call, a path, a type.
pub(crate) fn is_expression(value: &str, next: u8) -> bool {
    let bytes = value.as_bytes();
    matches!(next, b'(' | b'[' | b'{' | b'<')
        || value.contains("::")
        || value.contains("()")
        || value.contains("->")
        || value.contains(['(', '[', '{'])
        || [
            "self.",
            "this.",
            "env.",
            "process.",
            "os.",
            "config.",
            "secrets.",
            "args.",
            "var.",
            "vars.",
            "module.",
            "data.",
            "local.",
            "params.",
            "opts.",
            "options.",
            "settings.",
            "request.",
            "req.",
        ]
        .iter()
        .any(|start| ascii::has(bytes, 0, start))
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

/// A name of a program: letters and underscores, perhaps a number at the end.
pub(crate) fn is_identifier(value: &str) -> bool {
    let bytes = value.as_bytes();
    let name = value.trim_end_matches(|c: char| c.is_ascii_digit());
    bytes.len() - name.len() <= 2
        && name
            .bytes()
            .all(|byte| ascii::is(byte, ALPHA | ascii::UNDERSCORE | DOT))
}

/// Words with the telling one among them: a label, a selector, a path, not the value.
pub(crate) fn is_label(value: &str) -> bool {
    let bytes = value.as_bytes();
    let lower = value.to_ascii_lowercase();
    let names_it = [
        "passw",
        "passwor",
        "secret",
        "token",
        "passphrase",
        "key",
        "pin code",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let is_phrase = ascii::any(bytes, ascii::SPACE)
        || lower.ends_with(':')
            && lower.bytes().filter(u8::is_ascii_alphabetic).count() + 1 == lower.len()
            && names_it
        || (bytes
            .iter()
            .any(|b| matches!(b, b'_' | b'-' | b'#' | b'/' | b'.'))
            && bytes.iter().all(|b| {
                ascii::is(*b, ALPHA | SLUG | DOT) && !ascii::is(*b, DIGIT)
                    || matches!(b, b'#' | b'/')
            }));
    let path = ascii::at(bytes, 0) == b'/' && memchr::memchr_iter(b'/', bytes).count() >= 2;
    let spaces = memchr::memchr_iter(b' ', bytes).count();
    (names_it && is_phrase)
        || path
        || (value.contains('/') && is_dotted_words(value))
        || spaces > 3
        || is_url(value)
}

fn is_url(value: &str) -> bool {
    ["http://", "https://", "arn:", "urn:", "file:", "mailto:"]
        .iter()
        .any(|scheme| value.starts_with(scheme))
}

/// Letters and digits mixed, or long enough that no word has the length.
pub(crate) fn is_token(value: &str) -> bool {
    let bytes = value.as_bytes();
    let token_bytes = bytes.iter().all(|b| {
        ascii::is(*b, ANY_BASE64 | DOT | ascii::TILDE)
            || matches!(b, b':' | b'!' | b'$' | b'@' | b'%' | b'*' | b'|')
    });
    if !token_bytes || bytes.len() < 8 || is_broken_uuid(bytes) {
        return false;
    }
    if value.starts_with("0x") && bytes.len() <= 18 {
        return false;
    }
    let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    let mixed = digits >= 1 && ascii::any(bytes, ALPHA);
    let long = bytes.len() >= 32 && ascii::all(bytes, ALNUM);
    (mixed && (digits >= 2 || bytes.len() >= 16) && !is_dotted_words(value)) || long
}

/// `com.example.v2`, `some-name-2`, `path/to/file1`: words with a number.
fn is_dotted_words(value: &str) -> bool {
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .all(|word| {
            let bytes = word.as_bytes();
            let letters = bytes
                .iter()
                .take_while(|byte| ascii::is(**byte, ALPHA))
                .count();
            bytes.len() <= 16
                && (ascii::all(bytes, ALPHA)
                    || bytes.len() < 4 && ascii::any(bytes, ALPHA | DIGIT)
                    || bytes.is_empty()
                    || (letters >= 3
                        && bytes.len() - letters <= 2
                        && ascii::part(bytes, letters, bytes.len())
                            .iter()
                            .all(|b| ascii::is(*b, DIGIT))))
        })
}

/// 32 hexadecimal digits, a UUID, or at least 20 bytes that no one would write by hand.
pub(crate) fn is_random(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < 20
        || bytes.ends_with(b"--")
        || is_broken_uuid(bytes)
        || !bytes.iter().all(|byte| ascii::is(*byte, ANY_BASE64 | DOT))
    {
        return false;
    }
    let hex = bytes.iter().all(|byte| ascii::is(*byte, ANY_HEX | DASH))
        && bytes
            .iter()
            .filter(|byte| ascii::is(**byte, ANY_HEX))
            .count()
            >= 32;
    if hex {
        return is_varied(bytes);
    }
    let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    let alternations = bytes
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if ascii::is(*a, DIGIT) != ascii::is(*b, DIGIT)))
        .count();
    let cases = ascii::any(bytes, UPPER) && ascii::any(bytes, LOWER);
    digits >= 2
        && is_varied(bytes)
        && !is_dotted_words(value)
        && (alternations >= 4 || (cases && alternations >= 2))
}

/// At least six different bytes.
fn is_varied(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(0u128, |seen, byte| seen | 1 << (byte & 127))
        .count_ones()
        >= 6
}

/// The length and dashes of a UUID with something else than hexadecimal digits between.
fn is_broken_uuid(bytes: &[u8]) -> bool {
    let is_dash = |index: usize| ascii::at(bytes, index) == b'-';
    bytes.len() == 36
        && [8, 13, 18, 23].into_iter().all(is_dash)
        && bytes
            .iter()
            .enumerate()
            .any(|(index, byte)| !matches!(index, 8 | 13 | 18 | 23) && !ascii::is(*byte, ANY_HEX))
}

/// A digit or a sign between letters: what people put into a password, not into a word.
pub(crate) fn is_password(value: &str) -> bool {
    let bytes = value.as_bytes();
    let letters = bytes.iter().filter(|byte| ascii::is(**byte, ALPHA)).count();
    let digits = bytes.iter().filter(|byte| ascii::is(**byte, DIGIT)).count();
    let signs = bytes
        .iter()
        .filter(|b| !ascii::is(**b, WORD | DOT | DASH) && **b < 0x80)
        .count();
    bytes.len() >= 4
        && ((digits > 0 && letters > 0) || (signs > 0 && letters > 1) || digits == bytes.len())
}

/// Small letters only, and more than the words of a type or a form have.
pub(crate) fn is_long_word(value: &str) -> bool {
    value.len() >= 10 && ascii::all(value.as_bytes(), LOWER) && !is_placeholder(value)
}
