//! Lists and objects: what keys and neighbours say about a value.

use std::borrow::Cow;

use super::hints::{self, Hints};
use super::{Failure, Walk, leaf};
use crate::redact::ascii::{self, DIGIT};
use crate::redact::json_path::Place;
use crate::redact::vocabulary::Meaning;
use crate::redact::{Class, ContentPolicy, json_string, sentinel, value};

impl Walk<'_, '_> {
    pub(super) fn array(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Meaning>,
    ) -> Result<(), Failure> {
        self.position += 1;
        self.blanks();
        if self.byte() == b']' {
            self.position += 1;
            return Ok(());
        }
        let is_several = self.is_several;
        let mut before = None;
        for index in 0.. {
            self.places.push(Place::Element(index));
            self.blanks();
            let at = self.position;
            let of_pair = self.second(before);
            // Objects in a list under one key are told by their own keys.
            let says = says.filter(|_| self.byte() != b'{' || is_several);
            self.value(depth, policy, says.or(of_pair))?;
            self.places.pop();
            before = (ascii::at(self.bytes, at) == b'"').then_some((index, at, self.position));
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

    pub(super) fn object(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        says: Option<Meaning>,
    ) -> Result<(), Failure> {
        self.position += 1;
        self.blanks();
        if self.byte() == b'}' {
            self.position += 1;
            return Ok(());
        }
        let mut hints = Hints::default();
        let waiting = self.waiting.len();
        loop {
            self.member(depth, policy, says, &mut hints)?;
            self.blanks();
            match self.byte() {
                b',' => self.position += 1,
                b'}' => break,
                _ => return Err(Failure::Invalid),
            }
        }
        if hints.is_secret && matches!(policy, ContentPolicy::Redacted) {
            for (from, to) in std::mem::take(&mut hints.data) {
                for index in from..to {
                    if let Some((start, end)) = self.waiting.get(index).copied() {
                        self.redact_waiting(Meaning::Password, start, end);
                    }
                }
            }
        }
        if hints.is_secret || self.waits == 0 {
            self.waiting.truncate(waiting);
        }
        self.position += 1;
        Ok(())
    }

    /// One field of an object.
    fn member(
        &mut self,
        depth: usize,
        policy: &ContentPolicy,
        outer: Option<Meaning>,
        hints: &mut Hints,
    ) -> Result<(), Failure> {
        self.blanks();
        let (start, end) = self.quoted()?;
        let is_clean = self.is_clean(start, end);
        let name =
            json_string::decode(ascii::cut(self.text, start, end)).ok_or(Failure::Invalid)?;
        let changes = self.changes.count();
        if !is_clean || name.contains(sentinel::OPENING) {
            self.key(start, end, &name, hints);
        }
        // Under a password, a name that goes says no more than what takes its place.
        let goes = self.changes.count() > changes && outer == Some(Meaning::Password);
        let word = if goes { sentinel::OPENING } else { &*name };
        self.expect(b':')?;
        self.blanks();
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&name));
        let is_data = hints::DATA.contains(&&*name);
        let mut is_own = false;
        let says = if is_data && hints.is_secret {
            Some(Meaning::Password)
        } else {
            // What has no word that tells says nothing, as far as it is written out.
            let tells =
                !is_clean && !goes && (self.has_name(start, end) || matches!(name, Cow::Owned(_)));
            let seen = &mut self.scratch.seen;
            let own = || {
                let own = tells.then(|| seen.meaning_in_json(&name)).flatten();
                is_own = own.is_some();
                own
            };
            hints.says(word, own, outer)
        };
        // A model's token and how likely it was: no credential, unless it looks like one.
        let says = if is(&["token"]) && says.is_some() && self.is_likelihood() {
            Some(Meaning::Token)
        } else {
            says
        };
        let at = self.position;
        let changes = self.changes.count();
        let waiting = self.waiting.len();
        self.key = (start, end);
        self.is_several = name.ends_with(['s', 'S']);
        self.is_inherited = outer.is_some() && says == outer && !is_own;
        // A list below such a key is no password.
        let says = says.filter(|_| !self.is_inherited || self.byte() != b'[');
        self.waits += usize::from(is_data);
        self.places
            .push(Place::Field(if self.rules.paths.is_empty() {
                String::new()
            } else {
                name.to_string()
            }));
        self.value(depth, policy, says)?;
        self.places.pop();
        self.waits -= usize::from(is_data);
        if is_data {
            hints.data.push((waiting, self.waiting.len()));
        }
        let first = ascii::at(self.bytes, at);
        let is_unchanged = self.changes.count() == changes;
        let is_redacted = matches!(policy, ContentPolicy::Redacted);
        if is_unchanged && is(hints::VALUES) && (first == b'"' || ascii::is(first, DIGIT)) {
            hints.nameless.push((at, self.position));
        }
        if first == b'"' && is(hints::NAMES) {
            let value = ascii::cut(self.text, at + 1, self.position - 1);
            hints.name = self.scratch.seen.meaning_in_json(value);
            hints.name = hints.name.filter(|says| *says != Meaning::User);
            if let Some(says) = hints.name.filter(|_| is_redacted) {
                for (start, end) in std::mem::take(&mut hints.nameless) {
                    self.redact_waiting(says, start, end);
                }
            }
        }
        if first == b'"' && name == "kind" {
            let value = ascii::cut(self.text, at + 1, self.position - 1);
            hints.is_secret = hints::SECRET_KINDS.contains(&value);
        }
        if first == b'"' && says == Some(Meaning::User) && is_unchanged {
            hints.account = Some((at, self.position));
        } else if says == Some(Meaning::Password) && !is_unchanged {
            self.account(hints);
        }
        Ok(())
    }

