//! Whole answers: what a client gets, what the model is asked, sessions.

use std::collections::HashSet;

use kaos_hooks::BodyBuf;
use kaos_runner::server::Server;
use kaos_runner::{
    Agent, FinishReason, FunctionModel, Limits, Message, ModelError, ModelErrorKind, ModelReply,
};
use kaos_tests::agents;
use serde_json::{Value, json};

use super::{Serving, question, watched};

#[tokio::test]
async fn an_answer_has_what_openai_s_has() {
    let reply = ModelReply::text("Twelve months.")
        .usage(40, 10)
        .finished(FinishReason::Length);
    let (server, seen) = Serving::with(FunctionModel::script([reply])).await;
    let answer = server
        .chat(&question("How long?", json!({ "model": "any" })))
        .await;
    assert_eq!(answer.status, 200);
    let mut body = answer.json();
    let id = body["id"].take();
    assert!(id.as_str().unwrap().starts_with("chatcmpl-"), "{id}");
    assert!(body["created"].take().as_u64().unwrap() > 1_700_000_000);
    assert_eq!(
        body,
        json!({
            "id": null,
            "object": "chat.completion",
            "created": null,
            "model": "any",
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": "Twelve months.", "refusal": null },
                "logprobs": null,
                "finish_reason": "length",
            }],
            "usage": {
                "prompt_tokens": 40,
                "completion_tokens": 10,
                "total_tokens": 50,
                "prompt_tokens_details": { "cached_tokens": 0 },
                "completion_tokens_details": { "reasoning_tokens": 0 },
            },
        })
    );
    let first = &seen.events()[0];
    let trace = first.run.trace_id.to_string();
    assert_eq!(answer.header("x-trace-id"), Some(trace.as_str()));
    let BodyBuf::Span(turn) = &first.body else {
        panic!("{first:?}");
    };
    // Nobody hands it on to where it could be looked at.
    let turn = format!("00-{trace}-{}-00", turn.id);
    assert_eq!(answer.header("traceresponse"), Some(turn.as_str()));
    assert_eq!(answer.header("x-session-id"), None);
}

#[tokio::test]
async fn what_nobody_counted_is_not_said_to_be_none_and_each_id_is_its_own() {
    let (server, _) = Serving::with(FunctionModel::answer("Hello.")).await;
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let answer = server.chat(&question("Hi!", json!({}))).await.json();
        assert_eq!(answer.get("usage"), None);
        assert_eq!(answer["model"], "assistant");
        assert!(ids.insert(answer["id"].to_string()));
    }
}

#[tokio::test]
async fn a_named_session_goes_on_and_an_unnamed_conversation_is_its_messages() {
    let replies = (1..=6).map(|at| ModelReply::text(format!("Answer {at}.")));
    let (model, asked) = agents::watched(replies);
    let (server, _) = Serving::with(model).await;
    let named = |name: &str| json!({ "session_id": name });
    let in_header = [("X-Session-ID", "s-1")];
    // The header's name beats the body's, and both say which counted.
    let answer = server
        .chat_with(&in_header, &question("One?", named("other")))
        .await;
    assert_eq!(answer.header("x-session-id"), Some("s-1"));
    assert_eq!(answer.json()["session_id"], "s-1");
    // What the session knows already is not said twice, even if the client says it again.
    let again = json!({ "session_id": "s-1", "messages": [
        { "role": "user", "content": "One?" },
        { "role": "assistant", "content": "Something else." },
        { "role": "user", "content": "Two?" },
    ] });
    server.chat(&again).await;
    let texts = |at: usize| -> Vec<String> {
        let messages = &asked.requests()[at].messages;
        messages
            .iter()
            .map(|message| message.text().into_owned())
            .collect()
    };
    assert_eq!(texts(1), ["One?", "Answer 1.", "Two?"]);
    // Without a name the messages are the conversation, and nothing of it is kept.
    let mut whole = again.clone();
    whole.as_object_mut().unwrap().remove("session_id");
    let answer = server.chat(&whole).await;
    assert_eq!(answer.header("x-session-id"), None);
    assert_eq!(texts(2), ["One?", "Something else.", "Two?"]);
    server.chat(&question("Three?", json!({}))).await;
    assert_eq!(texts(3), ["Three?"]);
    server.chat(&question("Four?", named("s-1"))).await;
    assert_eq!(
        texts(4),
        ["One?", "Answer 1.", "Two?", "Answer 2.", "Four?"]
    );
    server
        .chat(&question("Five?", json!({ "session_id": "", "x": 1 })))
        .await;
    assert_eq!(texts(5), ["Five?"]);
}

