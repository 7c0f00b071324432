//! Requests that nobody would send: none gets a 5xx, none panics. `KAOS_FUZZ_SECONDS` makes it longer.

use std::time::{Duration, Instant};

use kaos_runner::FunctionModel;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::Serving;
use super::client::post;

const NAMES: &[&str] = &[
    "messages",
    "role",
    "content",
    "type",
    "text",
    "image_url",
    "url",
    "tool_calls",
    "tool_call_id",
    "function",
    "name",
    "arguments",
    "id",
    "model",
    "stream",
    "stream_options",
    "include_usage",
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "n",
    "tools",
    "response_format",
    "json_schema",
    "schema",
    "session_id",
    "presence_penalty",
    "frequency_penalty",
];

const TEXTS: &[&str] = &[
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "task-delegation",
    "text",
    "image_url",
    "json_object",
    "json_schema",
    "data:image/png;base64,AAAA",
    "https://example.com/x.png",
    "",
    "\u{0}",
    "\u{202e}",
    "𝕌𝕟𝕚",
    "object",
    "true",
];

/// Any JSON, of names and texts that mean something here.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3.0..3.0_f64).prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let name = prop::sample::select(NAMES).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A request that is nearly one: any of its values, however deep, is replaced.
fn nearly() -> impl Strategy<Value = Value> {
    let good = json!({
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "c", "content": "x" },
            { "role": "user", "content": [{ "type": "text", "text": "Hi!" }] },
        ],
        "model": "m", "stream": false, "stream_options": { "include_usage": true },
        "temperature": 1, "stop": ["x"], "max_tokens": 5, "session_id": "s",
        "response_format": { "type": "json_schema",
            "json_schema": { "name": "n", "schema": { "type": "object" } } },
    });
    (any::<prop::sample::Index>(), any_json()).prop_map(move |(at, value)| {
        let mut body = good.clone();
        let count = body.clone().pointers().len();
        let pointer = body.pointers().swap_remove(at.index(count));
        *body.pointer_mut(&pointer).unwrap() = value;
        body
    })
}

trait Pointers {
    fn pointers(&self) -> Vec<String>;
}

impl Pointers for Value {
    /// Where all values stand.
    fn pointers(&self) -> Vec<String> {
        let inside: Vec<(String, &Self)> = match self {
            Self::Array(list) => (0..).map(|at: usize| at.to_string()).zip(list).collect(),
            Self::Object(map) => map
                .iter()
                .map(|(name, value)| (name.clone(), value))
                .collect(),
            _ => Vec::new(),
        };
        let inside = inside.into_iter().flat_map(|(name, value)| {
            let deeper = value.pointers();
            deeper.into_iter().map(move |rest| format!("/{name}{rest}"))
        });
        std::iter::once(String::new()).chain(inside).collect()
    }
}

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let seconds = std::env::var("KAOS_FUZZ_SECONDS").ok();
    let seconds = seconds.map_or(1, |seconds| seconds.parse().unwrap());
    let (server, seen) = Serving::with(FunctionModel::answer("{}")).await;
    let mut runner = TestRunner::default();
    let bodies = prop_oneof![
        3 => nearly().prop_map(|body| body.to_string().into_bytes()),
        2 => any_json().prop_map(|body| body.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
        1 => (nearly(), any::<prop::sample::Index>()).prop_map(|(body, at)| {
            let mut body = body.to_string().into_bytes();
            body.truncate(at.index(body.len()));
            body
        }),
    ];
    let mut connection = server.connect().await;
    let (end, mut asked, mut answered) = (Instant::now() + Duration::from_secs(seconds), 0, 0);
    // On a machine that has other things to do, until there were some.
    while Instant::now() < end || asked <= 100 || answered == 0 {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        let answer = connection
            .ask(&post("/v1/chat/completions", &[], &body))
            .await;
        asked += 1;
        let shown = String::from_utf8_lossy(&body);
        match answer.status {
            200 => answered += 1,
            // A form that no answer has: the agent's own limit.
            422 => assert_eq!(answer.error().1, "max_steps", "{shown}"),
            400 => drop(answer.error()),
            other => panic!("{other}: {shown}"),
        }
    }
    assert!(
        asked > 100 && answered > 0,
        "{asked} asked, {answered} answered"
    );
    assert_eq!(seen.check(), Ok(()));
}
