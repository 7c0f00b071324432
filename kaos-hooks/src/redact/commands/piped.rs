//! Passwords that one command says and the next one reads: `echo 'root:x' | chpasswd`.

use std::sync::LazyLock;

use super::is_written;
use super::recent::Recent;
use crate::redact::Class;
use crate::redact::ascii::{self, QUOTE, SPACE};
use crate::redact::finding::Findings;
use crate::redact::word_set::WordSet;

/// How commands are told to read a password, or what reads nothing else.
pub(crate) const READERS: &[&str] = &["chpasswd", "--stdin", "--password-stdin", "sudo -s "];

/// How far before its reader a password is said, in bytes.
const REACH: usize = 256;

static IS_ECHO: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(&["echo "]));

static IS_PRINTF: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(&["printf "]));

/// Finds what is said to the reader `start..end`, before a pipe or behind `<<<`.
pub(crate) fn piped(
    text: &str,
    (start, end): (usize, usize),
    recent: &mut Recent,
    findings: &mut Findings,
) {
    let bytes = text.as_bytes();
    let is_pair = ascii::has(bytes, start, "chpasswd");
    // `-S` reads from a pipe, `-s` opens a shell.
    if ascii::has(bytes, start, "sudo") && ascii::at(bytes, end - 2) != b'S' {
        return;
    }
    let from = start.saturating_sub(REACH);
    let head = ascii::part(bytes, from, start);
    let line = memchr::memrchr(b'\n', head).map_or(0, |at| at + 1);
    if let Some(pipe) = memchr::memrchr(b'|', head).filter(|pipe| *pipe >= line) {
        let (from, pipe) = (from + line, from + pipe);
        let echo = recent.echo.before(bytes, &IS_ECHO, from, pipe);
        let printf = recent.printf.before(bytes, &IS_PRINTF, from, pipe);
        if let Some(verb) = echo.or(printf) {
            said(text, (from, pipe), verb - from, is_pair, findings);
        }
    }
    let next = ascii::short_run(bytes, end, SPACE, 4);
    if ascii::has(bytes, next, "<<<")
        && let Some((from, to)) = super::word(bytes, ascii::short_run(bytes, next + 3, SPACE, 4))
    {
        add(text, (from, to), is_pair, findings);
    }
}

/// What `echo` or `printf` says last before a pipe.
fn said(
    text: &str,
    (from, pipe): (usize, usize),
    verb: usize,
    is_pair: bool,
    findings: &mut Findings,
) {
    let bytes = text.as_bytes();
    let line = ascii::part(bytes, from, pipe);
    let mut end = ascii::run_back(line, line.len(), SPACE, 8);
    let quote = ascii::before(line, end);
    let start = if ascii::is(quote, QUOTE) {
        end -= 1;
        memchr::memrchr(quote, ascii::part(line, 0, end)).map(|at| at + 1)
    } else {
        let word = ascii::part(line, 0, end);
        word.iter()
            .rposition(|byte| ascii::is(*byte, SPACE))
            .map(|at| at + 1)
    };
    if let Some(start) = start.filter(|start| *start > verb + 4) {
        // What ends in a line break for `printf` or `echo -e`.
        let end = end - 2 * usize::from(ascii::part(line, start, end).ends_with(b"\\n"));
        add(text, (from + start, from + end), is_pair, findings);
    }
}

fn add(text: &str, (start, end): (usize, usize), is_pair: bool, findings: &mut Findings) {
    let said = ascii::cut(text, start, end);
    let start = match said.split_once(':') {
        Some((name, _)) if is_pair => start + name.len() + 1,
        None if is_pair => return,
        _ => start,
    };
    let password = ascii::cut(text, start, end);
    if password.len() >= 3 && is_written(password) {
        findings.add(start, end, Class::Password, "password said to a command");
    }
}
