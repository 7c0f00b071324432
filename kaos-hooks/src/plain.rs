//! Text for people.

/// A text without what a terminal would take for a command, a line break included: names and reasons
/// come from models and files, too.
pub fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            let escaped = commands_terminals(char).then(|| char.escape_default());
            let itself = escaped.is_none().then_some(char);
            escaped.into_iter().flatten().chain(itself)
        })
        .collect()
}

/// Whether a terminal may take a character for a command: control characters (C0 and C1), separators of
/// lines and paragraphs, and the marks that turn the direction of what follows.
pub const fn commands_terminals(char: char) -> bool {
    matches!(
        char,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}
