//! Names that were read before: a document repeats its few, and text may be made of nothing else.

use super::Meaning;

/// How many names are remembered.
const SLOTS: usize = 61;

/// Longest name that is remembered, in bytes.
const LONGEST: usize = 80;

/// What the last names meant, each in a slot that it shares with others.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<(String, Option<Meaning>)>);

impl Seen {
    /// What a name means.
    pub(crate) fn meaning(&mut self, name: &str) -> Option<Meaning> {
        if name.len() > LONGEST {
            return super::meaning(name);
        }
        if self.0.is_empty() {
            self.0.resize(SLOTS, (String::new(), None));
        }
        let number = name.bytes().fold(0usize, |number, byte| {
            number.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        let slot = number % SLOTS;
        let Some((known, meaning)) = self.0.get_mut(slot) else {
            return super::meaning(name);
        };
        if known != name {
            known.clear();
            known.push_str(name);
            *meaning = super::meaning(name);
        }
        *meaning
    }

    /// What a key of JSON says.
    pub(crate) fn meaning_in_json(&mut self, key: &str) -> Option<Meaning> {
        super::in_json(self.meaning(key), key)
    }
}
