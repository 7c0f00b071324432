//! The four conditions, each from what it is about.

use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};

use super::{ApplyFailure, DependencyState, Observed};
use crate::finding::{Finding, Rule, Severity};
use crate::workload::Given;

/// A condition, before it is compared with what it was.
#[derive(Debug, Clone)]
pub(super) struct ConditionState {
    pub(super) holds: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
    /// Whether somebody should look.
    pub(super) is_warning: bool,
    /// Whether it is worth no event.
    pub(super) is_quiet: bool,
}

impl ConditionState {
    fn new(holds: bool, reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let (is_warning, is_quiet) = (false, false);
        Self {
            holds,
            reason,
            message,
            is_warning,
            is_quiet,
        }
    }

    fn warning(self) -> Self {
        let is_warning = true;
        Self { is_warning, ..self }
    }

    fn quiet(self) -> Self {
        let is_quiet = true;
        Self { is_quiet, ..self }
    }
}

/// Whether it can serve: its pods are ready, and what it is to be is what they are made from.
pub(super) fn ready(observed: &Observed<'_>) -> ConditionState {
    if let Some(missing) = of_need(observed, &DependencyState::Missing) {
        return ConditionState::new(
            false,
            "DependencyMissing",
            format!("{missing} is not there"),
        )
        .warning();
    }
    if observed.workload.is_none() {
        let errors = observed
            .findings
            .iter()
            .filter(|it| it.severity == Severity::Error);
        let errors: Vec<String> = errors.map(line).collect();
        return ConditionState::new(false, "InvalidSpecification", errors.join("; ")).warning();
    }
    match observed.refused {
        Some(ApplyFailure::Foreign(what)) => {
            return ConditionState::new(false, "NameTaken", what).warning();
        }
        Some(ApplyFailure::Invalid(what)) => {
            return ConditionState::new(false, "Invalid", what).warning();
        }
        Some(ApplyFailure::Forbidden(what)) => {
            return ConditionState::new(false, "Forbidden", what).warning();
        }
        None => {}
    }
    let Some(deployment) = observed.deployment else {
        return match of_need(observed, &DependencyState::NotReady) {
            Some(waited) if waits(observed) => ConditionState::new(
                false,
                "DependencyNotReady",
                format!("{waited} is not ready"),
            ),
            _ => ConditionState::new(false, "NoDeployment", "its Deployment is not there yet"),
        };
    };
    let status = deployment.status.clone().unwrap_or_default();
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let ready = status.ready_replicas.unwrap_or_default();
    let message = format!("Deployment ready replicas: {ready}/{wanted}");
    match (ready, wanted) {
        (0, 0) => ConditionState::new(false, "ScaledToZero", message),
        (0, _) => ConditionState::new(false, "PodsNotReady", message),
        _ => ConditionState::new(true, "PodsReady", message),
    }
}

/// Whether pods are on their way to what they are to be.
pub(super) fn progressing(observed: &Observed<'_>) -> ConditionState {
    let Some(deployment) = observed.deployment else {
        return match (observed.workload, observed.refused, waits(observed)) {
            (None, _, _) | (_, Some(_), _) => {
                ConditionState::new(false, "Stopped", "nothing can be made of it").quiet()
            }
            (_, _, true) if of_need(observed, &DependencyState::NotReady).is_some() => {
                ConditionState::new(false, "Waiting", "it waits for what it needs").quiet()
            }
            _ => ConditionState::new(true, "Creating", "its Deployment is being made").quiet(),
        };
    };
    let status = deployment.status.clone().unwrap_or_default();
    let wanted = deployment.spec.replicas.unwrap_or(1);
    if let Some(late) = deadline(&status) {
        return ConditionState::new(false, "ProgressDeadlineExceeded", late).warning();
    }
    let updated = status.updated_replicas.unwrap_or_default();
    let old = status.replicas.unwrap_or_default() - updated;
    let ready = status.ready_replicas.unwrap_or_default();
    let seen = status.observed_generation >= deployment.metadata.generation;
    if seen && updated >= wanted && old <= 0 && ready >= wanted {
        return ConditionState::new(
            false,
            "Complete",
            "all pods are of the newest specification",
        )
        .quiet();
    }
    ConditionState::new(
        true,
        "RollingOut",
        format!("{updated} of {wanted} pods are new, {ready} ready"),
    )
    .quiet()
}

