//! Sets of words, asked by the first bytes: text may be made of nothing but words to ask about.

use super::ascii;

/// Words in small ASCII letters, found whatever their case.
#[derive(Debug)]
pub(crate) struct WordSet {
    /// By the first byte.
    words: Vec<Vec<&'static str>>,
    /// With which two bytes one may start: for each first byte, a bit for each second, both modulo
    /// 32, which is the same for both cases of a letter.
    starts: [u32; 32],
}

impl WordSet {
    pub(crate) fn new(words: &[&'static str]) -> Self {
        let mut slots = vec![Vec::new(); 256];
        let mut starts = [0; 32];
        for word in words {
            if let Some(seconds) = starts.get_mut(usize::from(first(word) % 32)) {
                *seconds |= match word.as_bytes().get(1) {
                    Some(second) => 1 << (second % 32),
                    None => u32::MAX,
                };
            }
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
        Self {
            words: slots,
            starts,
        }
    }

    fn at(&self, byte: u8) -> &[&'static str] {
        self.words.get(usize::from(byte)).map_or(&[], Vec::as_slice)
    }

    /// Whether `word` is one of them.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.at(first(word))
            .iter()
            .any(|known| known.len() == word.len() && known.eq_ignore_ascii_case(word))
    }

    /// Whether one of them stands at `index`.
    pub(crate) fn is_at(&self, bytes: &[u8], index: usize) -> bool {
        let (first, second) = (ascii::at(bytes, index), ascii::at(bytes, index + 1));
        let seconds = self.starts.get(usize::from(first % 32));
        seconds.is_some_and(|seconds| seconds & 1 << (second % 32) != 0)
            && self
                .at(first)
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
