//! A provider's quirks: a test with its shape for each row of kaos-runner/docs/models.md's table.

use std::collections::HashMap;

use kaos_hooks::LlmParams;
use kaos_runner::models::OpenAiBuilder;
use kaos_runner::testing::{Answer, ModelServer, Strict, completion, events};
use kaos_runner::{Agent, FinishReason, Model as _, OpenAiModel};
use kaos_tests::agents::{Act, Scripted};
use kaos_tests::observed::Observed;
use serde_json::{Value, json};

use super::{MODES, Mode, turn};

/// A conversation of two turns with this provider: a call with this message around it, its result,
/// an answer, and another question. Gives the messages of the last request.
async fn conversation(
    provider: &'static str,
    strict: Strict,
    said: &Value,
    mode: Mode,
) -> Vec<Vec<Value>> {
    let call = |mut message: Value, reason: &str| {
        message["role"] = "assistant".into();
        match mode {
            Mode::Whole => Answer::json(&completion(&message, reason)),
            Mode::Streamed => Answer::stream(events([message], reason)),
        }
    };
    let done = || call(json!({ "content": "Done." }), "stop");
    let answers = [call(said.clone(), "tool_calls"), done(), done()];
    let server = ModelServer::strict(strict, answers).await;
    let model = of(provider, &server).build().unwrap();
    let agent = Agent::new("assistant", model).tool(Scripted::new("look", Act::Give("seen")));
    let observed = Observed::new(agent);
    assert_eq!(
        turn(&observed, mode).await.unwrap().text(),
        "Done.",
        "{provider}"
    );
    assert_eq!(
        turn(&observed, mode).await.unwrap().text(),
        "Done.",
        "{provider}"
    );
    let messages = |body: &Value| body["messages"].as_array().unwrap().clone();
    server
        .requests()
        .iter()
        .map(|request| messages(&request.body))
        .collect()
}

fn of(provider: &'static str, server: &ModelServer) -> OpenAiBuilder {
    OpenAiModel::builder(server.url(), "test-model").provider(provider)
}

