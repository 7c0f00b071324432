use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};

use super::{Class, ascii, sentinel};

/// How long the literal of a rule may be, in bytes.
const LITERAL: RangeInclusive<usize> = 3..=64;

/// Longest text that an own rule may match, in bytes.
const MAX_LEN: usize = 4096;

/// What decides whether a match is one.
type Validator = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A rule of the user's own: a literal that starts it, a regex anchored there, a check.
#[derive(Clone)]
pub(crate) struct Rule {
    class: Class,
    literal: String,
    regex: Regex,
    #[cfg(feature = "audit")]
    pattern: String,
    validator: Option<Validator>,
}

/// A rule that a redactor cannot use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The name does not fit into a sentinel.
    #[error("rule name {name:?} is not 1 to 20 capitals, digits and `_`")]
    Name {
        /// The name that was given.
        name: String,
    },
    /// The name is one of the built-in classes'.
    #[error("rule name {name} is a built-in class")]
    Taken {
        /// The name that was given.
        name: String,
    },
    /// The literal is too short to find anything quickly, or too long.
    #[error("literal of rule {name} has {length} bytes, 3 to 64 are needed")]
    Literal {
        /// The rule.
        name: String,
        /// Length of the literal in bytes.
        length: usize,
    },
    /// The regex cannot be read or is too large.
    #[error("regex of rule {name} cannot be used: {}", cause(source))]
    Regex {
        /// The rule.
        name: String,
        /// What is wrong with it.
        source: Box<regex_automata::meta::BuildError>,
    },
    /// The regex is tried where the literal starts, and what it matches begins otherwise.
    #[error("regex of rule {name} can match nothing that begins with its literal {literal:?}")]
    Start {
        /// The rule.
        name: String,
        /// The literal that was given.
        literal: String,
    },
    /// The regex matches nothing, which would be found everywhere.
    #[error("regex of rule {name} matches the empty text")]
    Empty {
        /// The rule.
        name: String,
    },
}

/// What is wrong in the end, in one line: an error of a regex shows it in several, with the place.
fn cause(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = error.to_string();
    let line = text.lines().rfind(|line| !line.trim().is_empty());
    line.unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}

/// Whether a match of a regex may begin with a literal, ASCII case aside, whatever stands before;
/// also if that is not known.
fn may_begin(regex: &str, literal: &str) -> bool {
    let config = DFA::config().unicode_word_boundary(true);
    let Ok(dfa) = DFA::builder().configure(config).build(regex) else {
        return true;
    };
    ["", "\n", " ", "x"].iter().any(|before| {
        let text = format!("{before}{literal}");
        begins(&dfa, &text, before.len()).unwrap_or(true)
    })
}

/// Whether the automaton still hopes at the end of a text, or matched before.
fn begins(dfa: &DFA, text: &str, start: usize) -> Option<bool> {
    let mut cache = dfa.create_cache();
    let input = Input::new(text).range(start..).anchored(Anchored::Yes);
    let mut states = vec![dfa.start_state_forward(&mut cache, &input).ok()?];
    for byte in text.bytes().skip(start) {
        let mut next = Vec::new();
        for state in states {
            for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                let state = dfa.next_state(&mut cache, state, byte).ok()?;
                // A match is seen one byte late.
                if state.is_match() || state.is_quit() {
                    return Some(true);
                }
                if !state.is_dead() && !next.contains(&state) {
                    next.push(state);
                }
            }
        }
        states = next;
    }
    Some(!states.is_empty())
}

impl Rule {
    pub(crate) fn new(
        name: &str,
        literal: &str,
        regex: &str,
        validator: Option<Validator>,
    ) -> Result<Self, RuleError> {
        let name = name.to_owned();
        let sound = name
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        if name.is_empty() || name.len() > sentinel::MAX_NAME_LEN || !sound {
            return Err(RuleError::Name { name });
        }
        if Class::BUILT_IN.iter().any(|class| class.as_str() == name) {
            return Err(RuleError::Taken { name });
        }
        if !LITERAL.contains(&literal.len()) {
            return Err(RuleError::Literal {
                name,
                length: literal.len(),
            });
        }
        let limits = Regex::config().nfa_size_limit(Some(1 << 20)).onepass(false);
        let shown = regex.to_owned();
        let regex = match Regex::builder().configure(limits).build(regex) {
            Ok(regex) => regex,
            Err(error) => {
                return Err(RuleError::Regex {
                    name,
                    source: Box::new(error),
                });
            }
        };
        if regex.is_match("") {
            return Err(RuleError::Empty { name });
        }
        if !may_begin(&shown, literal) {
            let literal = literal.to_owned();
            return Err(RuleError::Start { name, literal });
        }
        let class = Class::Custom(Arc::from(name));
        Ok(Self {
            class,
            literal: literal.to_owned(),
            regex,
            #[cfg(feature = "audit")]
            pattern: shown,
            validator,
        })
    }

    /// All that decides what it matches, but the code of its validator.
    #[cfg(feature = "audit")]
    pub(crate) fn described(&self) -> String {
        let (class, literal, pattern) = (&self.class, &self.literal, &self.pattern);
        let checked = self.validator.is_some();
        format!("{class} {literal:?} {pattern:?} {checked}\n")
    }

    pub(crate) fn literal(&self) -> &str {
        &self.literal
    }

    pub(crate) fn class(&self) -> &Class {
        &self.class
    }

    /// Where the match ends that starts with the literal at `start`.
    pub(crate) fn find(&self, text: &str, start: usize) -> Option<usize> {
        let end = (start + MAX_LEN).min(text.len());
        let input = Input::new(text).range(start..end).anchored(Anchored::Yes);
        let end = self.regex.find(input)?.end();
        let found = ascii::cut(text, start, end);
        let accepted = self
            .validator
            .as_ref()
            .is_none_or(|validator| validator(found));
        (accepted && !found.is_empty()).then_some(end)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.class.as_str()).finish()
    }
}
