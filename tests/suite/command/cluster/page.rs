//! A cluster's agents on the page of `kaos ui`; that they are asked there is in `tests/peers/kubernetes.sh`.

use serde_json::json;

use super::Cluster;
use crate::command::ui::Shown;

type Answers = fn(&str, &str) -> Option<Vec<u8>>;

const KINDS: &str = "/apis/kaos.tools/v1alpha1/namespaces/demo";

async fn page_of(cluster: &Cluster, flag: &str) -> Shown {
    let config = cluster.folder.join("config");
    Shown::start_with(&cluster.folder, &[flag], |command| {
        command.env("KUBECONFIG", config);
    })
    .await
}

#[tokio::test]
async fn the_components_of_a_namespace_are_shown_without_what_is_secret() {
    let cluster = Cluster::start("page", |_, path| match path.strip_prefix(KINDS)? {
        "/agents" => super::json(&json!({"metadata": {}, "items": [{
            "metadata": {"name": "writer"},
            "spec": {"model": "hello", "mcpServers": ["calculator"], "agentNetwork": {"access": ["reader"]},
                "config": {"description": "Writes. password=Tr0ub4dor&3"}},
            "status": {"ready": true, "phase": "Ready", "message": "all is well", "endpoint": "http://agent-writer:8000"},
        }]})),
        "/mcpservers" => super::json(&json!({"metadata": {}, "items": [{
            "metadata": {"name": "calculator"},
            "spec": {"runtime": "python-string"},
            "status": {"ready": false, "phase": "Pending", "message": "no pod is ready"},
        }]})),
        "/agents/writer" => super::json(&json!({"metadata": {"name": "writer"}})),
        "/modelapis" => super::json(&json!({"metadata": {}, "items": [{
            "metadata": {"name": "llm"}, "spec": {"proxyConfig": {"models": ["a", "b"]}},
        }]})),
        _ => None,
    })
    .await;
    let page = page_of(&cluster, "--cluster").await;
    let shown = page.get("/api/agents").await;
    assert!(!shown.body.contains("Tr0ub4dor"), "{}", shown.body);
    let shown = shown.json();
    assert_eq!(shown["namespace"], "demo");
    let expected = json!([
        {"kind": "Agent", "resource": "writer", "stage": "ready", "why": null, "address": "http://agent-writer:8000",
            "description": shown["components"][0]["description"], "model": "hello", "servers": ["calculator"], "agents": ["reader"]},
        {"kind": "MCPServer", "resource": "calculator", "stage": "pending", "why": "no pod is ready", "address": null,
            "description": null, "model": null, "servers": null, "agents": null},
        {"kind": "ModelAPI", "resource": "llm", "stage": "waiting", "why": null, "address": null,
            "description": null, "model": ["a", "b"], "servers": null, "agents": null},
    ]);
    assert_eq!(shown["components"], expected);
    // What is not there, or has no Service, cannot be asked, and says why; what is no name is no part of a path.
    let token = format!("Authorization: Bearer {}", page.token);
    let ask = async |agent: &str| {
        let question = json!({"agent": agent, "question": "?"}).to_string();
        page.ask("POST", "/api/ask", &[&token], &question).await
    };
    for (agent, why) in [
        ("nobody", "there is no Agent nobody in the namespace demo"),
        (
            "writer/../../secrets/one?x=1#",
            "there is no agent of this name",
        ),
        ("..", "there is no agent of this name"),
    ] {
        let asked = ask(agent).await;
        assert_eq!(asked.status, 409, "{agent}");
        assert!(asked.body.contains(why), "{agent}: {}", asked.body);
    }
    assert!(cluster.asked("GET /api/v1/").is_empty());
    let asked = ask("writer").await;
    assert_eq!(asked.status, 409);
    assert!(
        asked.body.contains("writer has no Service yet"),
        "{}",
        asked.body
    );
    assert!(page.stopped().await.success());
}

/// What is too long is not kept, and what is no list is not shown.
#[tokio::test]
async fn an_answer_that_is_no_list_or_too_long_is_said_and_not_shown() {
    let all: [(&str, Answers); 2] = [
        ("long", |_, _| Some(vec![b' '; 17 << 20])),
        ("markup", |_, _| {
            Some(b"<html>password=Tr0ub4dor&3".to_vec())
        }),
    ];
    for (name, answers) in all {
        let cluster = Cluster::start(name, answers).await;
        let page = page_of(&cluster, "--cluster").await;
        let shown = page.get("/api/agents").await;
        assert_eq!(shown.status, 409, "{name}");
        assert!(
            shown.body.contains("the API server's answer"),
            "{name}: {}",
            shown.body
        );
        assert!(!shown.body.contains("Tr0ub4dor"), "{name}");
        assert!(page.stopped().await.success());
    }
}

#[tokio::test]
async fn a_namespace_that_can_be_none_is_refused() {
    let cluster = Cluster::start("no-name", |_, _| None).await;
    for flag in ["--cluster=..%2f", "--cluster=A", "--cluster=a/b"] {
        let refused = cluster.run(&["ui", "--port", "0", flag]).await;
        assert_eq!(refused.status.code(), Some(2), "{flag}");
        assert!(
            super::said(&refused).contains("expected the name of a namespace"),
            "{flag}"
        );
    }
}

/// It is the cluster that is asked, each time: it may be back by then.
#[tokio::test]
async fn a_cluster_that_is_not_there_is_said_and_the_page_goes_on() {
    let config = "{apiVersion: v1, kind: Config, current-context: test, clusters: [{name: test, cluster: {server: 'http://127.0.0.1:1'}}], \
         contexts: [{name: test, context: {cluster: test, user: test}}], users: [{name: test, user: {}}]}";
    let cluster = Cluster::known("gone", config);
    let page = page_of(&cluster, "--cluster=other").await;
    for _ in 0..2 {
        let shown = page.get("/api/agents").await;
        assert_eq!(shown.status, 409, "{}", shown.body);
    }
    assert_eq!(page.get("/api/state").await.status, 200);
    assert!(page.stopped().await.success());
}
