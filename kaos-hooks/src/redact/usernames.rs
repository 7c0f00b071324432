//! Account names beside their passwords, and passwords that sentences tell.

use super::Class;
use super::ascii::{self, ALPHA, SPACE};
use super::finding::Findings;
use super::value;

const RULE: &str = "sentence that tells a password";

/// How far before its password an account name is looked for, in bytes.
const NEAR: usize = 400;

/// How many line breaks may stand between the two.
pub(crate) const NEAR_LINES: usize = 3;

/// The account name last read, until its password comes.
#[derive(Debug, Default)]
pub(crate) struct Account(Option<(usize, usize)>);

impl Account {
    /// Keeps the range of a name that was assigned.
    pub(crate) fn keep(&mut self, start: usize, end: usize) {
        self.0 = Some((start, end));
    }

    /// Redacts the kept name when its password starts at `password`.
    pub(crate) fn pair(&mut self, text: &str, password: usize, findings: &mut Findings) {
        let Some((start, end)) = self.0.take() else {
            return;
        };
        if password < end || password - end > NEAR {
            return;
        }
        let between = ascii::part(text.as_bytes(), end, password);
        let breaks = memchr::memchr_iter(b'\n', between).count();
        if breaks <= NEAR_LINES && is_account(ascii::cut(text, start, end)) {
            findings.add(start, end, Class::Username, "account beside its password");
        }
    }
}

/// Whether this is written out, and one word.
fn is_account(name: &str) -> bool {
    name.len() >= 3
        && !value::is_placeholder(name)
        && !value::is_code(name)
        && !name
            .bytes()
            .any(|byte| matches!(byte, b'(' | b'[' | b'{' | b'<' | b'$' | b'%' | b' '))
}

/// Finds `password for user 'NAME' is 'VALUE'` behind a word for password that ends at `end`.
pub(crate) fn sentence(text: &str, end: usize, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let word = ascii::short_run(bytes, end, SPACE, 4);
    if word == end
        || !["for ", "of "]
            .iter()
            .any(|link| ascii::has(bytes, word, link))
    {
        return;
    }
    let Some((name, name_end)) = quoted(bytes, word, 40) else {
        return;
    };
    let is = ascii::short_run(bytes, name_end + 1, SPACE, 4);
    if !["is ", "was ", "= ", ": "]
        .iter()
        .any(|verb| ascii::has(bytes, is, verb))
    {
        return;
    }
    let Some((start, value_end)) = quoted(bytes, is, 8) else {
        return;
    };
    if !value::is_placeholder(ascii::cut(text, start, value_end)) {
        findings.add(name, name_end, Class::Username, RULE);
        findings.add(start, value_end, Class::Password, RULE);
    }
}

/// The content of the quotes that open after words of at most `most` bytes.
fn quoted(bytes: &[u8], start: usize, most: usize) -> Option<(usize, usize)> {
    let open = ascii::short_run(bytes, start, ALPHA | SPACE | ascii::DASH, most);
    let quote = ascii::at(bytes, open);
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let window = ascii::part(bytes, open + 1, open + 130);
    let length = memchr::memchr2(quote, b'\n', window)?;
    (length > 0 && ascii::at(window, length) == quote).then_some((open + 1, open + 1 + length))
}
