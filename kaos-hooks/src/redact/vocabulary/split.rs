//! Names, split into their words.

use smallvec::SmallVec;

use super::lexicon::{self, Lists};
use crate::redact::ascii::{self, ALNUM, DIGIT, LOWER, UPPER};
use crate::redact::letter;

/// A word of a name and the lists it is in.
#[derive(Clone, Copy)]
pub(super) struct Word<'n> {
    pub(super) text: &'n str,
    pub(super) lists: Lists,
}

impl Word<'_> {
    pub(super) const fn is(self, lists: Lists) -> bool {
        self.lists & lists != 0
    }
}

/// The words of a name in lower case: `clientSecret`, `CLIENT_SECRET` and `client-secret` alike.
pub(super) fn with_words<R>(name: &str, of: impl FnOnce(&[Word<'_>]) -> R) -> R {
    // Tools define properties with a letter in front: `-Dsonar.login=`.
    let name = name
        .strip_prefix("-D")
        .or_else(|| name.strip_prefix("-P"))
        .unwrap_or(name);
    let mut joined: SmallVec<[u8; 96]> = SmallVec::new();
    let bytes = name.as_bytes();
    let mut length = 0;
    for (index, letter) in name.char_indices() {
        let byte = ascii::at(bytes, index);
        let previous = ascii::before(bytes, index);
        let next = ascii::at(bytes, index + 1);
        let starts_word = (ascii::is(byte, UPPER)
            && (ascii::is(previous, LOWER | DIGIT)
                || (ascii::is(previous, UPPER) && ascii::is(next, LOWER))))
            || (letter.is_ascii()
                && ascii::is(byte, DIGIT) != ascii::is(previous, DIGIT)
                && !(ascii::is(byte, DIGIT) && length < 3));
        let is_part = if letter.is_ascii() {
            ascii::is(byte, ALNUM)
        } else {
            letter::is(letter)
        };
        if (starts_word || !is_part) && length > 0 {
            joined.push(b'_');
            length = 0;
        }
        if letter.is_ascii() && is_part {
            joined.push(byte.to_ascii_lowercase());
            length += 1;
        } else if is_part {
            letter::push_lower(&mut joined, letter);
            length += letter.len_utf8();
        }
    }
    let joined = std::str::from_utf8(&joined).unwrap_or_default();
    let mut words: SmallVec<[Word<'_>; 12]> = SmallVec::new();
    let mut start = 0;
    while start < joined.len() {
        let end = memchr::memchr(b'_', joined.as_bytes().get(start..).unwrap_or_default())
            .map_or(joined.len(), |length| start + length);
        let text = ascii::cut(joined, start, end);
        words.push(Word {
            text,
            lists: lexicon::lists(text),
        });
        start = end + 1;
    }
    of(&words)
}
