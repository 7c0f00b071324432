//! The requests that were recorded of both generations of KAOS' agents, asked again. A row is a scenario whose
//! answer differs, and why; all others are equal.

use std::collections::BTreeMap;

use kaos_tests::mcp_server::OverHttp;
use serde_json::Value;

use super::model::{Calc, Tagged};
use super::{Answer, Served};

/// How our answer differs.
#[derive(Debug, Clone, Copy)]
enum Differs {
    /// Another status: an error says so, in OpenAI's form, where the recorded one was a 200 that says sorry,
    /// the inside's exception text, or no such path.
    Status(u16),
    /// A route that was not there.
    There,
    /// The text has this in it; what is around it is the generation's own wording.
    Says(&'static str),
    /// Peers are no part of this agent: the model's call of one is a call of an unknown tool.
    Peer,
}

use Differs::{Peer, Says, Status, There};

const BOTH: &[(&str, Differs)] = &[
    // No 500 for what a client did wrong.
    ("bad-json", Status(400)),
    ("empty-body", Status(400)),
    ("json-array", Status(400)),
    ("messages-not-list", Status(400)),
    ("message-not-object", Status(400)),
    ("no-content", Status(400)),
    ("stream-string-false", Status(400)),
    // No 200 that says sorry.
    ("model-500", Status(502)),
    ("model-500-stream", Status(502)),
    ("model-notjson", Status(502)),
    ("model-empty-choices", Status(502)),
    ("max-steps", Status(422)),
    ("max-steps-stream", Status(422)),
    ("models", There),
    // Browsers of origins that are allowed ask so.
    ("options-chat", There),
    ("delegate", Peer),
    ("delegate-stream", Peer),
    ("delegate-unknown", Peer),
    ("delegate-down", Peer),
    ("delegate-missing-task", Peer),
    ("tool-unknown", Says("no_such_tool")),
    ("tool-raises", Says("boom: x")),
    ("tool-badargs", Says("The tool said: ")),
];

const FIRST: &[(&str, Differs)] = &[
    ("card-agent.json", There),
    ("root", Status(405)),
    ("tool", Says("5")),
    ("tool-stream", Says("5")),
    // Today's protocol of tools, which the model is asked in, has no blocks that could be broken.
    ("tool-noname", Says("Hello from the mock model.")),
    ("tool-import", Says("Hello from the mock model.")),
    ("tool-brokenblock", Says("Hello from the mock model.")),
    // Words of a stream keep their blanks, and quotes are JSON.
    ("quote-stream", Says("second  line\n\n```py")),
    ("unicode-stream", Says("Grüße 🙂 \\ tab\there")),
    // What a browser's form may send is not taken for JSON.
    ("no-content-type", Status(415)),
    // Two answers are asked for.
    ("extra-params", Status(400)),
    ("health-slash", Status(404)),
];

const TODAY: &[(&str, Differs)] = &[
    ("card-old-path", There),
    ("card-new-a2a-path", There),
    ("tools", There),
    // Another agent of KAOS asks so.
    ("task-delegation-role", Says("Hello from the mock model.")),
    ("content-parts", Says("Hello from the mock model.")),
    ("session-nonstring", Status(400)),
    ("a2a-send", There),
];

fn recorded(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn replay(scenarios: &[Value], own: &[(&str, Differs)]) {
    let (model, calc) = (Tagged::start().await, OverHttp::start(Calc).await);
    let place = calc.url();
    let place = place.strip_suffix("/mcp").unwrap();
    let served = Served::start(&[
        ("AGENT_NAME", "coordinator"),
        (
            "AGENT_DESCRIPTION",
            "Coordinator that delegates to specialist agents",
        ),
        ("AGENT_INSTRUCTIONS", "You are a coordinator."),
        ("AGENT_SYSTEM_PROMPT", "Be formal."),
        ("MODEL_API_URL", &model.url),
        ("MODEL_NAME", "mock-model"),
        ("AGENTIC_LOOP_MAX_STEPS", "3"),
        ("TOOL_CALL_MODE", "auto"),
        ("MEMORY_ENABLED", "true"),
        ("MEMORY_TYPE", "local"),
        ("MEMORY_MAX_READ_SCOPE", "session"),
        ("AGENT_IDENTITY", "kaos://agent/demo/coordinator"),
        ("MCP_SERVERS", "calc"),
        ("MCP_SERVER_calc_URL", place),
        ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "/health,/ready"),
        ("LOG_LEVEL", "INFO"),
    ])
    .await;
    let differing: BTreeMap<&str, Differs> = BOTH.iter().chain(own).copied().collect();
    let mut wrong = Vec::new();
    for scenario in scenarios {
        let name = scenario["name"].as_str().unwrap();
        let answer = ask(&served, &scenario["request"]).await;
        if let Err(why) = judge(&scenario["response"], &answer, differing.get(name)) {
            wrong.push(format!(
                "{name}: {why}; {}: {:.200}",
                answer.status, answer.body
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (output, _) = served.stop().await;
    assert_eq!(output.status.code(), Some(0));
}

async fn ask(served: &Served, request: &Value) -> Answer {
    let headers = request["headers"].as_object().unwrap();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let body = match (&request["body"], request["raw"].as_str()) {
        (_, Some(raw)) => raw.to_owned(),
        (Value::Null, _) => String::new(),
        (body, _) => body.to_string(),
    };
    let [method, path] = ["method", "path"].map(|it| request[it].as_str().unwrap());
    served.ask(method, path, &headers, &body).await
}

fn judge(recorded: &Value, answer: &Answer, differs: Option<&Differs>) -> Result<(), String> {
    let status = recorded["status"].as_u64().unwrap();
    let is = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    match differs {
        Some(Status(ours)) => {
            let in_stream = recorded["streamed"] == true && *ours > 415;
            if in_stream && answer.status == 200 {
                let error = answer.body.contains("data: {\"error\":");
                return is(
                    error && answer.body.ends_with("data: [DONE]\n\n"),
                    "no error frame",
                );
            }
            is(answer.status == *ours, "another status")?;
            is(
                answer.json()["error"]["message"].is_string(),
                "no error object",
            )
        }
        Some(There) => is(answer.status == 200, "not there"),
        Some(Says(text)) => {
            let said = answer.text().unwrap_or_default();
            is(said.contains(text), &format!("it does not say {text}"))
        }
        Some(Peer) => is(answer.text().is_some(), "no answer"),
        None => {
            is(u64::from(answer.status) == status, "another status")?;
            if status >= 400 {
                return is(
                    answer.json()["error"]["message"].is_string(),
                    "no error object",
                );
            }
            match &recorded["text"] {
                // The first generation's words end with a blank each.
                Value::String(text) => is(
                    answer.text().as_deref().map(str::trim_end) == Some(text.trim_end()),
                    &format!("not {text}"),
                ),
                _ => same_fields(&recorded["body"], &answer.json()),
            }
        }
    }
}

/// Every field that was recorded is there with the same type, and the same text where it names the agent.
fn same_fields(recorded: &Value, ours: &Value) -> Result<(), String> {
    let Value::Object(fields) = recorded else {
        return Ok(());
    };
    for (name, value) in fields {
        let own = &ours[name];
        if std::mem::discriminant(own) != std::mem::discriminant(value) {
            return Err(format!("{name} is {own}"));
        }
        if ["name", "description", "status", "protocolVersion"].contains(&name.as_str())
            && own != value
        {
            return Err(format!("{name} is {own}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kaos_first_agents_were_asked_is_answered_as_they_did_or_better() {
    let scenarios = recorded(include_str!("../../../fixtures/kaos-43f4851.jsonl"));
    assert_eq!(scenarios.len(), 57);
    replay(&scenarios, FIRST).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kaos_agents_are_asked_today_is_answered_as_they_do_or_better() {
    let scenarios = recorded(include_str!("../../../fixtures/kaos-0.8.4.jsonl"));
    assert_eq!(scenarios.len(), 55);
    replay(&scenarios, TODAY).await;
}
