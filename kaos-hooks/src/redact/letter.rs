//! Letters and digits of all scripts, those of the common ones at once: the tables of the standard
//! library take longer than the rest of a look at a name.

/// Whether `letter` is one, or a digit, in any script: [`char::is_alphanumeric`].
pub(crate) fn is(letter: char) -> bool {
    match letter {
        '\0'..='\u{7f}' => letter.is_ascii_alphanumeric(),
        // Latin, Greek's and Cyrillic's letters, kana, Chinese, Korean.
        '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2c1}'
        | '\u{3a3}'..='\u{3f5}'
        | '\u{400}'..='\u{481}'
        | '\u{48a}'..='\u{52f}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        // Full-width digits and letters.
        | '\u{ff10}'..='\u{ff19}'
        | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff41}'..='\u{ff5a}' => true,
        // Spaces without a break and without a width, quotes, letters of one's own, full-width signs.
        '\u{a0}' | '\u{ad}' | '\u{2000}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}'..='\u{ff0f}' => false,
        _ => letter.is_alphanumeric(),
    }
}

/// Adds `letter` in lower case.
pub(crate) fn push_lower(out: &mut impl Extend<u8>, letter: char) {
    let mut utf8 = [0; 4];
    let mut push = |lower: char| out.extend(lower.encode_utf8(&mut utf8).bytes());
    match letter {
        '\u{430}'..='\u{44f}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff10}'..='\u{ff19}'
        // Latin, but the capitals among it.
        | '\u{df}'..='\u{f6}'
        | '\u{f8}'..='\u{ff}' => push(letter),
        _ => letter.to_lowercase().for_each(push),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_scripts_are_as_the_standard_library_has_them() {
        for letter in '\0'..=char::MAX {
            assert_eq!(super::is(letter), letter.is_alphanumeric(), "{letter:?}");
            let mut lower = Vec::new();
            super::push_lower(&mut lower, letter);
            let known: String = letter.to_lowercase().collect();
            assert_eq!(lower, known.as_bytes(), "{letter:?}");
        }
    }
}
