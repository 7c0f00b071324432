//! Spans say what was sent and what came back, and nothing that was not.

use kaos_hooks::{EventBuf, LlmCall, LlmOutcome, LlmParams, OutcomeBuf, PhaseBuf};
use kaos_hooks::{Str, Subject};
use kaos_runner::testing::{Answer, ModelServer};
use kaos_runner::{Agent, AnthropicModel, IntentBy, Model as _};
use kaos_tests::observed::Observed;
use serde_json::{Value, json};

use super::{KEY, Mode, agent, builder, turn};

fn answer(more: &Value) -> Answer {
    let mut body = json!({
        "id": "c-1", "model": "test-model-2",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Done." } }],
    });
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    Answer::json(&body)
}

/// The first model call, at its start and at its end.
fn call(events: &[EventBuf]) -> (LlmCall, LlmOutcome) {
    let spans = || events.iter().filter_map(EventBuf::span);
    let start = spans().find_map(|span| match (&span.subject, &span.phase) {
        (Subject::LlmCall(call), PhaseBuf::Start) => Some(call.clone()),
        _ => None,
    });
    let end = spans().find_map(|span| match &span.phase {
        PhaseBuf::Complete(OutcomeBuf::LlmCall(outcome), _) => Some(outcome.clone()),
        _ => None,
    });
    (start.unwrap(), end.unwrap())
}

fn json_of(text: Option<&Str>) -> Value {
    serde_json::from_str(text.unwrap()).unwrap()
}

#[tokio::test]
async fn a_field_of_the_body_that_replaces_a_parameter_is_what_the_span_shows() {
    let server = ModelServer::start([answer(&json!({}))]).await;
    let model = builder(&server)
        .params(LlmParams {
            temperature: Some(0.5),
            max_tokens: Some(10),
            seed: Some(3),
            ..LlmParams::default()
        })
        .body_field("temperature", 1.5)
        .body_field("max_completion_tokens", 77)
        .body_field("stop", json!(["END", "STOP"]))
        .body_field("seed", Value::Null)
        .body_field("response_format", json!({ "type": "json_object" }))
        .body_field("model", "other-model");
    let observed = Observed::new(agent(model));
    turn(&observed, Mode::Whole).await.unwrap();
    let (call, _) = call(&observed.recorder.events());
    assert_eq!(server.requests()[0].body["model"], call.model.as_str());
    assert_eq!(call.model, "other-model");
    assert_eq!(
        *call.params.unwrap(),
        LlmParams {
            temperature: Some(1.5),
            max_tokens: Some(77),
            stop_sequences: vec!["END".into(), "STOP".into()],
            output_type: Some("json".into()),
            ..LlmParams::default()
        }
    );
}

#[tokio::test]
async fn fields_that_only_openai_knows_are_shown_too() {
    let server = ModelServer::start([]).await;
    let check = |tier: &'static str, expected: Option<&str>| {
        let model = builder(&server)
            .body_field("n", 2)
            .body_field("service_tier", tier);
        let call = model.build().unwrap().call();
        assert_eq!(call.params.unwrap().choice_count, Some(2));
        let told = call.attributes.get("openai.request.service_tier");
        assert_eq!(told, expected.map(|it| it.to_owned().into()).as_ref());
    };
    check("flex", Some("flex"));
    check("auto", None);
}

#[tokio::test]
async fn what_openai_says_besides_is_told() {
    let told = json!({ "service_tier": "default", "system_fingerprint": "fp_1" });
    let server = ModelServer::start([answer(&told)]).await;
    let observed = Observed::new(agent(builder(&server)));
    turn(&observed, Mode::Whole).await.unwrap();
    let spans = observed.memory.spans();
    let chat = spans.iter().find(|span| span.name == "model.inference");
    let said = |key: &str| {
        let mut all = chat.unwrap().attributes.iter();
        let found = all.find(|it| it.key.as_str() == key);
        found.map(|it| it.value.to_string())
    };
    assert_eq!(said("openai.api.type").as_deref(), Some("chat_completions"));
    let tier = said("openai.response.service_tier");
    assert_eq!(tier.as_deref(), Some("default"));
    let print = said("openai.response.system_fingerprint");
    assert_eq!(print.as_deref(), Some("fp_1"));
    assert_eq!(said("openai.request.service_tier"), None);
}

#[tokio::test]
async fn instructions_stand_where_they_were_sent() {
    let server = ModelServer::start([answer(&json!({}))]).await;
    let observed = Observed::new(agent(builder(&server)));
    turn(&observed, Mode::Whole).await.unwrap();
    let (openai, _) = call(&observed.recorder.events());
    let input = json_of(openai.input.as_ref());
    assert_eq!(input[0]["role"], "system");
    assert_eq!(input[0]["parts"][0]["content"], "Answer briefly.");
    assert_eq!(input[1]["role"], "user");
    assert_eq!(openai.briefing, None);

    let message = json!({ "role": "assistant", "stop_reason": "end_turn", "content": [{ "type": "text", "text": "Done." }] });
    let server = ModelServer::start([Answer::json(&message)]).await;
    let model = AnthropicModel::builder("claude")
        .base_url(server.url())
        .api_key(KEY);
    let agent = Agent::new("assistant", model.build().unwrap()).instructions("Answer briefly.");
    let observed = Observed::new(agent);
    turn(&observed, Mode::Whole).await.unwrap();
    let (anthropic, _) = call(&observed.recorder.events());
    assert_eq!(json_of(anthropic.input.as_ref())[0]["role"], "user");
    let briefing = anthropic.briefing.unwrap();
    assert_eq!(briefing.instructions.as_deref(), Some("Answer briefly."));
}

#[tokio::test]
async fn a_reason_to_stop_that_nobody_gave_is_not_made_up() {
    let server = ModelServer::start([answer(&json!({}))]).await;
    let observed = Observed::new(agent(builder(&server)));
    turn(&observed, Mode::Whole).await.unwrap();
    let (_, outcome) = call(&observed.recorder.events());
    assert_eq!(outcome.finish_reasons, [""; 0]);
    let output = json_of(outcome.output.as_ref());
    assert_eq!(output[0].get("finish_reason"), None);
}

#[tokio::test]
async fn an_answer_of_a_form_is_asked_for_as_json() {
    let server = ModelServer::start([answer(&json!({})), answer(&json!({}))]).await;
    let observed = Observed::new(agent(builder(&server)).intent(IntentBy::Model));
    turn(&observed, Mode::Whole).await.unwrap();
    let format = &server.requests()[0].body["response_format"]["type"];
    assert_eq!(format, "json_schema");
    let (call, _) = call(&observed.recorder.events());
    assert_eq!(call.params.unwrap().output_type.as_deref(), Some("json"));
}
