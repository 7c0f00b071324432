//! Streamed answers, by OpenAI's rules.

use kaos_runner::server::{Bounds, Server};
use kaos_runner::{
    Agent, FinishReason, FunctionModel, ModelError, ModelErrorKind, ModelReply, Scripted,
};
use kaos_tests::agents::{self, Act};
use serde_json::{Value, json};
use std::time::Duration;

use super::client::{frames, post};
use super::{Serving, Stepwise, question, watched};

fn chunks(frames: &[String]) -> Vec<Value> {
    let (last, chunks) = frames.split_last().unwrap();
    assert_eq!(last, "[DONE]");
    let parsed = chunks.iter().map(|frame| serde_json::from_str(frame));
    parsed.map(Result::unwrap).collect()
}

fn text(chunks: &[Value]) -> String {
    let choices = chunks.iter().filter_map(|chunk| chunk["choices"].get(0));
    let pieces = choices.filter_map(|choice| choice["delta"]["content"].as_str());
    pieces.collect()
}

#[tokio::test]
async fn a_stream_has_a_role_pieces_a_reason_the_tokens_and_an_end() {
    let reply = ModelReply::text("Zwölf \"Monate\".\n\n  Punkt 🙂")
        .usage(40, 10)
        .finished(FinishReason::Length);
    let pieces = reply.message.joined_text().chars().count().div_ceil(3);
    let model = FunctionModel::script([Scripted::streamed(reply, 3)]);
    let (server, _) = Serving::with(model).await;
    let more = json!({
        "stream": true, "stream_options": { "include_usage": true }, "model": "m", "session_id": "s-1",
    });
    let answer = server.chat(&question("How long?", more)).await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/event-stream; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-session-id"), Some("s-1"));
    assert!(answer.header("traceresponse").is_some());
    let chunks = chunks(&answer.frames());
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(
            (&chunk["id"], &chunk["created"]),
            (&chunks[0]["id"], &chunks[0]["created"])
        );
        assert_eq!(
            (&chunk["model"], &chunk["session_id"]),
            (&json!("m"), &json!("s-1"))
        );
    }
    assert_eq!(chunks.len(), 1 + pieces + 2);
    let delta = |at: usize| &chunks[at]["choices"][0]["delta"];
    assert_eq!(delta(0), &json!({ "role": "assistant", "content": "" }));
    assert_eq!(text(&chunks), "Zwölf \"Monate\".\n\n  Punkt 🙂");
    let (usage, rest) = chunks.split_last().unwrap();
    let (reason, pieces) = rest.split_last().unwrap();
    assert_eq!(reason["choices"][0]["finish_reason"], "length");
    assert_eq!(reason["choices"][0]["delta"], json!({}));
    for piece in pieces {
        assert_eq!(piece["choices"][0]["finish_reason"], Value::Null);
        assert_eq!(piece["usage"], Value::Null);
    }
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["total_tokens"], 50);
}

#[tokio::test]
async fn tokens_are_told_to_those_who_ask_only() {
    let reply = ModelReply::text("Hello.").usage(4, 1);
    let model = FunctionModel::script([Scripted::streamed(reply, 10)]);
    let (server, _) = Serving::with(model).await;
    let answer = server
        .chat(&question("Hi!", json!({ "stream": true })))
        .await;
    let chunks = chunks(&answer.frames());
    assert!(
        chunks.iter().all(|chunk| chunk.get("usage").is_none()),
        "{chunks:?}"
    );
    assert_eq!(chunks.len(), 3);
}

#[tokio::test]
async fn a_piece_is_sent_when_it_is_said_and_silence_is_shown_to_be_alive() {
    let (model, may) = Stepwise::new(["Twelve", " months."]);
    let (runner, _) = watched(Agent::new("assistant", model));
    let bounds = Bounds {
        keep_alive: Duration::from_millis(20),
        ..Bounds::default()
    };
    let server = Serving::start(Server::new(runner).bounds(bounds)).await;
    let mut connection = server.connect().await;
    let body = question("How long?", json!({ "stream": true }));
    connection
        .send(&post(
            "/v1/chat/completions",
            &[],
            body.to_string().as_bytes(),
        ))
        .await;
    assert_eq!(connection.head().await.0, 200);
    let next = async |connection: &mut super::Connection| {
        String::from_utf8(connection.chunk().await.unwrap()).unwrap()
    };
    assert!(
        next(&mut connection)
            .await
            .contains("\"role\":\"assistant\"")
    );
    // Nothing is said so far, and the connection is not silent.
    assert_eq!(next(&mut connection).await, ": still working\n\n");
    for piece in ["Twelve", " months."] {
        may.add_permits(1);
        let said = loop {
            let said = next(&mut connection).await;
            if !said.starts_with(':') {
                break said;
            }
        };
        let chunk: Value = serde_json::from_str(&frames(&said)[0]).unwrap();
        assert_eq!(chunk["choices"][0]["delta"]["content"], piece);
    }
    may.add_permits(1);
}

