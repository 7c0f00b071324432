//! JSON text, redacted value by value: what is not redacted stays byte for byte.

mod changes;
mod hints;
mod leaf;
mod object;

use changes::Changes;

use super::ascii;
use super::candidates::Candidates;
use super::json_path::{JsonPath, Place};
use super::scratch::Scratch;
use super::text::{self, TextRedactor};
use super::vocabulary::Meaning;
use super::{Class, ContentPolicy, Redacted, Report, json_string, sentinel};

/// Deepest nesting that is looked at, strings that hold JSON counted in.
const DEEPEST: usize = 64;

/// Which values leave in which way.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'p> {
    pub(crate) everything: &'p ContentPolicy,
    pub(crate) paths: &'p [(&'p JsonPath, &'p ContentPolicy)],
}

/// Why a document was not redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Invalid,
    Depth,
}

/// Redacts a document; what cannot be read leaves as a sentinel, itself a JSON string.
pub(crate) fn redact<'t>(redactor: &TextRedactor, text: &'t str, rules: Rules<'_>) -> Redacted<'t> {
    let class = if text.len() > redactor.max_bytes {
        Class::Oversize
    } else {
        let (report, scratch) = (Report::default(), &mut Scratch::default());
        match try_redact(redactor, text, rules, (0, Vec::new()), report, scratch) {
            Ok(redacted) => return redacted,
            Err(Failure::Invalid) => Class::InvalidJson,
            Err(Failure::Depth) => Class::Depth,
        }
    };
    let mut report = Report::default();
    report.add(&class, "limit", 0..text.len());
    let sentinel = json_string::encode(&sentinel::of(&class, text.chars().count()));
    Redacted::new(sentinel.into(), report)
}

/// Redacts what may be JSON or plain text, inside `depth` levels of JSON.
pub(crate) fn any<'t>(
    redactor: &TextRedactor,
    text: &'t str,
    depth: usize,
    report: Report,
    scratch: &mut Scratch,
) -> Redacted<'t> {
    let opens = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if text.len() > redactor.max_bytes || !opens.starts_with(['{', '[', '"']) {
        return redactor.redact(text, report, scratch);
    }
    let policy = ContentPolicy::Redacted;
    match try_redact(
        redactor,
        text,
        Rules {
            everything: &policy,
            paths: &[],
        },
        (depth, Vec::new()),
        report.like(),
        scratch,
    ) {
        Ok(redacted) => redacted,
        Err(Failure::Invalid) => redactor.redact(text, report, scratch),
        Err(Failure::Depth) => text::failed(&Class::Depth, text, report),
    }
}

/// Redacts a document that is nested `depth` deep, at the place of others where `places` are.
pub(crate) fn try_redact<'t>(
    redactor: &TextRedactor,
    text: &'t str,
    rules: Rules<'_>,
    (depth, places): (usize, Vec<Place>),
    report: Report,
    scratch: &mut Scratch,
) -> Result<Redacted<'t>, Failure> {
    let mut walk = Walk {
        redactor,
        text,
        bytes: text.as_bytes(),
        position: 0,
        rules,
        places,
        candidates: Candidates::default(),
        changes: Changes::default(),
        report,
        scratch,
        waiting: Vec::new(),
        waits: 0,
        key: (0, 0),
        is_several: false,
        is_inherited: false,
    };
    walk.value(depth, rules.everything, None)?;
    walk.blanks();
    if walk.position != text.len() {
        return Err(Failure::Invalid);
    }
    Ok(walk.finish())
}

struct Walk<'w, 't> {
    redactor: &'w TextRedactor,
    text: &'t str,
    bytes: &'t [u8],
    position: usize,
    rules: Rules<'w>,
    places: Vec<Place>,
    candidates: Candidates,
    changes: Changes,
    report: Report,
    /// What strings are redacted in.
    scratch: &'w mut Scratch,
    /// Strings that stay so far and are secret if their object turns out to hold secrets.
    waiting: Vec<(usize, usize)>,
    /// In how many objects strings wait for that.
    waits: usize,
    /// The last key, without its quotes.
    key: (usize, usize),
    /// Whether the last key names several things.
    is_several: bool,
    /// Whether it is a key outside that says what the value is.
    is_inherited: bool,
}

impl<'t> Walk<'_, 't> {
    fn finish(self) -> Redacted<'t> {
        Redacted::new(self.changes.apply(self.text), self.report)
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.position += 1;
        }
    }

    fn byte(&self) -> u8 {
        ascii::at(self.bytes, self.position)
    }

    /// Steps over `byte`, which must be next.
    fn expect(&mut self, byte: u8) -> Result<(), Failure> {
        self.blanks();
        if self.byte() != byte {
            return Err(Failure::Invalid);
        }
        self.position += 1;
        Ok(())
    }

    fn value(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Meaning>,
    ) -> Result<(), Failure> {
        let paths = self.rules.paths;
        let narrower = paths
            .iter()
            .rev()
            .find(|(path, _)| path.matches(&self.places));
        let policy = narrower.map_or(policy, |(_, policy)| *policy);
        self.blanks();
        match self.byte() {
            b'{' | b'[' if depth >= DEEPEST => Err(Failure::Depth),
            b'{' => self.object(depth + 1, policy, says),
            b'[' => self.array(depth + 1, policy, says),
            b'"' => self.string(depth, policy, says),
            b'-' | b'0'..=b'9' => self.number(policy, says),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<(), Failure> {
        let word = ["true", "false", "null"].iter().find(|word| {
            ascii::part(self.bytes, self.position, self.position + word.len()) == word.as_bytes()
        });
        self.position += word.ok_or(Failure::Invalid)?.len();
        Ok(())
    }

    /// The content of the string that is next; steps over it.
    fn quoted(&mut self) -> Result<(usize, usize), Failure> {
        if self.byte() != b'"' {
            return Err(Failure::Invalid);
        }
        let start = self.position + 1;
        let end = json_string::end(self.bytes, self.position).ok_or(Failure::Invalid)?;
        self.position = end + 1;
        Ok((start, end))
    }

    /// Whether nothing can be found in this string.
    fn is_clean(&mut self, start: usize, end: usize) -> bool {
        memchr::memchr(b'\\', ascii::part(self.bytes, start, end)).is_none()
            && self
                .candidates
                .at(&self.redactor.engine, self.text, start, true)
                >= end
    }
}
