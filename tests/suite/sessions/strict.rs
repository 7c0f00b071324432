//! Long sessions against endpoints that refuse what the strictest provider refuses.

use std::sync::Arc;

use kaos_runner::testing::{Answer, Api, ModelServer, Strict};
use kaos_runner::{
    Agent, AnthropicModel, Limits, MemorySessions, Model, ModelReply, OpenAiModel, OutputSchema,
    Runner, SessionBounds, SessionStore as _, TurnError,
};
use kaos_tests::agents::{Act, Scripted};
use serde_json::json;

fn model(api: Api, url: &str, context: Option<u64>) -> Arc<dyn Model> {
    match api {
        Api::ChatCompletions => {
            let builder = OpenAiModel::builder(url, "m");
            let builder = match context {
                Some(tokens) => builder.context(tokens),
                None => builder,
            };
            Arc::new(builder.build().unwrap())
        }
        Api::Messages => {
            let builder = AnthropicModel::builder("m").base_url(url);
            let builder = match context {
                Some(tokens) => builder.context(tokens),
                None => builder,
            };
            Arc::new(builder.build().unwrap())
        }
    }
}

/// Each turn calls a tool and answers, fails, or is refused as too long, by turns.
fn answers(api: Api, turns: usize) -> Vec<Answer> {
    let too_long = json!({ "error": {
        "type": "invalid_request_error", "code": "context_length_exceeded",
        "message": "prompt is too long: the context window is exceeded",
    }});
    let mut answers = Vec::new();
    for number in 0..turns {
        let call =
            ModelReply::call("call_0", "tool", r#"{"a":1}"#).and_call("call_1", "tool", "{}");
        answers.push(api.answer(&call, false));
        match number {
            it if it % 7 == 3 => answers.push(Answer::new("400 Bad Request", &[], "no")),
            5 | 26 => {
                answers.push(Answer::new("400 Bad Request", &[], too_long.to_string()));
                answers.push(api.answer(&ModelReply::text("With less."), false));
            }
            _ => answers.push(api.answer(&ModelReply::text("Yes, indeed."), false)),
        }
    }
    answers
}

#[tokio::test]
async fn a_long_session_is_never_refused() {
    const TURNS: usize = 49;
    for api in [Api::ChatCompletions, Api::Messages] {
        for (context, session_tokens) in [(None, 600), (Some(700), 64_000)] {
            let server = ModelServer::strict(Strict::default(), answers(api, TURNS)).await;
            let bounds = SessionBounds {
                session_tokens,
                ..SessionBounds::default()
            };
            let store = MemorySessions::new(bounds);
            let agent = Agent::new("assistant", model(api, server.url(), context))
                .tool(Scripted::new("tool", Act::Give("a result of some words")));
            let runner = Runner::new(agent).sessions(store.clone());
            for number in 0..TURNS {
                let turn = runner.turn(format!("Question {number}?"), "s").await;
                assert_eq!(turn.is_err(), number % 7 == 3, "{number}: {turn:?}");
            }
            assert_eq!(
                server.refusals(),
                Vec::<String>::new(),
                "{api:?} {context:?}"
            );
            let kept = &store.list(1).await.unwrap()[0];
            assert!(kept.tokens <= session_tokens && kept.turns > 4, "{kept:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_may_have_a_form_beside_tools() {
    for api in [Api::ChatCompletions, Api::Messages] {
        let answer = match api {
            Api::ChatCompletions => ModelReply::text(r#"{"months":12}"#),
            Api::Messages => ModelReply::call("toolu_2", "lease", r#"{"months":12}"#),
        };
        let replies = [ModelReply::call("toolu_1", "tool", "{}"), answer];
        let answers = replies.map(|reply| api.answer(&reply, false));
        let server = ModelServer::strict(Strict::default(), answers).await;
        let tool = Scripted::new("tool", Act::Give("a year"));
        let agent = Agent::new("assistant", model(api, server.url(), None)).tool(tool.clone());
        let form = OutputSchema::new(
            "lease",
            json!({
                "type": "object", "properties": { "months": { "type": "integer" } }, "required": ["months"],
                "additionalProperties": false,
            }),
        );
        let turn: Result<_, TurnError> = Runner::new(agent)
            .turn("How long?", "s")
            .output(form)
            .limits(Limits::default())
            .await;
        let reply = turn.unwrap_or_else(|why| panic!("{api:?}: {why:?} {:?}", server.refusals()));
        assert_eq!(reply.text(), r#"{"months":12}"#, "{api:?}");
        assert_eq!((tool.ran(), reply.steps()), (1, 2), "{api:?}");
        assert_eq!(server.refusals(), Vec::<String>::new());
    }
}
