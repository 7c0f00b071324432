//! What a pod's annotation tells of the Secrets that the pod reads: whether they changed, and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::server::Cluster;
use super::{DEPLOYMENT, KEY, key, paths};

const SECRET: &str = "/api/v1/namespaces/demo/secrets/password";

/// A `ModelAPI` that reads a password.
fn cluster(password: &str) -> Cluster {
    let from = json!({"secretKeyRef": {"name": "password", "key": "it"}});
    let mut cluster = super::cluster(&json!({
        "mode": "Hosted",
        "hostedConfig": {"model": "smollm2:135m"},
        "container": {"env": [{"name": "PASSWORD", "valueFrom": from}]},
    }));
    let data = json!({"it": BASE64_STANDARD.encode(password)});
    let metadata =
        json!({"name": "password", "namespace": "demo", "uid": "s1", "resourceVersion": "3"});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data});
    cluster.objects.insert(SECRET.to_owned(), secret);
    cluster
}

/// What all who read pods see.
async fn shown(cluster: &mut Cluster) -> String {
    cluster.run(10, usize::MAX, |_| None).await;
    let template = &cluster.objects[DEPLOYMENT]["spec"]["template"];
    let hash = &template["metadata"]["annotations"]["kaos.tools/pod-spec-hash"];
    hash.as_str().unwrap().to_owned()
}

/// Who knows all but the operator's key, the password too, does not get what the annotation shows.
#[tokio::test(start_paused = true)]
async fn without_the_operators_key_no_password_can_be_tried() {
    let mut one = cluster("1234");
    let mut other = cluster("1234");
    other.objects.insert(KEY.to_owned(), key(2));
    assert_ne!(shown(&mut one).await, shown(&mut other).await);
}

#[tokio::test(start_paused = true)]
async fn another_content_is_another_digest_and_another_operator_or_label_is_not() {
    let mut cluster = cluster("1234");
    let first = shown(&mut cluster).await;
    assert_eq!(shown(&mut cluster).await, first, "another operator");
    let metadata = &mut cluster.objects.get_mut(SECRET).unwrap()["metadata"];
    metadata["labels"] = json!({"touched": "yes"});
    metadata["resourceVersion"] = "4".into();
    assert_eq!(shown(&mut cluster).await, first, "a label");
    let secret = cluster.objects.get_mut(SECRET).unwrap();
    secret["data"]["it"] = BASE64_STANDARD.encode("1235").into();
    secret["metadata"]["resourceVersion"] = "5".into();
    assert_ne!(shown(&mut cluster).await, first, "another password");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_missing_is_made_once() {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut cluster = cluster("1234");
        cluster.objects.remove(KEY);
        let log = cluster.run(10, usize::MAX, |_| None).await;
        assert_eq!(paths(&log)[0], KEY);
        let made = cluster.objects[KEY].clone();
        let again = cluster.run(10, usize::MAX, |_| None).await;
        assert!(!paths(&again).contains(&KEY) && cluster.objects[KEY] == made);
        let key = BASE64_STANDARD.decode(made["data"]["key"].as_str().unwrap());
        keys.push(key.unwrap());
    }
    assert!(keys.iter().all(|it| it.len() == 32) && keys[0] != keys[1]);
}

/// Nothing is done with a key that anybody could guess.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_none_is_left_as_it_is_and_nothing_is_written_without() {
    for data in [
        Value::Null,
        json!({}),
        json!({"key": BASE64_STANDARD.encode("short")}),
    ] {
        let mut cluster = cluster("1234");
        cluster.objects.get_mut(KEY).unwrap()["data"] = data;
        let bad = cluster.objects[KEY].clone();
        let log = cluster.run(60, usize::MAX, |_| None).await;
        assert!(paths(&log).is_empty(), "{log:#?}");
        assert!(
            (5..15).contains(&log.len()),
            "it is looked at again: {log:#?}"
        );
        assert_eq!(cluster.objects[KEY], bad);
    }
}