    /// Whether the string that is next is followed by how likely it was.
    fn is_likelihood(&self) -> bool {
        let end = json_string::end(self.bytes, self.position).unwrap_or(self.bytes.len());
        let comma = ascii::short_run(self.bytes, end + 1, ascii::BLANK, 64);
        let key = ascii::short_run(self.bytes, comma + 1, ascii::BLANK, 64);
        ascii::at(self.bytes, comma) == b',' && ascii::has(self.bytes, key, "\"logprob\"")
    }

    /// What the element before says about the next one: `["--password", "x"]`, and
    /// `[["password", "x"]]` where each list is a name and its value.
    fn second(&mut self, before: Option<(usize, usize, usize)>) -> Option<Meaning> {
        let (index, start, end) = before?;
        let name = ascii::cut(self.text, start + 1, end - 1);
        if self.byte() != b'"' || name.len() > 80 {
            return None;
        }
        if matches!(name, "-u" | "-U" | "--user") {
            let close = json_string::end(self.bytes, self.position)?;
            let pair = ascii::cut(self.text, self.position + 1, close);
            let password = sentinel::behind(pair, b':')?;
            let is_typed = value::is_password(password) && password.len() >= 6;
            return is_typed.then_some(Meaning::Password);
        }
        if !ascii::all(name.as_bytes(), ascii::WORD | ascii::DASH | ascii::DOT) {
            return None;
        }
        let says = self
            .scratch
            .seen
            .meaning_in_json(name)
            .filter(|says| *says != Meaning::User)?;
        let close = json_string::end(self.bytes, self.position)?;
        let value = ascii::cut(self.text, self.position + 1, close);
        let after = ascii::run(self.bytes, close + 1, ascii::BLANK);
        let is_pair = index == 0
            && ascii::at(self.bytes, after) == b']'
            && matches!(
                self.places.iter().rev().nth(1),
                None | Some(Place::Element(_))
            );
        let is_typed = value::is_password(value) && !value::is_identifier(value);
        let is_flag = name.starts_with('-') && !value.starts_with('-');
        let is_open = if is_flag {
            value::is_left_open(value)
        } else {
            value::is_placeholder(value)
        };
        let is_other = is_open || self.scratch.seen.meaning(value).is_some();
        (!is_other && (is_flag || is_pair || is_typed)).then_some(says)
    }

    /// Redacts a value that stayed until its name came.
    fn redact_waiting(&mut self, says: Meaning, start: usize, end: usize) {
        let content = ascii::cut(self.text, start, end);
        let text = match content
            .strip_prefix('"')
            .and_then(|it| it.strip_suffix('"'))
        {
            Some(inner) => json_string::decode(inner).unwrap_or_default(),
            None => content.into(),
        };
        if let Some(class) = leaf::tells(says, &text) {
            self.replace(&class, "field that another one names", &text, start, end);
        }
    }

    /// Redacts the account name that was told before its password.
    fn account(&mut self, hints: &mut Hints) {
        let Some((start, end)) = hints.account.take() else {
            return;
        };
        let content = ascii::cut(self.text, start + 1, end - 1);
        if content.len() >= 3
            && !content.contains(sentinel::OPENING)
            && !value::is_placeholder(content)
            && !value::is_label(content)
        {
            let content = content.to_owned();
            self.replace(
                &Class::Username,
                "account beside its password",
                &content,
                start,
                end,
            );
        }
    }

    /// Puts a sentinel in the place of a value.
    pub(super) fn replace(
        &mut self,
        class: &Class,
        rule: &'static str,
        text: &str,
        start: usize,
        end: usize,
    ) {
        if !self.redactor.engine.finds(class) {
            return;
        }
        self.report.add(class, rule, start..end);
        let key = self.redactor.tokens.as_ref();
        self.changes.sentinel(start, end, class, text, key);
    }

    fn key(&mut self, start: usize, end: usize, name: &str, hints: &mut Hints) {
        let redacted = self.text(name, (start, end));
        if redacted.report().is_empty() && !name.contains(sentinel::OPENING) {
            return;
        }
        let (text, report) = redacted.into_parts();
        self.report.merge_at(report, start - 1..end + 1);
        let key = hints.once(&text);
        if key != name {
            self.changes.text(start - 1, end + 1, &key);
        }
    }
}
