//! What is to be merged into a pod is what Kubernetes knows, and is merged into what was meant.

use serde_json::Value;

use crate::finding::{Finding, Rule};
use crate::pod::container_name;
use crate::reading::{Located, Resources};
use crate::resources::PodSpec;
use crate::shape::nearest;

pub(super) fn check(resources: &Resources, findings: &mut Vec<Finding>) {
    let models = resources.model_apis.values();
    let servers = resources.mcp_servers.values();
    let agents = resources.agents.values();
    let all = models
        .map(|it| (&it.at, &it.spec.pod_spec))
        .chain(servers.map(|it| (&it.at, &it.spec.pod_spec)))
        .chain(agents.map(|it| (&it.at, &it.spec.pod_spec)));
    for (at, spec) in all {
        if let Some(spec) = spec {
            pod(at, spec, findings);
        }
    }
}

const PATH: &str = "spec.podSpec";

fn pod(at: &Located, spec: &PodSpec, findings: &mut Vec<Finding>) {
    fields(at, spec.as_json(), PATH, ("pod", POD), findings);
    let Some(containers) = spec.as_json().get("containers") else {
        return;
    };
    let ours = container_name(at.identity.kind);
    let path = format!("{PATH}.containers");
    let Some(containers) = containers.as_array() else {
        let message = format!("expected a list of containers, as - {{name: {ours}, …}}");
        findings.push(at.finding(Rule::Shape, &path, message));
        return;
    };
    let name = |it: &Value| it.get("name").and_then(Value::as_str).map(str::to_owned);
    let there = containers
        .iter()
        .any(|it| name(it).as_deref() == Some(ours));
    for (index, container) in containers.iter().enumerate() {
        let path = format!("{path}[{index}]");
        fields(at, container, &path, ("container", CONTAINER), findings);
        let Some(name) = name(container) else {
            let message =
                format!("it is required: containers are merged by it, and this one's is `{ours}`");
            findings.push(at.finding(Rule::Required, &format!("{path}.name"), message));
            continue;
        };
        if name == ours && container.get("envFrom").is_some() {
            let message = "its variables are Kubernetes' own: they are not known here";
            findings.push(at.finding(Rule::NoEffect, &format!("{path}.envFrom"), message));
        }
        if !there && nearest(&name, [ours].into_iter()).is_some() {
            let message = format!(
                "no container of this pod is called `{name}` but this one; `{ours}` was meant?"
            );
            findings.push(at.finding(Rule::NoEffect, &format!("{path}.name"), message));
        }
    }
}

/// Fields that are none, if it is clear what was meant: a newer Kubernetes may have more.
fn fields(
    at: &Located,
    object: &Value,
    path: &str,
    (what, known): (&str, &[&str]),
    findings: &mut Vec<Finding>,
) {
    let names = object.as_object().into_iter().flat_map(|it| it.keys());
    for name in names.filter(|it| !known.contains(&it.as_str())) {
        if let Some(meant) = nearest(name, known.iter().copied()) {
            let message = format!("Kubernetes has no such field of a {what}; `{meant}` was meant?");
            findings.push(at.finding(Rule::UnknownField, &format!("{path}.{name}"), message));
        }
    }
}

/// The fields of a pod: `PodSpec` of Kubernetes 1.33, core/v1.
const POD: &[&str] = &[
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];

/// The fields of a container: `Container` of the same.
const CONTAINER: &[&str] = &[
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
];
