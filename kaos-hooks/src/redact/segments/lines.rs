//! Lines that belong to what was found in a unit, and are behind it as it was full: all of them go.

use super::cut::{Cut, MAX_LEN};
use crate::redact::finding::Finding;
use crate::redact::{Class, ascii, commands, named, pem};

/// What they belong to.
#[derive(Clone, Copy, Debug)]
enum Kind {
    PrivateKey,
    /// The value of a key, of which they are indented by more than so much.
    Block(usize),
    /// A statement that inserts them as rows.
    Statement,
}

/// Lines that go on, as far as they are known.
#[derive(Debug)]
pub(crate) struct Lines {
    kind: Kind,
    /// Their characters so far.
    pub(super) chars: usize,
    /// Whether what comes next is in the middle of a line.
    is_in_line: bool,
}

impl Lines {
    /// What goes on behind a unit that was full.
    pub(super) fn behind(unit: &str, findings: &[Finding], cut: Cut) -> Option<Self> {
        let rest = |last: &Finding| ascii::cut(unit, last.end, unit.len()).as_bytes();
        let kind = match (findings.last(), cut) {
            (_, Cut::Rows) => Kind::Statement,
            (Some(last), _) if last.class == Class::PrivateKey && pem::is_wrapped(rest(last)) => {
                Kind::PrivateKey
            }
            (Some(last), Cut::Block(indent))
                if last.class == Class::Password && rest(last).trim_ascii().is_empty() =>
            {
                Kind::Block(indent)
            }
            (_, Cut::Block(indent)) if named::ends_in_block_mark(unit.as_bytes()) => {
                Kind::Block(indent)
            }
            _ => return None,
        };
        Some(Self {
            kind,
            chars: 0,
            is_in_line: !unit.ends_with('\n'),
        })
    }

    /// Counts the lines that stand at `start`; gives where they end, and whether that is sure: without the end of
    /// a line or of the text, it is not.
    pub(super) fn discard(&mut self, text: &str, start: usize, last: bool) -> (usize, bool) {
        let mut position = start;
        loop {
            let rest = ascii::cut(text, position, text.len());
            let window = ascii::part(rest.as_bytes(), 0, MAX_LEN);
            let line = match memchr::memchr(b'\n', window) {
                Some(length) => ascii::cut(rest, 0, length + 1),
                None if rest.len() >= MAX_LEN => ascii::cut(rest, 0, ascii::floor(rest, MAX_LEN)),
                None if last => rest,
                None => return (position, false),
            };
            let is_end = matches!(self.kind, Kind::PrivateKey) && line.starts_with("-----END ");
            if line.is_empty() || !(is_end || self.has(line.as_bytes())) {
                return (position, true);
            }
            let shown = line.trim_end();
            self.chars += shown.chars().count();
            let is_last = matches!(self.kind, Kind::Statement)
                && line.ends_with('\n')
                && commands::ends_rows(line, true);
            if is_end || is_last {
                return (position + shown.len(), true);
            }
            position += line.len();
            self.is_in_line = !line.ends_with('\n');
        }
    }

    /// Whether a line, or the rest of one, belongs to it.
    fn has(&self, line: &[u8]) -> bool {
        match self.kind {
            Kind::PrivateKey => pem::is_body(line),
            Kind::Statement => true,
            Kind::Block(indent) => self.is_in_line || named::is_block_line(line, indent),
        }
    }
}
