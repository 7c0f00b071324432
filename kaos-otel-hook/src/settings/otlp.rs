//! Where each signal goes, and how.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::endpoint::{self, Endpoint, shown};
use super::protocol::Protocol;
use super::vars::{Vars, percent_decoded};

/// One of the three signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// As it stands in variables.
    pub(crate) const fn upper(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }

    /// As it stands in the paths of OTLP over HTTP.
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }

    /// What is sent.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metrics",
            Self::Logs => "log records",
        }
    }
}

/// What exports a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExporterChoice {
    /// OTLP, to an endpoint.
    Otlp(Box<Otlp>),
    /// Standard output, to look at.
    #[cfg(feature = "console")]
    Console,
    /// Nothing: the signal is off.
    None,
}

/// Where OTLP goes, and how.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Otlp {
    /// The URL as it is used, with its path. A user and a password in it have become a header.
    pub endpoint: String,
    /// What it is sent over.
    pub protocol: Protocol,
    /// Sent with each request; not in the `Debug` text, since they are often secret.
    pub headers: Vec<(String, String)>,
    /// How long one request with its retries may take. Default: 10 s.
    pub timeout: Duration,
    /// The most bytes of one request, before compression: larger batches are split, and a record
    /// that is larger alone is cut. `KAOS_OTLP_MAX_REQUEST_BYTES`; default: 3 MiB, below the 4 MiB
    /// that receivers over gRPC take.
    pub max_request_bytes: usize,
    /// Compressed with gzip. Default: not.
    pub gzip: bool,
    /// The file of the certificates to trust, instead of the machine's.
    pub certificate: Option<TlsFile>,
    /// The files of the client's certificate and of its private key, for servers that ask.
    pub client: Option<(TlsFile, TlsFile)>,
}

/// A PEM file, and the variable that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFile {
    /// The variable.
    pub variable: String,
    /// The path.
    pub path: String,
}

impl ExporterChoice {
    /// What the variables say of a signal. Without an endpoint OTLP is off.
    pub(super) fn of(signal: Signal, vars: &Vars<'_>) -> Self {
        let name = format!("OTEL_{}_EXPORTER", signal.upper());
        let Some(value) = vars.get(&name) else {
            return Self::otlp(signal, vars);
        };
        match value.to_ascii_lowercase().as_str() {
            "otlp" => Self::otlp(signal, vars),
            #[cfg(feature = "console")]
            "console" => Self::Console,
            #[cfg(not(feature = "console"))]
            "console" => {
                without(
                    signal,
                    vars,
                    &format!("{name} is `console`, which"),
                    "console",
                );
                Self::None
            }
            "none" => Self::None,
            _ => {
                vars.bad(&name, &value, "one of otlp, console, none", "otlp");
                Self::otlp(signal, vars)
            }
        }
    }

    fn otlp(signal: Signal, vars: &Vars<'_>) -> Self {
        Otlp::of(signal, vars).map_or(Self::None, |otlp| Self::Otlp(Box::new(otlp)))
    }
}

impl Otlp {
    fn of(signal: Signal, vars: &Vars<'_>) -> Option<Self> {
        let names = |field| names(signal, field);
        let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.upper());
        let (variable, url) = vars.first(&names("ENDPOINT"))?;
        let protocol = match Protocol::of(vars, &names("PROTOCOL")) {
            Ok(protocol) => protocol,
            Err((word, feature)) => {
                let said = format!("{variable} is set, but OTLP over {word}");
                without(signal, vars, &said, feature);
                return None;
            }
        };
        let http = protocol.is_http();
        let insecure = vars.flag(&names("INSECURE"));
        let Some(mut endpoint) = Endpoint::of(&url, http, insecure) else {
            let expected = "a URL such as http://localhost:4317";
            let used = format!("none: {} are not exported", signal.what());
            vars.bad(&variable, &shown(&url), expected, used);
            return None;
        };
        if !url.contains("://") && vars.first(&names("INSECURE")).is_none() {
            vars.warn(endpoint::taken_for_https(&variable, &url));
        }
        // The general endpoint is a base: HTTP has a path per signal.
        if http && variable != own {
            if Signal::ALL.iter().any(|it| endpoint.strip(it.path())) {
                vars.warn(endpoint.taken_as_base(&variable, &url));
            }
            endpoint.join(signal.path());
        }
        let mut headers = headers(vars, &names("HEADERS"));
        if let Some(basic) = endpoint.basic {
            let is_named = |(name, _): &(String, _)| name.eq_ignore_ascii_case("authorization");
            if !headers.iter().any(is_named) {
                headers.push(("authorization".to_owned(), basic));
            }
        }
        Some(Self {
            endpoint: endpoint.url,
            protocol,
            headers,
            timeout: timeout(vars, &names("TIMEOUT")),
            max_request_bytes: vars.number("KAOS_OTLP_MAX_REQUEST_BYTES", 4096, 3 * 1024 * 1024),
            gzip: vars.word(
                &names("COMPRESSION"),
                &[("gzip", true), ("none", false)],
                false,
                "none",
            ),
            certificate: file(vars, &names("CERTIFICATE")),
            client: client(vars, signal),
        })
    }

    /// The endpoint as it may be shown.
    pub(crate) fn shown(&self) -> String {
        shown(&self.endpoint)
    }

    /// What to do when nothing arrives.
    pub(crate) fn advice(&self) -> String {
        let endpoint = self.shown();
        let (speaks, other, port) = if self.protocol.is_http() {
            ("http/protobuf", "grpc", "4317")
        } else {
            ("grpc", "http/protobuf", "4318")
        };
        let usual = if endpoint.contains(&format!(":{port}")) {
            format!("port {port} usually expects {other}")
        } else {
            format!("if it expects {other} instead")
        };
        format!(
            "Is a collector listening at {endpoint}? This is OTLP over {speaks}; {usual}: set \
             OTEL_EXPORTER_OTLP_PROTOCOL={other}"
        )
    }
}

