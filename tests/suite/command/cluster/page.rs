//! A cluster's agents on the page of `kaos ui`; that they are asked there is in `tests/peers/kubernetes.sh`.

use serde_json::json;

use super::Cluster;
use crate::command::ui::Shown;

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
    // One without a Service cannot be asked, and says why.
    let token = format!("Authorization: Bearer {}", page.token);
    let question = json!({"agent": "writer", "question": "?"}).to_string();
    let asked = page.ask("POST", "/api/ask", &[&token], &question).await;
    assert_eq!(asked.status, 409);
    assert!(
        asked.body.contains("writer has no Service yet"),
        "{}",
        asked.body
    );
    assert!(page.stopped().await.success());
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
