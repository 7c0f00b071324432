//! The controller against an API server that says what a test wants, in virtual time.

mod digests;
mod places;
mod server;
mod terms;

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use server::{Asked, Cluster, failed};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/demo/deployments/modelapi-llm";
const SERVICE: &str = "/api/v1/namespaces/demo/services/modelapi-llm";
const CONFIG: &str = "/api/v1/namespaces/demo/configmaps/litellm-config-llm";
const MODEL_API: &str = "/apis/kaos.tools/v1alpha1/namespaces/demo/modelapis/llm";
const KEY: &str = "/api/v1/namespaces/kaos-system/secrets/kaos-operator-digest-key";
const STATUS: &str = "/apis/kaos.tools/v1alpha1/namespaces/demo/modelapis/llm/status";

/// A cluster with one `ModelAPI`.
fn cluster(spec: &Value) -> Cluster {
    let mut cluster = Cluster::default();
    let object = json!({
        "apiVersion": "kaos.tools/v1alpha1",
        "kind": "ModelAPI",
        "metadata": {"name": "llm", "namespace": "demo", "uid": "u1", "resourceVersion": "1", "generation": 1},
        "spec": spec,
    });
    cluster.objects.insert(MODEL_API.to_owned(), object);
    cluster.objects.insert(KEY.to_owned(), key(1));
    cluster
}

/// The Secret of a key, by its number.
fn key(number: u8) -> Value {
    let key = BASE64_STANDARD.encode([number; 32]);
    let metadata = json!({"name": "kaos-operator-digest-key", "namespace": "kaos-system", "uid": "k1", "resourceVersion": "2"});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"key": key}})
}

fn hosted() -> Value {
    json!({"mode": "Hosted", "hostedConfig": {"model": "smollm2:135m"}})
}

/// Runs the operator for so long, with a cluster that has one `ModelAPI`; gives what was asked but lists and watches. What
/// `answers` says nothing of is done as it is asked.
async fn asked(seconds: u64, answers: impl FnMut(&Asked) -> server::Answer) -> Vec<Asked> {
    cluster(&hosted()).run(seconds, usize::MAX, answers).await
}

fn paths(log: &[Asked]) -> Vec<&str> {
    let writes = log
        .iter()
        .filter(|it| it.is_write() && !it.path.contains("/events"));
    let mut paths: Vec<&str> = writes.map(|it| it.path.as_str()).collect();
    // That it is made is said, and that its pod is not ready.
    paths.dedup_by(|second, first| second == first && *first == STATUS);
    paths
}

/// A watch that shows what was and one that is late look the same.
#[tokio::test(start_paused = true)]
async fn what_is_deleted_comes_back_though_it_looks_as_before_it_was_made() {
    let mut cluster = cluster(&hosted());
    cluster.change = Some((3, |cluster| {
        let object = cluster.objects.remove(SERVICE).unwrap();
        cluster.show("DELETED", SERVICE, &object);
    }));
    let log = cluster.run(600, usize::MAX, |_| None).await;
    assert_eq!(paths(&log), [SERVICE, DEPLOYMENT, STATUS, SERVICE]);
    assert!(cluster.objects.contains_key(SERVICE));
    // At once, not when a watch that was late would have come, ten seconds after it was made.
    let back = log.last().unwrap();
    assert!((3..9).contains(&back.at), "{back:?}");
}

