//! What an object tells about its values, whichever of its fields comes first.

use std::borrow::Cow;
use std::collections::hash_map::{Entry, HashMap};

use crate::redact::sentinel;
use crate::redact::vocabulary::{self, Meaning};

/// What an object has told so far.
#[derive(Default)]
pub(super) struct Hints {
    /// Keys with a sentinel in them, as they are written, and the last number behind each.
    keys: HashMap<String, usize>,
    /// What the value of `name` says about the value of `value`.
    pub(super) name: Option<Meaning>,
    /// Values that wait for a name: strings with their quotes, and numbers.
    pub(super) nameless: Vec<(usize, usize)>,
    /// The string of an account name, with its quotes.
    pub(super) account: Option<(usize, usize)>,
    /// Whether the object's kind says that all its data are secret.
    pub(super) is_secret: bool,
    /// Which of the waiting strings are its data.
    pub(super) data: Vec<(usize, usize)>,
}

/// Keys whose value is what the key beside them names.
pub(super) const VALUES: &[&str] = &[
    "value", "val", "v", "data", "content", "raw", "text", "default",
];

/// Keys whose value is a name.
pub(super) const NAMES: &[&str] = &[
    "name", "k", "key", "field", "header", "param", "variable", "env",
];

/// Keys of the data of an object whose kind says that they are secret.
pub(super) const DATA: &[&str] = &["data", "stringData"];

/// Kinds of objects that hold nothing but secrets.
pub(super) const SECRET_KINDS: &[&str] = &["Secret", "SealedSecret", "secret", "credentials"];

impl Hints {
    /// `key`, or `key-2` and so on if it is taken; `key (2)` where the number would count as a part of what is
    /// hidden. A number is tried once: many keys that are redacted alike cost no more than as many that are not.
    pub(super) fn once<'k>(&mut self, key: &'k str) -> Cow<'k, str> {
        let Some(last) = self.keys.get(key).copied() else {
            self.keys.insert(key.to_owned(), 1);
            return key.into();
        };
        let is_sentinel = sentinel::end(key.as_bytes(), 0) == Some(key.len());
        for copies in last + 1.. {
            let next = if is_sentinel || !key.ends_with('>') {
                format!("{key}-{copies}")
            } else {
                format!("{key} ({copies})")
            };
            if let Entry::Vacant(free) = self.keys.entry(next.clone()) {
                free.insert(1);
                if let Some(last) = self.keys.get_mut(key) {
                    *last = copies;
                }
                return next.into();
            }
        }
        key.into()
    }

    /// What a key says about its value, inside an object under a key that says `outer`.
    pub(super) fn says(
        &self,
        key: &str,
        own: impl FnOnce() -> Option<Meaning>,
        outer: Option<Meaning>,
    ) -> Option<Meaning> {
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(key));
        if is(VALUES) && (self.name.is_some() || outer.is_some()) {
            return self.name.or(outer);
        }
        let own = own();
        // All that stands under a password is one, but what is said about it.
        match (own, outer) {
            (None, Some(Meaning::Password)) if !vocabulary::is_about(key) => outer,
            _ => own,
        }
    }
}
