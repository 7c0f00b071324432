//! Which lists a word is in, found at once: text may be made of nothing but names.

use std::sync::LazyLock;

use super::words;
use crate::redact::ascii;

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

/// What begins other words, too.
const STARTS: &[(Lists, &[&str])] = &[(OTHER_KEY, words::OTHER_KEYS), (SERVICE, words::SERVICES)];

const ENDS: &[(Lists, &[&str])] = &[(PASSWORD, words::PASSWORDS), (TOKEN, words::TOKENS)];

/// Words in slots, by two of their bytes and how many they have; with their lists.
struct Words(Vec<Vec<(&'static str, Lists)>>);

/// How many slots there are; a power of two.
const SLOTS: usize = 1024;

impl Words {
    fn new(lists: &[(Lists, &[&'static str])], slot: impl Fn(&str) -> usize) -> Self {
        let mut words: Vec<Vec<(&'static str, Lists)>> = vec![Vec::new(); SLOTS];
        for (list, members) in lists {
            for word in *members {
                let Some(slot) = words.get_mut(slot(word)) else {
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

    fn at(&self, slot: usize) -> &[(&'static str, Lists)] {
        self.0.get(slot).map_or(&[], Vec::as_slice)
    }
}

/// The slot of a whole word, by its first and last byte and its length.
fn by_whole(word: &str) -> usize {
    let bytes = word.as_bytes();
    let first = usize::from(ascii::at(bytes, 0));
    let last = usize::from(ascii::before(bytes, bytes.len()));
    (first * 37 + last * 5 + bytes.len() * 131) % SLOTS
}

/// The slot of an ending, by its last two bytes.
fn by_end(word: &str) -> usize {
    let bytes = word.as_bytes();
    let last = usize::from(ascii::before(bytes, bytes.len()));
    let before = usize::from(ascii::before(bytes, bytes.len().saturating_sub(1)));
    (last * 37 + before) % SLOTS
}

/// The slot of a beginning, by its first byte.
fn by_start(word: &str) -> usize {
    usize::from(ascii::at(word.as_bytes(), 0)) % SLOTS
}

static BY_WHOLE: LazyLock<Words> = LazyLock::new(|| Words::new(WHOLE, by_whole));

static BY_END: LazyLock<Words> = LazyLock::new(|| Words::new(ENDS, by_end));

static BY_START: LazyLock<Words> = LazyLock::new(|| Words::new(STARTS, by_start));

/// The lists that a whole word is in.
pub(super) fn lists(word: &str) -> Lists {
    BY_WHOLE
        .at(by_whole(word))
        .iter()
        .find(|(known, _)| *known == word)
        .map_or(0, |(_, lists)| *lists)
}

/// The lists of endings that a word ends in.
pub(super) fn endings(word: &str) -> Lists {
    BY_END
        .at(by_end(word))
        .iter()
        .filter(|(known, _)| word.ends_with(known))
        .fold(0, |all, (_, lists)| all | lists)
}

/// Whether a word starts with one of the keys that are no secrets.
pub(super) fn starts_other_key(word: &str) -> bool {
    BY_START
        .at(by_start(word))
        .iter()
        .any(|(known, lists)| lists & OTHER_KEY != 0 && word.starts_with(known))
}

/// Whether two words together name a service: `MailChimp`, `NEW_RELIC`.
pub(super) fn is_service(first: &str, second: &str) -> bool {
    let length = first.len() + second.len();
    BY_START.at(by_start(first)).iter().any(|(known, lists)| {
        lists & SERVICE != 0
            && known.len() == length
            && known.starts_with(first)
            && known.ends_with(second)
    })
}
