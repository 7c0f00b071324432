//! Account names beside their passwords, and passwords that sentences and commands tell.

use super::Class;
use super::ahead::{Ahead, Mark};
use super::ascii::{self, ALPHA, BLANK, SPACE};
use super::finding::Findings;
use super::value;

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
            findings.add(start, end, Class::Username);
        }
    }
}

/// Whether this is written out, and one word.
fn is_account(name: &str) -> bool {
    name.len() >= 3
        && !value::is_placeholder(name)
        && !value::is_code(name)
        && !name.contains(['(', '[', '{', '<', '$', '%', ' '])
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
        findings.add(name, name_end, Class::Username);
        findings.add(start, value_end, Class::Password);
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

/// Commands that take an account and its password as flags, and the names of the flags.
pub(crate) const COMMANDS: &[&str] = &[
    "psexec",
    "sshpass ",
    "curl ",
    "smbclient ",
    "mysql ",
    "wget ",
    "convertto-securestring ",
    "networkcredential(",
    "identified by ",
];

/// Finds what the command at `start` is given as account and password.
pub(crate) fn command(text: &str, start: usize, ahead: &mut Ahead, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let line = ascii::part(bytes, start, start + 1024);
    let line = ascii::part(line, 0, memchr::memchr(b'\n', line).unwrap_or(line.len()));
    let is = |name: &str| ascii::has(bytes, start, name);
    // Only what a command asks for is looked for: a soup of commands asks at each of them.
    let mut flag = |mark| {
        let length = if mark == Mark::LongUser { 6 } else { 2 };
        // The blank behind a flag stands in the line, too.
        let limit = (start + line.len()).saturating_sub(length);
        let found = ahead.find(bytes, mark, start, limit)?;
        behind_flag(line, found + length - start).map(|(from, to)| (start + from, start + to))
    };
    if is("psexec") {
        let user = flag(Mark::User);
        let password = flag(Mark::Password);
        for (found, class) in [(user, Class::Username), (password, Class::Password)] {
            if let Some((from, to)) = found
                && !value::is_placeholder(ascii::cut(text, from, to))
            {
                findings.add(from, to, class);
            }
        }
    } else if is("sshpass") {
        if let Some((from, to)) = flag(Mark::Password)
            .filter(|(from, to)| !value::is_placeholder(ascii::cut(text, *from, *to)))
        {
            findings.add(from, to, Class::Password);
        }
    } else if is("convertto") || is("identified by '") || is("networkcredential") {
        let literals = literals(line);
        let (name, password) = if is("networkcredential") {
            (literals.first(), literals.get(1))
        } else {
            (None, literals.first())
        };
        for (found, class) in [(name, Class::Username), (password, Class::Password)] {
            if let Some((from, to)) = found
                && !value::is_placeholder(ascii::cut(text, start + from, start + to))
            {
                findings.add(start + from, start + to, class);
            }
        }
    } else if is("mysql") {
        // `-pVALUE`, without a space.
        let glued = memchr::memmem::find(line, b" -p").map(|found| start + found + 3);
        if let Some(from) = glued {
            let to = word_end(bytes, from);
            let word = ascii::cut(text, from, to);
            if word.len() >= 3 && !word.starts_with('$') && !word.starts_with('<') {
                findings.add(from, to, Class::Password);
            }
        }
    } else if let Some((from, to)) = flag(Mark::User).or_else(|| flag(Mark::LongUser)) {
        let pair = ascii::cut(text, from, to);
        if let Some((name, password)) = pair.split_once([':', '%'])
            && !password.is_empty()
            && !pair.contains(['$', '<', '{'])
            && !value::is_placeholder(password)
            && !name.contains('/')
        {
            findings.add(from, to, Class::UrlUserinfo);
        }
    }
}

/// The content of the first two string literals of a line.
fn literals(line: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::with_capacity(2);
    let mut from = 0;
    while let Some(open) = memchr::memchr2(b'"', b'\'', ascii::part(line, from, line.len()))
        && found.len() < 2
    {
        let start = from + open + 1;
        let quote = ascii::before(line, start);
        let Some(length) = memchr::memchr(quote, ascii::part(line, start, line.len())) else {
            break;
        };
        found.push((start, start + length));
        from = start + length + 1;
    }
    found
}

/// The word behind a flag that ends at `end`.
fn behind_flag(line: &[u8], end: usize) -> Option<(usize, usize)> {
    let mut start = ascii::short_run(line, end, SPACE, 8);
    let quote = ascii::at(line, start);
    if matches!(quote, b'"' | b'\'') {
        start += 1;
        let length = memchr::memchr(quote, ascii::part(line, start, line.len()))?;
        return Some((start, start + length));
    }
    let end = word_end(line, start);
    (end > start && quote != b'-').then_some((start, end))
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let rest = ascii::part(bytes, start, bytes.len());
    start
        + rest
            .iter()
            .position(|byte| ascii::is(*byte, BLANK | ascii::QUOTE))
            .unwrap_or(rest.len())
}
