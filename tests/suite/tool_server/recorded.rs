//! The exchanges that KAOS' tool server had (python-string server of commit 43f4851, `FastMCP` 2.14.1, and
//! `mcpserver` of 4b08a27 for its probes; recorded from the public project github.com/axsaucedo/kaos), asked
//! of ours: equal, or different for the reason that stands here.

use kaos_tests::tool_client::ask;
use serde_json::{Value, json};

use super::serving::Serving;

const TOOLS: &str = include_str!("recorded-tools.txt");
const RECORDED: &str = include_str!("recorded.json");

/// Why an answer is another one than it was.
const BETTER: [(&str, &str); 3] = [
    (
        "root",
        "imports of the module are seen by its functions, so it works",
    ),
    (
        "boom",
        "the exception's words alone: that it is an error, and of which tool, is said already",
    ),
    (
        "nope",
        "the protocol has the error -32602 for a tool that is not there (2025-11-25, tools, error handling)",
    ),
];

#[tokio::test]
async fn the_recorded_calls_are_answered_as_they_were_or_better() {
    let recorded: Value = super::parsed(RECORDED);
    let serving = Serving::start(&["--tools-string", TOOLS, "--workers", "1"]).await;
    let mut compared = 0;
    for (name, exchange) in recorded.as_object().unwrap() {
        let asked = &exchange["request"];
        let answer = ask(serving.address, "POST", "/mcp", &[], &asked.to_string()).await;
        assert_eq!(answer.status, 200, "{name}");
        let (was, is) = (&exchange["response"]["result"], answer.message());
        let is = &is["result"];
        let tool = asked["params"]["name"].as_str().unwrap_or_default();
        compared += 1;
        if name == "tools-list" {
            let told = |of: &Value| -> Vec<Value> {
                let tools = of["tools"].as_array().unwrap().iter();
                let told = tools.map(|it| {
                    json!([
                        it["name"],
                        it["inputSchema"]["required"],
                        it["inputSchema"]["properties"],
                        it["outputSchema"]["properties"]
                    ])
                });
                told.collect()
            };
            for mut was in told(was) {
                // What has no type had its own name as a title, which says nothing.
                for field in was[2]
                    .as_object_mut()
                    .into_iter()
                    .flat_map(|it| it.values_mut())
                {
                    field.as_object_mut().unwrap().remove("title");
                }
                let is = told(is);
                assert!(is.contains(&was), "{was} is not in {is:?}");
            }
            continue;
        }
        match tool {
            "root" => {
                assert_eq!(is["structuredContent"], json!({ "result": 3.0 }));
                assert_eq!(was["isError"], true);
            }
            "boom" => assert_eq!(is["content"][0]["text"], "boom: x"),
            "nope" => assert!(is.is_null() && answer.message()["error"]["code"] == -32602),
            _ if was["isError"] == true => assert_eq!(is["isError"], true, "{name}"),
            _ => {
                assert_eq!(is["content"], was["content"], "{name}");
                assert_eq!(is["structuredContent"], was["structuredContent"], "{name}");
            }
        }
    }
    assert_eq!((compared, BETTER.len()), (9, 3));
    let health = ask(serving.address, "GET", "/health", &[], "")
        .await
        .message();
    assert_eq!(
        (&health["status"], &health["tools"]),
        (&json!("healthy"), &json!(6))
    );
    let ready = ask(serving.address, "GET", "/ready", &[], "")
        .await
        .message();
    let names = json!(["add", "echo", "boom", "nodoc", "later", "root"]);
    assert_eq!(
        (&ready["status"], &ready["tools"]),
        (&json!("ready"), &names)
    );
}
