//! Reading variables: empty is absent, and a bad value is a warning and a default.

use std::cell::RefCell;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// Variables by name, and what was wrong with those that were read.
pub(crate) struct Vars<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Vars<'a> {
    pub(crate) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            warnings: RefCell::default(),
        }
    }

    pub(crate) fn warnings(self) -> Vec<String> {
        self.warnings.into_inner()
    }

    /// The value without white space around it.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The first of these that is set, with its value.
    pub(crate) fn first(&self, names: &[String]) -> Option<(String, String)> {
        names
            .iter()
            .find_map(|name| Some((name.clone(), self.get(name)?)))
    }

    /// The same is not said twice, though three signals may read it.
    pub(crate) fn warn(&self, text: String) {
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// Names variable and value, what was expected, and what is used instead.
    pub(crate) fn bad(&self, name: &str, value: &str, expected: &str, used: impl Display) {
        self.warn(format!("{name} is `{value}`, not {expected}; using {used}"));
    }

    /// A whole number, at least `least`.
    pub(crate) fn number<N>(&self, name: &str, least: N, default: N) -> N
    where
        N: FromStr + PartialOrd + Display + Copy,
    {
        let Some(value) = self.get(name) else {
            return default;
        };
        let number = value.parse().ok().filter(|number| *number >= least);
        number.unwrap_or_else(|| {
            let expected = format!("a whole number from {least} on");
            self.bad(name, &value, &expected, default);
            default
        })
    }

    /// A time in milliseconds, at least `least` of them.
    pub(crate) fn millis(&self, name: &str, least: u64, default: Duration) -> Duration {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.number(name, least, default))
    }

    /// One of these words, in any case, of the first of these variables that has one.
    pub(crate) fn word<T: Copy>(
        &self,
        names: &[String],
        words: &[(&'static str, T)],
        default: T,
        default_word: &'static str,
    ) -> T {
        let mut bad = Vec::new();
        let known = names.iter().find_map(|name| {
            let value = self.get(name)?;
            let known = words
                .iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(&value));
            if known.is_none() {
                bad.push((name, value));
            }
            known
        });
        let (used, meaning) = *known.unwrap_or(&(default_word, default));
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        for (name, value) in bad {
            self.bad(name, &value, &words.join(" or "), used);
        }
        meaning
    }

    /// `true` or `false`, in any case.
    pub(crate) fn flag(&self, names: &[String]) -> bool {
        self.word(names, &[("true", true), ("false", false)], false, "false")
    }

    /// The pairs of `key=value,key=value`, percent-decoded. A malformed one is left out, and its
    /// place is said, not its text: it may be a secret.
    pub(crate) fn pairs(&self, name: &str, value: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (at, pair) in value.split(',').enumerate() {
            if pair.trim().is_empty() {
                continue;
            }
            let decoded = pair.split_once('=').and_then(|(key, value)| {
                let key = percent_decoded(key.trim())?;
                (!key.is_empty()).then_some((key, percent_decoded(value.trim())?))
            });
            match decoded {
                Some(pair) => pairs.push(pair),
                None => self.warn(format!(
                    "entry {} of {name} is not `key=value`, percent-encoded; using the others",
                    at + 1
                )),
            }
        }
        pairs
    }
}

/// `None` when an escape is cut off or no hexadecimal, or the result is not UTF-8.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}
