//! What stands in variables, and what is shown of a URL.

/// A variable with nothing in it but white space is absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    // What is no UTF-8 is seen as far as it is text, and so refused where that is no value.
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.trim().is_empty())
}

/// A URL without what may be a key.
pub(crate) fn origin(url: &str) -> String {
    let parsed = reqwest::Url::parse(url);
    parsed.map_or_else(
        |_no_url| "what is no URL".to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}
