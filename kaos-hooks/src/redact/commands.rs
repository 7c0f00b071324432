//! Passwords that commands are given: which option of which command takes one.

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
    let Some((name, password)) = pair.split_once([':', '%']) else {
        return;
    };
    let is_pair = !password.is_empty()
        && is_written(password)
        && !name.contains(['/', '<', '{', '$'])
        && !password.contains(['<', '{'])
        && !password.contains("$(");
    let is_group = name == password
        || password.len() < 4
        || (!value::is_password(password) && !value::is_token(password) && password.len() < 6)
        || (ascii::all(password.as_bytes(), ascii::DIGIT) && password.len() < 6)
        || password.starts_with("//")
        || name.is_empty();
    if is_pair && (is_known || !is_group) {
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

/// Calls whose last words are an account and its password.
pub(crate) const LOGINS: &[&str] = &[
    "connect(",
    "auth=(",
    "login(",
    "logon(",
    "signin(",
    "sign_in(",
    "authenticate(",
    "auth(",
    "basicauth(",
    "basic_auth(",
    "credentials(",
    "credential(",
    "connection(",
    "identified by ",
    "convertto-securestring ",
    "usernamepassword(",
    "passwordauthentication(",
];

/// Finds the literals that the login call ending at `end` is given: `connect(url, "user", "pass")`.
///
/// `connect` and `connection` join other things, too: they need something before both.
pub(crate) fn login(text: &str, start: usize, end: usize, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let line = ascii::part(bytes, end, end + 256);
    let line = ascii::part(line, 0, memchr::memchr(b'\n', line).unwrap_or(line.len()));
    let is = |name: &str| ascii::has(bytes, start, name);
    let mut literals = [(0, 0); 4];
    let count = read_literals(line, &mut literals);
    let literal = |index: usize| {
        literals
            .get(index)
            .map(|(from, to)| (end + from, end + to))
            .filter(|(from, to)| is_credential(ascii::cut(text, *from, *to)))
    };
    if is("identified") || is("convertto") {
        let is_next = ascii::is(ascii::at(line, 0), ascii::QUOTE);
        if (count > 0 && (is_next || is("convertto")))
            && let Some((from, to)) = literal(0)
        {
            findings.add(from, to, Class::Password, "statement that sets a password");
        }
        return;
    }
    let Some(last) = count.checked_sub(1) else {
        return;
    };
    let Some((_, close)) = literals.get(last).copied() else {
        return;
    };
    let closes = ascii::run(line, close + 1, SPACE);
    let first = literals
        .get(last.saturating_sub(1))
        .map_or(0, |literal| literal.0);
    let has_more = ascii::part(line, 0, first.saturating_sub(1)).contains(&b',');
    let between = literals
        .get(last.saturating_sub(1))
        .map_or(&[][..], |literal| {
            ascii::part(line, literal.1 + 1, literals.get(last).map_or(0, |it| it.0))
        });
    let are_neighbours = last > 0
        && between
            .iter()
            .all(|byte| ascii::is(*byte, SPACE | ascii::QUOTE) || *byte == b',');
    let joins_others = is("connect(") || is("connection(");
    if !matches!(ascii::at(line, closes), b')' | b',')
        || !are_neighbours
        || (joins_others && !has_more)
    {
        return;
    }
    if let (Some(name), Some(password)) = (literal(last - 1), literal(last)) {
        findings.add(name.0, name.1, Class::Username, "arguments of a login");
        findings.add(
            password.0,
            password.1,
            Class::Password,
            "arguments of a login",
        );
    }
}

/// One word that is written out, and no address, path or call.
fn is_credential(value: &str) -> bool {
    value.len() >= 2
        && is_written(value)
        && !value.contains([' ', '/', '(', '{', '\\'])
        && !value.starts_with('.')
}

/// The string literals of a call's arguments, up to where it closes.
fn read_literals(line: &[u8], literals: &mut [(usize, usize); 4]) -> usize {
    let mut count = 0;
    let mut position = 0;
    while let Some(slot) = literals.get_mut(count) {
        let rest = ascii::part(line, position, line.len());
        let Some(found) = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\'' | b')' | b';'))
        else {
            break;
        };
        let open = position + found;
        let quote = ascii::at(line, open);
        if !matches!(quote, b'"' | b'\'') {
            break;
        }
        let Some(length) = memchr::memchr(quote, ascii::part(line, open + 1, line.len())) else {
            break;
        };
        *slot = (open + 1, open + 1 + length);
        position = open + length + 2;
        count += 1;
    }
    count
}
