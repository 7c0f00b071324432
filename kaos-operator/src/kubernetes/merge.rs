//! Kubernetes' strategic merge, of what it takes to put a user's words into a pod: maps are merged, lists of things
//! with names by those names, all else is replaced.

use serde_json::{Map, Value};

/// What identifies the elements of a list: the merge keys of `PodSpec` and what is beneath it, of Kubernetes 1.37. A
/// list that is not here is replaced as a whole.
const KEYS: &[(&str, &str)] = &[
    ("containers", "name"),
    ("env", "name"),
    ("ephemeralContainers", "name"),
    ("hostAliases", "ip"),
    ("imagePullSecrets", "name"),
    ("initContainers", "name"),
    ("ports", "containerPort"),
    ("resourceClaims", "name"),
    ("schedulingGates", "name"),
    ("topologySpreadConstraints", "topologyKey"),
    ("volumeDevices", "devicePath"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
];

/// Fields of which a volume has one: another source replaces the first.
const NAMED_BY_FIELD: &[&str] = &["volumes"];

/// Merges a map into another.
pub(super) fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        let key = KEYS.iter().find(|(list, _)| list == name).map(|it| it.1);
        match (into.get_mut(name), value, key) {
            (Some(Value::Object(into)), Value::Object(from), _) => merge(into, from),
            (Some(Value::Array(into)), Value::Array(from), Some(key)) => {
                let whole = NAMED_BY_FIELD.contains(&name.as_str());
                list(into, from, key, whole);
            }
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Merges lists by a key; `whole` elements are replaced, not merged.
fn list(into: &mut Vec<Value>, from: &[Value], key: &str, whole: bool) {
    for value in from {
        let same = |it: &&mut Value| it.get(key).is_some() && it.get(key) == value.get(key);
        match (into.iter_mut().find(same), value) {
            (Some(Value::Object(there)), Value::Object(value)) if !whole => merge(there, value),
            (Some(there), _) => *there = value.clone(),
            (None, _) => into.push(value.clone()),
        }
    }
}
