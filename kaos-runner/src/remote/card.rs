//! What an agent says of itself, and by that, how it is asked.

use kaos_hooks::Str;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::breaker::Failure;

/// The largest card, in bytes.
const MAX_CARD: usize = 1024 * 1024;

/// The longest description, which every request to the model has in it, and the longest version, in characters.
const MAX_DESCRIPTION: usize = 4096;
const MAX_VERSION: usize = 128;

/// What is known of an agent.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) description: Str,
    pub(super) version: Str,
    pub(super) dialect: Dialect,
}

/// How an agent is asked, by what kind of server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dialect {
    /// Not known yet: as all of them understand it.
    #[default]
    Unknown,
    /// KAOS of January 2026. Its streams lose line breaks and are no JSON where there are quotes.
    First,
    /// KAOS since then. Its streams are one piece, behind pieces that tell of calls.
    Second,
    /// Ours.
    Own,
}

impl Dialect {
    /// Whether its streams can be relied on.
    pub(super) fn streams(self) -> bool {
        self == Self::Own
    }

    /// The role of a task; the second knows no other than a user's.
    pub(super) fn role(self) -> &'static str {
        match self {
            Self::Own | Self::First => "task-delegation",
            Self::Second | Self::Unknown => "user",
        }
    }

    /// Whether failures come as answers that say so.
    pub(super) fn says_sorry(self) -> bool {
        self != Self::Own
    }
}

impl Card {
    /// Asks for the card: at its newer place, and where that does not exist, at its older. `None`: there is
    /// somebody, and no card. No token goes along: cards are for everybody, and whose address it is, is not known yet.
    pub(super) async fn ask(
        client: &Client,
        url: &Url,
        until: Instant,
    ) -> Result<Option<Self>, Failure> {
        let asking = async {
            let newer = get(client, url, "/.well-known/agent.json").await?;
            if !is_missing(newer.status()) {
                return Self::read(newer, true).await.map(Some);
            }
            let older = get(client, url, "/.well-known/agent").await?;
            if is_missing(older.status()) {
                return Ok(None);
            }
            Self::read(older, false).await.map(Some)
        };
        timeout_at(until, asking).await.unwrap_or_else(|_elapsed| {
            Err(Failure::new("timeout", "its card did not come in time"))
        })
    }

    async fn read(mut response: Response, newer: bool) -> Result<Self, Failure> {
        let status = response.status();
        if !status.is_success() {
            let kind = if status.is_server_error() {
                "server_error"
            } else {
                "bad_response"
            };
            let words = format!(
                "it answered {} when its card was asked for",
                status.as_u16()
            );
            return Err(Failure::new(kind, words));
        }
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|why| lost(&why))? {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_CARD {
                return Err(Failure::new("too_large", "its card is too large"));
            }
        }
        let card: Option<Value> = serde_json::from_slice(&text).ok();
        let card = card.and_then(|card| Self::of(&card, newer));
        card.ok_or_else(|| Failure::new("bad_response", "what it gives as its card is none"))
    }

    fn of(card: &Value, newer: bool) -> Option<Self> {
        let word = |key: &str| card.get(key).and_then(Value::as_str);
        let name = word("name").filter(|name| !name.is_empty())?.to_owned();
        let text = |key, most: usize| -> Str {
            let text = word(key).unwrap_or_default();
            text.chars().take(most).collect::<String>().into()
        };
        let protocols = card.get("supportedProtocols").and_then(Value::as_array);
        let dialect = match protocols {
            _ if !newer => Dialect::First,
            Some(none) if none.is_empty() => Dialect::Own,
            _ => Dialect::Second,
        };
        Some(Self {
            name,
            description: text("description", MAX_DESCRIPTION),
            version: text("version", MAX_VERSION),
            dialect,
        })
    }
}

fn is_missing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    )
}

async fn get(client: &Client, url: &Url, path: &str) -> Result<Response, Failure> {
    let mut at = url.clone();
    at.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
    let request = client.request(Method::GET, at);
    request.send().await.map_err(|why| lost(&why))
}

fn lost(_content: &reqwest::Error) -> Failure {
    Failure::new("connection", "there is no connection, or it broke")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cards_tell_generations_apart() {
        let of = |card: Value, newer| Card::of(&card, newer).map(|card| card.dialect);
        let named = json!({ "name": "a" });
        assert_eq!(of(named.clone(), false), Some(Dialect::First));
        assert_eq!(of(named, true), Some(Dialect::Second));
        let protocols = |list: Value| json!({ "name": "a", "supportedProtocols": list });
        assert_eq!(
            of(protocols(json!(["jsonrpc"])), true),
            Some(Dialect::Second)
        );
        assert_eq!(of(protocols(json!([])), true), Some(Dialect::Own));
        let long =
            json!({ "name": "a", "description": "é".repeat(9_000), "version": "1".repeat(900) });
        let long = Card::of(&long, true).unwrap();
        let lengths = (long.description.chars().count(), long.version.len());
        assert_eq!(lengths, (MAX_DESCRIPTION, MAX_VERSION));
        for none in [
            json!({}),
            json!([]),
            json!("a"),
            json!({ "name": 3 }),
            json!({ "name": "" }),
        ] {
            assert_eq!(of(none, true), None);
        }
    }
}
