//! Names that were read before: a document repeats its few, and text may be made of nothing else.

use super::Meaning;

/// How many names are remembered.
const SLOTS: usize = 8;

/// Longest name that is remembered, in bytes: the longest of all.
const MAX_LEN: usize = 80;

/// What the last names meant, each in a slot that it shares with others.
#[derive(Debug, Default)]
pub(crate) struct Seen([Known; SLOTS]);

#[derive(Clone, Copy, Debug)]
struct Known {
    name: [u8; MAX_LEN],
    length: u8,
    meaning: Option<Meaning>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            name: [0; MAX_LEN],
            length: 0,
            meaning: None,
        }
    }
}

impl Seen {
    /// What a name means.
    pub(crate) fn meaning(&mut self, name: &str) -> Option<Meaning> {
        let number = name.bytes().take(MAX_LEN).fold(0usize, |number, byte| {
            number.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        let slot = (number ^ number >> 4) % SLOTS;
        let (Some(known), Ok(length)) = (self.0.get_mut(slot), u8::try_from(name.len())) else {
            return super::meaning(name);
        };
        let Some(place) = known.name.get_mut(..name.len()) else {
            return super::meaning(name);
        };
        if known.length != length || place != name.as_bytes() {
            place.copy_from_slice(name.as_bytes());
            (known.length, known.meaning) = (length, super::meaning(name));
        }
        known.meaning
    }

    /// What a key of JSON says.
    pub(crate) fn meaning_in_json(&mut self, key: &str) -> Option<Meaning> {
        super::in_json(self.meaning(key), key)
    }
}