#[tokio::test]
async fn what_is_said_before_a_tool_does_not_run_into_the_answer_and_calls_are_progress() {
    let first = agents::calls(&["search", "researcher"]);
    let first = ModelReply {
        message: {
            let mut said = kaos_runner::AssistantMessage::text("Let me see.");
            said.parts.extend(first.message.parts);
            said
        },
        ..first
    };
    let replies = || {
        [
            Scripted::streamed(first.clone(), 4),
            Scripted::streamed(ModelReply::text("Twelve months."), 4),
        ]
    };
    let search = agents::Scripted::new("search", Act::Give("3 contracts"));
    let researcher = Agent::new("researcher", FunctionModel::answer("Clause 4."));
    for (headers, setting, told) in [
        (&[][..], false, false),
        (&[("X-Kaos-Progress", "1")][..], false, true),
        (&[("X-Kaos-Progress", "0")][..], false, false),
        (&[][..], true, true),
    ] {
        let agent = Agent::new("assistant", FunctionModel::script(replies()))
            .tool(search.clone())
            .subagent(researcher.clone());
        let server = Serving::start(Server::new(watched(agent).0).progress(setting)).await;
        let answer = server
            .chat_with(headers, &question("?", json!({ "stream": true })))
            .await;
        let chunks = chunks(&answer.frames());
        let progress: Vec<Value> = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect();
        let call = |action: &str, target: &str| {
            json!({
                "type": "progress", "step": 1, "max_steps": 10, "action": action, "target": target,
            })
        };
        let expected = [call("tool_call", "search"), call("delegate", "researcher")];
        assert_eq!(
            progress,
            if told { &expected[..] } else { &[] },
            "{headers:?} {setting}"
        );
        if !told {
            assert_eq!(text(&chunks), "Let me see.\n\nTwelve months.");
        }
    }
}

#[tokio::test]
async fn an_answer_of_a_form_and_one_with_blocks_are_handed_on_when_they_are_known() {
    let form = json!({ "type": "json_schema", "json_schema": { "name": "lease", "schema": {
        "type": "object", "properties": { "months": { "type": "integer" } }, "required": ["months"],
    } } });
    let model = FunctionModel::script([
        Scripted::streamed(ModelReply::text("twelve, I think"), 3),
        Scripted::streamed(ModelReply::text(r#"{"months":12}"#), 3),
    ]);
    let (server, _) = Serving::with(model).await;
    let more = json!({ "stream": true, "response_format": form });
    let answer = server.chat(&question("How long?", more)).await;
    assert_eq!(text(&chunks(&answer.frames())), r#"{"months":12}"#);

    let block = "```tool_call\n{\"tool\": \"search\", \"arguments\": {}}\n```";
    let model = FunctionModel::script([
        Scripted::streamed(ModelReply::text(block), 3),
        Scripted::streamed(ModelReply::text("Twelve months."), 3),
    ]);
    let search = agents::Scripted::new("search", Act::Give("3 contracts"));
    let agent = Agent::new("assistant", model)
        .tool(search.clone())
        .fenced_tools(true);
    let server = Serving::start(Server::new(watched(agent).0)).await;
    let answer = server
        .chat(&question("How long?", json!({ "stream": true })))
        .await;
    assert_eq!(text(&chunks(&answer.frames())), "Twelve months.");
    assert_eq!(search.ran(), 1);
}

#[tokio::test]
async fn a_stream_that_fails_half_way_ends_with_the_error_and_done() {
    let why = ModelError::new(ModelErrorKind::Connection, "10.0.0.7 reset the connection");
    let model =
        FunctionModel::script([Scripted::streamed(ModelReply::text("Twelve"), 3).then_fails(why)]);
    let (server, seen) = Serving::with(model).await;
    let answer = server
        .chat(&question("How long?", json!({ "stream": true })))
        .await;
    let chunks = chunks(&answer.frames());
    let (error, pieces) = chunks.split_last().unwrap();
    assert_eq!(error["error"]["code"], "model_unreachable");
    assert_eq!(text(pieces), "Twelve");
    assert!(!answer.text().contains("10.0.0.7"));
    seen.check().unwrap();
}
