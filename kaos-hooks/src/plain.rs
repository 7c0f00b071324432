//! Text for people.

/// A text without what a terminal would take for a command, a line break included: names and reasons
/// come from models and files, too.
pub fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            let escaped = is_command(char).then(|| char.escape_default());
            let itself = escaped.is_none().then_some(char);
            escaped.into_iter().flatten().chain(itself)
        })
        .collect()
}

/// Controls, and the marks that turn the direction of what follows.
fn is_command(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
