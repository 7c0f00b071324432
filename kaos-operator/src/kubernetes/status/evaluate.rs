//! The status as a whole, and what it says that was not said before.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::conditions::{self, ConditionState, dependencies, progressing, ready, telemetry};
use super::{DeploymentSeen, LinkedResources, Observed, Status};
use crate::finding::{Rule, Severity};

/// Letters of a message: enough for a person, and no way to fill the API server's storage.
const MAX_MESSAGE: usize = 1024;

/// A status, and what became different: for events, as reason, message, and whether it is a warning.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusUpdate {
    /// The status.
    pub status: Status,
    /// What became different.
    pub news: Vec<(String, String, bool)>,
}

/// What is to be said of a resource. A pure function: seen the same, it says the same, and writes nothing.
#[must_use]
pub fn evaluate(observed: &Observed<'_>) -> StatusUpdate {
    let ready = ready(observed);
    let states = [
        ("Ready", ready.clone()),
        ("Progressing", progressing(observed)),
        ("TelemetryConfigured", telemetry(observed)),
        ("DependenciesReady", dependencies(observed)),
    ];
    let phase = match (&ready, ready.reason) {
        (it, _) if it.holds => "Ready",
        (_, "DependencyMissing" | "DependencyNotReady") => "Waiting",
        (_, "InvalidSpecification" | "NameTaken" | "Invalid" | "Forbidden") => "Failed",
        _ => "Pending",
    };
    let mut message = ready.message.clone();
    for warning in warnings(observed) {
        message.push_str("; warning: ");
        message.push_str(&warning);
    }
    let mut news = Vec::new();
    let conditions = states.map(|(kind, state)| condition(kind, &state, observed, &mut news));
    let exposed = observed.workload.is_none_or(|it| it.exposed);
    StatusUpdate {
        status: Status {
            phase: phase.to_owned(),
            ready: ready.holds,
            endpoint: observed
                .endpoint
                .clone()
                .filter(|_| exposed)
                .unwrap_or_default(),
            message: cut(&message),
            observed_generation: observed.generation,
            conditions: conditions.into(),
            deployment: observed.deployment.map(seen),
            linked_resources: observed.model_api.map(|name| LinkedResources {
                modelapi: name.to_owned(),
            }),
        },
        news,
    }
}

/// What is worth a warning and is told by no condition.
fn warnings(observed: &Observed<'_>) -> Vec<String> {
    let findings = observed.findings.iter();
    let shown = findings.filter(|it| match it.rule {
        Rule::MissingSecret | Rule::MissingReference => false,
        Rule::MissingPeer => true,
        _ => it.severity == Severity::Warning,
    });
    let line = |path: &str, message: &str| match path {
        "" => message.to_owned(),
        path => format!("{path}: {message}"),
    };
    shown.map(|it| line(&it.path, &it.message)).collect()
}

fn condition(
    kind: &str,
    state: &ConditionState,
    observed: &Observed<'_>,
    news: &mut Vec<(String, String, bool)>,
) -> Condition {
    let status = if state.holds { "True" } else { "False" };
    let before = observed
        .before
        .conditions
        .iter()
        .find(|it| it.type_ == kind);
    let same = before.filter(|it| it.status == status);
    let since = same.map_or_else(
        || observed.now.clone(),
        |it| it.last_transition_time.clone(),
    );
    let message = cut(&state.message);
    if before.is_none_or(|it| it.reason != state.reason) && !state.is_quiet {
        news.push((state.reason.to_owned(), message.clone(), state.is_warning));
    }
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: state.reason.to_owned(),
        message,
        last_transition_time: since,
        observed_generation: observed.generation,
    }
}

fn seen(deployment: &Deployment) -> DeploymentSeen {
    let status = deployment.status.clone().unwrap_or_default();
    DeploymentSeen {
        replicas: status.replicas.unwrap_or_default(),
        ready_replicas: status.ready_replicas.unwrap_or_default(),
        available_replicas: status.available_replicas.unwrap_or_default(),
        updated_replicas: status.updated_replicas.unwrap_or_default(),
        conditions: conditions::steady(status.conditions),
    }
}

/// No more of a text than fits.
fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_MESSAGE {
        return text.to_owned();
    }
    text.chars().take(MAX_MESSAGE - 1).chain(['…']).collect()
}