/// Says that a signal is off for want of a feature.
fn without(signal: Signal, vars: &Vars<'_>, said: &str, feature: &str) {
    vars.warn(format!(
        "{said} needs the feature `{feature}` of kaos-otel-hook, which this program is built \
         without; using none: {} are not exported",
        signal.what()
    ));
}

/// The signal's own variable, and the general one.
fn names(signal: Signal, field: &str) -> [String; 2] {
    [
        format!("OTEL_EXPORTER_OTLP_{}_{field}", signal.upper()),
        format!("OTEL_EXPORTER_OTLP_{field}"),
    ]
}

fn timeout(vars: &Vars<'_>, [own, general]: &[String; 2]) -> Duration {
    let of_all = vars.millis(general, 1, Duration::from_secs(10));
    vars.millis(own, 1, of_all)
}

/// `name=value,name=value`, the values percent-decoded. It reads them as the SDK does, which reads
/// the process's own variables once more. What is wrong is said by its place: it may be a secret.
fn headers(vars: &Vars<'_>, names: &[String; 2]) -> Vec<(String, String)> {
    let Some((variable, list)) = vars.first(names) else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    let entries = (1..).zip(list.split(','));
    for (at, entry) in entries.filter(|(_, entry)| !entry.trim().is_empty()) {
        let (name, value) = entry.split_once('=').unwrap_or_default();
        let (name, value) = (name.trim(), value.trim());
        let decoded = percent_decoded(value).unwrap_or_else(|| {
            vars.warn(format!(
                "entry {at} of {variable} is not percent-encoded; using it as it is"
            ));
            value.to_owned()
        });
        if HeaderName::try_from(name).is_ok() && HeaderValue::try_from(&decoded).is_ok() {
            headers.push((name.to_owned(), decoded));
        } else {
            vars.warn(format!(
                "entry {at} of {variable} is not `name=value` of a header; using the others"
            ));
        }
    }
    headers
}

fn file(vars: &Vars<'_>, names: &[String; 2]) -> Option<TlsFile> {
    let (variable, path) = vars.first(names)?;
    Some(TlsFile { variable, path })
}

fn client(vars: &Vars<'_>, signal: Signal) -> Option<(TlsFile, TlsFile)> {
    let certificate = file(vars, &names(signal, "CLIENT_CERTIFICATE"));
    let key = file(vars, &names(signal, "CLIENT_KEY"));
    let (given, missing) = match (certificate, key) {
        (Some(certificate), Some(key)) => return Some((certificate, key)),
        (Some(certificate), None) => (certificate, "CLIENT_KEY"),
        (None, Some(key)) => (key, "CLIENT_CERTIFICATE"),
        (None, None) => return None,
    };
    let TlsFile { variable, path } = given;
    vars.warn(format!(
        "{variable} is `{path}`, but OTEL_EXPORTER_OTLP_{missing} is not set; using neither"
    ));
    None
}

impl std::fmt::Debug for Otlp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Otlp")
            .field("endpoint", &self.shown())
            .field("protocol", &self.protocol)
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .field("max_request_bytes", &self.max_request_bytes)
            .field("gzip", &self.gzip)
            .field("certificate", &self.certificate)
            .field("client", &self.client)
            .finish()
    }
}