/// Whenever it is killed, the next one makes of it what one alone would have made.
#[tokio::test(start_paused = true)]
async fn killed_after_any_request_the_next_operator_finishes_its_work() {
    let spec = json!({"mode": "Proxy", "proxyConfig": {"models": ["*"]}});
    let finalizers = json!(["kaos.tools/modelapi-finalizer", "somebody/else"]);
    let fresh = || {
        let mut cluster = cluster(&spec);
        cluster.objects.get_mut(MODEL_API).unwrap()["metadata"]["finalizers"] = finalizers.clone();
        cluster
    };
    let mut whole = fresh();
    let log = whole.run(10, usize::MAX, |_| None).await;
    assert_eq!(
        paths(&log),
        [MODEL_API, CONFIG, SERVICE, DEPLOYMENT, STATUS]
    );
    assert_eq!(
        whole.objects[MODEL_API]["metadata"]["finalizers"],
        json!(["somebody/else"])
    );
    for requests in 0..=log.len() {
        let mut cluster = fresh();
        let first = cluster.run(10, requests, |_| None).await;
        // How often a status is written while something is made depends on what is seen meanwhile.
        assert!(first.len() + 3 >= requests, "{first:#?}");
        cluster.run(10, usize::MAX, |_| None).await;
        assert_eq!(
            cluster.settled(),
            whole.settled(),
            "killed after {requests} requests"
        );
        // And it has nothing more to do.
        let third = cluster.run(600, usize::MAX, |_| None).await;
        let changed: Vec<_> = third
            .iter()
            .filter(|it| it.path == STATUS || it.path.contains("/events"))
            .collect();
        assert!(changed.is_empty(), "{changed:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_is_made_once_and_nobody_is_asked_again() {
    let log = asked(3600, |_| None).await;
    assert_eq!(paths(&log), [SERVICE, DEPLOYMENT, STATUS]);
    let late: Vec<&Asked> = log.iter().filter(|it| it.at > 1).collect();
    assert!(late.is_empty(), "{late:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_tried_again() {
    let mut times = 0;
    let log = asked(60, |asked| {
        (asked.is_write() && asked.path == DEPLOYMENT).then(|| times += 1)?;
        (times == 1).then(|| failed(409, "Conflict", "somebody was faster"))
    });
    assert_eq!(paths(&log.await), [SERVICE, DEPLOYMENT, DEPLOYMENT, STATUS]);
}

#[tokio::test(start_paused = true)]
async fn what_the_operator_may_not_is_said_and_tried_again_now_and_then() {
    let log = asked(45, |asked| {
        let wrong = asked.is_write() && asked.path == SERVICE && asked.at < 20;
        wrong.then(|| {
            failed(
                403,
                "Forbidden",
                "services is forbidden: User \"me\" cannot patch it",
            )
        })
    });
    let log = log.await;
    assert_eq!(
        paths(&log),
        [SERVICE, STATUS, SERVICE, SERVICE, DEPLOYMENT, STATUS]
    );
    let said = &log.iter().find(|it| it.path == STATUS).unwrap().body["status"];
    assert_eq!(said["phase"], "Failed");
    assert_eq!(said["conditions"][0]["reason"], "Forbidden");
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("cannot patch it")
    );
    let reasons: Vec<&Value> = log
        .iter()
        .filter(|it| it.path.contains("/events"))
        .map(|it| &it.body["reason"])
        .collect();
    assert!(reasons.contains(&&json!("Forbidden")), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_gone_by_now_needs_no_status() {
    let log = asked(3600, |asked| {
        (asked.path == STATUS).then(|| failed(404, "NotFound", "it is gone"))
    });
    assert_eq!(paths(&log.await), [SERVICE, DEPLOYMENT, STATUS]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_somebody_elses_is_left_alone_and_told() {
    let log = asked(20, |asked| {
        let foreign = json!({"metadata": {"name": "modelapi-llm", "namespace": "demo", "uid": "u9", "resourceVersion": "5"}});
        (!asked.is_write() && asked.path == DEPLOYMENT).then_some((200, foreign))
    });
    let log = log.await;
    assert_eq!(paths(&log), [SERVICE, STATUS]);
    let said = &log.iter().find(|it| it.path == STATUS).unwrap().body["status"];
    assert_eq!(said["conditions"][0]["reason"], "NameTaken");
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("there is a Deployment modelapi-llm"),
        "{said}"
    );
}

/// Somebody takes it away from its resource while all is well: that is said at once, not by the next operator.
#[tokio::test(start_paused = true)]
async fn an_object_that_becomes_nobodys_is_told() {
    for path in [DEPLOYMENT, SERVICE] {
        fn disowned<const DEPLOYED: bool>(cluster: &mut Cluster) {
            let path = if DEPLOYED { DEPLOYMENT } else { SERVICE };
            let object = cluster.objects.get_mut(path).unwrap();
            object["metadata"]["ownerReferences"] = json!([]);
            object["metadata"]["resourceVersion"] = json!("900");
            let object = object.clone();
            cluster.show("MODIFIED", path, &object);
        }
        let mut cluster = cluster(&hosted());
        let is_deployment = path == DEPLOYMENT;
        let disown = if is_deployment {
            disowned::<true>
        } else {
            disowned::<false>
        };
        cluster.change = Some((3, disown));
        let log = cluster.run(20, usize::MAX, |_| None).await;
        let said = log.iter().rfind(|it| it.path == STATUS).unwrap();
        let reason = &said.body["status"]["conditions"][0]["reason"];
        assert_eq!(reason, "NameTaken", "{path}: {said:?}");
        assert!((3..6).contains(&said.at), "{path}: {said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_api_server_refuses_is_said_in_its_words() {
    let log = asked(20, |asked| {
        (asked.is_write() && asked.path == DEPLOYMENT)
            .then(|| failed(422, "Invalid", "spec.template: no"))
    });
    let log = log.await;
    // What it wrote before is seen, which is an attempt each.
    let mut paths = paths(&log);
    assert!(paths.len() <= 6, "{paths:?}");
    paths.truncate(4);
    assert_eq!(paths, [SERVICE, DEPLOYMENT, STATUS, DEPLOYMENT]);
    assert_eq!(
        log.iter().find(|it| it.path == STATUS).unwrap().body["status"]["message"],
        "spec.template: no"
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_ends_takes_nothing_and_that_is_no_failure() {
    let log = asked(60, |asked| {
        let mut answer = failed(403, "Forbidden", "the namespace is being terminated");
        answer.1["details"] =
            json!({"causes": [{"reason": "NamespaceTerminating", "message": "so it is"}]});
        (asked.is_write() && [SERVICE, DEPLOYMENT].contains(&&*asked.path)).then_some(answer)
    });
    // Its own word is seen, which is one more attempt.
    assert_eq!(
        paths(&log.await),
        [SERVICE, DEPLOYMENT, STATUS, SERVICE, DEPLOYMENT]
    );
}

/// Somebody else says how it is, too, each time that it is said and at once.
#[tokio::test(start_paused = true)]
async fn who_contradicts_is_answered_once_a_second() {
    fn contradicts(cluster: &mut Cluster) {
        static VERSION: AtomicU64 = AtomicU64::new(100);
        let version = VERSION.fetch_add(1, Ordering::Relaxed).to_string();
        let object = cluster.objects.get_mut(MODEL_API).unwrap();
        object["status"]["phase"] = json!("Ready");
        object["metadata"]["resourceVersion"] = json!(version);
        let object = object.clone();
        cluster.show("MODIFIED", MODEL_API, &object);
        cluster.meanwhile = Some((STATUS, contradicts));
    }
    let mut cluster = cluster(&hosted());
    cluster.meanwhile = Some((STATUS, contradicts));
    let log = cluster.run(60, 500, |_| None).await;
    let told = log.iter().filter(|it| it.path == STATUS);
    let times: Vec<u64> = told.map(|it| it.at).collect();
    assert!((50..=61).contains(&times.len()), "{times:?}");
}

/// An API server that has a bad hour is not made worse.
#[tokio::test(start_paused = true)]
async fn what_fails_for_an_hour_is_tried_less_and_less() {
    let log = asked(3600, |asked| {
        (asked.is_write() && asked.path == SERVICE).then(|| failed(500, "InternalError", "no"))
    });
    let log = log.await;
    let times: Vec<u64> = log
        .iter()
        .filter(|it| it.is_write())
        .map(|it| it.at)
        .collect();
    assert!((10..=25).contains(&times.len()), "{times:?}");
    assert!(
        times.windows(2).skip(10).all(|it| it[1] - it[0] >= 290),
        "{times:?}"
    );
}
