//! `FunctionModel` by script, and `DEBUG_MOCK_RESPONSES`.

use std::time::Duration;

use kaos_runner::{
    Agent, FunctionModel, Model, ModelError, ModelErrorKind, ModelReply, Runner, Scripted,
};
use kaos_tests::agents::Act;
use kaos_tests::observed::Observed;
use proptest::prelude::*;

use super::{Mode, fails, pieces, retries, turn};

#[tokio::test(start_paused = true)]
async fn a_script_streams_retries_and_fails() {
    let reply = ModelReply::text("Let me see.")
        .and_call("call-1", "absent", r#"{"a":6}"#)
        .reasoning("Six times seven.");
    let broken = ModelError::new(ModelErrorKind::Connection, "it broke");
    let model = FunctionModel::script([
        Scripted::streamed(reply, 4)
            .after_retry(ModelErrorKind::ServerError, Duration::from_secs(1)),
        Scripted::streamed(ModelReply::text("Half"), 2).then_fails(broken),
    ]);
    let observed = Observed::new(Agent::new("assistant", model));
    turn(&observed, Mode::Streamed).await.unwrap_err();
    let events = observed.recorder.events();
    let seen = pieces(&events);
    assert_eq!(seen.thinking, ["Six ", "time", "s se", "ven."]);
    assert_eq!(seen.text, ["Let ", "me s", "ee.", "Ha", "lf"]);
    let arguments: Vec<_> = seen
        .arguments
        .iter()
        .map(|(_, piece)| piece.as_str())
        .collect();
    assert_eq!(arguments, ["{\"a\"", ":6}"]);
    assert_eq!(retries(&events).len(), 1);
    observed.assert_tree(
        "
        agent.turn [error: connection]
          agent.intent_classification
          agent.step.1
            model.inference
            tool._OTHER [error: unknown_tool]
          agent.step.2 [error: connection]
            model.inference [error: connection]
        ",
    );
}

#[tokio::test]
async fn a_script_fails_at_once() {
    let error = ModelError::new(ModelErrorKind::Auth, "no");
    let model = FunctionModel::script([error]);
    let observed = Observed::new(Agent::new("assistant", model));
    let answered = turn(&observed, Mode::Whole).await;
    fails(&observed, &answered, "auth");
}

proptest! {
    #[test]
    fn pieces_make_the_text(text in any::<String>(), piece in 0_usize..9) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let script = [Scripted::streamed(ModelReply::text(text.clone()), piece)];
            let observed = Observed::new(Agent::new("assistant", FunctionModel::script(script)));
            let reply = turn(&observed, Mode::Streamed).await.unwrap();
            let seen = pieces(&observed.recorder.events()).text.concat();
            assert_eq!((reply.text(), seen.as_str()), (text.as_str(), text.as_str()));
        });
    }
}

/// The answers to so many messages of a session, by a mock of these replies.
async fn mocked(replies: &str, messages: usize) -> Vec<String> {
    let model = FunctionModel::mock(replies);
    assert_eq!(model.name().as_str(), "mock");
    let echo = kaos_tests::agents::Scripted::new("echo", Act::Give("hi"));
    let runner = Runner::new(Agent::new("assistant", model).tool(echo));
    let mut answers = Vec::new();
    for _ in 0..messages {
        answers.push(runner.turn("Hi!", "s").await.unwrap().to_string());
    }
    answers
}

#[tokio::test]
async fn mock_responses_are_read_as_the_data_plane_reads_them() {
    assert_eq!(mocked(r#"["Hello."]"#, 1).await, ["Hello."]);
    // Every turn begins anew, in the same session too.
    let call = r#"{"tool_calls": [{"id": "c", "name": "echo", "arguments": {"text": "hi"}}]}"#;
    let object = format!(r#"[{call}, "It said: hi"]"#);
    assert_eq!(mocked(&object, 2).await, ["It said: hi", "It said: hi"]);
    let text = serde_json::json!([call, "It said: hi"]).to_string();
    assert_eq!(mocked(&text, 2).await, ["It said: hi", "It said: hi"]);
    let both = r#"[{"text": "Wait.", "tool_calls": [{"name": "echo"}]}, {"text": "Done."}]"#;
    assert_eq!(mocked(both, 1).await, ["Done."]);
    assert_eq!(mocked("no JSON at all", 1).await, ["no JSON at all"]);
    assert_eq!(mocked(r#""one""#, 1).await, ["one"]);
    assert_eq!(mocked("[]", 1).await, ["[no more mock responses]"]);
}
