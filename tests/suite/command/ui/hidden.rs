//! Characters that are not seen where they stand are shown as their numbers: in the pages, and on a terminal.

use std::fs;
use std::path::Path;

use kaos_hooks::is_hidden;

use super::{kaos, recorded};
use crate::command::said;

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kaos-cli/page");
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_script_s_list_of_hidden_characters_is_the_terminal_s() {
    let text = script("dom.js");
    let (_, list) = text.split_once("const HIDDEN = [").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let numbers: Vec<u32> = list
        .split(|it: char| !it.is_ascii_alphanumeric())
        .filter_map(|it| u32::from_str_radix(it.strip_prefix("0x")?, 16).ok())
        .collect();
    let ranges: Vec<_> = numbers.chunks(2).map(|it| it[0]..=it[1]).collect();
    for char in '\0'..=char::MAX {
        let listed = ranges.iter().any(|it| it.contains(&u32::from(char)));
        assert_eq!(listed, is_hidden(char), "U+{:04X}", u32::from(char));
    }
}

#[test]
fn what_is_not_seen_or_turns_what_follows_is_hidden_and_letters_are_not() {
    for hidden in [
        '\0',
        '\u{1b}',
        '\u{7f}',
        '\u{9b}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180e}',
        '\u{200b}',
        '\u{200d}',
        '\u{200f}',
        '\u{2028}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{206f}',
        '\u{3164}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff9}',
        '\u{1d173}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{e007f}',
        '\u{e01ef}',
    ] {
        assert!(is_hidden(hidden), "{}", hidden.escape_unicode());
    }
    for seen in [
        'a', ' ', '\u{a0}', 'ä', 'ß', 'ا', 'न', '中', '한', '😀', '\u{301}', '\u{fffd}',
    ] {
        assert!(!is_hidden(seen), "{}", seen.escape_unicode());
    }
}

/// What makes text of a page goes through one place.
#[test]
fn nothing_but_the_maker_of_elements_makes_text_of_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kaos-cli/page");
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name == "dom.js" || Path::new(&name).extension().is_none_or(|it| it != "js") {
            continue;
        }
        for line in script(&name).lines() {
            for made in [
                "document.title",
                "createTextNode",
                "createElement(",
                "new Option",
                "innerText",
            ] {
                let is_link = line.contains("createElement('a')");
                assert!(!line.contains(made) || is_link, "{name}: {line}");
            }
        }
    }
}

#[tokio::test]
async fn no_hidden_character_of_a_trail_reaches_a_terminal() {
    let hidden = "a\u{ad}b\u{34f}c\u{202e}d\u{3164}e\u{e0041}f\u{fe0f}g\u{200d}h";
    let scratch = recorded("ui-hidden", &[hidden]).await;
    let trail = scratch.path().to_str().unwrap();
    for arguments in [["audit", "show", trail], ["audit", "replay", trail]] {
        let done = kaos(&arguments).output().await.unwrap();
        let text = [String::from_utf8(done.stdout.clone()).unwrap(), said(&done)].concat();
        let found = text.chars().find(|it| is_hidden(*it) && *it != '\n');
        assert_eq!(found, None, "{arguments:?}: {text}");
    }
}
