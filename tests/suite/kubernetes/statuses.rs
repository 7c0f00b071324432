//! What is said of a resource, by what was found and seen: a table.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kaos_operator::kubernetes::status::{
    ApplyFailure, DependencyState, Observed, Status, StatusUpdate, evaluate,
};
use kaos_operator::{Defaults, Finding, Identity, Kind, Workload};
use serde_json::{Value, json};

use crate::resources::rendered;

const TEAM: &str = "
apiVersion: kaos.tools/v1alpha1
kind: ModelAPI
metadata: {name: llm, namespace: demo}
spec: {mode: Proxy, proxyConfig: {models: ['*']}}
---
apiVersion: kaos.tools/v1alpha1
kind: Agent
metadata: {name: analyst, namespace: demo}
spec: {modelAPI: llm, model: gpt-4o";

/// What was seen of the agent `analyst`, but for what a row says.
struct Seen {
    spec: &'static str,
    defaults: Defaults,
    need: DependencyState,
    missing: Vec<String>,
    refused: Option<ApplyFailure>,
    deployment: Option<Value>,
    before: Status,
    at: i64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            spec: "}",
            defaults: Defaults::default(),
            need: DependencyState::Ready,
            missing: Vec::new(),
            refused: None,
            deployment: Some(deployment(1, 1, 1)),
            before: Status::default(),
            at: 0,
        }
    }
}

fn deployment(replicas: i32, updated: i32, ready: i32) -> Value {
    json!({
        "metadata": {"generation": 2},
        "spec": {"replicas": 1, "selector": {}, "template": {}},
        "status": {
            "observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": ready,
        },
    })
}

fn saying(seen: &Seen) -> StatusUpdate {
    let (all, findings) = rendered(&format!("{TEAM}{}", seen.spec), &seen.defaults);
    let identity = Identity {
        kind: Kind::Agent,
        namespace: "demo".into(),
        name: "analyst".into(),
    };
    let findings: Vec<Finding> = findings
        .into_iter()
        .filter(|it| it.about.as_ref() == Some(&identity))
        .collect();
    let workload: Option<&Workload> = all.workloads.iter().find(|it| it.identity == identity);
    let deployment: Option<Deployment> = seen
        .deployment
        .clone()
        .map(|it| serde_json::from_value(it).unwrap());
    evaluate(&Observed {
        identity: &identity,
        generation: Some(3),
        findings: &findings,
        workload,
        endpoint: Some("http://agent-analyst.demo.svc.cluster.local:8000".to_owned()),
        model_api: Some("llm"),
        needs: &[(identity.sibling(Kind::ModelApi, "llm"), seen.need.clone())],
        missing: &seen.missing,
        refused: seen.refused.as_ref(),
        deployment: deployment.as_ref(),
        before: &seen.before,
        now: Time(Timestamp::from_second(seen.at).unwrap()),
    })
}

/// `Ready=True/PodsReady` and so on, in the order of the conditions.
fn shown(said: &StatusUpdate) -> String {
    let conditions = said.status.conditions.iter();
    let conditions: Vec<String> = conditions
        .map(|it| format!("{}={}/{}", it.type_, it.status, it.reason))
        .collect();
    format!("{} {}", said.status.phase, conditions.join(" "))
}

