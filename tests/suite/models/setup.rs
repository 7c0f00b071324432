//! How a model is made, and what its requests say.

use std::collections::HashMap;
use std::sync::Arc;

use kaos_hooks::{LlmParams, Server};
use kaos_runner::models::{OpenAiBuilder, model_from_vars};
use kaos_runner::testing::{Answer, ModelServer, completion};
use kaos_runner::{
    Agent, Deltas, Message, Model, ModelError, ModelReply, ModelRequest, OpenAiModel, OutputSchema,
};
use kaos_tests::observed::Observed;
use serde_json::json;

use super::{Mode, builder, turn};

#[test]
fn every_row_of_the_documentation_names_its_test() {
    let sources = [
        ("answers", include_str!("answers.rs")),
        ("attacks", include_str!("attacks.rs")),
        ("both", include_str!("both.rs")),
        ("conversations", include_str!("conversations.rs")),
        ("failures", include_str!("failures.rs")),
        ("identity", include_str!("identity.rs")),
        ("lenient", include_str!("lenient.rs")),
        ("limits", include_str!("limits.rs")),
        ("providers", include_str!("providers.rs")),
        ("shapes", include_str!("shapes.rs")),
        ("splits", include_str!("splits.rs")),
        ("timing", include_str!("timing.rs")),
        ("transport", include_str!("transport.rs")),
    ];
    let documented = include_str!("../../../kaos-runner/docs/models.md");
    let (providers, cases) = documented.split_once("| case |").unwrap();
    let (_, providers) = providers.split_once("| provider (").unwrap();
    let rows = |table: &'static str| {
        table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
    };
    let check = |row: &str, module: &str, test: &str| {
        let source = sources.iter().find(|(name, _)| *name == module);
        let (_, source) = source.unwrap_or_else(|| panic!("no module {module}: {row}"));
        assert!(
            source.contains(&format!("fn {test}(")),
            "no test {module}::{test}"
        );
    };
    let mut checked = 0;
    for row in rows(cases) {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let names: Vec<_> = cell.split('`').filter(|text| text.contains("::")).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            let (module, test) = name.split_once("::").unwrap();
            check(row, module, test);
            checked += 1;
        }
    }
    for row in rows(providers) {
        let cell = row.split('|').nth(5).unwrap();
        let tests: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{row}");
        for test in tests {
            let (module, test) = test.split_once("::").unwrap_or(("providers", test));
            check(row, module, test);
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[track_caller]
fn refused(vars: &[(&str, &str)], says: &str) {
    let vars: HashMap<_, _> = vars.iter().copied().collect();
    let lookup = |name: &str| vars.get(name).map(|value| (*value).to_owned());
    let built = OpenAiBuilder::from_vars(lookup).and_then(OpenAiBuilder::build);
    assert_eq!(built.unwrap_err().to_string(), says);
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    refused(
        &[],
        "MODEL_API_URL is not set; set it to the base URL of an OpenAI-compatible endpoint, such as http://localhost:11434/v1",
    );
    refused(
        &[("MODEL_API_URL", "http://localhost"), ("MODEL_NAME", " ")],
        "MODEL_NAME is not set; set it to a model of that endpoint, such as gpt-4o",
    );
    let url = |url, says| {
        let says = format!("the base URL {says}; give one such as http://localhost:11434/v1");
        refused(&[("MODEL_API_URL", url), ("MODEL_NAME", "m")], &says);
    };
    url("localhost", "is no URL");
    url("ftp://localhost", "is neither http nor https");
    url(
        "http://me:secret@localhost",
        "holds credentials, which belong into the API key",
    );
    refused(
        &[
            ("MODEL_API_URL", "http://localhost"),
            ("MODEL_NAME", "m"),
            ("OPENAI_API_KEY", "a\nb"),
        ],
        "the API key has characters that cannot be sent; look for line breaks in it",
    );
}

#[test]
fn the_environment_makes_the_model() {
    let vars = HashMap::from([
        ("MODEL_API_URL", "https://models.example/openai/"),
        ("MODEL_NAME", "gpt-4o"),
        ("OPENAI_API_KEY", "sk-1"),
    ]);
    let model = model_from_vars(|name| vars.get(name).map(|value| (*value).to_owned())).unwrap();
    let call = model.call();
    assert_eq!(
        (call.provider.as_str(), call.model.as_str()),
        ("openai", "gpt-4o")
    );
    let server = Server {
        address: "models.example".into(),
        port: 443,
    };
    assert_eq!(call.server, Some(server));
    assert_eq!(call.params, None);
}

#[tokio::test]
async fn the_path_is_the_base_s_or_v1() {
    for (base, path) in [
        ("", "/v1"),
        ("/", "/v1"),
        ("/v1/", "/v1"),
        ("/api/openai", "/api/openai"),
    ] {
        let answer = Answer::json(&completion(&json!({ "content": "Hi." }), "stop"));
        let server = ModelServer::start([answer]).await;
        let model = OpenAiModel::builder(format!("{}{base}", server.url()), "m").build();
        let observed = Observed::new(Agent::new("assistant", model.unwrap()));
        turn(&observed, Mode::Whole).await.unwrap();
        let request = &server.requests()[0];
        assert_eq!(
            request.line(),
            format!("POST {path}/chat/completions HTTP/1.1")
        );
        assert_eq!(request.header("authorization"), None);
    }
}

#[tokio::test]
async fn parameters_and_fields_are_sent() {
    let answer = Answer::json(&completion(&json!({ "content": "{}" }), "stop"));
    let server = ModelServer::start([answer]).await;
    let params = LlmParams {
        max_tokens: Some(100),
        temperature: Some(0.0),
        top_p: Some(0.5),
        top_k: Some(3),
        frequency_penalty: Some(0.25),
        presence_penalty: Some(-0.25),
        stop_sequences: vec!["END".into()],
        seed: Some(-1),
        choice_count: Some(4),
        output_type: Some("json".into()),
    };
    let model = builder(&server)
        .params(params)
        .body_field("tool_choice", "auto")
        .body_field("max_tokens", 50);
    let observed = Observed::new(Agent::new("assistant", model.build().unwrap()));
    turn(&observed, Mode::Whole).await.unwrap();
    assert_eq!(
        server.requests()[0].body,
        json!({
            "model": "test-model", "stream": false,
            "messages": [{ "role": "user", "content": "Hi!" }],
            "max_tokens": 50, "temperature": 0.0, "top_p": 0.5, "top_k": 3,
            "frequency_penalty": 0.25, "presence_penalty": -0.25, "stop": ["END"], "seed": -1,
            "response_format": { "type": "json_object" }, "tool_choice": "auto",
        })
    );
}

#[tokio::test]
async fn a_stream_need_not_ask_for_its_tokens() {
    let answer = Answer::json(&completion(&json!({ "content": "Hi." }), "stop"));
    let server = ModelServer::start([answer]).await;
    let model = builder(&server).stream_usage(false).build().unwrap();
    let observed = Observed::new(Agent::new("assistant", model));
    turn(&observed, Mode::Streamed).await.unwrap();
    let body = &server.requests()[0].body;
    assert_eq!(
        (&body["stream"], body.get("stream_options")),
        (&json!(true), None)
    );
}

/// Asks another model for JSON of a form.
struct Formed(Arc<dyn Model>, OutputSchema);

#[async_trait::async_trait]
impl Model for Formed {
    fn provider(&self) -> kaos_hooks::Str {
        self.0.provider()
    }

    fn name(&self) -> kaos_hooks::Str {
        self.0.name()
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        assert!(matches!(request.messages, [Message::User(_)]));
        let output = Some(&self.1);
        self.0
            .respond(ModelRequest { output, ..request }, deltas)
            .await
    }
}

#[tokio::test]
async fn an_answer_of_a_form_is_asked_for() {
    let open = json!({ "type": "object", "properties": { "guilty": { "type": "boolean" } } });
    let mut exact = open.clone();
    exact["required"] = json!(["guilty"]);
    exact["additionalProperties"] = json!(false);
    for (schema, strict) in [(open, false), (exact, true)] {
        check_form(&schema, strict).await;
    }
}

/// Only a schema that is exact is held to exactly: others are refused.
async fn check_form(schema: &serde_json::Value, strict: bool) {
    let answer = Answer::json(&completion(
        &json!({ "content": "{\"guilty\":true}" }),
        "stop",
    ));
    let server = ModelServer::start([answer]).await;
    let model = Arc::new(builder(&server).build().unwrap());
    let formed = Formed(model, OutputSchema::new("verdict", schema.clone()));
    let observed = Observed::new(Agent::new("judge", formed));
    let reply = turn(&observed, Mode::Whole).await.unwrap();
    assert_eq!(reply.text(), "{\"guilty\":true}");
    assert_eq!(
        server.requests()[0].body["response_format"],
        json!({
            "type": "json_schema",
            "json_schema": { "name": "verdict", "schema": schema, "strict": strict },
        })
    );
}
