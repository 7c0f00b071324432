//! Each variable: a value that is taken, one that is refused by the variable's name, and none.

use futures_util::future::join_all;
use kaos_tests::mcp_server::OverHttp;
use serde_json::{Value, json};

use super::super::{kaos, said};
use super::model::{Calc, Tagged, unasked};
use super::{CHAT, JSON, Served, serving};

/// What is needed to begin.
const NEEDED: [(&str, &str); 3] = [
    ("AGENT_NAME", "assistant"),
    ("MODEL_API_URL", "http://127.0.0.1:1"),
    ("MODEL_NAME", "m"),
];

const REFUSED: &[(&str, &str)] = &[
    ("MODEL_API_URL", "localhost:8000"),
    ("AGENTIC_LOOP_MAX_STEPS", "0"),
    ("AGENTIC_LOOP_MAX_STEPS", "five"),
    ("AGENTIC_LOOP_MAX_STEPS", "4294967296"),
    ("TOOL_CALL_MODE", "sometimes"),
    ("AGENT_PORT", "70000"),
    ("MEMORY_ENABLED", "maybe"),
    ("MEMORY_MAX_SESSIONS", "-1"),
    ("MEMORY_CONTEXT_LIMIT", "six"),
    ("MEMORY_MAX_SESSION_EVENTS", "1.5"),
    ("MEMORY_MAX_READ_SCOPE", "everybody"),
    ("MEMORY_REQUIRE_PRINCIPAL", "maybe"),
    ("TASK_MAX_ITERATIONS", "ten"),
    ("TASK_STORE_TYPE", "redis"),
    ("AUTONOMOUS_INTERVAL_SECONDS", "often"),
    ("AGENT_ACCESS_LOG", "maybe"),
    ("OTEL_INCLUDE_HTTP_SERVER", "maybe"),
    ("OTEL_INCLUDE_HTTP_CLIENT", "maybe"),
    ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "/health,("),
    ("OTEL_PYTHON_EXCLUDED_URLS", "["),
    ("KAOS_SPAN_NAMES", "mine"),
    ("KAOS_ALLOWED_HOSTS", "https://agents.example"),
    ("KAOS_ALLOWED_ORIGINS", "ui.example"),
    ("KAOS_READY_REQUIRES", "model,weather"),
    ("KAOS_PROGRESS", "maybe"),
    ("KAOS_DRAIN_SECONDS", "soon"),
    ("KAOS_SESSIONS", "postgres://secret@somewhere"),
    ("KAOS_TRAIL_KEY", "/nowhere/key"),
    ("MCP_SERVER_calc_URL", "calc:8000"),
    // An empty list would let everybody in.
    ("KAOS_API_TOKEN", ","),
    ("KAOS_API_TOKEN", "[]"),
    ("KAOS_API_TOKEN", "[\"\"]"),
    ("KAOS_API_TOKEN", "a\u{e9}"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_value_ends_the_command_with_2_and_the_variables_name() {
    let checks = REFUSED.iter().map(|(name, value)| async move {
        let mut command = serving(&NEEDED);
        command.env("MCP_SERVERS", "calc");
        if *name == "KAOS_TRAIL_KEY" {
            command.env("KAOS_TRAIL", "/nowhere/trail");
        }
        command.env("OTEL_SDK_DISABLED", "false").env(name, value);
        let output = command.output().await.unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {text}");
        assert!(text.contains(name), "{name}={value}: {text}");
        assert!(!text.contains("secret"), "{name}: {text}");
    });
    for check in checks.collect::<Vec<_>>() {
        check.await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_needed_and_not_there_is_named() {
    let checks = NEEDED.iter().map(|(missing, _)| async move {
        let given: Vec<_> = NEEDED
            .into_iter()
            .filter(|(name, _)| name != missing)
            .collect();
        let output = serving(&given).output().await.unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{missing}: {text}");
        assert!(text.contains(&format!("{missing} is not set")), "{text}");
    });
    join_all(checks).await;
}

/// What the model was told, and how the request looked.
async fn asked(served: &Served, model: &Tagged, question: &str) -> (String, Value) {
    let before = model.asked().len();
    let body = json!({ "messages": [{ "role": "user", "content": question }] }).to_string();
    let token = ("Authorization", "Bearer two");
    let answer = served.ask("POST", CHAT, &[JSON, token], &body).await;
    assert!(answer.text().is_some(), "{answer:?}");
    let asked = model.asked()[before].clone();
    (asked.path, asked.body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_variables_is_done() {
    let (model, calc) = (Tagged::start().await, OverHttp::start(Calc).await);
    let place = format!("http://{}", calc.address());
    let served = Served::start(&[
        ("AGENT_NAME", "desk"),
        ("AGENT_DESCRIPTION", "Knows leases."),
        ("AGENT_INSTRUCTIONS", "Answer briefly."),
        ("AGENT_SYSTEM_PROMPT", "Be formal."),
        ("MODEL_API_URL", &format!("{}/gateway/m", model.url)),
        ("MODEL_NAME", "mock-model"),
        ("AGENTIC_LOOP_MAX_STEPS", " 3 "),
        ("TOOL_CALL_MODE", "Native"),
        ("AGENT_PORT", "1"),
        ("MCP_SERVERS", "[\"my-calc\", absent]"),
        ("MCP_SERVER_MY_CALC_URL", &place),
        ("MEMORY_ENABLED", "no"),
        ("MEMORY_MAX_SESSIONS", "2"),
        ("KAOS_API_TOKEN", "one, two"),
        ("KAOS_ALLOWED_HOSTS", "desk.example,[::1]:80"),
        ("KAOS_ALLOWED_ORIGINS", "https://ui.example"),
        ("KAOS_READY_REQUIRES", "mcp,peers"),
        ("KAOS_PROGRESS", "true"),
        ("KAOS_DRAIN_SECONDS", "1"),
        ("AUTONOMOUS_GOAL", "Rule."),
        ("MEMORY_TYPE", "local"),
        ("MEMORY_REQUIRE_PRINCIPAL", "false"),
        ("SOMETHING_ELSE", "x"),
        ("LOG_LEVEL", "info"),
    ])
    .await;
    let card = served.get("/.well-known/agent.json").await.json();
    assert_eq!(
        (&card["name"], &card["description"]),
        (&json!("desk"), &json!("Knows leases."))
    );
    assert_eq!(served.get("/tools").await.status, 401, "a token is needed");
    let (path, body) = asked(&served, &model, "hello").await;
    assert_eq!(path, "/gateway/m/v1/chat/completions");
    assert_eq!(body["model"], "mock-model");
    let told = body["messages"][0]["content"].as_str().unwrap();
    assert_eq!(told, "Be formal.\n\nAnswer briefly.");
    assert_eq!(body["tools"][0]["function"]["name"], "add", "{body}");
    let foreign = [
        ("Origin", "https://ui.example"),
        ("Authorization", "Bearer one"),
    ];
    assert_eq!(served.ask("GET", "/tools", &foreign, "").await.status, 200);
    let stranger = [
        ("Origin", "https://elsewhere.example"),
        ("Authorization", "Bearer one"),
    ];
    assert_eq!(served.ask("GET", "/tools", &stranger, "").await.status, 403);

    // Of a session nothing is kept, and progress says how many steps there are.
    let stream = |question: &str| {
        json!({ "stream": true, "session_id": "s", "messages": [{ "role": "user", "content": question }] }).to_string()
    };
    let headers = [JSON, ("Authorization", "Bearer one")];
    let answer = served
        .ask("POST", CHAT, &headers, &stream("[tool] one"))
        .await;
    assert!(
        answer.body.contains(r#"\"max_steps\":3"#),
        "{}",
        answer.body
    );
    served.ask("POST", CHAT, &headers, &stream("two")).await;
    let last = model.asked().pop().unwrap().body;
    let users = last["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["role"] == "user");
    assert_eq!(users.count(), 1, "{last}");

    let (output, _) = served.stop().await;
    let lines = String::from_utf8(output.stdout).unwrap();
    for line in [
        "OTel: off, because OTEL_SDK_DISABLED is true",
        "MCP_SERVER_absent_URL is not set",
        "not done by this agent, though it is set: AUTONOMOUS_GOAL\n",
        "set, and without effect here: MEMORY_TYPE\n",
    ] {
        assert_eq!(lines.matches(line).count(), 1, "{line}: {lines}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_variable_says_has_a_default() {
    let model = Tagged::start().await;
    let served = Served::start(&[
        ("AGENT_NAME", "desk"),
        ("MODEL_API_URL", &format!("{}/v1/", model.url)),
        ("MODEL_NAME", "m"),
        ("OTEL_SDK_DISABLED", ""),
    ])
    .await;
    let card = served.get("/.well-known/agent").await.json();
    assert_eq!(card["description"], "AI Agent");
    let (path, body) = asked(&served, &model, "hello").await;
    assert_eq!(path, "/v1/chat/completions");
    assert_eq!(
        body["messages"][0]["content"],
        "You are a helpful assistant."
    );
    let mut five = json!({ "stream": true, "session_id": "s" });
    five["messages"] = json!([{ "role": "user", "content": "[hello] one" }]);
    for _ in 0..2 {
        served.chat(&five).await;
    }
    let last = model.asked().pop().unwrap().body;
    let users = last["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["role"] == "user");
    assert_eq!(users.count(), 2, "a session is kept: {last}");
    let (output, _) = served.stop().await;
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(
        lines.contains("OTel: off, because no endpoint is set"),
        "{lines}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_level_of_lines_is_the_variables_and_dotenv_is_not_read() {
    let scratch = crate::audit::Scratch::new("serve-dotenv");
    std::fs::create_dir(scratch.path()).unwrap();
    std::fs::write(scratch.path().join(".env"), "AGENT_NAME=file\n").unwrap();
    let output = serving(&NEEDED[1..])
        .current_dir(scratch.path())
        .output()
        .await
        .unwrap();
    assert!(
        said(&output).contains("AGENT_NAME is not set"),
        "{}",
        said(&output)
    );
    for (level, heard) in [
        ("ERROR", false),
        ("WARN", false),
        ("DEBUG", true),
        ("nonsense", true),
    ] {
        let mut variables = NEEDED.to_vec();
        variables.push(("LOG_LEVEL", level));
        let (output, rest) = Served::start(&variables).await.stop().await;
        let lines = String::from_utf8(output.stdout).unwrap();
        assert_eq!(lines.contains("OTel: off"), heard, "{level}: {lines}");
        assert!(rest.is_empty(), "{level}: {rest}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mock_responses_begin_anew_with_each_request() {
    let model = unasked().await;
    let served = Served::start(&[
        ("AGENT_NAME", "solo"),
        ("MODEL_API_URL", model.url()),
        ("MODEL_NAME", "m"),
        ("DEBUG_MOCK_RESPONSES", r#"["One.", "Two."]"#),
    ])
    .await;
    let question = json!({ "messages": [{ "role": "user", "content": "hi" }] });
    for _ in 0..3 {
        assert_eq!(served.chat(&question).await.text().as_deref(), Some("One."));
    }
    served.stop().await;
    assert_eq!(model.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_lists_every_variable_as_the_command_does() {
    let output = kaos(&["agent", "variables"]).output().await.unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let documentation = include_str!("../../../../docs/environment.md");
    assert!(
        documentation.contains(&table),
        "put what `kaos agent variables` prints there"
    );
    for (name, _) in REFUSED.iter().chain(&NEEDED) {
        let pattern = if name.starts_with("MCP_SERVER_") {
            "MCP_SERVER_{name}_URL"
        } else {
            name
        };
        assert!(table.contains(&format!("| `{pattern}` |")), "{name}");
    }
}
