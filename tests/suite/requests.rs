//! What a turn may be asked besides its message, and what comes back.

use std::sync::{Arc, Mutex};

use kaos_hooks::testing::Recorder;
use kaos_hooks::{Budget, EventBuf, PhaseBuf, Subject};
use kaos_runner::{
    Agent, Content, FinishReason, FunctionModel, FunctionTool, Image, Limits, Message, ModelError,
    ModelReply, OutputSchema, Runner, Scripted, ToolContext, TurnErrorKind,
};
use kaos_tests::agents::{Act, Scripted as ScriptedTool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio_stream::StreamExt as _;

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// The turns that began, with the line of each.
fn began(events: &[EventBuf]) -> Vec<(kaos_hooks::Turn, String)> {
    let turns = events.iter().filter_map(|event| {
        let span = event.span()?;
        match (&span.subject, &span.phase) {
            (Subject::Turn(turn), PhaseBuf::Start) => Some((turn.clone(), event.to_line())),
            _ => None,
        }
    });
    turns.collect()
}

#[tokio::test]
async fn events_and_tools_know_who_asks() {
    let who = |_: Nothing, context: ToolContext| async move {
        let said = [context.session(), context.user(), context.tenant()];
        Ok(said.map(|it| it.unwrap_or("-")).join(" "))
    };
    let calls =
        || FunctionModel::script([ModelReply::call("1", "who", "{}"), ModelReply::text("ok")]);
    let helper = Agent::new("helper", calls()).tool(FunctionTool::new("who", "", who));
    let model = FunctionModel::script([
        ModelReply::call("1", "who", "{}").and_call("2", "helper", r#"{"task":"x"}"#),
        ModelReply::text("done"),
    ]);
    let agent = Agent::new("assistant", model)
        .tool(FunctionTool::new("who", "", who))
        .subagent(helper);
    let recorder = Recorder::new();
    let runner = Runner::new(agent).hooks(recorder.clone());
    let turn = runner.turn("Who?", "s-1").user("u-7").tenant("acme");
    let reply = turn.attribute("plan", "pro").await.unwrap();
    assert_eq!(reply.messages()[2].text(), "s-1 u-7 acme");
    let events = recorder.events();
    let turns = began(&events);
    let (root, line) = &turns[0];
    assert_eq!(
        (root.user.as_deref(), root.tenant.as_deref()),
        (Some("u-7"), Some("acme"))
    );
    assert!(line.contains(r#""plan":"pro""#), "{line}");
    let lines: Vec<String> = events.iter().map(EventBuf::to_line).collect();
    let inner = lines
        .iter()
        .filter(|line| line.contains("s-1 u-7 acme"))
        .count();
    assert!(inner >= 2, "the helper's tool knows, too");

    let alone = runner.turn("Who?", "").await;
    assert!(alone.is_err(), "the script is over");
}

#[tokio::test]
async fn what_is_asked_may_be_several_messages_with_images() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let model = FunctionModel::new(move |request| {
        *noted.lock().unwrap() = request.messages.to_vec();
        Ok(ModelReply::text("Two."))
    });
    let page = Message::User(vec![
        Content::text("What is on this page?"),
        Content::Image(Image::url("https://example.com/1.png")),
    ]);
    let recorder = Recorder::new();
    let runner = Runner::new(Agent::new("assistant", model)).hooks(recorder.clone());
    let reply = runner
        .turn(vec![Message::user("First."), page.clone()], "s")
        .await
        .unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [Message::user("First."), page.clone()]
    );
    assert_eq!(reply.steps(), 1);
    assert_eq!(reply.messages().len(), 3);
    let input = began(&recorder.events())[0].0.input.clone().unwrap();
    assert!(
        input.starts_with("First.\nWhat is on this page?\n[image "),
        "{input}"
    );
    runner.turn(page, String::from("t")).await.unwrap();
}

#[derive(Debug, Deserialize, PartialEq)]
struct Lease {
    months: u32,
}

#[tokio::test]
async fn an_answer_of_another_form_than_asked_for_is_corrected_within_the_steps() {
    let form = || {
        let schema = json!({
            "type": "object", "properties": { "months": { "type": "integer" } }, "required": ["months"],
        });
        OutputSchema::new("lease", schema)
    };
    let right = || ModelReply::text(r#"{"months":12}"#);
    let cut = ModelReply::text(r#"{"mon"#).finished(FinishReason::Length);
    // The answers, how many steps it takes, and whether it is of the form.
    let rows = [
        (vec![right()], Some((1, true))),
        (vec![ModelReply::text("Twelve."), right()], Some((2, true))),
        (
            vec![ModelReply::text(r#"{"months":"12"}"#), right()],
            Some((2, true)),
        ),
        (vec![cut], Some((1, false))),
        (
            vec![ModelReply::text("no"), ModelReply::text("no"), right()],
            None,
        ),
    ];
    for (replies, expected) in rows {
        let what = format!("{replies:?}");
        let agent = Agent::new("assistant", FunctionModel::script(replies));
        let two = Limits {
            steps: 2,
            ..Limits::default()
        };
        let reply = Runner::new(agent)
            .turn("How long?", "")
            .output(form())
            .limits(two)
            .await;
        match (reply, expected) {
            (Ok(reply), Some((steps, is_right))) => {
                assert_eq!(reply.steps(), steps, "{what}");
                assert_eq!(
                    reply.json().ok(),
                    is_right.then_some(Lease { months: 12 }),
                    "{what}"
                );
            }
            (Err(why), None) => {
                let steps = matches!(
                    why.kind(),
                    TurnErrorKind::Budget {
                        budget: Budget::Steps,
                        ..
                    }
                );
                assert!(steps, "{what}: {why:?}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_request_s_limits_take_the_place_of_the_agent_s() {
    let model = FunctionModel::new(|_| Ok(ModelReply::call("1", "tool", "{}")));
    let agent = Agent::new("assistant", model).tool(ScriptedTool::new("tool", Act::Give("fine")));
    let recorder = Recorder::new();
    let runner = Runner::new(agent).hooks(recorder.clone());
    let three = Limits {
        steps: 3,
        ..Limits::default()
    };
    let error = runner.turn("Work.", "").limits(three).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        TurnErrorKind::Budget {
            budget: Budget::Steps,
            limit: 3,
            ..
        }
    ));
    assert_eq!(began(&recorder.events())[0].0.max_steps, Some(3));
}

#[tokio::test]
async fn the_text_of_a_run_is_its_own_agent_s_piece_by_piece() {
    let helper = FunctionModel::script([Scripted::streamed(ModelReply::text("inner text"), 3)]);
    let model = || {
        let calls = ModelReply::text("Let me see. ").and_call("1", "helper", r#"{"task":"x"}"#);
        FunctionModel::script([
            Scripted::streamed(calls, 6),
            Scripted::streamed(ModelReply::text("Twelve months."), 7),
        ])
    };
    let agent = Agent::new("assistant", model()).subagent(Agent::new("helper", helper));
    let mut text = Runner::new(agent).run("How long?", "s").text();
    let mut pieces = Vec::new();
    while let Some(piece) = text.next().await {
        pieces.push(piece.to_string());
    }
    assert_eq!(pieces, ["Let me", " see. ", "Twelve ", "months."]);
    assert_eq!(text.into_reply().await.unwrap().text(), "Twelve months.");

    // A model that fails has said what it has said.
    let broken = Scripted::streamed(ModelReply::text("Twelve"), 3);
    let broken = broken.then_fails(ModelError::new("connection", "it broke"));
    let runner = Runner::new(Agent::new("assistant", FunctionModel::script([broken])));
    let mut text = runner.run("How long?", "s").text();
    let mut all = String::new();
    while let Some(piece) = text.next().await {
        all += &piece;
    }
    assert_eq!(all, "Twelve");
    assert!(text.into_reply().await.is_err());
}
