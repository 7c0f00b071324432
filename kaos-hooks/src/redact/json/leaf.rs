//! Strings and numbers: what a policy, their key or their content makes of them.

use super::{Failure, Rules, Walk};
use crate::redact::ascii::{self, DIGIT};
use crate::redact::draft::Given;
use crate::redact::literals::Trigger;
use crate::redact::vocabulary::{self, Meaning};
use crate::redact::{
    Class, ContentPolicy, Redacted, json, json_string, sentinel, text, token, value,
};

/// What may stand before a document.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

impl Walk<'_, '_> {
    pub(super) fn string(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Meaning>,
    ) -> Result<(), Failure> {
        let (start, end) = self.quoted()?;
        let content = ascii::cut(self.text, start, end);
        if self.document(depth, policy, says, (start, end))? {
            return Ok(());
        }
        let wants_redaction = matches!(policy, ContentPolicy::Redacted);
        if wants_redaction && says.is_none() && self.is_clean(start, end) {
            self.wait(start - 1, end + 1);
            return Ok(());
        }
        let text = json_string::decode(content).ok_or(Failure::Invalid)?;
        if self.by_policy(policy, &text, start - 1, end + 1) {
            return Ok(());
        }
        let is_said = says.filter(|_| !self.is_inherited || !value::is_label(&text));
        if let Some(class) = is_said.and_then(|says| tells(says, &text)) {
            self.replace(&class, "field whose key tells", &text, start - 1, end + 1);
            return Ok(());
        }
        let redacted = if text.trim_start_matches(BLANKS).starts_with(['{', '[', '"']) {
            let report = self.report.like();
            json::any(self.redactor, &text, depth, report, self.scratch)
        } else {
            self.text(&text, (start, end))
        };
        if redacted.report().is_empty() || self.is_public_token(&redacted, &text) {
            self.wait(start - 1, end + 1);
            return Ok(());
        }
        if let Some(class) = says.and_then(|says| tells(says, &text)) {
            // A label that holds a secret is none.
            self.replace(&class, "field whose key tells", &text, start - 1, end + 1);
            return Ok(());
        }
        let (text, report) = redacted.into_parts();
        self.report.merge_at(report, start - 1..end + 1);
        self.changes.text(start - 1, end + 1, &text);
        Ok(())
    }

    /// Redacts a string that is a document, where paths may go into it; whether it is one.
    fn document(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Meaning>,
        (start, end): (usize, usize),
    ) -> Result<bool, Failure> {
        let content = ascii::cut(self.text, start, end);
        let is_open = matches!(policy, ContentPolicy::Redacted | ContentPolicy::Full);
        if self.rules.paths.is_empty() || !is_open {
            return Ok(false);
        }
        let text = json_string::decode(content).ok_or(Failure::Invalid)?;
        if !text.trim_start().starts_with(['{', '[', '"'])
            || says.is_some_and(|says| tells(says, &text).is_some())
        {
            return Ok(false);
        }
        let rules = Rules {
            everything: policy,
            paths: self.rules.paths,
        };
        let place = (depth, self.places.clone());
        let report = self.report.like();
        match json::try_redact(self.redactor, &text, rules, place, report, self.scratch) {
            Ok(redacted) if redacted.as_str() == text => Ok(true),
            Ok(redacted) => {
                let (safe, report) = redacted.into_parts();
                self.report.merge_at(report, start - 1..end + 1);
                self.changes.text(start - 1, end + 1, &safe);
                Ok(true)
            }
            Err(Failure::Invalid) => Ok(false),
            Err(Failure::Depth) => Err(Failure::Depth),
        }
    }

