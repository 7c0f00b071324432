//! What appears, or takes another's place, between the operator's look and its write.

use serde_json::{Value, json};

use super::server::Cluster;
use super::{CONFIG, DEPLOYMENT, SERVICE, STATUS, cluster, paths};

/// An object of our name that somebody makes, who knows nothing of us.
fn foreign(path: &str) -> Value {
    let (kind, name) = match path {
        CONFIG => ("ConfigMap", "litellm-config-llm"),
        SERVICE => ("Service", "modelapi-llm"),
        _ => ("Deployment", "modelapi-llm"),
    };
    let metadata = json!({"name": name, "namespace": "demo", "uid": "u9", "resourceVersion": "5"});
    json!({"kind": kind, "metadata": metadata, "data": {"theirs": "yes"}})
}

fn appears<const AT: usize>(cluster: &mut Cluster) {
    let path = PATHS[AT];
    cluster.objects.insert(path.to_owned(), foreign(path));
}

const PATHS: [&str; 3] = [CONFIG, SERVICE, DEPLOYMENT];

fn proxy() -> Value {
    json!({"mode": "Proxy", "proxyConfig": {"models": ["*"]}})
}

fn reason(cluster: &Cluster) -> &Value {
    &cluster.objects[super::MODEL_API]["status"]["conditions"][0]["reason"]
}

#[tokio::test(start_paused = true)]
async fn what_appears_after_the_look_is_not_written_into() {
    let appear = [appears::<0>, appears::<1>, appears::<2>];
    for (path, appears) in PATHS.into_iter().zip(appear) {
        let mut cluster = cluster(&proxy());
        cluster.meanwhile = Some((path, appears));
        let log = cluster.run(20, usize::MAX, |_| None).await;
        assert!(paths(&log).contains(&path), "it was too late to see it");
        assert_eq!(cluster.objects[path], foreign(path));
        assert_eq!(reason(&cluster), "NameTaken", "{path}");
    }
}

/// The watch shows late that ours is gone, and that another is there.
#[tokio::test(start_paused = true)]
async fn what_takes_the_place_of_ours_is_not_written_into() {
    let appear = [appears::<0>, appears::<1>, appears::<2>];
    let lists = [
        "/api/v1/configmaps",
        "/api/v1/services",
        "/apis/apps/v1/deployments",
    ];
    for ((path, appears), list) in PATHS.into_iter().zip(appear).zip(lists) {
        // What was created is adopted by the next operator; what was adopted, the next but one applies to.
        for operators_before in 1..=2 {
            let mut cluster = cluster(&proxy());
            for _ in 0..operators_before {
                cluster.run(10, usize::MAX, |_| None).await;
            }
            cluster.meanwhile = Some((list, appears));
            let log = cluster.run(20, usize::MAX, |_| None).await;
            assert!(paths(&log).contains(&path), "it was too late to see it");
            assert_eq!(cluster.objects[path], foreign(path));
        }
    }
}

/// What is created is applied to from then on: what is not wanted any more goes, and what others add stays theirs.
#[tokio::test(start_paused = true)]
async fn what_was_created_is_applied_to_by_the_next_operator() {
    let mut cluster = cluster(&proxy());
    let first = cluster.run(10, usize::MAX, |_| None).await;
    assert_eq!(paths(&first), [CONFIG, SERVICE, DEPLOYMENT, STATUS]);
    let by = |cluster: &Cluster, path: &str| {
        cluster.objects[path]["metadata"]["managedFields"][0]["operation"].clone()
    };
    assert!(PATHS.iter().all(|it| by(&cluster, it) == "Update"));
    let second = cluster.run(10, usize::MAX, |_| None).await;
    assert_eq!(
        paths(&second),
        [CONFIG, CONFIG, SERVICE, SERVICE, DEPLOYMENT, DEPLOYMENT]
    );
    assert!(PATHS.iter().all(|it| by(&cluster, it) == "Apply"));
    let third = cluster.run(10, usize::MAX, |_| None).await;
    assert_eq!(paths(&third), PATHS);
}
