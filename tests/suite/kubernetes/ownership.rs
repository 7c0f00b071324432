//! Whose an object is that has the name of one of ours.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kaos_operator::kubernetes::{Ownership, ownership};
use serde_json::{Value, json};

fn of(metadata: Value) -> Ownership {
    let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap();
    ownership(&metadata, "Agent", "analyst", "u1")
}

fn owned(kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": "kaos.tools/v1alpha1", "kind": kind, "name": name, "uid": uid, "controller": true}])
}

fn by(manager: &str, operation: &str, subresource: Option<&str>, fields: &Value) -> Value {
    json!({
        "manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
        "fieldsV1": fields, "subresource": subresource,
    })
}

#[test]
fn what_nobody_or_somebody_else_owns_is_left_alone() {
    for (metadata, whose) in [
        (json!({}), "nobody's"),
        (
            json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Agent", "name": "analyst", "uid": "u1"}]}),
            "nobody's",
        ),
        (
            json!({"ownerReferences": owned("Widget", "w", "u9")}),
            "the Widget w",
        ),
        (
            json!({"ownerReferences": owned("Agent", "other", "u9")}),
            "the Agent other",
        ),
        (
            json!({"ownerReferences": owned("MCPServer", "analyst", "u9")}),
            "the MCPServer analyst",
        ),
    ] {
        match of(metadata.clone()) {
            Ownership::Foreign(text) => assert!(text.contains(whose), "{text}"),
            other => panic!("{metadata}: {other:?}"),
        }
    }
}

#[test]
fn what_an_earlier_resource_of_this_name_has_is_waited_for() {
    assert_eq!(
        of(json!({"ownerReferences": owned("Agent", "analyst", "u0")})),
        Ownership::Former
    );
}

#[test]
fn what_we_applied_is_ours_whoever_else_wrote() {
    let metadata = json!({
        "ownerReferences": owned("Agent", "analyst", "u1"),
        "managedFields": [by("kubectl", "Update", None, &json!({})), by("kaos-operator", "Apply", None, &json!({}))],
    });
    assert_eq!(of(metadata), Ownership::Ours);
}

/// Without that, what the operator before us wrote and we do not want would stay for good.
#[test]
fn what_another_operator_wrote_counts_as_applied_by_us_but_for_how_many_there_are() {
    let metadata = json!({
        "resourceVersion": "7",
        "ownerReferences": owned("Agent", "analyst", "u1"),
        "managedFields": [
            by("manager", "Update", None, &json!({"f:spec": {"f:replicas": {}, "f:template": {"f:a": {}}}})),
            by("kubectl", "Update", None, &json!({"f:spec": {"f:template": {"f:b": {}}}})),
            by("kube-controller-manager", "Update", Some("status"), &json!({"f:status": {}})),
            by("autoscaler", "Update", Some("scale"), &json!({"f:spec": {"f:replicas": {}}})),
        ],
    });
    let Ownership::Adopted(patch) = of(metadata) else {
        panic!("not adopted")
    };
    assert_eq!(patch["metadata"]["resourceVersion"], "7");
    let entries = patch["metadata"]["managedFields"].as_array().unwrap();
    let who: Vec<_> = entries
        .iter()
        .map(|it| {
            (
                it["manager"].as_str().unwrap(),
                it["operation"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        who,
        [
            ("kube-controller-manager", "Update"),
            ("autoscaler", "Update"),
            ("kaos-operator", "Apply")
        ]
    );
    assert_eq!(
        entries[2]["fieldsV1"],
        json!({"f:spec": {"f:template": {"f:a": {}, "f:b": {}}}})
    );
}

/// Created is not yet applied; who has written beside us since goes on owning that.
#[test]
fn what_we_created_becomes_applied_and_what_others_wrote_since_stays_theirs() {
    let ours = json!({"f:spec": {"f:replicas": {}, "f:template": {"f:a": {}}}});
    let metadata = json!({
        "resourceVersion": "7",
        "ownerReferences": owned("Agent", "analyst", "u1"),
        "managedFields": [
            by("kaos-operator", "Update", None, &ours),
            by("kubectl", "Update", None, &json!({"f:metadata": {"f:labels": {"f:team": {}}}})),
            by("kube-controller-manager", "Update", Some("status"), &json!({"f:status": {}})),
        ],
    });
    let Ownership::Created(patch) = of(metadata) else {
        panic!("not created by us")
    };
    assert_eq!(patch["metadata"]["resourceVersion"], "7");
    let entries = patch["metadata"]["managedFields"].as_array().unwrap();
    let who = entries
        .iter()
        .map(|it| (&it["manager"], &it["operation"], &it["fieldsV1"]));
    let labels = json!({"f:metadata": {"f:labels": {"f:team": {}}}});
    let fields = json!({"f:spec": {"f:template": {"f:a": {}}}});
    assert_eq!(
        who.collect::<Vec<_>>(),
        [
            (&json!("kubectl"), &json!("Update"), &labels),
            (
                &json!("kube-controller-manager"),
                &json!("Update"),
                &json!({"f:status": {}})
            ),
            (&json!("kaos-operator"), &json!("Apply"), &fields),
        ]
    );
}
