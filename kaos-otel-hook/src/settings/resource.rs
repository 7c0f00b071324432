//! Who exports.

use std::sync::LazyLock;

use kaos_hooks::{IdSource as _, RandomIds, RunId};
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{ResourceDetector as _, TelemetryResourceDetector};

use super::vars::Vars;

const SERVICE_NAME: &str = "service.name";

/// Which of several processes of one service it is: without it their metrics are one series.
const SERVICE_INSTANCE_ID: &str = "service.instance.id";

/// This process's, where nobody gives another: a random UUID, as the conventions advise.
static INSTANCE: LazyLock<String> = LazyLock::new(|| {
    let [high, low] = [RandomIds.next(), RandomIds.next()].map(u128::from);
    RunId::from_random_bits(high << 64 | low).to_string()
});

/// The service's name, where one is given, and the other attributes.
pub(super) fn identity(vars: &Vars<'_>) -> (Option<String>, Vec<(String, String)>) {
    const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let given = vars.get(ATTRIBUTES);
    let mut attributes = given.map_or_else(Vec::new, |given| vars.pairs(ATTRIBUTES, &given));
    // The specification puts the variable above the attribute; the SDK does not.
    let own = vars.get("OTEL_SERVICE_NAME");
    let attribute = attributes
        .iter()
        .rfind(|(key, value)| key == SERVICE_NAME && !value.is_empty())
        .map(|(_, value)| value.clone());
    attributes.retain(|(key, _)| key != SERVICE_NAME);
    (own.or(attribute), attributes)
}

/// The specification's name for a service without one.
pub(super) fn unknown_service() -> String {
    let program = std::env::current_exe().ok();
    let program = program
        .as_deref()
        .and_then(|path| path.file_name()?.to_str());
    match program {
        Some(program) => format!("unknown_service:{program}"),
        None => "unknown_service".to_owned(),
    }
}

pub(super) fn resource(service_name: &str, attributes: &[(String, String)]) -> Resource {
    let sdk = TelemetryResourceDetector.detect();
    Resource::builder_empty()
        .with_attributes(
            sdk.iter()
                .map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
        )
        .with_attribute(KeyValue::new(SERVICE_INSTANCE_ID, INSTANCE.as_str()))
        // These go over those above.
        .with_attributes(
            attributes
                .iter()
                .map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
        )
        .with_service_name(service_name.to_owned())
        .build()
}
