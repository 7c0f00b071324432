//! What a variable's value may be.

use kaos_runner::server::Access;
use reqwest::Url;

use crate::output::Failed;

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Valid {
    Text,
    /// Of one line: it stands in spans, lines and cards.
    Line,
    /// As [`Valid::Text`]; never shown.
    Secret,
    /// What can stand in a header; never shown.
    Key,
    /// Answers in place of a model: text, or a JSON list that is not empty.
    Replies,
    /// A list that is not empty, of what can stand in a header; never shown.
    Tokens,
    /// `http://` or `https://`; never shown, as a key may stand in it.
    Url,
    /// Whole, from 0 on.
    Number,
    /// Whole, from 1 on.
    Count,
    Port,
    Flag,
    Word(&'static [&'static str]),
    List,
    Words(&'static [&'static str]),
    Hosts,
    Origins,
    /// What telemetry checks itself.
    Telemetry(&'static str),
}

impl Valid {
    /// In words, for people.
    pub(super) fn words(self) -> String {
        match self {
            Self::Text | Self::Secret => "text".to_owned(),
            Self::Line => "text of one line".to_owned(),
            Self::Key => "text in visible ASCII".to_owned(),
            Self::Replies => "text, or a JSON list that is not empty".to_owned(),
            Self::Url => "`http://…` or `https://…`".to_owned(),
            Self::Number => "whole number from 0 on".to_owned(),
            Self::Count => "whole number from 1 on".to_owned(),
            Self::Port => "0 to 65535".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Word(known) => quoted(known, " or "),
            Self::List => "list".to_owned(),
            Self::Tokens => "list of one token or more, in visible ASCII".to_owned(),
            Self::Words(known) => format!("list of {}", quoted(known, ", ")),
            Self::Hosts => "list of hosts, `*`".to_owned(),
            Self::Origins => "list of `https://host[:port]`, `*`".to_owned(),
            Self::Telemetry(values) => values.to_owned(),
        }
    }

    /// # Errors
    ///
    /// Names the variable, and its value unless that may be a secret.
    pub(in crate::agent) fn check(self, name: &str, value: &str) -> Result<(), Failed> {
        let value = value.trim();
        let number = |least: u64| value.parse::<u64>().is_ok_and(|number| number >= least);
        let right = match self {
            Self::Text | Self::Secret | Self::Telemetry(_) => true,
            Self::Line => !value.chars().any(char::is_control),
            Self::Key => value.bytes().all(|it| it == b' ' || it.is_ascii_graphic()),
            Self::Replies => !is_empty_list(value),
            Self::List => is_list(value),
            Self::Tokens => is_list(value) && is_tokens(&list(value)),
            Self::Url => url(value).is_some(),
            // Both have to fit the smallest type they are kept in.
            Self::Number => number(0) && value.parse::<u32>().is_ok(),
            Self::Count => number(1) && value.parse::<u32>().is_ok(),
            Self::Port => value.parse::<u16>().is_ok(),
            Self::Flag => flag(value).is_some(),
            Self::Word(known) => known.iter().any(|it| it.eq_ignore_ascii_case(value)),
            Self::Words(known) => {
                is_list(value) && list(value).iter().all(|it| known.contains(&it.as_str()))
            }
            Self::Hosts => hosts(value).iter().all(|it| Access::is_host(it)),
            Self::Origins => is_list(value) && list(value).iter().all(|it| Access::is_origin(it)),
        };
        if right {
            return Ok(());
        }
        let expected = self.words().replace('`', "");
        Err(match self {
            Self::Url | Self::Secret | Self::Key | Self::Tokens => {
                format!("{name} is no {expected} (its value is not shown)")
            }
            _ => format!("{name} is `{value}`, not {expected}"),
        }
        .into())
    }
}

/// Whether clients can show each; of none, everybody might ask.
fn is_tokens(tokens: &[String]) -> bool {
    let visible =
        |token: &String| !token.is_empty() && token.bytes().all(|it| it.is_ascii_graphic());
    !tokens.is_empty() && tokens.iter().all(visible)
}

/// Whether its brackets, if any, are a pair.
fn is_list(value: &str) -> bool {
    value.starts_with('[') == value.ends_with(']')
}

fn is_empty_list(value: &str) -> bool {
    serde_json::from_str(value).is_ok_and(|list: Vec<serde_json::Value>| list.is_empty())
}

fn quoted(words: &[&str], between: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(between)
}

/// The parts of `a,b`, `[a,b]` and `["a","b"]`.
pub(in crate::agent) fn list(value: &str) -> Vec<String> {
    let value = value.trim();
    let inner = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let parts = inner.unwrap_or(value).split(',');
    let parts = parts.map(|part| part.trim().trim_matches(['"', '\'']).trim());
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// A list of hosts; `[::1]` is one.
pub(in crate::agent) fn hosts(value: &str) -> Vec<String> {
    if Access::is_host(value) {
        return vec![value.to_owned()];
    }
    list(value)
}

/// What today's KAOS takes for true and for false.
pub(in crate::agent) fn flag(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

fn url(value: &str) -> Option<Url> {
    let url = Url::parse(value).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
