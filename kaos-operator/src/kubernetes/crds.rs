//! The `CustomResourceDefinition`s: the schemas of the resources, what Kubernetes says of pods, and rules.

use k8s_openapi::api::core::v1::{
    ObjectFieldSelector, PodSpec, ResourceFieldSelector, ResourceRequirements, SecurityContext,
    VolumeMount,
};
use serde_json::{Value, json};

use super::status;
use crate::resources::{API_VERSION, Kind};
use crate::shape::{ALIASES, schema_of, schema_with_aliases};

/// The letters of a label: RFC 1035, section 2.3.4.
const LABEL: usize = 63;

/// The plural of a kind, which its URLs have.
pub(super) fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => "agents",
        Kind::McpServer => "mcpservers",
        Kind::ModelApi => "modelapis",
    }
}

/// The group of the resources.
pub(super) fn group() -> &'static str {
    API_VERSION.split('/').next().unwrap_or_default()
}

/// The `CustomResourceDefinition`s of all kinds, as JSON.
///
/// What they refuse: unknown values of enumerations, fields that are missing or of a wrong type (those of pods, too), a
/// field that stands at two places, a variable with two values, and names that are too long for a Service. What they do not
/// know is dropped by the API server, which warns of it (`kubectl apply --validate`).
///
/// ```
/// let names: Vec<_> = kaos_operator::kubernetes::crds()
///     .iter()
///     .map(|crd| crd["metadata"]["name"].as_str().unwrap().to_owned())
///     .collect();
/// assert_eq!(names, ["modelapis.kaos.tools", "mcpservers.kaos.tools", "agents.kaos.tools"]);
/// ```
#[must_use]
pub fn crds() -> Vec<Value> {
    Kind::ALL.into_iter().map(crd).collect()
}

fn crd(kind: Kind) -> Value {
    let name = kind.as_str();
    let version = API_VERSION.split('/').nth(1).unwrap_or_default();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{}", plural(kind), group())},
        "spec": {
            "group": group(),
            "scope": "Namespaced",
            "names": {
                "kind": name,
                "listKind": format!("{name}List"),
                "plural": plural(kind),
                "singular": name.to_lowercase(),
                "shortNames": short_names(kind),
                "categories": ["kaos"],
            },
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": columns(kind),
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "required": ["spec"],
                    "properties": {
                        "apiVersion": {"type": "string"},
                        "kind": {"type": "string"},
                        "metadata": {"type": "object"},
                        "spec": spec(kind),
                        "status": status::schema(),
                    },
                    "x-kubernetes-validations": name_rules(kind),
                }},
            }],
        },
    })
}

/// Those of KAOS.
fn short_names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Agent => &["agent", "agents"],
        Kind::McpServer => &["mcp", "mcps"],
        Kind::ModelApi => &["api", "apis"],
    }
}

fn columns(kind: Kind) -> Value {
    let own: &[(&str, &str)] = match kind {
        Kind::Agent => &[("ModelAPI", ".spec.modelAPI"), ("Model", ".spec.model")],
        Kind::McpServer => &[("Runtime", ".spec.runtime")],
        Kind::ModelApi => &[("Mode", ".spec.mode")],
    };
    let column =
        |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
    let own = own.iter().map(|(name, path)| column(name, "string", path));
    let common = [
        column("Ready", "boolean", ".status.ready"),
        column("Phase", "string", ".status.phase"),
        column("Age", "date", ".metadata.creationTimestamp"),
        json!({"name": "Message", "type": "string", "jsonPath": ".status.message", "priority": 1}),
    ];
    own.chain(common).collect()
}

fn spec(kind: Kind) -> Value {
    let mut spec = schema_with_aliases(kind);
    known(&mut spec);
    let mut rules = twice_said(kind);
    if kind == Kind::McpServer {
        let rule = "has(self.runtime) || has(self.type)";
        rules.push(json!({"rule": rule, "message": "spec.runtime is required"}));
    }
    if let (Some(spec), false) = (spec.as_object_mut(), rules.is_empty()) {
        spec.insert("x-kubernetes-validations".to_owned(), rules.into());
    }
    spec
}

