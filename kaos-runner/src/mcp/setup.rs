//! How a server is called, and how it is reached.

use std::time::Duration;

use kaos_hooks::Str;

use super::begun::Beginning;
use super::http::Http;
use super::stdio::Stdio;

/// How a server is reached.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) name: Str,
    pub(super) address: Address,
    /// How a connection is begun with a server of which nothing is known yet.
    pub(super) begins: Beginning,
    pub(super) limit: Duration,
    pub(super) call_limit: Option<Duration>,
}

#[derive(Clone)]
pub(super) enum Address {
    Http(Http),
    Stdio(Stdio),
}

/// The name with what model providers accept in names of tools.
pub(super) fn legal(name: &str) -> Str {
    let accepted = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    let name = name.chars().map(|it| if accepted(it) { it } else { '_' });
    Str::from(name.collect::<String>())
}

impl Address {
    /// The server as it may be shown.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Http(http) => http.place(),
            Self::Stdio(stdio) => format!("`{}`", stdio.stem()),
        }
    }
}