fn deadline(status: &DeploymentStatus) -> Option<String> {
    let conditions = status.conditions.iter().flatten();
    let mut late = conditions.filter(|it| it.reason.as_deref() == Some("ProgressDeadlineExceeded"));
    late.next().map(|it| it.message.clone().unwrap_or_default())
}

/// Whether telemetry is sent, and why not.
pub(super) fn telemetry(observed: &Observed<'_>) -> ConditionState {
    let found = |rule| observed.findings.iter().find(|it| it.rule == rule);
    if let Some(finding) = found(Rule::NoTelemetry) {
        return ConditionState::new(false, "NotSupported", &finding.message).warning();
    }
    if let Some(finding) = found(Rule::EndpointMissing) {
        return ConditionState::new(false, "EndpointMissing", &finding.message).warning();
    }
    if let Some(finding) = found(Rule::Endpoint) {
        return ConditionState::new(false, "InvalidEndpoint", line(finding)).warning();
    }
    let Some(workload) = observed.workload else {
        return ConditionState::new(false, "Unknown", "nothing can be made of it").quiet();
    };
    let mut endpoints = workload
        .env
        .iter()
        .filter(|env| env.name.starts_with("OTEL_EXPORTER_OTLP") && env.name.ends_with("ENDPOINT"));
    let off = workload
        .env
        .iter()
        .any(|env| env.name == "OTEL_SDK_DISABLED" && is_true(&env.value));
    match endpoints.next().filter(|_| !off) {
        None => ConditionState::new(false, "Disabled", "telemetry is off").quiet(),
        Some(env) => {
            let to = match &env.value {
                Given::Text(text) => without_user(text.expose()),
                _ => format!("where {} says", env.name),
            };
            let doubt = found(Rule::EndpointProtocol).map(|it| format!("; {}", it.message));
            let message = format!("telemetry is sent to {to}{}", doubt.unwrap_or_default());
            ConditionState::new(true, "Configured", message).quiet()
        }
    }
}

fn is_true(value: &Given) -> bool {
    matches!(value, Given::Text(text) if text.expose().eq_ignore_ascii_case("true"))
}

/// An endpoint without the name and password that may stand in it.
fn without_user(endpoint: &str) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else {
        return "an endpoint that has no scheme".to_owned();
    };
    let (authority, _) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// Whether all that it needs is there and ready.
pub(super) fn dependencies(observed: &Observed<'_>) -> ConditionState {
    let needs = observed.needs.iter();
    let bad: Vec<String> = needs
        .filter_map(|(identity, need)| match need {
            DependencyState::Ready => None,
            DependencyState::NotReady => Some(format!(
                "{} {} is not ready",
                identity.kind.as_str(),
                identity.name
            )),
            DependencyState::Missing => Some(format!(
                "{} {} is not there",
                identity.kind.as_str(),
                identity.name
            )),
        })
        .chain(observed.missing.iter().cloned())
        .collect();
    if bad.is_empty() {
        return ConditionState::new(true, "AllReady", "all that it needs is there").quiet();
    }
    let is_missing = observed
        .needs
        .iter()
        .any(|(_, need)| *need == DependencyState::Missing);
    let reason = match (is_missing, observed.missing.is_empty()) {
        (true, _) => "DependencyMissing",
        (false, false) => "InputMissing",
        (false, true) => "DependencyNotReady",
    };
    let state = ConditionState::new(false, reason, bad.join("; "));
    if observed.missing.is_empty() {
        state.quiet()
    } else {
        state.warning()
    }
}

fn waits(observed: &Observed<'_>) -> bool {
    observed.workload.is_some_and(|it| it.waits)
}

fn of_need(observed: &Observed<'_>, need: &DependencyState) -> Option<String> {
    let (identity, _) = observed.needs.iter().find(|(_, it)| it == need)?;
    Some(match identity.kind {
        // As KAOS says it.
        crate::resources::Kind::ModelApi if *need == DependencyState::NotReady => {
            "ModelAPI".to_owned()
        }
        kind => format!("{} {}", kind.as_str(), identity.name),
    })
}

fn line(finding: &Finding) -> String {
    match finding.path.as_str() {
        "" => finding.message.clone(),
        path => format!("{path}: {}", finding.message),
    }
}

/// A Deployment's conditions without when they were looked at, which is no news.
pub(super) fn steady(conditions: Option<Vec<DeploymentCondition>>) -> Vec<DeploymentCondition> {
    let mut conditions = conditions.unwrap_or_default();
    for condition in &mut conditions {
        condition.last_update_time = None;
    }
    conditions
}
