use super::bounded;
#[cfg(feature = "logs")]
use super::formatted;

#[track_caller]
fn check(text: &str, limit: Option<usize>, expected: &str) {
    assert_eq!(bounded(text, limit), expected);
    #[cfg(feature = "logs")]
    check_formatted(text, limit, expected);
}

#[cfg(feature = "logs")]
#[track_caller]
fn check_formatted(text: &str, limit: Option<usize>, expected: &str) {
    assert_eq!(formatted(format_args!("{text}"), limit), expected);
    let first: String = text.chars().take(1).collect();
    let rest: String = text.chars().skip(1).collect();
    assert_eq!(formatted(format_args!("{first}{rest}"), limit), expected);
}

#[test]
fn text_is_cut_at_a_character_and_the_cut_is_marked() {
    check("", None, "");
    check("", Some(0), "");
    check("a", Some(0), "");
    check("a", Some(1), "a");
    check("ab", Some(1), "…");
    check("ab", Some(2), "ab");
    check("abc", Some(2), "a…");
    check("abc", Some(usize::MAX), "abc");
    check("abc", None, "abc");
    check("äöü", Some(3), "äöü");
    check("äöü", Some(2), "ä…");
    check("a😀b😀", Some(3), "a😀…");
    check("a😀b😀", Some(4), "a😀b😀");
}

#[test]
fn what_fits_is_not_copied() {
    let borrowed =
        |text: &str, limit| matches!(bounded(text, limit), std::borrow::Cow::Borrowed(_));
    assert!(borrowed("abc", Some(3)));
    assert!(borrowed("äöü", Some(3)));
    assert!(!borrowed("abcd", Some(3)));
}

#[cfg(feature = "logs")]
#[test]
fn what_is_too_long_is_not_made() {
    struct Endless(std::cell::Cell<u32>);
    impl std::fmt::Display for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            loop {
                self.0.set(self.0.get() + 1);
                f.write_str("abc")?;
            }
        }
    }
    let endless = Endless(std::cell::Cell::default());
    assert_eq!(formatted(format_args!("{endless}"), Some(5)), "abca…");
    assert_eq!(endless.0.get(), 3);
}
