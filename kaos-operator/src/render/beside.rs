//! What stands beside the name of a secret is one: `password: …`, `API_KEY = "…"`, `--token …`.

/// What stands for a secret.
pub(super) const MASK: &str = "[masked]";

/// Whether a name is that of a secret: one of its words is.
pub(super) fn names_a_secret(name: &str) -> bool {
    const WITHIN: [&str; 9] = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "TOKEN",
        "APIKEY",
        "CREDENTIAL",
        "PRIVATE",
        "BEARER",
    ];
    const WORDS: [&str; 12] = [
        "KEY",
        "KEYS",
        "PASS",
        "PWD",
        "PW",
        "AUTH",
        "AUTHORIZATION",
        "COOKIE",
        "DSN",
        "HEADERS",
        "PAT",
        "PIN",
    ];
    /// Words that end like `MASTERKEY` and are none.
    const OTHERS: [&str; 8] = [
        "MONKEY", "DONKEY", "TURKEY", "HOTKEY", "HOCKEY", "JOCKEY", "WHISKEY", "LACKEY",
    ];
    let name = name.to_ascii_uppercase();
    let mut words = name.split(|it: char| !it.is_ascii_alphanumeric());
    let ends = |word: &str| word.ends_with("KEY") && !OTHERS.contains(&word);
    WITHIN.iter().any(|it| name.contains(it))
        || words.any(|word| WORDS.contains(&word) || ends(word))
}

/// Whether an argument is one that a secret follows: `--password`.
pub(super) fn is_secret_flag(argument: &str) -> bool {
    let name = argument.trim_start_matches('-');
    name.len() < argument.len() && !name.contains('=') && is_certainly(name)
}

/// A text without what stands beside names of secrets; none if there is nothing of that.
pub(super) fn masked(text: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some((before, value, after)) = next(rest) {
        shown.push_str(before);
        shown.push_str(if is_written_out(value) {
            found = true;
            MASK
        } else {
            value
        });
        rest = after;
    }
    shown.push_str(rest);
    found.then_some(shown)
}

/// The next value beside a name of a secret, with what is before and after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find([':', '=', ' ', '\t']) {
        let at = from + at;
        from = at + 1;
        let (before, sign) = text.split_at_checked(at)?;
        let name = before.trim_end_matches(['"', '\'', ' ', '\t']);
        let flag = sign.starts_with([' ', '\t']);
        let start = name.rfind(|it: char| !is_of_name(it)).map_or(0, |at| {
            at + name
                .get(at..)
                .and_then(|it| it.chars().next())
                .map_or(1, char::len_utf8)
        });
        let word = name.get(start..)?;
        // A blank is a sign only after a flag.
        if word.is_empty() || (flag && !is_secret_flag(word)) || !is_certainly(word) {
            continue;
        }
        let value = sign.get(1..)?.trim_start_matches([' ', '\t']);
        let begin = text.len() - value.len();
        let length = length(value);
        if length == 0 {
            continue;
        }
        let (quoted, after) = value.split_at_checked(length)?;
        let inside = quoted.trim_start_matches(QUOTES);
        let begin = begin + quoted.len() - inside.len();
        return Some((text.get(..begin)?, inside, after));
    }
    None
}

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// How many bytes a value has: up to its quote, or to where a word ends.
fn length(value: &str) -> usize {
    match value.chars().next() {
        Some(quote) if QUOTES.contains(&quote) => {
            let inside = value.get(1..).unwrap_or_default();
            1 + inside.find([quote, '\n']).unwrap_or(inside.len())
        }
        _ => value
            .find(|it: char| it.is_whitespace() || ",;&)}\"'".contains(it))
            .unwrap_or(value.len()),
    }
}

fn is_of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || "_-.".contains(it)
}

/// Whether a name in the midst of a text is certainly that of a secret: `max_tokens` and `key` are none there.
fn is_certainly(name: &str) -> bool {
    let mut parts = String::new();
    for char in name.chars() {
        // apiKey, as api_key.
        if char.is_ascii_uppercase() && parts.ends_with(|it: char| it.is_ascii_lowercase()) {
            parts.push('_');
        }
        parts.push(char);
    }
    let parts = parts.to_ascii_uppercase();
    let words: Vec<&str> = parts
        .split(|it: char| !it.is_ascii_alphanumeric())
        .filter(|it| !it.is_empty())
        .collect();
    match words.as_slice() {
        [.., "KEY", "REF" | "NAME" | "ID"] | [] => false,
        [
            ..,
            "API" | "ACCESS" | "MASTER" | "SECRET" | "PRIVATE" | "SIGNING" | "ENCRYPTION" | "AUTH",
            "KEY",
        ] => true,
        [.., last] => [
            "PASSWORD",
            "PASSWD",
            "PASSPHRASE",
            "SECRET",
            "TOKEN",
            "APIKEY",
            "CREDENTIALS",
        ]
        .contains(last),
    }
}

/// Whether a value is one that is written out: no reference to where it is, no type, no expression.
fn is_written_out(value: &str) -> bool {
    const NONE: [&str; 16] = [
        "str", "int", "float", "bool", "bytes", "dict", "list", "None", "True", "False", "null",
        "true", "false", "Any", "string", "object",
    ];
    let refers = [
        "$",
        "os.environ",
        "os.getenv",
        "env.",
        "<",
        "*",
        "{",
        "[",
        "http://",
        "https://",
    ];
    !value.is_empty()
        && !NONE.contains(&value)
        && !refers.iter().any(|it| value.starts_with(it))
        && !value.contains(['(', '['])
}
