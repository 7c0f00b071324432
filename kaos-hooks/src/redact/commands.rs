//! Passwords that commands are given: which option of which command takes one.

mod insert;
mod login;
mod piped;
mod recent;

pub(crate) use insert::{OPENINGS as INSERTS, ends_rows, insert, opens_rows, read as read_rows};
pub(crate) use login::{LOGINS, login};
pub(crate) use piped::{READERS, piped};
pub(crate) use recent::Recent;

use super::Class;
use super::ascii::{self, ALNUM, BLANK, SPACE};
use super::finding::Findings;
use super::value;

/// How far behind its name an option of a command is looked for, in bytes.
const REACH: usize = 1024;

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// A password, behind a blank.
    Password,
    /// A password, with no blank between.
    Glued,
    /// The name of an account.
    Account,
    /// Both, with `:` or `%` between.
    Pair,
    /// A password as the last of three words: a file, an account, a password.
    Third,
}

/// A command and its options.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) literal: &'static str,
    options: &'static [(&'static str, Takes)],
}

const fn command(literal: &'static str, options: &'static [(&'static str, Takes)]) -> Command {
    Command { literal, options }
}

use Takes::{Account, Glued, Pair, Password, Third};

/// One row a command.
pub(crate) const COMMANDS: &[Command] = &[
    command("psexec", &[(" -u ", Account), (" -p ", Password)]),
    command("sshpass ", &[(" -p ", Password), (" -p", Glued)]),
    command(
        "curl ",
        &[
            (" -u ", Pair),
            (" -U ", Pair),
            (" --user ", Pair),
            (" -u", Pair),
        ],
    ),
    command("wget ", &[(" -u ", Pair), (" --user ", Account)]),
    command("http ", &[(" -a ", Pair)]),
    command("smbclient ", &[(" -U ", Pair)]),
    command("mysql ", &[(" -p", Glued)]),
    command("mysqldump ", &[(" -p", Glued)]),
    command("mysqladmin ", &[(" -p", Glued)]),
    command("mariadb ", &[(" -p", Glued)]),
    command("redis-cli ", &[(" -a ", Password)]),
    command("docker login ", &[(" -p ", Password)]),
    command("registry login ", &[(" -p ", Password)]),
    command("az login ", &[(" -p ", Password)]),
    command("mongo ", &[(" -p ", Password)]),
    command("mongosh ", &[(" -p ", Password)]),
    command("mongodump ", &[(" -p ", Password)]),
    command("ldapsearch ", &[(" -w ", Password)]),
    command("ldapadd ", &[(" -w ", Password)]),
    command("ldapmodify ", &[(" -w ", Password)]),
    command("sqlcmd ", &[(" -P ", Password), (" -P", Glued)]),
    command("unzip ", &[(" -P ", Password)]),
    command("zip ", &[(" -P ", Password)]),
    command("7z ", &[(" -p", Glued)]),
    command("plink ", &[(" -pw ", Password)]),
    command("pscp ", &[(" -pw ", Password)]),
    command("rdesktop ", &[(" -p ", Password)]),
    command("freerdp ", &[(" /p:", Glued)]),
    command(
        "htpasswd ",
        &[(" -b ", Third), (" -bc ", Third), (" -cb ", Third)],
    ),
    command("openssl ", &[(" pass:", Glued)]),
];

/// The options at which a scan stops, each once.
pub(crate) fn options() -> Vec<&'static str> {
    let mut all: Vec<&str> = COMMANDS
        .iter()
        .flat_map(|command| command.options.iter().map(|(option, _)| *option))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The command that a scan is in.
#[derive(Debug, Default)]
pub(crate) struct Current {
    command: Option<(&'static Command, usize)>,
}

impl Current {
    /// Enters the command whose name starts at `start`.
    pub(crate) fn enter(&mut self, bytes: &[u8], start: usize, command: &'static Command) {
        let is_word = ascii::is(ascii::before(bytes, start), ALNUM);
        if !is_word {
            self.command = Some((command, start));
        }
    }

    /// Finds what the option `start..end` is given.
    pub(crate) fn option(&self, text: &str, start: usize, end: usize, findings: &mut Findings) {
        let bytes = text.as_bytes();
        let option = ascii::part(bytes, start, end);
        let takes = self
            .command
            .filter(|(_, from)| {
                start < from + REACH
                    && memchr::memchr(b'\n', ascii::part(bytes, *from, start)).is_none()
            })
            .and_then(|(command, _)| {
                command
                    .options
                    .iter()
                    .find(|(known, _)| known.as_bytes() == option)
            })
            .map(|(_, takes)| *takes);
        match takes {
            Some(Glued) => password(text, end, findings),
            Some(Password) => {
                password(text, ascii::short_run(bytes, end, SPACE, 8), findings);
            }
            Some(Account) => {
                if let Some((from, to)) = word(bytes, ascii::short_run(bytes, end, SPACE, 8))
                    && is_written(ascii::cut(text, from, to))
                {
                    findings.add(from, to, Class::Username, "option of a command");
                }
            }
            Some(Pair) => pair(text, end, true, findings),
            Some(Third) => {
                let mut at = end;
                for _ in 0..2 {
                    at = word(bytes, ascii::short_run(bytes, at, SPACE, 8))
                        .map_or(at, |word| word.1);
                }
                password(text, ascii::short_run(bytes, at, SPACE, 8), findings);
            }
            None if matches!(option, b" -u " | b" -U " | b" --user ") => {
                pair(text, end, false, findings);
            }
            None => {}
        }
    }
}

fn password(text: &str, start: usize, findings: &mut Findings) {
    let bytes = text.as_bytes();
    if let Some((from, to)) = word(bytes, start) {
        let value = ascii::cut(text, from, to);
        if value.len() >= 3 && is_written(value) {
            findings.add(from, to, Class::Password, "option of a command");
        }
    }
}

/// `user:password`, or with `%` between. Behind an option of an unknown command both have to be
/// more than the numbers or the repeated name of an account and its group.
fn pair(text: &str, end: usize, is_known: bool, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let Some((from, to)) = word(bytes, ascii::short_run(bytes, end, SPACE, 8)) else {
        return;
    };
    let pair = ascii::cut(text, from, to);
    let Some(sign) = memchr::memchr2(b':', b'%', pair.as_bytes()) else {
        return;
    };
    let name = ascii::cut(pair, 0, sign);
    let password = ascii::cut(pair, sign + 1, pair.len());
    let is_pair = !password.is_empty()
        && memchr::memchr3(b'/', b'<', b'{', name.as_bytes()).is_none()
        && memchr::memchr(b'$', name.as_bytes()).is_none()
        && memchr::memchr2(b'<', b'{', password.as_bytes()).is_none()
        && ascii::find(password.as_bytes(), b"$(").is_none()
        && is_written(password);
    let is_group = || {
        name == password
            || password.len() < 4
            || (!value::is_password(password) && !value::is_token(password) && password.len() < 6)
            || (ascii::all(password.as_bytes(), ascii::DIGIT) && password.len() < 6)
            || password.starts_with("//")
            || name.is_empty()
    };
    if is_pair && (is_known || !is_group()) {
        findings.add(from, to, Class::UrlUserinfo, "option of a command");
    }
}

/// Whether this is no placeholder and no variable.
fn is_written(value: &str) -> bool {
    !value::is_placeholder(value) && !value.starts_with(['$', '<', '-'])
}

/// The word or the content of the quotes that starts at `start`.
fn word(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let quote = ascii::at(bytes, start);
    let window = ascii::part(bytes, start, start + 256);
    if matches!(quote, b'"' | b'\'') {
        let inner = ascii::part(window, 1, window.len());
        let length = memchr::memchr2(quote, b'\n', inner)?;
        return (ascii::at(inner, length) == quote).then_some((start + 1, start + 1 + length));
    }
    let end = start
        + window
            .iter()
            .position(|byte| ascii::is(*byte, BLANK | ascii::QUOTE))
            .unwrap_or(window.len());
    (end > start && quote != b'-').then_some((start, end))
}
