//! What stands in variables, and what is shown of a URL.

/// An empty variable is absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A URL without what may be a key.
pub(crate) fn origin(url: &str) -> String {
    let parsed = reqwest::Url::parse(url);
    parsed.map_or_else(
        |_no_url| "what is no URL".to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}
