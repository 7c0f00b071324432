//! KAOS resources as data: what is read, what is found, and what they become.

mod article;
mod checks;
mod files;
mod hostile;
mod merge;
mod properties;
pub(crate) mod recordings;
mod rendering;
mod secrets;
mod shapes;

use kaos_operator::{
    ClusterAddresses, Defaults, Env, Finding, Given, Reading, Resources, Severity, Source,
    Workload, Workloads, read, workloads,
};

pub(crate) const INPUTS: &str = include_str!("../support/kaos-operator/inputs.yaml");

fn reading(text: &str) -> (Resources, Vec<Finding>) {
    read(&[Source::new("team.yaml", text)], &Reading::default())
}

/// What a text becomes, and all that is found in it.
pub(crate) fn rendered(text: &str, defaults: &Defaults) -> (Workloads, Vec<Finding>) {
    let (resources, mut findings) = reading(text);
    let all = workloads(&resources, defaults, &ClusterAddresses::default());
    findings.extend(all.findings.iter().cloned());
    (all, findings)
}

fn found(text: &str, defaults: &Defaults) -> Vec<String> {
    rendered(text, defaults)
        .1
        .iter()
        .map(Finding::to_string)
        .collect()
}

fn errors(findings: &[Finding]) -> Vec<String> {
    let errors = findings.iter().filter(|it| it.severity == Severity::Error);
    errors.map(Finding::to_string).collect()
}

fn named<'w>(all: &'w Workloads, name: &str) -> &'w Workload {
    all.workloads
        .iter()
        .find(|it| it.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// A variable as one text: its value, or where that is.
fn shown(env: &Env) -> String {
    match &env.value {
        Given::Text(text) => text.expose().to_owned(),
        Given::SecretKey(key) => format!("secret {}/{}", key.name, key.key),
        Given::ConfigMapKey(key) => format!("config {}/{}", key.name, key.key),
        other @ Given::Kubernetes(_) => format!("{other:?}"),
    }
}

fn value(workload: &Workload, name: &str) -> Option<String> {
    let all: Vec<_> = workload.env.iter().filter(|it| it.name == name).collect();
    assert!(all.len() <= 1, "{name} is there twice");
    all.first().map(|env| shown(env))
}

fn telemetry(enabled: Option<bool>, endpoint: &str) -> Defaults {
    let mut defaults = Defaults::default();
    defaults.telemetry.enabled = enabled;
    defaults.telemetry.endpoint = Some(endpoint.to_owned()).filter(|it| !it.is_empty());
    defaults
}