    pub(super) fn number(
        &mut self,
        policy: &ContentPolicy,
        says: Option<Meaning>,
    ) -> Result<(), Failure> {
        let start = self.position;
        self.position = number_end(self.bytes, start).ok_or(Failure::Invalid)?;
        let text = ascii::cut(self.text, start, self.position);
        if self.by_policy(policy, text, start, self.position) {
            return Ok(());
        }
        let meaning =
            says.filter(|says| !matches!(says, Meaning::User | Meaning::Weak | Meaning::Token));
        let class: Option<(Class, &'static str)> =
            if let Some(meaning) = meaning.filter(|_| text.len() >= 3) {
                Some((meaning.class(), "field whose key tells"))
            } else if text.len() >= 9 {
                self.redactor
                    .engine
                    .scan(whole(text))
                    .first()
                    .map(|found| (found.class.clone(), found.rule))
            } else {
                None
            };
        if let Some((class, rule)) = class {
            let end = self.position;
            self.replace(&class, rule, text, start, end);
        }
        Ok(())
    }

    /// Whether a policy decides about a leaf, which it then has replaced; it is to be redacted
    /// otherwise.
    fn by_policy(&mut self, policy: &ContentPolicy, text: &str, start: usize, end: usize) -> bool {
        let key = match policy {
            ContentPolicy::Redacted => return false,
            ContentPolicy::Full => return true,
            ContentPolicy::None => None,
            ContentPolicy::Hash(key) => Some(key),
        };
        let engine = &self.redactor.engine;
        let is_sentinel = sentinel::end(text.as_bytes(), 0) == Some(text.len())
            && !engine.is_forged(text, (0, text.len()));
        if !is_sentinel {
            let at = self.position;
            self.report.add(&Class::Content, "policy", at..at);
            self.changes
                .sentinel(start, end, &Class::Content, text, key);
        }
        true
    }

    /// Whether nothing but a whole string was found, as a token, and its key is one of an
    /// identifier or a digest, which may look like a token.
    fn is_public_token(&self, redacted: &Redacted<'_>, text: &str) -> bool {
        redacted.report().total() == 1
            && redacted.report().count(&Class::Token) == 1
            && token::is_one(text)
            && vocabulary::is_public(ascii::cut(self.text, self.key.0, self.key.1))
    }

    /// The text of the string `start..end`, redacted. Of one without escapes it is known what
    /// may be found in it.
    pub(super) fn text<'s>(&mut self, text: &'s str, (start, end): (usize, usize)) -> Redacted<'s> {
        let report = self.report.like();
        // An escape is longer than what it stands for.
        if text.len() != end - start || text.len() > text::SHORT {
            return self.redactor.redact(text, report, self.scratch);
        }
        let engine = &self.redactor.engine;
        let looks = self.candidates.before(end);
        let known = Given {
            hits: self.candidates.hits(engine, self.text, start, end),
            start,
            looks,
        };
        self.redactor.line(text, report, self.scratch, known)
    }

    /// Whether a word that tells about a value stands in the string `start..end`.
    pub(super) fn has_name(&mut self, start: usize, end: usize) -> bool {
        let engine = &self.redactor.engine;
        let hits = self.candidates.hits(engine, self.text, start, end);
        hits.iter()
            .any(|hit| matches!(engine.literals().trigger(*hit), Some(Trigger::Name)))
    }

    /// Keeps a string in mind whose object may still tell that it is secret.
    fn wait(&mut self, start: usize, end: usize) {
        if self.waits > 0 {
            self.waiting.push((start, end));
        }
    }
}

/// The class of a string that its key tells to be a secret.
pub(super) fn tells(says: Meaning, text: &str) -> Option<Class> {
    let is_secret = sentinel::hides_more(text)
        && !value::is_left_open(text)
        && match says {
            Meaning::Password => !value::names_a_thing(text),
            Meaning::Certain => !is_sentence(text),
            Meaning::Authorization | Meaning::Cookie => true,
            Meaning::Number => ascii::all(text.as_bytes(), DIGIT),
            Meaning::Token => value::is_token(text),
            Meaning::Weak => value::is_random(text),
            Meaning::About => value::is_password(text) && !value::is_identifier(text),
            Meaning::User => false,
        };
    is_secret.then(|| says.class())
}

/// Words without a digit: what says something about a token is none.
fn is_sentence(text: &str) -> bool {
    memchr::memchr_iter(b' ', text.as_bytes()).count() >= 3 && !ascii::any(text.as_bytes(), DIGIT)
}

/// A number without a fraction of zeros: what a whole number becomes as a float.
fn whole(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        _ => number,
    }
}

/// Where a number ends (RFC 8259, section 6).
fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |from: usize| {
        let end = ascii::run(bytes, from, DIGIT);
        (end > from).then_some(end)
    };
    let first = start + usize::from(ascii::at(bytes, start) == b'-');
    let mut end = digits(first)?;
    if ascii::at(bytes, first) == b'0' && end > first + 1 {
        return None;
    }
    if ascii::at(bytes, end) == b'.' {
        end = digits(end + 1)?;
    }
    if matches!(ascii::at(bytes, end), b'e' | b'E') {
        let sign = usize::from(matches!(ascii::at(bytes, end + 1), b'+' | b'-'));
        end = digits(end + 1 + sign)?;
    }
    Some(end)
}
