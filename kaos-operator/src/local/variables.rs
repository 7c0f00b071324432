//! Variables that are others here than in a pod.

use std::collections::{BTreeMap, BTreeSet};

use crate::resources::{Identity, SecretText};

pub(super) const NAME: &str = "OTEL_SERVICE_NAME";
pub(super) const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
const SERVICE: &str = "service.name";

/// Names a process after its resource, wherever it sends its telemetry, unless it says a name itself. Attributes are the
/// caller's, the resource's and its own; of one key the last of these wins. The caller's name is nobody's here.
pub(super) fn named(
    identity: &Identity,
    own: &mut BTreeMap<String, String>,
    inherited: &BTreeMap<String, SecretText>,
) {
    let callers = inherited.get(ATTRIBUTES).map_or("", |it| it.expose());
    let (name, namespace) = (&identity.name, &identity.namespace);
    let resources = format!("service.namespace={namespace},kaos.resource.name={name}");
    let mine = own.remove(ATTRIBUTES).unwrap_or_default();
    if !keys(&mine).any(|it| it == SERVICE) {
        let name = || name.to_string();
        own.entry(NAME.to_owned()).or_insert_with(name);
    }
    own.insert(ATTRIBUTES.to_owned(), merged(&[callers, &resources, &mine]));
}

/// Pairs of all of them, without those whose keys stand in a later one.
fn merged(layers: &[&str; 3]) -> String {
    let mut later: BTreeSet<&str> = BTreeSet::new();
    let mut pairs = Vec::new();
    for (at, layer) in layers.iter().enumerate().rev() {
        let is_callers = at == 0;
        let mut these: Vec<&str> = layer.split(',').map(str::trim).collect();
        these.retain(|pair| {
            let taken = keys(pair).any(|it| later.contains(it) || (is_callers && it == SERVICE));
            !pair.is_empty() && !taken
        });
        later.extend(keys(layer));
        pairs.splice(0..0, these);
    }
    pairs.join(",")
}

fn keys(pairs: &str) -> impl Iterator<Item = &str> {
    let pairs = pairs.split(',').filter_map(|it| it.split_once('='));
    pairs.map(|(key, _)| key.trim())
}

/// What `LiteLLM` is told in its own words, in ours.
pub(super) fn translated(env: &mut BTreeMap<String, String>) {
    if let Some(level) = env.get("LITELLM_LOG").cloned() {
        env.entry("LOG_LEVEL".to_owned()).or_insert(level);
    }
    if env.get("OTEL_EXPORTER").is_some_and(|it| it == "otlp_http") {
        let protocol = || "http/protobuf".to_owned();
        env.entry("OTEL_EXPORTER_OTLP_PROTOCOL".to_owned())
            .or_insert_with(protocol);
    }
}

/// What `LiteLLM` does unless it is told otherwise, and nobody else here: it puts what is said into its spans, and holds
/// spans for five seconds, which are lost when it ends, because it ends at SIGTERM without handing them on.
pub(super) fn of_litellm(
    env: &mut BTreeMap<String, String>,
    inherited: &BTreeMap<String, SecretText>,
) {
    for (name, value) in [
        (
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "NO_CONTENT",
        ),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ] {
        if !inherited.contains_key(name) {
            let value = || value.to_owned();
            env.entry(name.to_owned()).or_insert_with(value);
        }
    }
}
