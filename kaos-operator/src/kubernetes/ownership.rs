//! Whose an object is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::{Value, json};

use super::MANAGER;

/// Whose an object is that has the name of one of ours.
///
/// # Example
///
/// ```
/// use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
/// use kaos_operator::kubernetes::{Ownership, ownership};
///
/// // Somebody made a Deployment of this name by hand.
/// match ownership(&ObjectMeta::default(), "Agent", "analyst", "0a1b-…") {
///     Ownership::Foreign(whose) => assert_eq!(whose, "nobody's that is known"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Ownership {
    /// Our resource's, and written by us.
    Ours,
    /// Our resource's, and created by us, which is no applying yet: it becomes that by this patch, for our part of it.
    Created(Value),
    /// Our resource's, but written by an operator before us: what it wrote becomes ours by this patch (JSON Merge
    /// Patch, RFC 7386), so that what we do not want of it goes away.
    Adopted(Value),
    /// An earlier resource's of this name, which is being collected.
    Former,
    /// Somebody else's, and so it is left alone; the text says whose.
    Foreign(String),
}

/// Whose an object is, for a resource of this kind, name and `uid`.
#[must_use]
pub fn ownership(object: &ObjectMeta, kind: &str, name: &str, uid: &str) -> Ownership {
    let owners = object.owner_references.iter().flatten();
    let Some(owner) = owners.into_iter().find(|it| it.controller == Some(true)) else {
        return Ownership::Foreign("nobody's that is known".to_owned());
    };
    if owner.uid != uid {
        return if (owner.kind.as_str(), owner.name.as_str()) == (kind, name) {
            Ownership::Former
        } else {
            Ownership::Foreign(format!("that of the {} {}", owner.kind, owner.name))
        };
    }
    let entries = object.managed_fields.clone().unwrap_or_default();
    let by_us = |it: &ManagedFieldsEntry, operation: &str| {
        it.manager.as_deref() == Some(MANAGER)
            && it.operation.as_deref() == Some(operation)
            && it.subresource.is_none()
    };
    if entries.iter().any(|it| by_us(it, "Apply")) {
        return Ownership::Ours;
    }
    if entries.iter().any(|it| by_us(it, "Update")) {
        // What somebody else has written since is theirs.
        return Ownership::Created(applied(object, entries, |it| by_us(it, "Update")));
    }
    // Who writes statuses and scales stays who it is.
    let is_update = |it: &ManagedFieldsEntry| {
        it.operation.as_deref() == Some("Update") && it.subresource.is_none()
    };
    Ownership::Adopted(applied(object, entries, is_update))
}

/// What these wrote counts as applied by us.
fn applied(
    object: &ObjectMeta,
    entries: Vec<ManagedFieldsEntry>,
    by_these: impl Fn(&ManagedFieldsEntry) -> bool,
) -> Value {
    let (updates, mut kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(by_these);
    let mut fields = json!({});
    for entry in &updates {
        if let Some(more) = &entry.fields_v1 {
            joined(&mut fields, &more.0);
        }
    }
    // How many there are is nobody's, so that they stay as many.
    if let Some(spec) = fields.get_mut("f:spec").and_then(Value::as_object_mut) {
        spec.remove("f:replicas");
    }
    if let Some(first) = updates.into_iter().next() {
        kept.push(ManagedFieldsEntry {
            manager: Some(MANAGER.to_owned()),
            operation: Some("Apply".to_owned()),
            fields_v1: Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1(
                fields,
            )),
            ..first
        });
    }
    json!({"metadata": {
        "managedFields": kept,
        "resourceVersion": object.resource_version,
    }})
}

/// Sets of fields are nested maps: their union is that of the maps.
fn joined(into: &mut Value, from: &Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (key, value) in from {
            joined(into.entry(key).or_insert_with(|| json!({})), value);
        }
    }
}
