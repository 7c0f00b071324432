//! What a server says about itself, and about paths that it does not have.

use kaos_runner::server::{Card, Readiness, Server};
use kaos_runner::{Agent, FunctionModel};
use kaos_tests::agents::{Act, Scripted};
use serde_json::json;

use super::client::post;
use super::{Serving, watched};

async fn serving() -> Serving {
    let researcher = Agent::new("researcher", FunctionModel::answer("Clause 4."));
    let agent = Agent::new("assistant", FunctionModel::answer("Twelve months."))
        .description("Knows leases.")
        .tool(Scripted::new("search", Act::Give("3 contracts")))
        .subagent(researcher.description("Looks things up."));
    Serving::start(Server::new(watched(agent).0).card(Card::new().version("1.4.0"))).await
}

#[tokio::test]
async fn it_is_healthy_and_ready_and_says_of_what_it_is_made() {
    let server = serving().await;
    let health = server.get("/health").await;
    assert_eq!(health.status, 200);
    let health = health.json();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["name"], "assistant");
    assert!(health["timestamp"].is_u64());
    let ready = server.get("/ready").await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (200, &json!("ready"))
    );
    assert!(
        ready.json()["checks"]["model"]["function"].is_string(),
        "{}",
        ready.text()
    );
}

#[tokio::test]
async fn the_card_has_the_shape_of_each_generation() {
    let server = serving().await;
    let first = server.get("/.well-known/agent").await.json();
    assert_eq!(
        first,
        json!({
            "name": "assistant",
            "description": "Knows leases.",
            "url": "http://localhost",
            "skills": [{
                "name": "search",
                "description": "A tool of the tests.",
                "inputSchema": { "type": "object", "properties": {} },
            }],
            "capabilities": [
                "message_processing", "task_execution", "tool_execution", "task_delegation"
            ],
        })
    );
    for path in ["/.well-known/agent.json", "/.well-known/agent-card.json"] {
        let second = server.get(path).await.json();
        assert_eq!(second["version"], "1.4.0");
        assert_eq!(second["supportedProtocols"], json!([]));
        assert_eq!(second["skills"][1]["id"], "researcher");
        assert_eq!(second["capabilities"]["streaming"], true);
    }
}

#[tokio::test]
async fn tools_and_the_agent_as_a_model_are_listed() {
    let server = serving().await;
    let tools = server.get("/tools").await.json();
    assert_eq!(tools["agent"], "assistant");
    let names: Vec<_> = tools["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["researcher", "search"]);
    let models = server.get("/v1/models").await.json();
    assert_eq!(models["object"], "list");
    assert_eq!(models["data"][0]["id"], "assistant");
}

#[tokio::test]
async fn what_is_not_there_is_said_as_openai_says_it() {
    let server = serving().await;
    let missing = server.get("/v1/embeddings").await;
    assert_eq!(missing.error(), (404, "not_found".to_owned()));
    let wrong = server.get("/v1/chat/completions").await;
    assert_eq!(wrong.error(), (405, "method_not_allowed".to_owned()));
    assert_eq!(wrong.header("allow"), Some("POST"));
    let wrong = server
        .connect()
        .await
        .ask(&post("/health", &[], b"{}"))
        .await;
    assert_eq!(wrong.error(), (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn who_speaks_a2a_is_told_in_its_own_words_that_nobody_answers() {
    let server = serving().await;
    let table = [
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"SendMessage"}"#,
            json!(7),
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"tasks/get"}"#,
            json!("a"),
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"SendMessage"}"#,
            json!(null),
            -32601,
        ),
        (r#"{"id":7}"#, json!(null), -32600),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"ListTasks"}]"#,
            json!(null),
            -32600,
        ),
        ("{x", json!(null), -32700),
        ("", json!(null), -32700),
    ];
    for (call, id, code) in table {
        let answer = server
            .connect()
            .await
            .ask(&post("/", &[], call.as_bytes()))
            .await;
        assert_eq!(answer.status, 200, "{call}");
        let answer = answer.json();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&id, &json!(code)),
            "{call}"
        );
    }
}

#[tokio::test]
async fn readiness_waits_for_what_it_requires_and_for_nothing_else() {
    let model = || Agent::new("assistant", FunctionModel::answer("Hello."));
    let strict = Readiness {
        model: true,
        ..Readiness::default()
    };
    let server = Serving::start(Server::new(watched(model()).0).readiness(strict)).await;
    // Looked at in the background since it serves.
    let ready = loop {
        let ready = server.get("/ready").await;
        if ready.json()["checks"]["model"]["function"] != "unknown" {
            break ready;
        }
        assert_eq!(
            (ready.status, &ready.json()["status"]),
            (503, &json!("not_ready"))
        );
    };
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (200, &json!("ready"))
    );
}
