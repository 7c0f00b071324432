//! Telemetry that is enabled goes somewhere, in the protocol that is spoken there.

use crate::collector::{self, Collector, GRPC_PORT, HTTP_PORT, Sending};
use crate::component::Component;
use crate::defaults::Defaults;
use crate::finding::{Finding, Rule};
use crate::reading::Resources;
use crate::resources::Mode;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

pub(super) fn check(
    resources: &Resources,
    components: &[Component<'_>],
    defaults: &Defaults,
    findings: &mut Vec<Finding>,
) {
    let mut used = false;
    for component in components {
        // A model of its own has no telemetry, which is said elsewhere.
        let api = resources.model_apis.get(&component.at.identity);
        let hosted = api.is_some_and(|it| it.spec.mode == Mode::Hosted);
        let Some(own) = component.own.as_ref().ok().filter(|_| !hosted) else {
            continue;
        };
        let off = own.text("OTEL_SDK_DISABLED");
        if off.is_some_and(|it| it.eq_ignore_ascii_case("true")) {
            continue;
        }
        let path = component.telemetry_path;
        match collector::sending(component.telemetry, defaults, own) {
            Sending::Off => {}
            Sending::Nowhere => {
                let message =
                    "telemetry is enabled without an endpoint, here or globally: it stays off";
                findings.push(component.at.finding(Rule::EndpointMissing, path, message));
            }
            // What is wrong with the global one is said once.
            Sending::To(to) if !to.own => used = true,
            Sending::To(to) => {
                if let Some((rule, message)) = wrong(&to, own.text("OTEL_EXPORTER_OTLP_PROTOCOL")) {
                    // Who says it is who has to change it.
                    let (path, message) = match to.endpoint {
                        Some(_) => (format!("{path}.endpoint"), message),
                        None => (
                            component.variable(ENDPOINT),
                            format!("{ENDPOINT}: {message}"),
                        ),
                    };
                    findings.push(component.at.finding(rule, &path, message));
                }
            }
        }
    }
    let to = Collector {
        endpoint: None,
        own: false,
        known: defaults.telemetry.endpoint.clone().filter(|_| used),
    };
    if let Some((rule, message)) = wrong(&to, None) {
        findings.push(Finding::new(rule, None, message).path("global telemetry.endpoint"));
    }
}

fn wrong(to: &Collector, protocol: Option<&str>) -> Option<(Rule, String)> {
    let port = match collector::parsed(to.known.as_deref()?) {
        Err(why) => return Some((Rule::Endpoint, format!("is no endpoint: {why}"))),
        Ok(None) => {
            let message =
                format!("says no port; OTLP has {GRPC_PORT} for gRPC and {HTTP_PORT} for HTTP");
            return Some((Rule::EndpointProtocol, message));
        }
        Ok(Some(port)) => port,
    };
    let message = match (port, protocol) {
        (HTTP_PORT, Some("grpc")) => {
            format!("port {HTTP_PORT} is that of HTTP, and OTEL_EXPORTER_OTLP_PROTOCOL is grpc")
        }
        (GRPC_PORT, Some("http/protobuf" | "http/json")) => {
            format!("port {GRPC_PORT} is that of gRPC, and OTEL_EXPORTER_OTLP_PROTOCOL is http")
        }
        (HTTP_PORT, None) => {
            format!(
                "port {HTTP_PORT} is that of HTTP, which is chosen: an image that has gRPC alone sends nothing"
            )
        }
        _ => return None,
    };
    Some((Rule::EndpointProtocol, message))
}