fn on(endpoint: &str) -> Defaults {
    let mut defaults = Defaults::default();
    defaults.telemetry.enabled = Some(true);
    defaults.telemetry.endpoint = Some(endpoint.to_owned()).filter(|it| !it.is_empty());
    defaults
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn each_state_has_its_phase_and_conditions() {
    let foreign =
        ApplyFailure::Foreign("there is a Deployment agent-analyst, and it is nobody's".to_owned());
    let late = json!({
        "metadata": {"generation": 2}, "spec": {"replicas": 1, "selector": {}, "template": {}},
        "status": {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]},
    });
    for (what, seen, expected) in [
        (
            "well",
            Seen::default(),
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "its pod starts",
            Seen {
                deployment: Some(deployment(1, 1, 0)),
                ..Seen::default()
            },
            "Pending Ready=False/PodsNotReady Progressing=True/RollingOut TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "a new pod starts while the old one serves",
            Seen {
                deployment: Some(deployment(2, 1, 1)),
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=True/RollingOut TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "not made yet",
            Seen {
                deployment: None,
                ..Seen::default()
            },
            "Pending Ready=False/NoDeployment Progressing=True/Creating TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "it waits",
            Seen {
                need: DependencyState::NotReady,
                deployment: None,
                ..Seen::default()
            },
            "Waiting Ready=False/DependencyNotReady Progressing=False/Waiting TelemetryConfigured=False/Disabled DependenciesReady=False/DependencyNotReady",
        ),
        (
            "it need not wait",
            Seen {
                spec: ", waitForDependencies: false}",
                need: DependencyState::NotReady,
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=False/DependencyNotReady",
        ),
        // Ready is whether it can serve, not whether the world is well.
        (
            "its model is away for a while",
            Seen {
                need: DependencyState::NotReady,
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=False/DependencyNotReady",
        ),
        (
            "its model is not there",
            Seen {
                need: DependencyState::Missing,
                ..Seen::default()
            },
            "Waiting Ready=False/DependencyMissing Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=False/DependencyMissing",
        ),
        (
            "a Secret is not there",
            Seen {
                missing: vec!["the Secret s is not there".to_owned()],
                deployment: Some(deployment(1, 1, 0)),
                ..Seen::default()
            },
            "Pending Ready=False/PodsNotReady Progressing=True/RollingOut TelemetryConfigured=False/Disabled DependenciesReady=False/InputMissing",
        ),
        (
            "its name is taken",
            Seen {
                refused: Some(foreign),
                deployment: None,
                ..Seen::default()
            },
            "Failed Ready=False/NameTaken Progressing=False/Stopped TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "the operator may not",
            Seen {
                refused: Some(ApplyFailure::Forbidden("no".to_owned())),
                ..Seen::default()
            },
            "Failed Ready=False/Forbidden Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "scaled to nothing",
            Seen {
                deployment: Some(json!({"spec": {"replicas": 0, "selector": {}, "template": {}}})),
                ..Seen::default()
            },
            "Pending Ready=False/ScaledToZero Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "too late",
            Seen {
                deployment: Some(late),
                ..Seen::default()
            },
            "Pending Ready=False/PodsNotReady Progressing=False/ProgressDeadlineExceeded TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "telemetry goes somewhere",
            Seen {
                defaults: on("http://collector:4317"),
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=True/Configured DependenciesReady=True/AllReady",
        ),
        (
            "telemetry goes nowhere",
            Seen {
                defaults: on(""),
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=False/EndpointMissing DependenciesReady=True/AllReady",
        ),
        (
            "its own word wins",
            Seen {
                spec: ", config: {telemetry: {enabled: false}}}",
                defaults: on("http://collector:4317"),
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
        (
            "the user's word wins",
            Seen {
                spec: ", container: {env: [{name: OTEL_SDK_DISABLED, value: 'true'}]}}",
                defaults: on("http://collector:4317"),
                ..Seen::default()
            },
            "Ready Ready=True/PodsReady Progressing=False/Complete TelemetryConfigured=False/Disabled DependenciesReady=True/AllReady",
        ),
    ] {
        assert_eq!(shown(&saying(&seen)), expected, "{what}");
    }
}

#[test]
fn a_warning_is_said_as_long_as_it_holds_and_a_password_never() {
    let said = saying(&Seen {
        defaults: on(""),
        ..Seen::default()
    });
    assert!(
        said.status
            .message
            .starts_with("Deployment ready replicas: 1/1; warning: "),
        "{}",
        said.status.message
    );
    let again = saying(&Seen {
        defaults: on(""),
        before: said.status.clone(),
        ..Seen::default()
    });
    assert_eq!(again.status, said.status);
    let well = saying(&Seen {
        before: said.status,
        ..Seen::default()
    });
    assert_eq!(well.status.message, "Deployment ready replicas: 1/1");
    let secret = saying(&Seen {
        defaults: on("http://me:hunter2-hunter2@collector:4317/path"),
        ..Seen::default()
    });
    assert!(
        !serde_json::to_string(&secret.status)
            .unwrap()
            .contains("hunter2"),
        "{:?}",
        secret.status
    );
    assert!(
        secret.status.conditions[2]
            .message
            .contains("http://collector:4317")
    );
}

/// Otherwise each look would be a write, and each write a look.
#[test]
fn seen_the_same_it_says_the_same_and_tells_no_news() {
    let first = saying(&Seen::default());
    assert!(!first.news.is_empty());
    let again = saying(&Seen {
        before: first.status.clone(),
        at: 60,
        ..Seen::default()
    });
    assert_eq!(again.status, first.status);
    assert!(again.news.is_empty(), "{:?}", again.news);
}

#[test]
fn a_condition_has_the_time_at_which_it_became_so() {
    let first = saying(&Seen {
        deployment: Some(deployment(1, 1, 0)),
        ..Seen::default()
    });
    let ready = saying(&Seen {
        before: first.status,
        at: 60,
        ..Seen::default()
    });
    let seconds: Vec<i64> = ready
        .status
        .conditions
        .iter()
        .map(|it| it.last_transition_time.0.as_second())
        .collect();
    // Ready and Progressing changed, the others did not.
    assert_eq!(seconds, [60, 60, 0, 0]);
    assert_eq!(
        ready.news,
        [(
            "PodsReady".to_owned(),
            "Deployment ready replicas: 1/1".to_owned(),
            false
        )]
    );
}

#[test]
fn what_cannot_be_rendered_says_why_and_no_message_is_long() {
    let said = saying(&Seen {
        spec: ", container: {env: [{name: A, value: 1}]}}",
        ..Seen::default()
    });
    assert_eq!(said.status.phase, "Failed");
    assert!(
        said.status.message.contains("spec.container.env[0].value"),
        "{}",
        said.status.message
    );
    let long = ApplyFailure::Invalid("x".repeat(5000));
    let said = saying(&Seen {
        refused: Some(long),
        ..Seen::default()
    });
    assert_eq!(said.status.message.chars().count(), 1024);
    assert!(said.status.conditions[0].message.ends_with('…'));
}
