//! Text for people.

/// A text in which what [is hidden](is_hidden) is seen as its escape, a line break included: names and reasons come from models and files,
/// too.
pub fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            let escaped = is_hidden(char).then(|| char.escape_default());
            let itself = escaped.is_none().then_some(char);
            escaped.into_iter().flatten().chain(itself)
        })
        .collect()
}

/// Whether a character is not seen where it stands, or does something there: Unicode's control and format characters (`Cc`, `Cf`), separators
/// of lines and paragraphs, and what is `Default_Ignorable_Code_Point` (Unicode 17): a terminal may take it for a command, it turns the
/// direction of what follows, or hides that two texts differ.
pub const fn is_hidden(char: char) -> bool {
    matches!(
        char,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{34F}'
            | '\u{600}'..='\u{605}'
            | '\u{61C}'
            | '\u{6DD}'
            | '\u{70F}'
            | '\u{890}'..='\u{891}'
            | '\u{8E2}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{110BD}'
            | '\u{110CD}'
            | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}
