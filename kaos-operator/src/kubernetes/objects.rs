//! What a [`Workload`] is in a cluster: a Deployment, and a Service, `ConfigMap`s and a route if it has them.

use serde_json::{Map, Value, json};

use super::pod_template;
use super::settings::Gateway;
use crate::resources::{API_VERSION, Identity, Kind};
use crate::workload::{FileContent, Workload};

/// A kind of object that is made.
///
/// Closed: whoever writes or watches objects must do so with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A `ConfigMap`.
    ConfigMap,
    /// A `Service`.
    Service,
    /// A `Deployment`.
    Deployment,
    /// An `HTTPRoute` of the Gateway API.
    HttpRoute,
}

impl ObjectKind {
    /// All of them, in the order in which they are written: a pod finds its files.
    pub const ALL: [Self; 4] = [
        Self::ConfigMap,
        Self::Service,
        Self::Deployment,
        Self::HttpRoute,
    ];

    /// Its API version, kind and plural.
    #[must_use]
    pub fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ConfigMap => ("v1", "ConfigMap", "configmaps"),
            Self::Service => ("v1", "Service", "services"),
            Self::Deployment => ("apps/v1", "Deployment", "deployments"),
            Self::HttpRoute => ("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"),
        }
    }
}

/// The objects of a workload, each once, in the order in which they are written.
///
/// # Example
///
/// ```
/// use kaos_operator::kubernetes::{Gateway, ObjectKind, Objects, objects};
/// use kaos_operator::{ClusterAddresses, Defaults, Reading, Source, read, workloads};
///
/// let text = "{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: sums}, spec: {runtime: python-string}}";
/// let (resources, _findings) = read(&[Source::new("tools.yaml", text)], &Reading::default());
/// let all = workloads(&resources, &Defaults::default(), &ClusterAddresses::default());
///
/// let gateway = Gateway {
///     name: "kaos-gateway".to_owned(),
///     namespace: "kaos-system".to_owned(),
///     timeouts: ["120s", "120s", "30s"].map(str::to_owned),
/// };
/// let Objects { apply, .. } = objects(&all.workloads[0], "0a1b-…", Some(&gateway), "hash of its Secrets");
/// let kinds: Vec<ObjectKind> = apply.iter().map(|(kind, _object)| *kind).collect();
/// assert_eq!(kinds, [ObjectKind::Service, ObjectKind::Deployment, ObjectKind::HttpRoute]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// Those that are to be there.
    pub apply: Vec<(ObjectKind, Value)>,
    /// Kind and name of those that are to be away, though they may have been there before.
    pub delete: Vec<(ObjectKind, String)>,
}

/// What a workload is in a cluster. `uid` is that of its resource; `inputs` stands for what its Secrets and `ConfigMap`s contain: another
/// text starts its pods anew.
///
/// It is a pure function. What Kubernetes would fill in is not said, and neither is the number of replicas: 1, unless
/// somebody scales the Deployment.
#[must_use]
pub fn objects(workload: &Workload, uid: &str, gateway: Option<&Gateway>, inputs: &str) -> Objects {
    let (mut apply, mut delete) = (Vec::new(), Vec::new());
    for file in &workload.files {
        match &file.content {
            FileContent::Text(text) => {
                let data = json!({"data": {file.file: text.expose()}});
                apply.push((
                    ObjectKind::ConfigMap,
                    object(workload, uid, ObjectKind::ConfigMap, &file.name, data),
                ));
            }
            FileContent::SecretKey(_) => delete.push((ObjectKind::ConfigMap, file.name.clone())),
        }
    }
    let name = &workload.name;
    if workload.exposed {
        let service = object(workload, uid, ObjectKind::Service, name, service(workload));
        apply.push((ObjectKind::Service, service));
    } else {
        delete.push((ObjectKind::Service, name.clone()));
    }
    let deployment = deployment(workload, inputs);
    let deployment = object(workload, uid, ObjectKind::Deployment, name, deployment);
    apply.push((ObjectKind::Deployment, deployment));
    if let Some(gateway) = gateway {
        let route_name = route_name(&workload.identity);
        match route(workload, gateway).filter(|_| workload.exposed) {
            Some(route) => {
                let route = object(workload, uid, ObjectKind::HttpRoute, &route_name, route);
                apply.push((ObjectKind::HttpRoute, route));
            }
            None => delete.push((ObjectKind::HttpRoute, route_name)),
        }
    }
    Objects { apply, delete }
}

/// An object with what all have.
fn object(workload: &Workload, uid: &str, made: ObjectKind, name: &str, rest: Value) -> Value {
    let Identity {
        kind,
        namespace,
        name: owner,
    } = &workload.identity;
    let (api_version, made, _) = made.names();
    let mut object = json!({
        "apiVersion": api_version,
        "kind": made,
        "metadata": {
            "name": name,
            "namespace": &**namespace,
            "labels": workload.labels,
            "ownerReferences": [{
                "apiVersion": API_VERSION,
                "kind": kind.as_str(),
                "name": &**owner,
                "uid": uid,
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
    });
    if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
        object.extend(rest);
    }
    object
}

fn service(workload: &Workload) -> Value {
    let port = workload.port;
    json!({"spec": {
        "type": "ClusterIP",
        "selector": workload.labels,
        "ports": [{"name": "http", "port": port, "targetPort": port, "protocol": "TCP"}],
    }})
}

fn deployment(workload: &Workload, inputs: &str) -> Value {
    let pod = pod_template::spec(workload);
    let annotations = json!({pod_template::HASH: pod_template::hash(&pod, inputs)});
    json!({"spec": {
        "selector": {"matchLabels": workload.labels},
        "template": {
            "metadata": {"labels": workload.labels, "annotations": annotations},
            "spec": pod,
        },
    }})
}

/// What stands in the name and in the path of a route for a kind.
fn route_words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Agent => ("agent", "agent"),
        Kind::McpServer => ("mcp", "mcp"),
        Kind::ModelApi => ("modelapi", "modelapi"),
    }
}

fn route_name(of: &Identity) -> String {
    format!("{}-{}", route_words(of.kind).0, of.name)
}

fn route(workload: &Workload, gateway: &Gateway) -> Option<Value> {
    let Identity {
        kind,
        namespace,
        name,
    } = &workload.identity;
    let path = format!("/{namespace}/{}/{name}", route_words(*kind).1);
    let timeout = workload.gateway_timeout.as_deref();
    let timeout = timeout.unwrap_or_else(|| gateway.timeout(*kind));
    let mut rule = json!({
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "filters": [{
            "type": "URLRewrite",
            "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
        }],
        "backendRefs": [{"name": workload.name, "port": workload.port}],
    });
    if !is_zero(timeout) {
        let rule: &mut Map<_, _> = rule.as_object_mut()?;
        rule.insert("timeouts".to_owned(), json!({"request": timeout}));
    }
    Some(json!({"spec": {
        "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace}],
        "rules": [rule],
    }}))
}

/// `0s` is without limit.
fn is_zero(duration: &str) -> bool {
    !duration.contains(|it: char| ('1'..='9').contains(&it))
}
