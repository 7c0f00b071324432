//! The CRDs: structural, bounded, and taking all that was ever written. What an API server says of them is in
//! `tests/peers/kubernetes.sh`.

use std::collections::BTreeMap;

use boon::{Compiler, Schemas};
use kaos_operator::kubernetes::crds;
use serde_json::{Value, json};

use crate::resources::INPUTS;

const DRY_RUN: &str = include_str!("../../support/kaos-operator/dry-run-0.8.4.yaml");

/// The schema of each kind.
fn schemas() -> BTreeMap<String, Value> {
    let all = crds().into_iter().map(|crd| {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap().to_owned();
        (
            kind,
            crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone(),
        )
    });
    all.collect()
}

/// What a schema refuses, or does not know and so would be dropped.
fn refused(schema: &Value, object: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("kaos:crd", schema.clone()).unwrap();
    let index = compiler.compile("kaos:crd", &mut schemas).unwrap();
    let valid = schemas
        .validate(object, index)
        .map_err(|error| error.to_string());
    valid.err().or_else(|| unknown(schema, object, ""))
}

fn unknown(schema: &Value, value: &Value, path: &str) -> Option<String> {
    match value {
        _ if path == ".metadata" => None,
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            let known = schema["properties"]
                .get(name)
                .or_else(|| schema.get("additionalProperties"));
            known.map_or_else(|| Some(path.clone()), |known| unknown(known, value, &path))
        }),
        Value::Array(items) => items
            .iter()
            .find_map(|it| unknown(&schema["items"], it, path)),
        _ => None,
    }
}

fn documents(text: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    let known = schemas();
    all.into_iter()
        .filter(|it| known.contains_key(it["kind"].as_str().unwrap_or_default()))
        .collect()
}

#[test]
fn all_that_was_recorded_is_taken_whole() {
    let schemas = schemas();
    let (mut taken, mut others) = (0, Vec::new());
    for object in documents(INPUTS).iter().chain(&documents(DRY_RUN)) {
        taken += 1;
        if let Some(why) = refused(&schemas[object["kind"].as_str().unwrap()], object) {
            others.push(format!("{}: {why}", object["metadata"]["name"]));
        }
    }
    assert!(others.is_empty(), "{others:#?}");
    assert!(taken >= 34 + 5, "{taken}");
}

#[test]
fn what_is_wrong_is_refused() {
    let schemas = schemas();
    let agent = |spec: Value| ("Agent", spec);
    for (kind, spec) in [
        agent(json!({"model": "m"})),
        agent(json!({"modelAPI": "a"})),
        agent(json!({"modelAPI": "a", "model": 7})),
        agent(json!({"modelAPI": "a", "model": "m", "config": {"toolCallMode": "maybe"}})),
        agent(json!({"modelAPI": "a", "model": "m", "config": {"reasoningLoopMaxSteps": 21}})),
        agent(json!({"modelAPI": "a", "model": "m", "gatewayRoute": {"timeout": "soon"}})),
        agent(json!({"modelAPI": "a", "model": "m", "container": {"env": [{"value": "v"}]}})),
        agent(json!({"modelAPI": "a", "model": "m", "podSpec": {"containers": [{"image": "i"}]}})),
        agent(json!({"modelAPI": "a", "model": "m", "podSpec": {"nodeSelector": "ssd"}})),
        agent(json!({"modelAPI": "a", "model": "m", "podSpec": {"priorty": 7}})),
        ("ModelAPI", json!({"mode": "proxy"})),
        (
            "ModelAPI",
            json!({"mode": "Proxy", "proxyConfig": {"models": []}}),
        ),
        ("ModelAPI", json!({"mode": "Hosted", "hostedConfig": {}})),
        ("ModelAPI", json!({})),
    ] {
        let object = json!({"metadata": {"name": "n"}, "spec": spec});
        assert!(refused(&schemas[kind], &object).is_some(), "{kind} {spec}");
    }
}

/// So that nobody can keep an operator from reading a list: nothing is kept that nobody knows, however deep.
#[test]
fn schemas_are_structural_and_keep_nothing_unknown() {
    fn check(schema: &Value, path: &str, depth: usize) {
        assert!(depth < 30, "{path}");
        let any = schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
        assert!(any || schema["type"].is_string(), "{path}: {schema}");
        for word in [
            "$ref",
            "anyOf",
            "oneOf",
            "allOf",
            "nullable",
            "x-kubernetes-preserve-unknown-fields",
            "definitions",
        ] {
            assert!(schema.get(word).is_none(), "{path}: {word}");
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            check(field, &format!("{path}.{name}"), depth + 1);
        }
        for inner in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(inner) {
                check(inner, path, depth + 1);
            }
        }
    }
    for (kind, schema) in schemas() {
        check(&schema, &kind, 0);
    }
}

/// `kubectl apply` keeps an object in an annotation, of which there are 256 KiB; etcd has 1.5 MiB for one.
#[test]
fn each_is_small_enough_for_an_annotation() {
    for crd in crds() {
        let bytes = crd.to_string().len();
        assert!(bytes < 256 * 1024, "{}: {bytes}", crd["metadata"]["name"]);
    }
}
