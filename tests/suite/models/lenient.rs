//! An answer that arrived is not thrown away for a field that is odd.

use kaos_hooks::Usage;
use kaos_runner::testing::Api;
use kaos_runner::testing::{Answer, ModelServer, completion, events, message};
use kaos_tests::observed::Observed;
use serde_json::{Value, json};

use super::both::{agent, model};
use super::{MODES, Mode, turn};

/// The answer "Hello." with this text in the place of its usage.
fn with_usage(mode: Mode, usage: &str) -> Answer {
    let json = [("content-type", "application/json")];
    let body = completion(&json!({ "content": "Hello." }), "stop");
    let whole = body["usage"].to_string();
    match mode {
        Mode::Whole => Answer::new("200 OK", &json, body.to_string().replace(&whole, usage)),
        Mode::Streamed => {
            let events = events([json!({ "content": "Hello." })], "stop");
            Answer::stream(events.into_iter().map(|event| event.replace(&whole, usage)))
        }
    }
}

#[tokio::test]
async fn odd_numbers_cost_no_answer() {
    let known = Some(Usage::new(40, 7));
    let rows = [
        (r#"{"prompt_tokens":40.0,"completion_tokens":"7"}"#, known),
        (
            r#"{"prompt_tokens":40,"completion_tokens":7,"prompt_tokens_details":[]}"#,
            known,
        ),
        (
            r#"{"prompt_tokens":40,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":null}}"#,
            known,
        ),
        (r#"{"prompt_tokens":-1,"completion_tokens":7}"#, None),
        (r#"{"prompt_tokens":1e400,"completion_tokens":7}"#, None),
        (
            r#"{"prompt_tokens":NaN,"completion_tokens":Infinity}"#,
            None,
        ),
        (
            r#"{"prompt_tokens":184467440737095516150,"completion_tokens":7}"#,
            None,
        ),
        (
            r#"{"prompt_tokens":18446744073709551615,"completion_tokens":7}"#,
            None,
        ),
        (r#"{"prompt_tokens":40,"completion_tokens":"1e13"}"#, None),
        (r#""many""#, None),
        ("[]", None),
        ("null", None),
        ("true", None),
    ];
    for (usage, expected) in rows {
        for mode in MODES {
            let server = ModelServer::start([with_usage(mode, usage)]).await;
            let observed = Observed::new(agent(Api::ChatCompletions, &server));
            let reply = turn(&observed, mode).await.unwrap();
            assert_eq!(
                (reply.text(), reply.usage()),
                ("Hello.", expected),
                "{usage}"
            );
        }
    }
}

#[tokio::test]
async fn contents_of_an_unexpected_type_are_read() {
    let rows: [(Value, &str); 9] = [
        (
            json!([{ "type": "text", "text": "Hel" }, { "type": "text", "text": "lo." }]),
            "Hello.",
        ),
        (json!(["Hel", "lo."]), "Hello."),
        (json!({ "type": "text", "text": "Hello." }), "Hello."),
        (json!({ "content": "Hello." }), "Hello."),
        (json!(42), "42"),
        (json!(true), "true"),
        (json!({ "answer": 42 }), r#"{"answer":42}"#),
        (
            json!([{ "type": "image_url", "image_url": {} }, { "type": "text", "text": "Hello." }]),
            "Hello.",
        ),
        (Value::Null, ""),
    ];
    for (content, expected) in rows {
        for mode in MODES {
            let said = json!({ "content": content, "tool_calls": null, "reasoning_content": 7 });
            let answer = match mode {
                Mode::Whole => Answer::json(&completion(&said, "stop")),
                Mode::Streamed => Answer::stream(events([said], "stop")),
            };
            let server = ModelServer::start([answer]).await;
            let observed = Observed::new(agent(Api::ChatCompletions, &server));
            assert_eq!(
                turn(&observed, mode).await.unwrap().text(),
                expected,
                "{content}"
            );
        }
    }
}

#[tokio::test]
async fn odd_fields_around_the_answer_are_passed_over() {
    let mut body = completion(
        &json!({ "content": "Hello.", "tool_calls": "none", "refusal": [] }),
        "stop",
    );
    body["id"] = json!(7);
    body["model"] = json!(["x"]);
    body["choices"][0]["index"] = json!("0");
    body["choices"][0]["finish_reason"] = json!({ "odd": true });
    body["choices"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!("odd"));
    body["error"] = json!({ "code": 0, "message": "", "details": [], "param": null });
    let raw = body.to_string().replace("Hello.", "Hel\u{1}lo.\n");
    for answer in [Answer::json(&body), Answer::new("200 OK", &[], raw)] {
        let server = ModelServer::start([answer]).await;
        let observed = Observed::new(agent(Api::ChatCompletions, &server));
        let reply = turn(&observed, Mode::Whole).await.unwrap();
        assert!(["Hello.", "Hel\u{1}lo.\n"].contains(&reply.text()));
        assert_eq!(reply.finish_reason(), None);
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_are_replaced() {
    for api in super::both::APIS {
        let body = match api {
            Api::ChatCompletions => completion(&json!({ "content": "Hel\u{7f}lo." }), "stop"),
            Api::Messages => message(
                &[json!({ "type": "text", "text": "Hel\u{7f}lo." })],
                "end_turn",
            ),
        };
        let mut bytes = body.to_string().into_bytes();
        bytes
            .iter_mut()
            .filter(|byte| **byte == 0x7f)
            .for_each(|byte| *byte = 0xff);
        let server = ModelServer::start([Answer::new("200 OK", &[], bytes)]).await;
        let observed = Observed::new(kaos_runner::Agent::new("a", model(api, server.url())));
        assert_eq!(
            turn(&observed, Mode::Whole).await.unwrap().text(),
            "Hel\u{fffd}lo."
        );
    }
}

#[tokio::test]
async fn errors_in_a_choice_and_a_reason_that_is_error() {
    let error = json!({ "message": "upstream", "code": 502 });
    let half = |more: Value| {
        let mut body = completion(&json!({ "content": "Half an" }), "stop");
        for (key, value) in more.as_object().unwrap() {
            body["choices"][0][key] = value.clone();
        }
        body
    };
    for body in [
        half(json!({ "error": error })),
        half(json!({ "finish_reason": "error" })),
    ] {
        for mode in MODES {
            let mut streamed = body.clone();
            let choice = &mut streamed["choices"][0];
            choice["delta"] = choice["message"].take();
            let answer = match mode {
                Mode::Whole => Answer::json(&body),
                Mode::Streamed => Answer::stream([kaos_runner::testing::event(&streamed)]),
            };
            let server = ModelServer::start((0..3).map(|_| answer.clone())).await;
            let observed = Observed::new(agent(Api::ChatCompletions, &server));
            let answered = turn(&observed, mode).await;
            super::fails(&observed, &answered, "server_error");
            // Once a piece was handed on it is final; a whole answer is asked for again.
            assert_eq!(
                server.requests().len(),
                if mode == Mode::Whole { 3 } else { 1 }
            );
        }
    }
}

#[tokio::test]
async fn words_instead_of_an_answer_are_an_error() {
    for body in [
        json!({ "detail": "no such route" }),
        json!({ "message": "no", "code": 404 }),
    ] {
        let server = ModelServer::start((0..3).map(|_| Answer::json(&body))).await;
        let observed = Observed::new(agent(Api::ChatCompletions, &server));
        turn(&observed, Mode::Whole).await.unwrap_err();
    }
}
