//! Variables of telemetry.

use super::env_list::EnvList;
use super::parts::Origin;
use crate::collector::{Collector, Sending};
use crate::resources::Identity;

/// What the endpoint's variable comes from.
pub(super) fn origin(to: &Collector) -> Origin {
    if to.own {
        Origin::Field("telemetry.endpoint")
    } else {
        Origin::Global("telemetry.endpoint")
    }
}

/// Variables of a component that speaks OpenTelemetry by itself: none of them without an endpoint, so that
/// nothing is half set.
pub(super) fn set(env: &mut EnvList<'_>, identity: &Identity, sending: &Sending) {
    let Sending::To(to) = sending else {
        return;
    };
    env.set("OTEL_SDK_DISABLED", "false", Origin::Always);
    env.set(
        "OTEL_SERVICE_NAME",
        &*identity.name,
        Origin::Field("metadata.name"),
    );
    env.set_some(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        to.endpoint.as_ref(),
        origin(to),
    );
    if to.speaks_http() {
        env.set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", origin(to));
    }
    attributes(env, identity);
    env.set(
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
        "/health,/ready",
        Origin::Always,
    );
    env.set("KAOS_SPAN_NAMES", "operator", Origin::Always);
}

pub(super) fn attributes(env: &mut EnvList<'_>, identity: &Identity) {
    env.resource_attributes(&[
        ("service.namespace", &identity.namespace),
        ("kaos.resource.name", &identity.name),
    ]);
}
