//! JSON text, redacted value by value: what is not redacted stays byte for byte.

mod leaf;

use std::borrow::Cow;
use std::collections::hash_map::{Entry, HashMap};

use super::ascii;
use super::json_path::{JsonPath, Place};
use super::key_name::{self, Strength};
use super::upcoming::Upcoming;
use super::{Class, ContentPolicy, Redacted, Redactor, Report, json_string, sentinel, value};

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
pub(crate) fn redact<'t>(redactor: &Redactor, text: &'t str, rules: Rules<'_>) -> Redacted<'t> {
    let class = if text.len() > redactor.max_bytes() {
        Class::Oversize
    } else {
        match try_redact(redactor, text, rules, 0) {
            Ok(redacted) => return redacted,
            Err(Failure::Invalid) => Class::InvalidJson,
            Err(Failure::Depth) => Class::Depth,
        }
    };
    let mut report = Report::default();
    report.add(&class);
    let sentinel = json_string::encode(&sentinel::of(&class, text.chars().count()));
    Redacted::new(sentinel.into(), report)
}

/// Redacts a document that is nested in `depth` others.
pub(crate) fn try_redact<'t>(
    redactor: &Redactor,
    text: &'t str,
    rules: Rules<'_>,
    depth: usize,
) -> Result<Redacted<'t>, Failure> {
    let mut walk = Walk {
        redactor,
        text,
        bytes: text.as_bytes(),
        position: 0,
        rules,
        places: Vec::new(),
        upcoming: Upcoming::new(),
        changes: Vec::new(),
        report: Report::default(),
    };
    walk.value(depth, rules.everything, None)?;
    walk.blanks();
    if walk.position != text.len() {
        return Err(Failure::Invalid);
    }
    Ok(walk.finish())
}

struct Walk<'w, 't> {
    redactor: &'w Redactor,
    text: &'t str,
    bytes: &'t [u8],
    position: usize,
    rules: Rules<'w>,
    places: Vec<Place>,
    upcoming: Upcoming,
    /// Ranges of the text and what replaces them.
    changes: Vec<(usize, usize, String)>,
    report: Report,
}

/// What an object has told so far about its values.
#[derive(Default)]
struct Told {
    /// Keys with a sentinel in them, as they are written, and the last number behind each.
    keys: HashMap<String, usize>,
    /// What the value of `name` says about the value of `value`.
    name: Option<Strength>,
    /// The string of an account name, with its quotes.
    account: Option<(usize, usize)>,
}

impl Told {
    /// `key`, or `key-2` and so on if it is taken. A number is tried once: many keys that are
    /// redacted alike cost no more than as many that are not.
    fn once(&mut self, key: &str) -> String {
        let mut copies = match self.keys.entry(key.to_owned()) {
            Entry::Vacant(free) => {
                free.insert(1);
                return key.to_owned();
            }
            Entry::Occupied(taken) => *taken.get(),
        };
        loop {
            copies += 1;
            let next = format!("{key}-{copies}");
            if !self.keys.contains_key(&next) {
                self.keys.insert(key.to_owned(), copies);
                self.keys.insert(next.clone(), 1);
                return next;
            }
        }
    }
}

impl<'t> Walk<'_, 't> {
    fn finish(mut self) -> Redacted<'t> {
        if self.changes.is_empty() {
            return Redacted::new(Cow::Borrowed(self.text), self.report);
        }
        // An account name is redacted when its password comes, after what stands between them.
        self.changes.sort_by_key(|change| change.0);
        let mut out = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (start, end, with) in &self.changes {
            out.push_str(ascii::cut(self.text, copied, *start));
            out.push_str(with);
            copied = *end;
        }
        out.push_str(ascii::cut(self.text, copied, self.text.len()));
        Redacted::new(out.into(), self.report)
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
        says: Option<Strength>,
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

    fn array(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Strength>,
    ) -> Result<(), Failure> {
        self.position += 1;
        self.blanks();
        if self.byte() == b']' {
            self.position += 1;
            return Ok(());
        }
        for index in 0.. {
            self.places.push(Place::Element(index));
            self.value(depth, policy, says)?;
            self.places.pop();
            self.blanks();
            match self.byte() {
                b',' => self.position += 1,
                b']' => break,
                _ => return Err(Failure::Invalid),
            }
        }
        self.position += 1;
        Ok(())
    }

    fn object(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Strength>,
    ) -> Result<(), Failure> {
        self.position += 1;
        self.blanks();
        if self.byte() == b'}' {
            self.position += 1;
            return Ok(());
        }
        let mut told = Told::default();
        loop {
            self.member(depth, policy, says, &mut told)?;
            self.blanks();
            match self.byte() {
                b',' => self.position += 1,
                b'}' => break,
                _ => return Err(Failure::Invalid),
            }
        }
        self.position += 1;
        Ok(())
    }

    /// One field of an object.
    fn member(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        outer: Option<Strength>,
        told: &mut Told,
    ) -> Result<(), Failure> {
        self.blanks();
        let (start, end) = self.quoted()?;
        let clean = self.is_clean(start, end);
        let name =
            json_string::decode(ascii::cut(self.text, start, end)).ok_or(Failure::Invalid)?;
        if !clean || name.contains(sentinel::OPENING) {
            self.key(start, end, &name, told);
        }
        self.expect(b':')?;
        self.blanks();
        let generic = ["value", "val", "data", "content", "raw", "text", "default"];
        let says = if generic.iter().any(|word| word.eq_ignore_ascii_case(&name)) {
            told.name.or(outer)
        } else if clean {
            None
        } else {
            key_name::strength_in_json(&name)
        };
        let at = self.position;
        let changes = self.changes.len();
        self.places
            .push(Place::Field(if self.rules.paths.is_empty() {
                String::new()
            } else {
                name.to_string()
            }));
        self.value(depth, policy, says)?;
        self.places.pop();
        let is_string = ascii::at(self.bytes, at) == b'"';
        if is_string
            && ["name", "key", "field", "header", "param"]
                .iter()
                .any(|word| word.eq_ignore_ascii_case(&name))
        {
            let value = ascii::cut(self.text, at + 1, self.position - 1);
            told.name = key_name::strength_in_json(value).filter(|says| *says != Strength::User);
        }
        if is_string && says == Some(Strength::User) && self.changes.len() == changes {
            told.account = Some((at, self.position));
        } else if says == Some(Strength::Password) && self.changes.len() > changes {
            self.account(told);
        }
        Ok(())
    }

    /// Redacts the account name that was told before its password.
    fn account(&mut self, told: &mut Told) {
        let Some((start, end)) = told.account.take() else {
            return;
        };
        let content = ascii::cut(self.text, start + 1, end - 1);
        if content.len() >= 3
            && !content.contains(sentinel::OPENING)
            && !value::is_placeholder(content)
        {
            self.report.add(&Class::Username);
            let with = self.sentinel(&Class::Username, content, None);
            self.changes.push((start, end, with));
        }
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
                .upcoming
                .at(self.redactor.engine(), self.text, start, true)
                >= end
    }

    fn key(&mut self, start: usize, end: usize, name: &str, told: &mut Told) {
        let redacted = self.redactor.text(name);
        if redacted.report().is_empty() && !name.contains(sentinel::OPENING) {
            return;
        }
        self.report.merge(redacted.report());
        let key = told.once(redacted.as_str());
        if key != name {
            self.changes
                .push((start - 1, end + 1, json_string::encode(&key)));
        }
    }
}
