//! Sets of words, asked by the first byte: text may be made of nothing but words to ask about.

use super::ascii;

/// Words in small ASCII letters, found whatever their case.
#[derive(Debug)]
pub(crate) struct WordSet(Vec<Vec<&'static str>>);

impl WordSet {
    pub(crate) fn new(words: &[&'static str]) -> Self {
        let mut slots = vec![Vec::new(); 256];
        for word in words {
            for first in [
                first(word).to_ascii_lowercase(),
                first(word).to_ascii_uppercase(),
            ] {
                if let Some(slot) = slots.get_mut(usize::from(first))
                    && !slot.contains(word)
                {
                    slot.push(*word);
                }
            }
        }
        Self(slots)
    }

    fn at(&self, byte: u8) -> &[&'static str] {
        self.0.get(usize::from(byte)).map_or(&[], Vec::as_slice)
    }

    /// Whether `word` is one of them.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.at(first(word))
            .iter()
            .any(|known| known.len() == word.len() && known.eq_ignore_ascii_case(word))
    }

    /// Whether one of them stands at `index`.
    pub(crate) fn is_at(&self, bytes: &[u8], index: usize) -> bool {
        self.at(ascii::at(bytes, index))
            .iter()
            .any(|known| ascii::has(bytes, index, known))
    }

    /// Whether one of them stands anywhere.
    pub(crate) fn is_in(&self, bytes: &[u8]) -> bool {
        (0..bytes.len()).any(|index| self.is_at(bytes, index))
    }
}

fn first(word: &str) -> u8 {
    ascii::at(word.as_bytes(), 0)
}
