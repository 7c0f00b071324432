//! Where a component's telemetry goes: its own settings over the global ones, field by field.

use crate::defaults::Defaults;
use crate::pod::Own;
use crate::resources::TelemetryConfig;

/// The port of OTLP over HTTP; gRPC's is 4317. OTLP 1.9, "OTLP/HTTP Default Port".
pub(crate) const HTTP_PORT: u16 = 4318;
pub(crate) const GRPC_PORT: u16 = 4317;

/// What becomes of a component's telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Nothing is sent.
    Off,
    /// It is enabled, and nobody says where to.
    Nowhere,
    /// It is sent.
    To(Collector),
}

/// Where telemetry is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collector {
    /// The endpoint that we set; none if the user's variables have it.
    pub(crate) endpoint: Option<String>,
    /// Whether the endpoint is the component's own.
    pub(crate) own: bool,
    /// The endpoint as far as it is known, whoever sets it.
    pub(crate) known: Option<String>,
}

/// Variables that say where to, all signals or one.
const ENDPOINTS: [&str; 4] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
];

pub(crate) fn sending(own: Option<&TelemetryConfig>, defaults: &Defaults, env: &Own) -> Sending {
    let global = &defaults.telemetry;
    let enabled = own
        .and_then(|it| it.enabled)
        .or(global.enabled)
        .unwrap_or(false);
    if !enabled {
        return Sending::Off;
    }
    if ENDPOINTS.iter().any(|name| env.get(name).is_some()) {
        let known = env.text("OTEL_EXPORTER_OTLP_ENDPOINT").map(str::to_owned);
        return Sending::To(Collector {
            endpoint: None,
            own: true,
            known,
        });
    }
    let said = |it: &TelemetryConfig| it.endpoint.clone().filter(|it| !it.is_empty());
    let mine = own.and_then(said);
    let own = mine.is_some();
    match mine.or_else(|| said(global)) {
        None => Sending::Nowhere,
        Some(endpoint) => {
            let known = Some(endpoint.clone());
            Sending::To(Collector {
                endpoint: Some(endpoint),
                own,
                known,
            })
        }
    }
}

impl Collector {
    /// Whether the endpoint's port is that of OTLP over HTTP.
    pub(crate) fn speaks_http(&self) -> bool {
        self.port() == Some(HTTP_PORT)
    }

    pub(crate) fn port(&self) -> Option<u16> {
        parsed(self.known.as_deref()?).ok().flatten()
    }
}

/// The port of an endpoint, if it says one.
///
/// # Errors
///
/// Why it is no endpoint.
pub(crate) fn parsed(endpoint: &str) -> Result<Option<u16>, &'static str> {
    let (scheme, rest) = endpoint
        .split_once("://")
        .ok_or("expected http://host:port")?;
    if !["http", "https"].contains(&scheme) {
        return Err("expected http:// or https://");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let after = match host.strip_prefix('[') {
        Some(rest) => {
            rest.split_once(']')
                .ok_or("expected ] after an IPv6 address")?
                .1
        }
        None => host
            .find(':')
            .map_or("", |at| host.get(at..).unwrap_or_default()),
    };
    let name = host.strip_suffix(after).unwrap_or_default();
    if name.is_empty() || name.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err("expected a host");
    }
    match after {
        "" => Ok(None),
        port => {
            let port = port
                .strip_prefix(':')
                .ok_or("expected :port after the host")?;
            port.parse()
                .ok()
                .filter(|it| *it != 0)
                .map(Some)
                .ok_or("expected a port from 1 to 65535")
        }
    }
}
