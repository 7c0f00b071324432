//! The objects that we make beside those that KAOS' own operator made (source: `support/kaos-operator/README.md`). Variables,
//! images, commands and files are compared in `resources::recordings`; here is all else. The differences are one table.

use std::collections::{BTreeMap, BTreeSet};

use kaos_operator::kubernetes::{Gateway, ObjectKind, objects};
use serde_json::Value;

use crate::resources::recordings::{WORLDS, defaults, world};
use crate::resources::rendered;

/// Object (`*` for all of a kind), path, and why ours differs.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "*",
        "metadata.ownerReferences.0.uid",
        "the client that was recorded gives none",
    ),
    (
        "Deployment *",
        "spec.replicas",
        "how many there are is not ours to say: 1, unless somebody scales it",
    ),
    (
        "Deployment *",
        "spec.template.metadata.annotations.kaos.tools/pod-spec-hash",
        "it stands for another specification",
    ),
    (
        "Deployment *",
        "spec.template.spec.automountServiceAccountToken",
        "no token for who asks for no account",
    ),
    (
        "Deployment *",
        "spec.template.spec.securityContext",
        "pods are as little as they can be",
    ),
    (
        "Deployment *",
        "spec.template.spec.containers.0.securityContext",
        "the same",
    ),
    (
        "Deployment *",
        "spec.template.spec.containers.0.resources",
        "a pod that asks for nothing is the first to go",
    ),
    (
        "Deployment agent-*",
        "spec.template.spec.containers.0.volumeMounts",
        "the root is read-only: /tmp is not",
    ),
    (
        "Deployment agent-*",
        "spec.template.spec.volumes",
        "the same",
    ),
    (
        "Deployment mcpserver-*",
        "spec.template.spec.containers.0.volumeMounts",
        "the same",
    ),
    (
        "Deployment mcpserver-*",
        "spec.template.spec.volumes",
        "the same",
    ),
    (
        "Deployment modelapi-hosted",
        "spec.template.spec.initContainers.0.securityContext",
        "as the container",
    ),
    (
        "Deployment modelapi-secret-yaml",
        "spec.template.spec.volumes",
        "fromSecretKeyRef is honoured: the file is of the Secret",
    ),
    (
        "ConfigMap litellm-config-secret-yaml",
        "not made",
        "the same",
    ),
    (
        "Deployment modelapi-proxy-empty",
        "not made",
        "an error: there is nothing to start with",
    ),
    ("Service modelapi-proxy-empty", "not made", "the same"),
];

/// What `resources::recordings` compares.
const ELSEWHERE: &[&str] = &["env", "image", "command", "args"];

fn gateway(world: &str) -> Option<Gateway> {
    (world == "article").then(|| Gateway {
        name: "kaos-gateway".to_owned(),
        namespace: "kaos-system".to_owned(),
        timeouts: ["300s", "120s", "60s"].map(str::to_owned),
    })
}

#[test]
fn each_recorded_object_is_ours_but_for_the_table() {
    let (mut used, mut others, mut compared) = (BTreeSet::new(), Vec::new(), 0);
    for (name, recorded) in WORLDS {
        let (all, _) = rendered(&world(name), &defaults(name));
        let gateway = gateway(name);
        let made = all
            .workloads
            .iter()
            .map(|it| objects(it, "uid", gateway.as_ref(), ""));
        let mut ours: BTreeMap<String, Value> = made
            .flat_map(|it| it.apply)
            .map(|(_, object)| (called(&object), object))
            .collect();
        let recorded: Vec<Value> = serde_saphyr::from_multiple(recorded).unwrap();
        for theirs in recorded.iter().filter(|it| !it.is_null()) {
            compared += 1;
            let of = called(theirs);
            let differences = match ours.remove(&of) {
                None => vec!["not made".to_owned()],
                Some(ours) => differences(&ours, theirs),
            };
            for path in differences {
                let row = |row: &(&str, &str, &str)| {
                    is_of(row.0, &of) && (path == row.1 || path.starts_with(&format!("{}.", row.1)))
                };
                match DIFFERENCES.iter().position(row) {
                    Some(row) => drop(used.insert(row)),
                    None => others.push(format!("{name}: {of}: {path}")),
                }
            }
        }
        assert!(
            ours.is_empty(),
            "{name}: more than was recorded: {:?}",
            ours.keys()
        );
    }
    assert!(others.is_empty(), "{others:#?}");
    assert!(compared > 60, "{compared}");
    let unused: Vec<_> = (0..DIFFERENCES.len())
        .filter(|row| !used.contains(row))
        .map(|row| DIFFERENCES[row])
        .collect();
    assert!(unused.is_empty(), "these are no differences: {unused:#?}");
}

/// `Deployment agent-analyst`.
fn called(object: &Value) -> String {
    format!(
        "{} {}",
        object["kind"].as_str().unwrap(),
        object["metadata"]["name"].as_str().unwrap()
    )
}

fn is_of(row: &str, object: &str) -> bool {
    match row.strip_suffix('*') {
        Some(start) => object.starts_with(start),
        None => row == object,
    }
}

fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let (mut left, mut right) = (BTreeMap::new(), BTreeMap::new());
    flat(ours, String::new(), &mut left);
    flat(theirs, String::new(), &mut right);
    let paths: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    paths
        .into_iter()
        .filter(|path| left.get(*path) != right.get(*path))
        .cloned()
        .collect()
}

/// Leaves by path. A LiteLLM configuration is what it says, not how it is written.
fn flat(value: &Value, path: String, leaves: &mut BTreeMap<String, Value>) {
    let at = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                if key != "data"
                    && !(path.contains("ontainers") && ELSEWHERE.contains(&key.as_str()))
                {
                    flat(value, at(key), leaves);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                flat(item, at(&index.to_string()), leaves);
            }
        }
        leaf => drop(leaves.insert(path, leaf.clone())),
    }
}

/// Nothing that is made without a route would be left over from one that had it.
#[test]
fn an_agent_that_nobody_is_to_find_has_neither_service_nor_route() {
    let (all, _) = rendered(&world("article"), &defaults("article"));
    let mut agent = all
        .workloads
        .iter()
        .find(|it| it.name == "agent-analyst")
        .unwrap()
        .clone();
    agent.exposed = false;
    let made = objects(&agent, "uid", gateway("article").as_ref(), "");
    let kinds: Vec<ObjectKind> = made.apply.iter().map(|it| it.0).collect();
    assert_eq!(kinds, [ObjectKind::Deployment]);
    assert_eq!(
        made.delete,
        [
            (ObjectKind::Service, "agent-analyst".to_owned()),
            (ObjectKind::HttpRoute, "agent-analyst".to_owned())
        ]
    );
}
