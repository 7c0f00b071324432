//! Answers in a shape of their own, and base URLs.

use kaos_runner::testing::{Answer, Api, ModelServer};
use kaos_runner::{FinishReason, Message, ModelReply};
use serde_json::{Value, json};

use super::Mode;
use super::attacks::ask;
use super::both::{APIS, model};

/// The whole address of the API, as many documents give it.
#[tokio::test]
async fn a_base_url_may_be_the_api_s_whole_address() {
    for api in APIS {
        let server = ModelServer::start([api.answer(&ModelReply::text("Hello."), false)]).await;
        let (base, path) = match api {
            Api::ChatCompletions => (
                "/openai/v1/chat/completions/",
                "/openai/v1/chat/completions",
            ),
            Api::Messages => ("/v1/messages", "/v1/messages"),
        };
        let model = model(api, &format!("{}{base}", server.url()));
        ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole)
            .await
            .unwrap();
        assert_eq!(server.requests()[0].path(), path);
    }
}

/// The lines of a stream without `data:`, as some gateways send them.
#[tokio::test]
async fn lines_of_json_are_a_stream_too() {
    for api in APIS {
        let said = ModelReply::text("Grüße.")
            .and_call("call-1", "left", r#"{"a":1}"#)
            .usage(40, 7);
        let sse = api.stream(&said).concat();
        let lines = sse.lines().filter_map(|line| line.strip_prefix("data: "));
        let lines: Vec<&str> = lines.collect();
        for (ends, blank) in [("\n", ""), ("\r\n", "\r\n"), ("\n", "\n\n")] {
            let body: String = lines
                .iter()
                .map(|line| format!("{line}{ends}{blank}"))
                .collect();
            let plain = [("content-type", "application/x-ndjson")];
            let mut cut = Answer::head(
                "200 OK",
                &[
                    ("content-type", "application/json"),
                    ("transfer-encoding", "chunked"),
                ],
            );
            for byte in body.as_bytes().chunks(7) {
                cut = cut.chunks([byte]);
            }
            let server =
                ModelServer::start([Answer::new("200 OK", &plain, &body), cut.end()]).await;
            let model = model(api, server.url());
            for _ in 0..2 {
                let reply = ask(&*model, &[Message::user("Hi!")], &[], Mode::Streamed)
                    .await
                    .unwrap();
                assert_eq!(reply.message.joined_text(), "Grüße.", "{api:?}");
                assert_eq!(reply.message.tool_calls().count(), 1);
                assert_eq!(reply.usage.map(|usage| usage.total()), Some(47));
            }
        }
    }
}

/// Ollama's own shape, from a gateway that passes it on.
#[tokio::test]
async fn ollama_s_own_lines_are_read() {
    let line = |message: Value, more: Value| {
        let mut line = json!({ "model": "qwen3", "created_at": "2026-11-26T22:00:00Z", "message": message, "done": false });
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        format!("{line}\n")
    };
    let call = json!([{ "function": { "name": "left", "arguments": { "a": 1 } } }]);
    let end =
        json!({ "done": true, "done_reason": "stop", "prompt_eval_count": 40, "eval_count": 7 });
    let streamed = [
        line(
            json!({ "role": "assistant", "content": "", "thinking": "Hm." }),
            json!({}),
        ),
        line(json!({ "role": "assistant", "content": "Hel" }), json!({})),
        line(json!({ "role": "assistant", "content": "lo." }), json!({})),
        line(
            json!({ "role": "assistant", "content": "", "tool_calls": call }),
            json!({}),
        ),
        line(json!({ "role": "assistant", "content": "" }), end.clone()),
    ];
    let whole = line(
        json!({ "role": "assistant", "content": "Hello.", "thinking": "Hm.", "tool_calls": call }),
        end,
    );
    let plain = [("content-type", "application/x-ndjson")];
    for (mode, body) in [(Mode::Streamed, streamed.concat()), (Mode::Whole, whole)] {
        let server = ModelServer::start([Answer::new("200 OK", &plain, body)]).await;
        let model = model(Api::ChatCompletions, server.url());
        let reply = ask(&*model, &[Message::user("Hi!")], &[], mode)
            .await
            .unwrap();
        assert_eq!(reply.message.joined_text(), "Hello.", "{mode:?}");
        assert_eq!(reply.message.joined_reasoning(), "Hm.", "{mode:?}");
        let calls: Vec<_> = reply.message.tool_calls().collect();
        assert_eq!(
            (calls.len(), calls[0].arguments.as_str()),
            (1, r#"{"a":1}"#)
        );
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(47));
        assert_eq!(reply.finish_reason, Some(FinishReason::Stop));
    }
}

/// An empty text where the input of a call should be.
#[tokio::test]
async fn an_empty_input_is_none() {
    for input in [json!(""), json!(" "), json!(null), json!({})] {
        let block = json!({ "type": "tool_use", "id": "a", "name": "left", "input": input });
        let answer = Answer::json(&kaos_runner::testing::message(&[block], "tool_use"));
        let server = ModelServer::start([answer]).await;
        let model = model(Api::Messages, server.url());
        let reply = ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole)
            .await
            .unwrap();
        assert_eq!(reply.message.tool_calls().next().unwrap().arguments, "{}");
    }
}
