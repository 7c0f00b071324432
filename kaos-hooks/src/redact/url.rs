//! Credentials inside URLs: user and password, and paths that are keys.

use std::sync::LazyLock;

use super::Class;
use super::ascii::{self, ALNUM, ALPHA, SLUG};
use super::finding::Findings;
use super::{value, vendors};

/// Longest authority that is looked at, in bytes.
const MAX_AUTHORITY_LEN: usize = 1024;

/// Schemes of data stores: account, password and the host that they open belong together.
#[rustfmt::skip]
const STORES: &[&str] = &[
    "mongodb", "mongodb+srv", "postgres", "postgresql", "mysql", "mariadb", "redis", "rediss",
    "amqp", "amqps", "mssql", "sqlserver", "oracle", "clickhouse", "cockroachdb", "neo4j",
    "nats", "kafka", "cassandra", "couchdb", "ldap", "ldaps",
];

/// Hosts whose paths are keys.
#[rustfmt::skip]
pub(crate) const HOSTS: &[&str] = &[
    "hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
    "outlook.office.com/webhook/", "webhook.office.com/webhookb2/", "hooks.zapier.com/hooks/",
    "maker.ifttt.com/trigger/", "api.telegram.org/bot", "thingsboard.cloud/api/v1/",
    "thingsboard.io/api/v1/", "blynk.cloud/", "blynk-cloud.com/", "chat.googleapis.com/v1/spaces/",
    "webhooks.mattermost", "open.feishu.cn/open-apis/bot/", "oapi.dingtalk.com/robot/",
    "events.pagerduty.com/integration/", "hooks.pipedream", "api.opsgenie.com/v1/json/",
];

/// For each byte, whether it ends the authority of a URL.
static ENDS_AUTHORITY: LazyLock<[bool; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        u8::try_from(byte).is_ok_and(|byte| {
            ascii::is(byte, ascii::BLANK | ascii::QUOTE | ascii::BACKSLASH)
                || matches!(byte, b'/' | b'?' | b'<' | b'>' | b'|')
        })
    })
});

/// Finds the credentials before the host of the URL whose `://` starts at `colon`.
pub(crate) fn userinfo(text: &str, colon: usize, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let start = colon + 3;
    let window = ascii::part(bytes, start, start + MAX_AUTHORITY_LEN);
    let length = window
        .iter()
        .position(|byte| ENDS_AUTHORITY.get(usize::from(*byte)) == Some(&true))
        .unwrap_or(window.len());
    let authority = ascii::part(window, 0, length);
    let Some(at) = last_at(authority) else { return };
    let info = ascii::cut(text, start, start + at);
    let (user, password) = match info.split_once(':') {
        Some((user, password)) => (user, password),
        // One word is an account unless it looks like a key.
        None if value::is_token(info) && info.len() >= 16 => ("", info),
        None => return,
    };
    if password.is_empty()
        || is_sample(user, password)
        || is_filled_in(password)
        || (is_filled_in(user) && !user.is_empty())
    {
        return;
    }
    let scheme_start = ascii::run_back(bytes, colon, ALNUM | ascii::PLUS_SLASH, 16);
    let scheme = ascii::cut(text, scheme_start, colon);
    // A host without a point is known to its own network only, and says nothing elsewhere; a
    // list of hosts names the members of a cluster, not the way in.
    let host_end = start + ascii::run(authority, at + 1, ALNUM | ascii::DASH | ascii::DOT);
    let is_store = STORES
        .iter()
        .any(|store| store.eq_ignore_ascii_case(scheme));
    let is_one = memchr::memchr(b',', authority).is_none();
    if is_store
        && is_one
        && memchr::memchr(b'.', ascii::part(bytes, start + at, host_end)).is_some()
    {
        findings.add(
            start,
            host_end,
            Class::ConnectionString,
            "credentials of a URL",
        );
    } else {
        findings.add(
            start,
            start + at,
            Class::UrlUserinfo,
            "credentials of a URL",
        );
    }
}

/// The `@` that ends the credentials: passwords may contain one, hosts may not.
fn last_at(authority: &[u8]) -> Option<usize> {
    let at = memchr::memrchr(b'@', authority)?;
    (at > 0 && at + 1 < authority.len()).then_some(at)
}

/// Whether a program fills this in: `${USER}`, `%s`, `<password>`, `{pw}`, `$PW`.
fn is_filled_in(part: &str) -> bool {
    let bytes = part.as_bytes();
    bytes.iter().any(|byte| matches!(byte, b'{' | b'<' | b'('))
        || part == "%s"
        || ascii::at(bytes, 0) == b'$'
        || value::is_placeholder(part)
            && bytes
                .iter()
                .all(|b| !ascii::is(*b, ALPHA) || matches!(b, b'x' | b'X'))
}

/// `user:password`, as documentation writes it.
fn is_sample(user: &str, password: &str) -> bool {
    ["user", "username", "usr", "name"].contains(&user)
        && ["pass", "password", "passwd", "pwd", "pw", "secret"].contains(&password)
}

/// Finds the keys in the path behind the host `start..end`; gives where the path ends.
pub(crate) fn path(text: &str, start: usize, end: usize, findings: &mut Findings) -> usize {
    let bytes = text.as_bytes();
    let window = ascii::part(bytes, end, end + MAX_AUTHORITY_LEN);
    let length = window
        .iter()
        .position(|b| {
            !(ascii::is(*b, SLUG | ascii::DOT | ascii::PERCENT)
                || matches!(b, b'/' | b':' | b'@' | b'~'))
        })
        .unwrap_or(window.len());
    let path = ascii::cut(text, end, end + length);
    // A connector of Teams that is not an incoming webhook takes no messages from a stranger.
    if ascii::cut(text, start, end).starts_with("outlook.office")
        && !path.contains("IncomingWebhook")
    {
        return end;
    }
    let (mut first, mut last, mut position) = (None, 0, end);
    for segment in path.split('/') {
        if is_key(segment) {
            first = first.or(Some(position));
            last = position + segment.len();
        }
        position += segment.len() + 1;
    }
    if let Some(first) = first {
        findings.add(first, last, Class::UrlSecret, "key in a URL");
    }
    // Behind what was looked at, another host may begin.
    if length < MAX_AUTHORITY_LEN {
        end + length
    } else {
        end + length / 2
    }
}

fn is_key(segment: &str) -> bool {
    segment.len() >= 16 && vendors::is_random(segment.as_bytes()) && !segment.contains('<')
}
