//! What is asked of a cluster, before an API server that says what a test wants.

mod page;

use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse as _;
use kaos_runner::server::{Bounds, Drain, listen};
use kaos_tests::Folder;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{kaos, program_at, said};

const AGENT: &str = "/apis/kaos.tools/v1alpha1/namespaces/demo/agents/writer";
const SERVICE: &str = "/api/v1/namespaces/demo/services/agent-writer";
const PODS: &str = "/api/v1/namespaces/demo/pods";
const OPERATOR: &str = "/apis/apps/v1/namespaces/kaos-system/deployments/kaos-operator";

/// A cluster, and what it was asked.
struct Cluster {
    folder: Folder,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Cluster {
    /// One that answers this to a method and a path; 404 where nothing is.
    async fn start(
        name: &str,
        answers: impl Fn(&str, &str) -> Option<Vec<u8>> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let routes = Router::new().fallback(async move |request: Request<axum::body::Body>| {
            let (head, body) = request.into_parts();
            let (method, uri) = (head.method.as_str(), head.uri);
            let query = uri.query().unwrap_or_default();
            let what = format!("{method} {}?{query}", uri.path());
            // As an API server does: an answer before the whole of a body would end the connection under who still writes.
            axum::body::to_bytes(body, usize::MAX).await.unwrap();
            noted.lock().unwrap().push(what);
            let none = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found"});
            match answers(method, uri.path()) {
                Some(body) => (StatusCode::OK, body).into_response(),
                None => (StatusCode::NOT_FOUND, none.to_string()).into_response(),
            }
        });
        tokio::spawn(async move {
            let drain = Drain::new(Duration::from_secs(1));
            listen(
                listener,
                routes,
                &Bounds::default(),
                &drain,
                tokio_stream::pending(),
            )
            .await
        });
        let mut cluster = Self::known(
            name,
            &format!(
                "{{apiVersion: v1, kind: Config, current-context: test, clusters: [{{name: test, cluster: {{server: 'http://{at}'}}}}], \
             contexts: [{{name: test, context: {{cluster: test, user: test, namespace: demo}}}}], users: [{{name: test, user: {{}}}}]}}"
            ),
        );
        cluster.asked = asked;
        cluster
    }

    /// One of which no more is there than this file.
    fn known(name: &str, config: &str) -> Self {
        let folder = Folder::new(name);
        std::fs::write(folder.join("config"), config).unwrap();
        Self {
            folder,
            asked: Arc::default(),
        }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = kaos(arguments);
        command.env("KUBECONFIG", self.folder.join("config"));
        command.env("HOME", &*self.folder);
        if self.folder.join("helm").is_file() {
            let path = format!(
                "{}:{}",
                self.folder.display(),
                std::env::var("PATH").unwrap()
            );
            command.env("PATH", path);
        }
        command.output().await.unwrap()
    }

    /// From now on there is a Helm, which notes what it is asked and is content.
    fn helm(&self) {
        self.helm_that("exit 0");
    }

    fn helm_that(&self, ends: &str) {
        let (program, notes) = (self.folder.join("helm"), self.folder.join("asked"));
        let notes = notes.display();
        let text = format!("#!/bin/sh\necho \"$@\" >> '{notes}'\n{ends}\n");
        program_at(&program, &text);
    }

    fn asked_of_helm(&self) -> String {
        std::fs::read_to_string(self.folder.join("asked")).unwrap()
    }

    /// What it was asked so far that begins so.
    fn asked(&self, begins: &str) -> Vec<String> {
        let all = self.asked.lock().unwrap();
        all.iter()
            .filter(|it| it.starts_with(begins))
            .cloned()
            .collect()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer")]
fn json(value: &Value) -> Option<Vec<u8>> {
    Some(value.to_string().into_bytes())
}

fn agent() -> Option<Vec<u8>> {
    json(
        &json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "metadata": {"name": "writer", "namespace": "demo"}, "spec": {}}),
    )
}

/// The endpoints of such a Service are somebody's affair; the API server chooses every pod by no label.
#[tokio::test]
async fn a_service_without_a_selector_leads_to_no_pod() {
    let cluster = Cluster::start("selector", |_, path| match path {
        AGENT => agent(),
        SERVICE => json(
            &json!({"metadata": {"name": "agent-writer"}, "spec": {"ports": [{"port": 8000}]}}),
        ),
        PODS => json(&json!({"metadata": {}, "items": []})),
        _ => None,
    })
    .await;
    let asked = cluster.run(&["agent", "invoke", "writer", "?"]).await;
    assert_eq!(asked.status.code(), Some(2));
    let why = "kaos: the Service agent-writer has no selector: no pod is its own\n";
    assert_eq!(said(&asked), why);
    assert_eq!(cluster.asked(&format!("GET {PODS}")), [""; 0]);
}

/// A pod writes what it likes.
#[tokio::test]
async fn lines_of_a_pod_that_are_no_text_or_long_end_nothing() {
    let cluster = Cluster::start("logs", |_, path| match path {
        AGENT => agent(),
        PODS => json(&json!({"metadata": {}, "items": [{"metadata": {"name": "writer-1"}}]})),
        "/api/v1/namespaces/demo/pods/writer-1/log" => Some(
            [
                b"fine\n\xff bad\n",
                "x".repeat(200_000).as_bytes(),
                b"\nlast",
            ]
            .concat(),
        ),
        _ => None,
    })
    .await;
    for arguments in [
        &["agent", "logs", "writer"] as &[_],
        &["agent", "logs", "writer", "-f"],
    ] {
        let shown = cluster.run(arguments).await;
        assert_eq!(shown.status.code(), Some(0), "{}", said(&shown));
        let expected = format!("fine\n\u{fffd} bad\n{}\nlast", "x".repeat(200_000));
        assert!(
            said(&shown) == expected,
            "{arguments:?}: {:.100}",
            said(&shown)
        );
    }
}

/// Its Deployment was taken away, and then something went wrong; a Gateway was made, too, in another namespace.
#[tokio::test]
async fn what_is_left_of_an_installation_without_helm_is_taken_away() {
    let cluster = Cluster::start("left", |method, path| match (method, path) {
        ("DELETE", _) => json(&json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
        (_, "/apis/gateway.networking.k8s.io/v1/gateways") => {
            json(&json!({"metadata": {}, "items": [{"metadata": {"name": "edge", "namespace": "front"}}]}))
        }
        (_, "/apis/rbac.authorization.k8s.io/v1/clusterroles") => {
            json(&json!({"metadata": {}, "items": [{"metadata": {"name": "kaos-operator"}}]}))
        }
        (_, OPERATOR) => None,
        _ => json(&json!({"metadata": {}, "items": []})),
    })
    .await;
    let gone = cluster.run(&["uninstall"]).await;
    assert_eq!(gone.status.code(), Some(0), "{}", said(&gone));
    let deleted = cluster.asked("DELETE");
    assert_eq!(
        deleted,
        [
            "DELETE /apis/gateway.networking.k8s.io/v1/namespaces/front/gateways/edge?",
            "DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/kaos-operator?",
        ]
    );
    // Nobody else's.
    let lists = cluster.asked("GET");
    let lists: Vec<_> = lists.iter().filter(|it| !it.contains(OPERATOR)).collect();
    assert_eq!(lists.len(), 9, "{lists:#?}");
    for list in lists {
        let mine = "managed-by%3Dkaos%2Ckaos.tools%2Finstalled-into%3Dkaos-system";
        assert!(list.contains(mine), "{list}");
    }
}

#[tokio::test]
async fn where_nothing_is_installed_nothing_is_taken_away() {
    // It has no Gateway API either.
    let cluster = Cluster::start("nothing", |_, path| match path {
        OPERATOR | "/apis/gateway.networking.k8s.io/v1/gateways" => None,
        _ => json(&json!({"metadata": {}, "items": []})),
    })
    .await;
    let gone = cluster.run(&["uninstall"]).await;
    assert_eq!(gone.status.code(), Some(1), "{}", said(&gone));
    assert!(said(&gone).contains("there is no operator in the namespace kaos-system"));
    assert_eq!(cluster.asked("DELETE"), [""; 0]);
}

/// Nothing of it would be found: neither its objects nor where they are.
#[tokio::test]
async fn an_operator_that_something_else_made_is_left_alone_and_told() {
    let cluster = Cluster::start("else", |_, path| match path {
        OPERATOR => json(&json!({"metadata": {"name": "kaos-operator"}})),
        _ => json(&json!({"metadata": {}, "items": []})),
    })
    .await;
    let refused = cluster.run(&["uninstall"]).await;
    assert_eq!(refused.status.code(), Some(2));
    let why = "was made by something else: kaos install makes it its own";
    assert!(said(&refused).contains(why), "{}", said(&refused));
    assert_eq!(cluster.asked("DELETE"), [""; 0]);
}

/// Its Deployment is not there yet, the rest is; and Helm refuses what is not its own.
#[tokio::test]
async fn half_an_installation_without_helm_is_finished_with_helm() {
    for (is_begun, takes_over) in [(true, true), (false, false)] {
        let begun = Cluster::start("begun", |method, path| match (method, path) {
            ("PATCH", _) => json(&json!({"metadata": {"name": "any"}})),
            (_, OPERATOR) => None,
            (_, "/api/v1/serviceaccounts") => json(
                &json!({"metadata": {}, "items": [{"metadata": {"name": "kaos-operator", "namespace": "kaos-system"}}]}),
            ),
            _ => json(&json!({"metadata": {}, "items": []})),
        });
        let nothing = Cluster::start("not-begun", |method, path| match (method, path) {
            ("PATCH", _) => json(&json!({"metadata": {"name": "any"}})),
            (_, OPERATOR) => None,
            _ => json(&json!({"metadata": {}, "items": []})),
        });
        let cluster = if is_begun { begun.await } else { nothing.await };
        cluster.helm();
        let done = cluster.run(&["install"]).await;
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
        let asked = cluster.asked_of_helm();
        let upgrade = asked
            .lines()
            .find(|it| it.starts_with("upgrade --install kaos "));
        let upgrade = upgrade.unwrap_or_else(|| panic!("{asked}"));
        let has = upgrade.contains(" --take-ownership");
        assert_eq!(has, takes_over, "{upgrade}");
    }
}

/// Without it the same would be installed a second time, and Helm would know nothing of it.
#[tokio::test]
async fn a_helm_that_does_not_work_is_said_and_nothing_is_done_without_it() {
    for command in ["install", "uninstall"] {
        let cluster = Cluster::start("broken", |method, path| match (method, path) {
            ("PATCH", _) => json(&json!({"metadata": {"name": "any"}})),
            (_, OPERATOR) => json(
                &json!({"metadata": {"name": "kaos-operator", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}),
            ),
            _ => json(&json!({"metadata": {}, "items": []})),
        })
        .await;
        cluster.helm_that("exit 3");
        let refused = cluster.run(&[command]).await;
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        let why = "helm does not work: helm version ended with exit status: 3";
        assert!(said(&refused).contains(why), "{}", said(&refused));
        assert_eq!(cluster.asked("PATCH"), [""; 0]);
        assert_eq!(cluster.asked("DELETE"), [""; 0]);
    }
}

/// It ends well and does nothing: what is called helm may be anything.
#[tokio::test]
async fn an_operator_that_is_still_there_is_not_said_to_be_gone() {
    let cluster = Cluster::start("still", |_, path| match path {
        OPERATOR => json(
            &json!({"metadata": {"name": "kaos-operator", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}),
        ),
        _ => json(&json!({"metadata": {}, "items": []})),
    })
    .await;
    cluster.helm();
    let gone = cluster.run(&["uninstall"]).await;
    assert_eq!(gone.status.code(), Some(1), "{}", said(&gone));
    let why = "helm ended well, and the operator is still there in the namespace kaos-system";
    assert!(said(&gone).contains(why), "{}", said(&gone));
    assert!(!said(&gone).contains("is gone"), "{}", said(&gone));
}

/// It has made its record, and nothing else.
#[tokio::test]
async fn half_an_installation_of_helm_is_taken_away_by_helm() {
    let cluster = Cluster::start("record", |_, path| match path {
        OPERATOR => None,
        _ => json(&json!({"metadata": {}, "items": []})),
    })
    .await;
    cluster.helm();
    let gone = cluster.run(&["uninstall"]).await;
    assert_eq!(gone.status.code(), Some(0), "{}", said(&gone));
    let asked = cluster.asked_of_helm();
    assert!(
        asked.contains("uninstall kaos --namespace kaos-system --wait\n"),
        "{asked}"
    );
}

/// It was made once with a Gateway, without Helm; Helm took over the rest, and knows of no Gateway.
#[tokio::test]
async fn what_helm_did_not_take_over_is_taken_away_with_what_it_did() {
    let looks = Arc::new(AtomicUsize::new(0));
    let cluster = Cluster::start("over", move |method, path| match (method, path) {
        ("DELETE", _) => json(&json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
        // It is there before Helm does its work, and then no more.
        (_, OPERATOR) if looks.fetch_add(1, Ordering::Relaxed) == 0 => json(
            &json!({"metadata": {"name": "kaos-operator", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}),
        ),
        (_, OPERATOR) => None,
        (_, "/apis/gateway.networking.k8s.io/v1/gateways") => json(
            &json!({"metadata": {}, "items": [{"metadata": {"name": "edge", "namespace": "front"}}]}),
        ),
        _ => json(&json!({"metadata": {}, "items": []})),
    })
    .await;
    cluster.helm();
    let gone = cluster.run(&["uninstall"]).await;
    assert_eq!(gone.status.code(), Some(0), "{}", said(&gone));
    let asked = cluster.asked_of_helm();
    assert!(
        asked.contains("uninstall kaos --namespace kaos-system --wait\n"),
        "{asked}"
    );
    let gateway = "DELETE /apis/gateway.networking.k8s.io/v1/namespaces/front/gateways/edge?";
    assert_eq!(cluster.asked("DELETE"), [gateway]);
}

#[tokio::test]
async fn an_installation_says_why_helm_does_nothing() {
    let cluster = Cluster::start("helm", |_, path| match path {
        OPERATOR => json(&json!({"metadata": {"name": "kaos-operator", "labels": {"app.kubernetes.io/managed-by": "Helm"}}})),
        _ => None,
    })
    .await;
    let refused = cluster.run(&["install", "--without-helm"]).await;
    assert_eq!(refused.status.code(), Some(2));
    let why = "only helm may change it, and helm is not to be used (--without-helm)";
    assert!(said(&refused).contains(why), "{}", said(&refused));
    let none = Cluster::start("none", |_, _| None).await;
    let refused = none
        .run(&["install", "--without-helm", "--values", "v.yaml"])
        .await;
    assert_eq!(refused.status.code(), Some(2));
    let why = "--values: only helm reads it, and helm is not to be used (--without-helm)";
    assert!(said(&refused).contains(why), "{}", said(&refused));
}

#[tokio::test]
async fn why_no_cluster_is_known_is_said() {
    for (name, config, why) in [
        ("broken", "{apiVersion: v1, clusters: [", "KUBECONFIG"),
        (
            "context",
            "{apiVersion: v1, kind: Config, current-context: elsewhere, clusters: [], contexts: [], users: []}",
            "elsewhere",
        ),
    ] {
        let cluster = Cluster::known(name, config);
        let refused = cluster.run(&["agent", "list"]).await;
        assert_eq!(refused.status.code(), Some(2));
        let text = said(&refused);
        assert!(text.contains("no cluster is known"), "{text}");
        assert!(text.contains(why), "{name}: {text}");
        let said_before = "and this is no pod\n";
        assert!(!text.ends_with(said_before), "{name}: {text}");
    }
}