#[tokio::test]
async fn every_role_reaches_the_model_as_what_it_is() {
    let (model, asked) = agents::watched([ModelReply::text("Done.")]);
    let (runner, seen) = watched(Agent::new("assistant", model).instructions("Answer briefly."));
    let server = Serving::start(Server::new(runner)).await;
    let messages = json!([
        { "role": "system", "content": "You are asked by a lawyer." },
        { "role": "developer", "content": [{ "type": "text", "text": "Cite clauses." }] },
        { "role": "user", "content": "Look it up." },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c-1", "type": "function", "function": { "name": "search", "arguments": "{}" } },
        ] },
        { "role": "tool", "tool_call_id": "c-1", "content": "3 contracts" },
        { "role": "user", "content": [
            { "type": "text", "text": "And this page?" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } },
        ] },
        { "role": "task-delegation", "content": "Count them." },
    ]);
    let answer = server.chat(&json!({ "messages": messages })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = &asked.requests()[0];
    assert_eq!(
        request.instructions,
        "Answer briefly.\n\nYou are asked by a lawyer.\n\nCite clauses."
    );
    let kinds: Vec<(&str, String)> = request
        .messages
        .iter()
        .map(|message| {
            let role = match message {
                Message::User(_) => "user",
                Message::Assistant(_) => "assistant",
                Message::Tool(_) => "tool",
                _ => "?",
            };
            (role, message.text().into_owned())
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("user", "Look it up.".to_owned()),
            ("assistant", String::new()),
            ("tool", "3 contracts".to_owned()),
            ("user", "And this page?\n[image, image/png]".to_owned()),
            ("user", "Count them.".to_owned()),
        ]
    );
    let line = seen.events()[0].to_line();
    assert!(line.contains("kaos.delegated"), "{line}");
}

/// A model that fails like this, or a turn that meets this limit: the status, the code, and whether it may
/// be tried again.
#[tokio::test]
async fn each_failure_has_its_status_and_none_of_the_inside_s_words() {
    use ModelErrorKind as Kind;
    let table = [
        (Kind::RateLimited, 429, "model_rate_limited", Some("5")),
        (Kind::Auth, 502, "model_auth", None),
        (Kind::NotFound, 502, "model_not_found", None),
        (Kind::ContextLength, 400, "context_length_exceeded", None),
        (Kind::ContentFilter, 400, "content_filter", None),
        (Kind::InvalidRequest, 400, "model_refused_request", None),
        (Kind::Timeout, 504, "model_timeout", None),
        (Kind::Connection, 502, "model_unreachable", None),
        (Kind::Overloaded, 503, "model_overloaded", Some("5")),
        (Kind::ServerError, 502, "model_failed", None),
        (Kind::BadResponse, 502, "model_failed", None),
        (Kind::TooLarge, 502, "model_failed", None),
    ];
    for (kind, status, code, retry) in table {
        let failing = move |_: &kaos_runner::ModelRequest<'_>| {
            Err(ModelError::new(kind, "sk-secret at 10.0.0.7"))
        };
        let (server, _) = Serving::with(FunctionModel::new(failing)).await;
        let answer = server.chat(&question("Hi!", json!({}))).await;
        assert_eq!(answer.error(), (status, code.to_owned()));
        assert_eq!(answer.header("retry-after"), retry, "{code}");
        let is_final = status >= 500 && retry.is_none();
        assert_eq!(
            answer.header("x-should-retry").is_some(),
            is_final,
            "{code}"
        );
        assert!(!answer.text().contains("sk-secret"), "{}", answer.text());
        assert!(answer.header("x-trace-id").is_some(), "{code}");
        // The same inside a stream: a frame, and the end.
        let stream = server
            .chat(&question("Hi!", json!({ "stream": true })))
            .await;
        let frames = stream.frames();
        let last = frames.len() - 2;
        assert_eq!(frames[last + 1], "[DONE]");
        let frame: Value = serde_json::from_str(&frames[last]).unwrap();
        assert_eq!(frame, answer.json(), "{code}");
    }
}

#[tokio::test]
async fn a_limit_of_the_agent_is_said_and_not_called_an_answer() {
    let endless = FunctionModel::new(|_| Ok(agents::calls(&["search"])));
    let search = agents::Scripted::new("search", agents::Act::Give("nothing"));
    let limits = Limits {
        steps: 3,
        ..Limits::default()
    };
    let agent = Agent::new("assistant", endless).tool(search).limits(limits);
    let server = Serving::start(Server::new(watched(agent).0)).await;
    let answer = server.chat(&question("Hi!", json!({}))).await;
    assert_eq!(answer.error(), (422, "max_steps".to_owned()));
    assert!(answer.text().contains("3 steps"), "{}", answer.text());
    let panics = FunctionModel::new(|_| panic!("a model of the tests panics"));
    let (server, _) = Serving::with(panics).await;
    let answer = server.chat(&question("Hi!", json!({}))).await;
    assert_eq!(answer.error(), (500, "internal_error".to_owned()));
}