fn call(more: &Value) -> Value {
    let mut call = json!({
        "index": 0, "id": "call-1", "type": "function", "function": { "name": "look", "arguments": "{}" },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    json!([call])
}

#[tokio::test]
async fn deepseek_gets_its_reasoning_back_within_the_turn_and_an_empty_one_else() {
    let strict = Strict::default().wants_with_calls("reasoning_content");
    for mode in MODES {
        let said = json!({ "content": "", "reasoning_content": "I must look.", "tool_calls": call(&json!({})) });
        let sent = conversation("deepseek", strict.clone(), &said, mode).await;
        assert_eq!(sent[1][1]["reasoning_content"], "I must look.");
        assert_eq!(
            sent[2][1]["reasoning_content"], "",
            "the user has spoken again"
        );
        let said = json!({ "content": "", "tool_calls": call(&json!({})) });
        let sent = conversation("deepseek", strict.clone(), &said, mode).await;
        assert_eq!(sent[1][1]["reasoning_content"], "", "it had none");
    }
}

#[tokio::test]
async fn gemini_gets_its_thought_signatures_back_and_schemas_of_openapi() {
    let signature = json!({ "extra_content": { "google": { "thought_signature": "c2ln" } } });
    let strict = Strict::default().wants_on_calls("extra_content").open_api();
    for mode in MODES {
        // On the call, and on the message itself.
        let mut said = json!({ "content": "", "tool_calls": call(&signature) });
        said["extra_content"] = signature["extra_content"].clone();
        let sent = conversation("gcp.gemini", strict.clone(), &said, mode).await;
        for later in &sent[1..] {
            let message = &later[1];
            assert_eq!(
                message["extra_content"], signature["extra_content"],
                "{mode:?}"
            );
            assert_eq!(
                message["tool_calls"][0]["extra_content"],
                signature["extra_content"]
            );
        }
    }
    let odd = json!({
        "type": "object", "additionalProperties": false, "$defs": { "T": { "type": "string", "format": "uri" } },
        "properties": {
            "a": { "anyOf": [{ "$ref": "#/$defs/T" }, { "type": "null" }] },
            "b": { "type": ["integer", "null"], "exclusiveMinimum": 0 },
            "c": { "const": "x" }, "d": { "enum": [1, 2] },
        },
    });
    let server = ModelServer::strict(
        Strict::default().open_api(),
        [Answer::json(&completion(
            &json!({ "content": "Hi." }),
            "stop",
        ))],
    )
    .await;
    let model = of("gcp.gemini", &server).build().unwrap();
    let tool = Scripted::new("look", Act::Give("seen")).with_schema(odd);
    let observed = Observed::new(Agent::new("assistant", model).tool(tool));
    turn(&observed, Mode::Whole).await.unwrap();
    assert_eq!(
        server.requests()[0].body["tools"][0]["function"]["parameters"]["properties"],
        json!({
            "a": { "type": "string", "nullable": true }, "b": { "type": "integer", "nullable": true },
            "c": { "enum": ["x"] }, "d": {},
        })
    );
}

#[tokio::test]
async fn openrouter_gets_its_reasoning_details_back_as_one() {
    let detail = |text: &str| json!([{ "type": "reasoning.text", "index": 0, "text": text, "signature": null }]);
    let signed = json!([{ "type": "reasoning.text", "index": 0, "text": "", "signature": "sig" }]);
    let strict = Strict::default().knows("reasoning_details");
    let deltas = [
        json!({ "reasoning": "I must ", "reasoning_details": detail("I must ") }),
        json!({ "reasoning": "look.", "reasoning_details": detail("look.") }),
        json!({ "reasoning_details": signed }),
        json!({ "tool_calls": call(&json!({})) }),
    ];
    let done = Answer::stream(events([json!({ "content": "Done." })], "stop"));
    let server = ModelServer::strict(
        strict.clone(),
        [Answer::stream(events(deltas, "tool_calls")), done],
    )
    .await;
    let model = of("openrouter", &server).build().unwrap();
    let agent = Agent::new("assistant", model).tool(Scripted::new("look", Act::Give("seen")));
    turn(&Observed::new(agent), Mode::Streamed).await.unwrap();
    let expected = json!([{ "type": "reasoning.text", "index": 0, "text": "I must look.", "signature": "sig" }]);
    assert_eq!(
        server.requests()[1].body["messages"][1]["reasoning_details"],
        expected
    );

    let said =
        json!({ "content": "", "reasoning_details": expected, "tool_calls": call(&json!({})) });
    let sent = conversation("openrouter", strict, &said, Mode::Whole).await;
    assert_eq!(sent[2][1]["reasoning_details"], expected);
}

#[tokio::test]
async fn litellm_gets_thinking_blocks_and_its_own_fields_of_calls_back() {
    let strict = Strict::default()
        .knows("thinking_blocks")
        .knows("provider_specific_fields")
        .knows("reasoning_content");
    let own = json!({ "provider_specific_fields": { "thought_signature": "c2ln" } });
    let block = |text: &str, signature: &str| json!({ "type": "thinking", "thinking": text, "signature": signature });
    for mode in MODES {
        let said = json!({
            "content": "", "reasoning_content": "I must look.",
            "thinking_blocks": [block("I must ", ""), block("look.", ""), block("", "sig")],
            "tool_calls": call(&own),
        });
        let sent = conversation("litellm", strict.clone(), &said, mode).await;
        let message = &sent[1][1];
        let blocks = &message["thinking_blocks"];
        match mode {
            Mode::Whole => assert_eq!(*blocks, said["thinking_blocks"]),
            Mode::Streamed => assert_eq!(*blocks, json!([block("I must look.", "sig")])),
        }
        assert_eq!(message["reasoning_content"], "I must look.");
        assert_eq!(
            message["tool_calls"][0]["provider_specific_fields"],
            own["provider_specific_fields"]
        );
    }
}

#[tokio::test]
async fn mistral_gets_ids_of_nine_letters_and_its_thoughts_are_read() {
    let strict = Strict::default().like_mistral();
    let content = json!([
        { "type": "thinking", "thinking": [{ "type": "text", "text": "I must look." }] },
        { "type": "text", "text": "Let me look." },
    ]);
    for mode in MODES {
        let said = json!({ "content": content, "tool_calls": call(&json!({})) });
        let sent = conversation("mistral_ai", strict.clone(), &said, mode).await;
        let message = &sent[2][1];
        assert_eq!(message["content"], "Let me look.");
        assert_eq!(message["tool_calls"][0]["id"], sent[2][2]["tool_call_id"]);
        assert_eq!(
            sent[1][1]["tool_calls"][0]["id"], message["tool_calls"][0]["id"],
            "the same each time"
        );
    }
}

/// What these providers say, they do not get back: they refuse it, or do not need it.
#[tokio::test]
async fn openai_azure_and_groq_get_nothing_back_that_they_do_not_list() {
    for provider in ["azure.ai.openai", "groq"] {
        for mode in MODES {
            let said = json!({
                "content": "", "reasoning": "I must look.", "annotations": [], "refusal": null, "audio": null,
                "tool_calls": call(&json!({ "extra": 1 })),
            });
            conversation(provider, Strict::default(), &said, mode).await;
        }
    }
}

/// Servers of one's own take the reasoning back under the name they gave it, until the user speaks.
#[tokio::test]
async fn ollama_vllm_and_llama_cpp_get_reasoning_back_by_its_own_name() {
    for (provider, field) in [
        ("ollama", "reasoning"),
        ("vllm", "reasoning_content"),
        ("llama_cpp", "reasoning_content"),
        ("gateway", "reasoning"),
    ] {
        for mode in MODES {
            let said =
                json!({ "content": "", field: "I must look.", "tool_calls": call(&json!({})) });
            let sent = conversation(provider, Strict::default().knows(field), &said, mode).await;
            assert_eq!(sent[1][1][field], "I must look.", "{provider}");
            assert_eq!(sent[2][1].get(field), None, "{provider}");
        }
    }
}

#[tokio::test]
async fn azure_is_asked_with_its_own_header_version_and_field() {
    let answer = Answer::json(&completion(&json!({ "content": "Hi." }), "stop"));
    let server = ModelServer::start([answer]).await;
    let base = format!(
        "{}/openai/deployments/gpt-5?api-version=2024-10-21",
        server.url()
    );
    let params = LlmParams {
        max_tokens: Some(10),
        ..LlmParams::default()
    };
    let model = OpenAiModel::builder(base, "gpt-5")
        .provider("azure.ai.openai")
        .api_key(super::KEY)
        .params(params);
    let observed = Observed::new(Agent::new("assistant", model.build().unwrap()));
    turn(&observed, Mode::Whole).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(
        request.line(),
        "POST /openai/deployments/gpt-5/chat/completions?api-version=2024-10-21 HTTP/1.1"
    );
    assert_eq!(request.header("api-key"), Some(super::KEY));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.body["max_completion_tokens"], 10);
}

#[tokio::test]
async fn deepseek_is_asked_for_any_json_object() {
    let answer = Answer::json(&completion(
        &json!({ "content": r#"{"intent":"respond","confidence":1,"reasoning":""}"# }),
        "stop",
    ));
    let done = Answer::json(&completion(&json!({ "content": "Hi." }), "stop"));
    let server = ModelServer::start([answer, done]).await;
    let model = of("deepseek", &server).build().unwrap();
    let agent = Agent::new("assistant", model).intent(kaos_runner::IntentBy::Model);
    turn(&Observed::new(agent), Mode::Whole).await.unwrap();
    assert_eq!(
        server.requests()[0].body["response_format"],
        json!({ "type": "json_object" })
    );
}

#[test]
fn providers_are_known_by_their_hosts() {
    let rows = HashMap::from([
        ("https://api.openai.com/v1", "openai"),
        ("https://x.openai.azure.com/openai/v1", "azure.ai.openai"),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "gcp.gemini",
        ),
        ("https://api.deepseek.com", "deepseek"),
        ("https://api.mistral.ai/v1", "mistral_ai"),
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://notopenrouter.ai/api/v1", "openai"),
        ("http://localhost:11434/v1", "openai"),
    ]);
    for (url, provider) in rows {
        let model = OpenAiModel::builder(url, "m").build().unwrap();
        assert_eq!(model.provider(), provider, "{url}");
    }
}

/// What one provider said in its own way goes to nobody else.
#[tokio::test]
async fn another_model_does_not_get_what_only_the_first_understands() {
    use super::both::{APIS, says};
    use kaos_runner::{
        AssistantMessage, Message, ModelReply, Part, ProviderData, Reasoning, ToolUse,
    };
    for api in APIS {
        let data = ProviderData {
            origin: "elsewhere".into(),
            data: json!({ "reasoning_details": [1] }),
        };
        let boxed = || Some(Box::new(data.clone()));
        let said = AssistantMessage {
            parts: vec![
                Part::Reasoning(Reasoning {
                    text: "Hm.".into(),
                    provider: boxed(),
                }),
                Part::Provider(data.clone()),
                Part::ToolCall(ToolUse {
                    provider: boxed(),
                    ..ToolUse::new("c", "look", "{}")
                }),
            ],
        };
        let messages = [
            Message::user("Hi!"),
            Message::Assistant(said),
            Message::tool("c", "seen"),
        ];
        let server = says(api, Mode::Whole, &[ModelReply::text("Done.")]).await;
        let hooks = kaos_hooks::Hooks::default();
        let (deltas, heard) = kaos_runner::Deltas::recorded();
        let request = kaos_runner::ModelRequest {
            instructions: "",
            messages: &messages,
            tools: &[],
            stream: false,
            output: None,
            params: None,
            hooks: &hooks,
        };
        let reply = super::both::model(api, server.url())
            .respond(request, &deltas)
            .await
            .unwrap();
        assert_eq!(
            (reply.message.joined_text().as_ref(), heard.pieces().len()),
            ("Done.", 0)
        );
        assert_eq!(reply.finish_reason, Some(FinishReason::Stop));
        let sent = server.requests()[0].body.to_string();
        assert!(
            !sent.contains("Hm.") && !sent.contains("reasoning_details"),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn anthropic_gets_signed_thoughts_redacted_and_unknown_blocks_back() {
    use kaos_runner::AnthropicModel;
    use kaos_runner::testing::{message, message_events};
    let blocks = [
        json!({ "type": "thinking", "thinking": "I must look.", "signature": "sig-1" }),
        json!({ "type": "redacted_thinking", "data": "c2VjcmV0" }),
        json!({ "type": "thinking", "thinking": "unsigned" }),
        json!({ "type": "text", "text": "Let me look." }),
        json!({ "type": "tool_use", "id": "toolu_1", "name": "look", "input": {} }),
        json!({ "type": "tool_use", "id": "toolu_2", "name": "look", "input": { "n": 1 } }),
    ];
    let done = [json!({ "type": "text", "text": "Done." })];
    for mode in MODES {
        let answers = match mode {
            Mode::Whole => [
                Answer::json(&message(&blocks, "tool_use")),
                Answer::json(&message(&done, "end_turn")),
            ],
            Mode::Streamed => [
                Answer::stream(message_events(&blocks, "tool_use")),
                Answer::stream(message_events(&done, "end_turn")),
            ],
        };
        let server = ModelServer::strict(Strict::default().wants_thoughts(), answers).await;
        let model = AnthropicModel::builder("claude-haiku-4-5")
            .base_url(server.url())
            .body_field(
                "thinking",
                json!({ "type": "enabled", "budget_tokens": 1024 }),
            );
        let look = Scripted::new("look", Act::Give("seen"));
        let agent = Agent::new("assistant", model.build().unwrap()).tool(look);
        let observed = Observed::new(agent.instructions("Answer briefly."));
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Done.");
        let requests = server.requests();
        assert_eq!(requests[0].line(), "POST /v1/messages HTTP/1.1");
        assert_eq!(requests[0].body["system"], "Answer briefly.");
        assert_eq!(requests[0].body["max_tokens"], 8192);
        let sent = &requests[1].body["messages"];
        let said = sent[1]["content"].as_array().unwrap();
        let expected = [&blocks[0], &blocks[1], &blocks[3], &blocks[4], &blocks[5]];
        assert_eq!(said.iter().collect::<Vec<_>>(), expected, "{mode:?}");
        let result = |id: &str| json!({ "type": "tool_result", "tool_use_id": id, "content": [{ "type": "text", "text": "seen" }] });
        assert_eq!(
            sent[2],
            json!({ "role": "user", "content": [result("toolu_1"), result("toolu_2")] })
        );
    }
}

#[tokio::test]
async fn anthropic_gives_an_answer_of_a_form_as_the_input_of_a_tool() {
    use kaos_runner::testing::{message, message_events};
    let verdict = json!({ "intent": "respond", "confidence": 1, "reasoning": "" });
    let form = [json!({ "type": "tool_use", "id": "toolu_1", "name": "intent", "input": verdict })];
    let done = [json!({ "type": "text", "text": "Hi." })];
    for first in [
        Answer::json(&message(&form, "tool_use")),
        Answer::stream(message_events(&form, "tool_use")),
    ] {
        let server = ModelServer::start([first, Answer::json(&message(&done, "end_turn"))]).await;
        let model = kaos_runner::AnthropicModel::builder("m")
            .base_url(server.url())
            .body_field(
                "thinking",
                json!({ "type": "enabled", "budget_tokens": 1024 }),
            );
        let agent =
            Agent::new("assistant", model.build().unwrap()).intent(kaos_runner::IntentBy::Model);
        let reply = turn(&Observed::new(agent), Mode::Whole).await.unwrap();
        assert_eq!(*reply.intent(), kaos_hooks::Intent::Respond);
        let body = &server.requests()[0].body;
        assert_eq!(
            body["tool_choice"],
            json!({ "type": "tool", "name": "intent" })
        );
        assert_eq!(body.get("thinking"), None);
    }
}

#[tokio::test]
async fn images_go_where_they_are_seen_and_are_named_elsewhere() {
    use kaos_runner::testing::Api;
    use kaos_runner::{
        AssistantMessage, Content, Image, Message, ModelReply, Part, ToolOutput, ToolUse,
    };
    let png = || Image::base64("image/png", "iVBORw0KGgo=");
    let odd = [
        Image::base64("image/svg+xml", "PHN2Zz4="),
        Image::base64("image/png", "not base64"),
        Image::base64("image/png", ""),
        Image::url("http://example.com/a.png"),
        Image::url("file:///etc/passwd"),
    ];
    let mut content = vec![
        Content::text("See:"),
        Content::Image(png()),
        Content::Image(Image::url("https://example.com/b.png")),
    ];
    content.extend(odd.into_iter().map(Content::Image));
    let call = AssistantMessage {
        parts: vec![Part::ToolCall(ToolUse::new("c", "look", "{}"))],
    };
    let messages = [
        Message::User(content.clone()),
        Message::Assistant(call),
        Message::tool("c", ToolOutput::from(content)),
    ];
    for api in super::both::APIS {
        let server = super::both::says(api, Mode::Whole, &[ModelReply::text("Done.")]).await;
        let hooks = kaos_hooks::Hooks::default();
        let (deltas, _) = kaos_runner::Deltas::recorded();
        let request = kaos_runner::ModelRequest {
            instructions: "",
            messages: &messages,
            tools: &[],
            stream: false,
            output: None,
            params: None,
            hooks: &hooks,
        };
        super::both::model(api, server.url())
            .respond(request, &deltas)
            .await
            .unwrap();
        let sent = server.requests()[0].body["messages"].to_string();
        let seen = sent.matches("iVBORw0KGgo=").count();
        assert_eq!(seen, if api == Api::Messages { 2 } else { 1 }, "{sent}");
        assert!(
            sent.contains("[image, image/svg+xml]")
                && sent.contains("[image http://example.com/a.png]"),
            "{sent}"
        );
    }
}