/// What is Kubernetes' own affair has Kubernetes' own schema, so that nothing is kept that nobody knows; of two values
/// there is one.
fn known(schema: &mut Value) {
    let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        if let Some(items) = schema.get_mut("items") {
            known(items);
        }
        return;
    };
    let one_of = ["value", "valueFrom"];
    let is_value = one_of.iter().all(|it| fields.contains_key(*it));
    for (name, field) in fields.iter_mut() {
        match name.as_str() {
            "podSpec" => *field = of_kubernetes::<PodSpec>(),
            "resources" => *field = of_kubernetes::<ResourceRequirements>(),
            "securityContext" => *field = of_kubernetes::<SecurityContext>(),
            "volumeMounts" => *field = of_kubernetes::<Vec<VolumeMount>>(),
            "fieldRef" => *field = of_kubernetes::<ObjectFieldSelector>(),
            "resourceFieldRef" => *field = of_kubernetes::<ResourceFieldSelector>(),
            _ => known(field),
        }
    }
    if let Some(schema) = schema.as_object_mut().filter(|_| is_value) {
        let rule = json!([{
            "rule": "!(has(self.value) && has(self.valueFrom))",
            "message": "expected value or valueFrom, not both",
        }]);
        schema.insert("x-kubernetes-validations".to_owned(), rule);
    }
}

/// The schema of a type of Kubernetes. Descriptions are left out: all of them would be more than an API server likes
/// to keep. A pod's specification that is merged into another need not have containers.
fn of_kubernetes<T: schemars::JsonSchema>() -> Value {
    let mut schema = schema_of::<T>();
    undescribed(&mut schema);
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|it| it != "containers");
    }
    schema
}

fn undescribed(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    schema.remove("description");
    for (key, value) in schema.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => fields.values_mut().for_each(undescribed),
            ("items" | "additionalProperties", inner) => undescribed(inner),
            _ => {}
        }
    }
}

/// A field stands at one of its places.
fn twice_said(kind: Kind) -> Vec<Value> {
    let aliases = ALIASES.iter().filter(|alias| alias.kind == kind);
    let rules = aliases.map(|alias| {
        let (from, to) = (alias.from, alias.to);
        json!({
            "rule": format!("!({} && {})", has(from), has(to)),
            "message": format!("{from} and {to} say the same: keep {to}"),
        })
    });
    rules.collect()
}

/// Whether there is something at a path, as CEL has it: `has(self.a) && has(self.a.b)`.
fn has(path: &str) -> String {
    let mut at = "self".to_owned();
    let mut all = Vec::new();
    for key in path.split('.').skip(1) {
        at.push('.');
        at.push_str(key);
        all.push(format!("has({at})"));
    }
    all.join(" && ")
}

/// A resource's name becomes a Service's.
fn name_rules(kind: Kind) -> Value {
    let most = LABEL - kind.prefix().len() - 1;
    json!([
        {
            "rule": format!("size(self.metadata.name) <= {most}"),
            "message": format!("metadata.name has more than {most} letters: its Service is called {}-…", kind.prefix()),
        },
        {
            "rule": "!self.metadata.name.contains('.')",
            "message": format!("metadata.name has a dot: its Service is called {}-…", kind.prefix()),
        },
    ])
}

/// All of them as documents of YAML, for `kubectl apply --server-side -f -`.
///
/// # Errors
///
/// None that is known: what is written is data of ours.
pub fn crds_yaml() -> Result<String, String> {
    yaml(&crds())
}

/// Documents of YAML.
pub(super) fn yaml(documents: &[Value]) -> Result<String, String> {
    let mut text = String::new();
    for document in documents {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(document).map_err(|it| it.to_string())?);
    }
    Ok(text)
}
