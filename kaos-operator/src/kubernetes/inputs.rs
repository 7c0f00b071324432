//! Which Secrets and `ConfigMap`s a pod reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A Secret or a `ConfigMap` of the pod's namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Input {
    /// Whether it is a Secret.
    pub(super) secret: bool,
    pub(super) name: String,
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.secret { "Secret" } else { "ConfigMap" };
        write!(f, "the {kind} {}", self.name)
    }
}

/// What must be in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needed {
    /// Whether it must be there.
    pub(super) itself: bool,
    /// The keys that must be in it.
    pub(super) keys: BTreeSet<String>,
}

/// What a pod reads: variables, and volumes, of all its containers.
pub(super) fn inputs(pod: &Value) -> BTreeMap<Input, Needed> {
    let mut found = Found::default();
    for containers in ["initContainers", "containers"] {
        for container in list(pod, containers) {
            for env in list(container, "env") {
                let from = env.get("valueFrom");
                found.add(true, from.and_then(|it| it.get("secretKeyRef")), "name");
                found.add(false, from.and_then(|it| it.get("configMapKeyRef")), "name");
            }
            for from in list(container, "envFrom") {
                found.add(true, from.get("secretRef"), "name");
                found.add(false, from.get("configMapRef"), "name");
            }
        }
    }
    for volume in list(pod, "volumes") {
        found.add(true, volume.get("secret"), "secretName");
        found.add(false, volume.get("configMap"), "name");
        for source in volume
            .get("projected")
            .map_or(&[] as &[_], |it| list(it, "sources"))
        {
            found.add(true, source.get("secret"), "name");
            found.add(false, source.get("configMap"), "name");
        }
    }
    found.0
}

fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    let list = of.get(name).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

#[derive(Default)]
struct Found(BTreeMap<Input, Needed>);

impl Found {
    fn add(&mut self, secret: bool, reference: Option<&Value>, name: &str) {
        let Some(reference) = reference else {
            return;
        };
        let Some(name) = reference.get(name).and_then(Value::as_str) else {
            return;
        };
        let name = name.to_owned();
        let needed = self.0.entry(Input { secret, name }).or_default();
        if reference.get("optional") == Some(&Value::Bool(true)) {
            return;
        }
        needed.itself = true;
        let own = reference.get("key").and_then(Value::as_str);
        let items = list(reference, "items").iter();
        let items = items.filter_map(|it| it.get("key")?.as_str());
        needed
            .keys
            .extend(own.into_iter().chain(items).map(str::to_owned));
    }
}
