//! Which lists a word is in, found at once: text may be made of nothing but names.

use std::sync::LazyLock;

use super::words;

/// The lists that a word is in.
pub(super) type Lists = u32;

pub(super) const COPY: Lists = 1;
pub(super) const ABOUT: Lists = 1 << 1;
pub(super) const PASSWORD: Lists = 1 << 2;
pub(super) const OTHER_PASS: Lists = 1 << 3;
pub(super) const TOKEN: Lists = 1 << 4;
pub(super) const KEY_QUALIFIER: Lists = 1 << 5;
pub(super) const OTHER_KEY: Lists = 1 << 6;
pub(super) const TOKEN_QUALIFIER: Lists = 1 << 7;
pub(super) const SERVICE: Lists = 1 << 8;
pub(super) const USER: Lists = 1 << 9;
pub(super) const PHRASE: Lists = 1 << 10;
pub(super) const ABOUT_KEY: Lists = 1 << 11;
pub(super) const PUBLIC: Lists = 1 << 12;
pub(super) const PRIVATE: Lists = 1 << 13;
pub(super) const PLAIN: Lists = 1 << 14;
pub(super) const OTHER_TOKEN: Lists = 1 << 15;

const WHOLE: &[(Lists, &[&str])] = &[
    (COPY, words::COPIES),
    (ABOUT, words::ABOUT),
    (PASSWORD, words::WHOLE_PASSWORDS),
    (OTHER_PASS, words::OTHER_PASSES),
    (TOKEN, words::WHOLE_TOKENS),
    (KEY_QUALIFIER, words::KEY_QUALIFIERS),
    (OTHER_KEY, words::OTHER_KEYS),
    (TOKEN_QUALIFIER, words::TOKEN_QUALIFIERS),
    (SERVICE, words::SERVICES),
    (USER, words::USERS),
    (PHRASE, words::PHRASES),
    (ABOUT_KEY, words::ABOUT_KEYS),
    (PUBLIC, words::PUBLIC),
    (PRIVATE, words::PRIVATE),
    (PLAIN, words::PLAIN),
    (OTHER_TOKEN, words::OTHER_TOKENS),
];

const ENDS: &[(Lists, &[&str])] = &[(PASSWORD, words::PASSWORDS), (TOKEN, words::TOKENS)];

/// Words by one of their bytes, with their lists.
struct Words(Vec<Vec<(&'static str, Lists)>>);

impl Words {
    fn new(lists: &[(Lists, &[&'static str])], byte: impl Fn(&str) -> Option<u8>) -> Self {
        let mut words: Vec<Vec<(&'static str, Lists)>> = vec![Vec::new(); 256];
        for (list, members) in lists {
            for word in *members {
                let Some(slot) = byte(word).and_then(|byte| words.get_mut(usize::from(byte)))
                else {
                    continue;
                };
                match slot.iter_mut().find(|(known, _)| known == word) {
                    Some((_, lists)) => *lists |= list,
                    None => slot.push((word, *list)),
                }
            }
        }
        Self(words)
    }

    fn at(&self, byte: Option<u8>) -> &[(&'static str, Lists)] {
        byte.and_then(|byte| self.0.get(usize::from(byte)))
            .map_or(&[], Vec::as_slice)
    }
}

static BY_START: LazyLock<Words> = LazyLock::new(|| Words::new(WHOLE, |word| word.bytes().next()));

static BY_END: LazyLock<Words> = LazyLock::new(|| Words::new(ENDS, |word| word.bytes().last()));

/// The lists that a whole word is in.
pub(super) fn lists(word: &str) -> Lists {
    BY_START
        .at(word.bytes().next())
        .iter()
        .find(|(known, _)| *known == word)
        .map_or(0, |(_, lists)| *lists)
}

/// The lists of endings that a word ends in.
pub(super) fn endings(word: &str) -> Lists {
    BY_END
        .at(word.bytes().last())
        .iter()
        .filter(|(known, _)| word.ends_with(known))
        .fold(0, |all, (_, lists)| all | lists)
}

/// Whether a word starts with one of the keys that are no secrets.
pub(super) fn starts_other_key(word: &str) -> bool {
    BY_START
        .at(word.bytes().next())
        .iter()
        .any(|(known, lists)| lists & OTHER_KEY != 0 && word.starts_with(known))
}

/// Whether two words together name a service: `MailChimp`, `NEW_RELIC`.
pub(super) fn is_service(first: &str, second: &str) -> bool {
    let length = first.len() + second.len();
    BY_START
        .at(first.bytes().next())
        .iter()
        .any(|(known, lists)| {
            lists & SERVICE != 0
                && known.len() == length
                && known.starts_with(first)
                && known.ends_with(second)
        })
}
