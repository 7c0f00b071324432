//! The URL of an endpoint, and the credentials in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;

use super::vars::percent_decoded;

/// The general endpoint.
pub(crate) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The general endpoint and the signals' own.
pub(crate) const ENDPOINTS: [&str; 4] = [
    ENDPOINT,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
];

/// A URL that can be exported to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Without a user and a password.
    pub(crate) url: String,
    /// What those are as the value of the header `authorization` (RFC 7617).
    pub(crate) basic: Option<String>,
    parsed: Uri,
}

impl Endpoint {
    /// For gRPC the scheme may be missing: then `insecure` decides.
    pub(crate) fn of(text: &str, http: bool, insecure: bool) -> Option<Self> {
        let url = if text.contains("://") {
            text.to_owned()
        } else if http || is_scheme_misspelt(text) {
            return None;
        } else {
            let scheme = if insecure { "http" } else { "https" };
            format!("{scheme}://{text}")
        };
        let mut url = url;
        let mut basic = None;
        // The last `@` of the authority ends them; a path or a query may have its own.
        let (start, end) = authority(&url);
        if let Some((credentials, _)) = url.get(start..end)?.rsplit_once('@') {
            let after = start + credentials.len() + 1;
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            let plain = |text: &str| percent_decoded(text).unwrap_or_else(|| text.to_owned());
            let both = format!("{}:{}", plain(user), plain(password));
            basic = Some(format!("Basic {}", STANDARD.encode(both)));
            url.replace_range(start..after, "");
        }
        // What the exporters read it as.
        let parsed: Uri = url.parse().ok()?;
        let named = matches!(parsed.scheme_str(), Some("http" | "https"));
        let reachable = parsed.authority().is_some_and(|it| {
            let port = it.as_str().strip_prefix(it.host());
            let is_port = |it: &str| matches!(it, "" | ":");
            !it.host().is_empty() && (port.is_some_and(is_port) || it.port_u16().is_some())
        });
        (named && reachable).then_some(Self { url, basic, parsed })
    }

    /// The path is added to this one's; the query stays behind it.
    pub(crate) fn join(&mut self, path: &str) {
        let base = self.parsed.path().trim_end_matches('/').to_owned();
        self.set_path(&format!("{base}/{path}"));
    }

    /// Whether the path ends in this one, which is taken off then.
    pub(crate) fn strip(&mut self, path: &str) -> bool {
        let base = self.parsed.path().trim_end_matches('/');
        let base = base.strip_suffix(path).and_then(|it| it.strip_suffix('/'));
        let Some(base) = base.map(str::to_owned) else {
            return false;
        };
        self.set_path(&base);
        true
    }

    /// What is said of one whose path was taken off.
    pub(crate) fn taken_as_base(&self, variable: &str, given: &str) -> String {
        format!(
            "{variable} is `{}`, but the path of a signal is added to it; using {} as the base. An \
             endpoint with its path stands in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and so on",
            shown(given),
            shown(&self.url)
        )
    }

    fn set_path(&mut self, path: &str) {
        let scheme = self.parsed.scheme_str().unwrap_or_default();
        let authority = self.parsed.authority().map_or("", |it| it.as_str());
        let query = self.parsed.query();
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let url = format!("{scheme}://{authority}{path}{query}");
        if let Ok(parsed) = url.parse() {
            self.parsed = parsed;
            self.url = url;
        }
    }
}

/// What is said of one without a scheme.
pub(crate) fn taken_for_https(variable: &str, given: &str) -> String {
    let place = shown(given);
    format!(
        "{variable} is `{place}`, without a scheme: https is used. For a collector without TLS: \
         http://{place}"
    )
}

/// Whether what looks like a host without a port is more likely a scheme: `http:/collector`.
fn is_scheme_misspelt(text: &str) -> bool {
    let (start, end) = authority(text);
    text.get(start..end).is_some_and(|it| it.ends_with(':'))
}

/// Where user, password, host and port begin and end.
fn authority(url: &str) -> (usize, usize) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(start..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    (start, start + end)
}

/// An endpoint as it may be shown, whether it is a URL or not: without what may be a secret, and
/// without what a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    let (start, end) = authority(text);
    let scheme = text.get(..start).unwrap_or_default();
    let (place, rest) = (text.get(start..end), text.get(end..));
    let place = place.unwrap_or_default();
    let place = match place.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => place.to_owned(),
    };
    let rest = rest.unwrap_or_default();
    let path = rest.find(['?', '#']).and_then(|at| rest.get(..at));
    let rest = path.map_or_else(|| rest.to_owned(), |path| format!("{path}?…"));
    // Of what is malformed nobody knows where the password ends.
    let rest = match rest.rsplit_once('@') {
        Some((_, after)) => format!("…@{after}"),
        None => rest,
    };
    kaos_hooks::plain(&format!("{scheme}{place}{rest}"))
}
