//! How much a provider takes in one request: more is an error beforehand, or goes in several messages.

use kaos_runner::models::Retries;
use kaos_runner::testing::{Api, ModelServer, Strict};
use kaos_runner::{Agent, ModelReply, OpenAiModel, Runner, TurnErrorKind};
use kaos_tests::agents::{Act, Scripted};

/// A runner of so many tools, with a model of this provider, at an endpoint that takes 128.
async fn crowded(
    provider: &'static str,
    tools: usize,
    replies: &[ModelReply],
) -> (Result<String, TurnErrorKind>, usize) {
    let answers = replies
        .iter()
        .map(|reply| Api::ChatCompletions.answer(reply, false));
    let strict = Strict::default().at_most(128);
    let server = ModelServer::strict(strict, answers).await;
    let once = Retries {
        attempts: 1,
        ..Retries::default()
    };
    let model = OpenAiModel::builder(server.url(), "m")
        .provider(provider)
        .retries(once);
    let agent = (0..tools).fold(
        Agent::new("assistant", model.build().unwrap()),
        |agent, at| {
            let name: &'static str = Box::leak(format!("tool_{at}").into_boxed_str());
            agent.tool(Scripted::new(name, Act::Give("done")))
        },
    );
    let answered = Runner::new(agent).turn("Hi!", "s").await;
    let answered = answered.map(|reply| reply.text().to_owned());
    (
        answered.map_err(|error| error.kind().clone()),
        server.requests().len(),
    )
}

#[tokio::test]
async fn more_tools_than_a_provider_takes_are_an_error_before_the_request() {
    for provider in ["azure.ai.openai", "groq", "deepseek"] {
        let (answered, requests) = crowded(provider, 129, &[]).await;
        let TurnErrorKind::Model(error) = answered.unwrap_err() else {
            panic!()
        };
        assert_eq!((error.kind(), requests), ("invalid_request", 0));
        let said = error.to_string();
        assert!(
            said.contains("129 tools") && said.contains("128") && said.contains(provider),
            "{said}"
        );
        let (answered, _) = crowded(provider, 128, &[ModelReply::text("Hello.")]).await;
        assert_eq!(answered.unwrap(), "Hello.");
    }
}

#[tokio::test]
async fn more_calls_than_a_message_may_have_go_back_in_several() {
    let calls = (0..300).fold(ModelReply::text("So."), |reply, at| {
        reply.and_call(format!("call-{at}"), "tool_0", "{}")
    });
    let (answered, requests) =
        crowded("azure.ai.openai", 1, &[calls, ModelReply::text("Done.")]).await;
    assert_eq!((answered.unwrap().as_str(), requests), ("Done.", 2));
}
